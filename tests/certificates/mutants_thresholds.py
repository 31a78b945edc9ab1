"""Deliberate mistakes in threshold splitting and its attacks; ``mutation.py`` says how patterns are read.

Each has the claim that must notice it. ``enclosing``: a bound is below what breaks by enumeration, or more is attained.
``charged``: charges are not those of the theorem, or thresholds not the best ones. ``continued``: a game that goes on
at a smaller size loses charges, or its bound is not the theorem's value. ``attained``: costs at given additions are
not those of the definition, or an attack does not break what it says. ``sound``: brute force over poisoned sets finds
a bound below what breaks.
"""

from __future__ import annotations

from certificates.mutation import Mutant

RIVALS = "rivals.Rivals.of"
REACH = "rivals.Rivals.at"
EXIST = "rivals.exist_absent"
MOVE = "rivals.move_border"
COST = "rivals.moving_cost"
INSERTIONS = "rivals._fewest_insertions"
NEEDED = "threshold_kernels.additions_needed"
ABSENT = "threshold_kernels.absent_additions_needed"
DEFEND = "threshold_kernels.defend"
PLAY = "threshold_kernels.play"
WITHIN = "threshold_kernels.within_box"
GO_ON = "threshold_kernels.go_on"
SPLIT = "thresholds.split"
BOXES = "boxes.split_boxes"
CURVE = "split_curve.split_curve"
ATTACK = "attack.attack"
ROWS = "allocation.allocate_rows"

# Statements that are changed, or stand beside those that are.
CHOSEN = "$s = max($t.candidates[$best], $lowest)"
CHARGED = "if $s <= $t.ρ: $Φ[$a, $s] += 1"
REMOVABLE = "($t.ρ - $spent[$t.label[$i]] if $t.shared else $t.ρ)"
OF_BOXES = "$lower[$j:] = np.maximum($lower[$j:], $best)"

