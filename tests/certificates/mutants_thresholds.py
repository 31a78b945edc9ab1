"""Deliberate mistakes in threshold splitting and its attacks; ``mutation.py`` says how patterns are read."""

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
ATTACK = "attack.attack"

MUTANTS = [
    Mutant("one addition more than needed", NEEDED, "max($t.gap[$j] - $s + 1, 0)", "max($t.gap[$j] - $s + 2, 0)",
           "enclosing"),
    Mutant("without votes: one addition more", ABSENT, "max($gap[$i, $bit] - $s + 1, 0)",
           "max($gap[$i, $bit] - $s + 2, 0)", "enclosing"),
    Mutant("without votes: tie bit for all", RIVALS, "np.arange(2, dtype=np.int32)", "np.ones(2, dtype=np.int32)",
           "enclosing"),
    Mutant("without votes: ties the wrong way round", RIVALS, "np.arange(2, dtype=np.int32)",
           "np.arange(1, -1, -1, dtype=np.int32)", "enclosing"),
    Mutant("tie bit of rivals dropped upwards", RIVALS, "$gap + ($label[$example] > $rival)", "$gap + 1", "enclosing"),
    Mutant("labels above without votes overlooked", EXIST, "$rivals.size - $below < $c - 1 - $label", "False",
           "enclosing"),
    Mutant("labels below without votes overlooked", EXIST, "return $above, $below < $label",
           "return $above, False", "enclosing"),
    Mutant("additions alone reach further", REACH, "np.clip($alone - $α, 0, $ρ + 1)",
           "np.clip($alone - $α + 1, 0, $ρ + 1)", "enclosing"),
    Mutant("rivals in the window overlooked", RIVALS, "$listed[np.arange($n)[:, None], $pulled] = True", "pass",
           "agreeing"),
    Mutant("the last removal is free of charge", DEFEND, "if $s <= $t.ρ: $Φ[$a, $s] += 1",
           "if $s < $t.ρ: $Φ[$a, $s] += 1", "enclosing"),
    Mutant("thresholds next to the lowest not charged to additions", DEFEND,
           "$s = max($t.candidates[$best], $lowest)\nif $s <= $t.ρ: $Φ[$a, $s] += 1",
           "$s = max($t.candidates[$best], $lowest); $lowest = $lowest + 1\nif $s <= $t.ρ: $Φ[$a, $s] += 1",
           "enclosing"),
    Mutant("without votes: listed rivals taken off twice", DEFEND, "($t.rival[$j] < $a) == ($bit == 1)", "True",
           "enclosing"),
    Mutant("without votes: labels below not charged", DEFEND, "$below += $charged[1, $c - 1 - $l, $x]", "pass",
           "enclosing"),
    Mutant("without votes: labels above not charged", DEFEND, "$above += $charged[0, $l, $x]", "pass", "enclosing"),
    Mutant("rounds count double", PLAY, "$game.counted[0] += $j * $j", "$game.counted[0] += 2 * $j * $j", "enclosing"),
    Mutant("rounds at larger sizes count threefold", GO_ON, "$further.counted[:] = $N, $last",
           "$further.counted[:] = 3 * $N, $last", "enclosing"),
    Mutant("boxes begin at nothing", WITHIN, "min($t.low[$l] + $x, $t.high[$l])", "min($x, $t.high[$l])", "enclosing"),
    Mutant("one threshold too many", SPLIT, "$charged // $N", "$charged // ($N + 1)", "enclosing"),
    Mutant("a slice lost between boxes", BOXES, "($middle + 1, $high)", "($middle + 2, $high)", "enclosing"),
    Mutant("costs of a box at the wrong corner", BOXES,
           "$box._replace(alone=$costs($t, $box.low), helped=$costs($t, $box.high))",
           "$box._replace(alone=$costs($t, $box.low), helped=$costs($t, $box.low))", "enclosing"),
    Mutant("a smaller budget for the rest of a box", BOXES, "np.minimum($highs, $lows + $left)",
           "np.minimum($highs, $lows + $left - 1)", "enclosing"),
    Mutant("kNN: additions one too many", MOVE, "$cost <= $S[$k] - 1", "$cost <= $S[$k] - 2", "enclosing"),
    Mutant("kNN: border not moved outward", COST, "$outward[$ρ - $A]", "$outward[0]", "enclosing"),
    Mutant("kNN: border not moved by additions", COST, "$need[$v + 1] <= $α + $A", "$need[$v + 1] <= $A", "enclosing"),
    Mutant("kNN: border as far as nobody can push it", COST, "$need[$v + 1] <= $α + $A", "True", "agreeing"),
    Mutant("kNN: insertions push out what must stay", INSERTIONS, "$g <= $v", "$g < $v", "enclosing"),
    Mutant("attack: additions count twice", ATTACK, "max($t.gap[$j] - $A[$l], 0)", "max($t.gap[$j] - 2 * $A[$l], 0)",
           "enclosing"),
    Mutant("attack: rivals without votes come for nothing", ATTACK, "max($gap[$i, $bit] - $A[$l], 0)", "0",
           "enclosing"),
]  # fmt: skip