MUTANTS = [
    Mutant("one addition more than needed", NEEDED, "max($t.gap[$j] - $s + 1, 0)", "max($t.gap[$j] - $s + 2, 0)",
           "enclosing"),
    Mutant("one addition fewer than needed", NEEDED, "max($t.gap[$j] - $s + 1, 0)", "max($t.gap[$j] - $s, 0)",
           "charged"),
    Mutant("without votes: one addition fewer", ABSENT, "max($gap[$i, $bit] - $s + 1, 0)",
           "max($gap[$i, $bit] - $s, 0)", "charged"),
    Mutant("without votes: no tie bit", RIVALS, "np.arange(2, dtype=np.int32)", "np.zeros(2, dtype=np.int32)",
           "charged"),
    Mutant("without votes: rivals where there is none", EXIST, "$rivals.size - $below < $c - 1 - $label", "True",
           "attained"),
    Mutant("rivals at the edge of reach overlooked", RIVALS, "$gap <= $ρ + $α + ($largest if $knn else 0)",
           "$gap < $ρ + $α + ($largest if $knn else 0)", "charged"),
    Mutant("kNN: rivals that the border brings into reach overlooked", RIVALS,
           "$ρ + $α + ($largest if $knn else 0)", "$ρ + $α", "attained"),
    Mutant("one size more certified individually", REACH, 'np.searchsorted($safe, $size, side="left")',
           'np.searchsorted($safe, $size - 1, side="left")', "sound"),
    Mutant("without votes: one addition more", ABSENT, "max($gap[$i, $bit] - $s + 1, 0)",
           "max($gap[$i, $bit] - $s + 2, 0)", "enclosing"),
    Mutant("without votes: tie bit for all", RIVALS, "np.arange(2, dtype=np.int32)", "np.ones(2, dtype=np.int32)",
           "enclosing"),
    Mutant("without votes: ties the wrong way round", RIVALS, "np.arange(2, dtype=np.int32)",
           "np.arange(1, -1, -1, dtype=np.int32)", "sound"),
    Mutant("tie bit of rivals dropped upwards", RIVALS, "$gap + ($label[$example] > $rival)", "$gap + 1", "enclosing"),
    Mutant("labels above without votes overlooked", EXIST, "$rivals.size - $below < $c - 1 - $label", "False",
           "sound"),
    Mutant("labels below without votes overlooked", EXIST, "return $above, $below < $label",
           "return $above, False", "enclosing"),
    Mutant("additions alone reach further", REACH, "np.clip($alone - $α, 0, $ρ + 1)",
           "np.clip($alone - $α + 1, 0, $ρ + 1)", "enclosing"),
    Mutant("rivals in the window overlooked", RIVALS, "$listed[np.arange($n)[:, None], $pulled] = True", "pass",
           "attained"),
    Mutant("the last removal is free of charge", DEFEND, "if $s <= $t.ρ: $Φ[$a, $s] += 1",
           "if $s < $t.ρ: $Φ[$a, $s] += 1", "sound"),
    Mutant("thresholds next to the lowest not charged to additions", DEFEND,
           f"{CHOSEN}\n{CHARGED}", f"{CHOSEN}; $lowest = $lowest + 1\n{CHARGED}", "enclosing"),
    Mutant("threshold 0 not charged", DEFEND, f"{CHOSEN}\n{CHARGED}",
           f"{CHOSEN}\nif 0 < $s <= $t.ρ: $Φ[$a, $s] += 1", "sound"),
    Mutant("threshold 0 charged to additions, too", DEFEND, f"{CHOSEN}\n{CHARGED}",
           f"{CHOSEN}; $lowest = -1\n{CHARGED}", "charged"),
    Mutant("the worst reply", DEFEND, "$charge[$k] < $charge[$best]", "$charge[$k] > $charge[$best]", "charged"),
    Mutant("the border seems to stay where no rival has votes", DEFEND,
           "$moving = $t.absent_τ.shape[0] > 0", "$moving = $t.τ.shape[0] > 0", "charged"),
    Mutant("without votes: listed rivals not taken off", DEFEND, "$Ψ[$t.rival[$j], $x] -= 1",
           "$Ψ[$t.rival[$j], $x] -= 0", "charged"),
    Mutant("without votes: the own label is its rival", DEFEND,
           "$Ψ[$l, $x] += $above; $above += $charged[0, $l, $x]", "$above += $charged[0, $l, $x]; $Ψ[$l, $x] += $above",
           "charged"),
    Mutant("without votes: listed rivals taken off twice", DEFEND, "($t.rival[$j] < $a) == ($bit == 1)", "True",
           "enclosing"),
    Mutant("without votes: labels below not charged", DEFEND, "$below += $charged[1, $c - 1 - $l, $x]", "pass",
           "enclosing"),
    Mutant("without votes: labels above not charged", DEFEND, "$above += $charged[0, $l, $x]", "pass", "enclosing"),
    Mutant("rounds count double", PLAY, "$game.counted[0] += $j * $j", "$game.counted[0] += 2 * $j * $j", "sound"),
    Mutant("rounds at larger sizes count threefold", GO_ON, "$further.counted[:] = $N, $last",
           "$further.counted[:] = 3 * $N, $last", "enclosing"),
    Mutant("charges of a larger size rounded down", GO_ON, "($game.Φ[:, : $ρ + 1] * $N + $old - 1) // $old",
           "($game.Φ[:, : $ρ + 1] * $N) // $old", "continued"),
    Mutant("charges for additions lost on the way", GO_ON, "($game.Ψ[:, : $α + 1] * $N + $old - 1) // $old",
           "0 * $game.Ψ[:, : $α + 1]", "enclosing"),
    Mutant("half of the removals", SPLIT, "np.minimum($budgets, $t.ρ)", "np.minimum($budgets // 2, $t.ρ)", "sound"),
    Mutant("the budget of removals for additions", SPLIT, "$t.α - $given", "$t.ρ - $given", "sound"),
    Mutant("additions of the next smaller size", SPLIT, "np.clip($budgets - $given, 0, $left)",
           "np.clip($budgets - $given - 1, 0, $left)", "enclosing"),
    Mutant("additions of the largest size", SPLIT, "np.clip($budgets - $given, 0, $left)", "$left + 0 * $budgets",
           "continued"),
    Mutant("the mean rounded up", SPLIT, "$charged // $N", "-(-$charged // $N)", "continued"),
    Mutant("rows without their last budget", ROWS, "range($budget + 1 - $R)", "range($budget - $R)", "enclosing"),
    Mutant("rows end one short", ROWS, "$F.shape[1] - 1", "$F.shape[1] - 2", "enclosing"),
    Mutant("thresholds at larger sizes", CURVE,
           "$upper[: $j + 1] = np.minimum($upper[: $j + 1], $bounds[$sizes[: $j + 1]])",
           "$upper[$j:] = np.minimum($upper[$j:], $bounds[$sizes[$j]])", "sound"),
    Mutant("thresholds of the next smaller size", CURVE, "$bounds[$sizes[: $j + 1]]",
           "$bounds[np.maximum($sizes[: $j + 1] - 1, 0)]", "enclosing"),
    Mutant("boxes at larger sizes", CURVE, f"$upper[: $j + 1] = np.minimum($upper[: $j + 1], $least); {OF_BOXES}",
           f"$upper[$j:] = np.minimum($upper[$j:], $least); {OF_BOXES}", "enclosing"),
    Mutant("attacks at smaller sizes", CURVE, f"$upper[: $j + 1] = np.minimum($upper[: $j + 1], $least); {OF_BOXES}",
           "$upper[: $j + 1] = np.minimum($upper[: $j + 1], $least)\n"
           "$lower[: $j + 1] = np.maximum($lower[: $j + 1], $best)", "enclosing"),
    Mutant("bounds handed to larger sizes", CURVE, "np.minimum.accumulate($upper[::-1])[::-1]",
           "np.minimum.accumulate($upper)", "sound"),
    Mutant("what was attained handed to smaller sizes", CURVE, "np.maximum.accumulate($lower)",
           "np.maximum.accumulate($lower[::-1])[::-1]", "enclosing"),
    Mutant("boxes begin at nothing", WITHIN, "min($t.low[$l] + $x, $t.high[$l])", "min($x, $t.high[$l])", "enclosing"),
    Mutant("one threshold too many", SPLIT, "$charged // $N", "$charged // ($N + 1)", "enclosing"),
    Mutant("a slice lost between boxes", BOXES, "($middle + 1, $high)", "($middle + 2, $high)", "enclosing"),
    Mutant("costs of a box at the wrong corner", BOXES,
           "$box._replace(alone=$costs($t, $box.low), helped=$costs($t, $box.high))",
           "$box._replace(alone=$costs($t, $box.low), helped=$costs($t, $box.low))", "sound"),
    Mutant("a smaller budget for the rest of a box", BOXES, "np.minimum($highs, $lows + $left)",
           "np.minimum($highs, $lows + $left - 1)", "enclosing"),
    Mutant("a box bounded at its lower corner", BOXES, "$removals($t, $box.high, $box.low, $lower)",
           "$removals($t, $box.low, $box.low, $lower)", "enclosing"),
    Mutant("boxes left at the stop forgotten", BOXES, "max([$lower, $closed, *$open])", "max([$lower, $closed])",
           "enclosing"),
    Mutant("kNN: one addition fewer than needed", MOVE, "$cost <= $S[$k] - 1", "$cost <= $S[$k]", "charged"),
    Mutant("kNN: additions of the last rival alone help", MOVE, "$helped[$i] = min($helped[$i], $cost); continue",
           "$helped[$i] = $cost; continue", "charged"),
    Mutant("kNN: additions one too many", MOVE, "$cost <= $S[$k] - 1", "$cost <= $S[$k] - 2", "enclosing"),
    Mutant("kNN: border not moved outward", COST, "$outward[$ρ - $A]", "$outward[0]", "enclosing"),
    Mutant("kNN: border not moved by additions", COST, "$need[$v + 1] <= $α + $A", "$need[$v + 1] <= $A", "enclosing"),
    Mutant("kNN: border as far as nobody can push it", COST, "$need[$v + 1] <= $α + $A", "True", "attained"),
    Mutant("kNN: insertions push out what must stay", INSERTIONS, "$g <= $v", "$g < $v", "enclosing"),
    Mutant("attack: additions count twice", ATTACK, "max($t.gap[$j] - $A[$l], 0)", "max($t.gap[$j] - 2 * $A[$l], 0)",
           "enclosing"),
    Mutant("attack: more additions than there are", ATTACK, "$t.α - $A.sum()", "$t.α - $A.max()",
           "attained"),
    Mutant("attack: the last removal left out", ATTACK, f"$cost[$i] <= {REMOVABLE}", f"$cost[$i] < {REMOVABLE}",
           "attained"),
    Mutant("attack: the border seems to stay where no rival has votes", ATTACK, "$t.absent_τ.shape[0] > 0",
           "$t.τ.shape[0] > 0", "attained"),
    Mutant("attack: rivals without votes come for nothing", ATTACK, "max($gap[$i, $bit] - $A[$l], 0)", "0",
           "enclosing"),
]  # fmt: skip
