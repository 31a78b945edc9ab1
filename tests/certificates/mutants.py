"""Deliberate mistakes, each with the claim that must notice it; ``mutation.py`` says how patterns are read.

``sound``: brute force over poisoned sets finds a certificate above the truth. ``exact``: the result is no longer the
bound that full enumeration gives (too high, or needlessly low). ``ordered``: the order between certificates or the fall
with the size is lost. ``bagged``: bagging's size is not that of the condition at every ``n'``. ``bounded``: its bounds
do not have their level. ``priced``: costs are not those of their definition. ``allocated``: shares of a budget are not
the best. ``reached``: an attack has more success than its bound allows, or the joint bound is above the individual one.
``rated``: success rates are not those of the best allocation of removals.
"""

from __future__ import annotations

from certificates.mutation import Mutant

# Where the formulas stand: a function that is renamed or moved to another module changes one line here.
WINNER = "votes.predicted_labels"
GAPS = "votes.gaps"
CHANGE = "change.allowed"
SIZES = "individual.certified_sizes"
KNN_SIZES = "individual.votes_sizes"
AGAINST = "individual.certified_sizes_against"
RATES = "success.success_rates"
BORDER = "border.border_sizes"
OUTWARD = "border.outward_gaps"
GROUPS = "grouping.curve"
SHARES = "allocation.allocate"
REMOVAL = "budget_curve.removal_curve"
BUDGET = "budget_curve.curve"
DELETIONS = "deletions.knn_broken"
ATTACKABLE = "costs.Attackable.of"
TABLES = "costs.CostTables.of"
NUMBER = "costs.CostTables.attackable"
MINIMA = "paths.running_minima"
DEEP = "paths.deep_minima"
INSERTIONS = "paths.insertion_minima"
RIVAL_COSTS = "search_kernels.rival_costs"
OPTIMUM = "search_kernels.optimum"
BOXES = "search_kernels.branch_and_bound"
ROUNDS = "coarse_to_fine.search_curve"
ABOVE = "allocation.allocate_above"
BAGGED = "bagging.sizes_of_bounds"
BOUNDS = "bagging.confidence_bounds"

# A statement in which, and beside which, mistakes are made.
SHARP_BASE = "$base = $outward[$i] if $outward[$i] < $deep[$i] else $deep[$i]"

MUTANTS = [
    Mutant("tie bit dropped", GAPS, "$gap + ($a > np.arange($c))", "$gap", "exact"),
    Mutant("tie bit for every rival", GAPS, "$a > np.arange($c)", "1", "sound"),
    Mutant("tie bit turned around", GAPS, "$a > np.arange($c)", "$a < np.arange($c)", "sound"),
    Mutant("smaller label wins ties", WINNER, "$c - 1 - np.argmax($counts[:, ::-1], axis=1)",
           "np.argmax($counts, axis=1)", "sound"),
    Mutant("certified size one too large", SIZES, "($gap - 1) // $units", "($gap + 1) // $units", "sound"),
    Mutant("wrong examples certified", SIZES, "np.where($right, $size, -1)", "$size", "sound"),
    Mutant("RD: additions forgotten", GROUPS, "np.maximum($members - $additions[$j], 0)", "np.maximum($members, 0)",
           "sound"),
    Mutant("RD: a label twice in a group", GROUPS, "$rng.permutation($members.size)", "$members // 2", "sound"),
    Mutant("RD: dearest first", GROUPS,
           "$group = $draw($a, $c, np.random.default_rng($seed)); $order = np.lexsort(($gap, $group))",
           "$group = $draw($a, $c, np.random.default_rng($seed)); $order = np.lexsort((-$gap, $group))", "sound"),
    Mutant("grouping: costs must stay below e", GROUPS, "if $total > $budget: return $j",
           "if $total >= $budget: return $j", "sound"),
    Mutant("ISLAND: cost e counts as certified", GROUPS, 'np.searchsorted($part, $α + $budgets[$j], side="right")',
           'np.searchsorted($part, $α + $budgets[$j], side="left")', "sound"),
    Mutant("last label never gets all removals", SHARES, "for $R in range($budget + 1): $best = max($best, $share)",
           "for $R in range($budget): $best = max($best, $share)", "sound"),
    Mutant("removals not shared", SHARES, "$partial[$c - 2, $budget - $R]", "$partial[$c - 2, $budget]", "exact"),
    Mutant("every cost capped too early", REMOVAL, "int($votes.counts.max()) + 1", "int($votes.counts.max()) // 2",
           "sound"),
    Mutant("border one short", MINIMA, "min($j * $step, $passed.shape[0])", "min($j * $step, $passed.shape[0]) - 1",
           "priced"),
    Mutant("border one short outside", ATTACKABLE, "$ranked[$kept, $inside : $inside + $largest]",
           "$ranked[$kept, $inside : $inside + $largest - 1]", "priced"),
    Mutant("border one short inside", ATTACKABLE, "max($inside - $largest, 0)", "max($inside - $largest + 1, 0)",
           "exact"),
    Mutant("border does not move", MINIMA, "$least[$i] = $g[$i] if $g[$i] < $least[$i] else $least[$i]",
           "$least[$i] = $least[$i]", "sound"),
    Mutant("labels at the border mixed up", MINIMA, "np.int32($p == $a) - np.int32($p == $l)",
           "np.int32($p == $l) - np.int32($p == $a)", "exact"),
    Mutant("additions cost the attacker nothing", RIVAL_COSTS, "$cost[$i] = $cast($fixed[$i] - $a)",
           "$cost[$i] = $cast($fixed[$i] - 2 * $a)", "exact"),
    Mutant("additions forgotten", RIVAL_COSTS, "$cost[$i] = $cast($fixed[$i] - $a)", "$cost[$i] = $cast($fixed[$i])",
           "sound"),
    Mutant("sharp: border not moved by additions", RIVAL_COSTS, "$t.ρ - $A + $fraction", "$t.ρ + $fraction", "priced"),
    Mutant("sharp: border not moved by removals", RIVAL_COSTS, "$t.α + $A + $fraction", "$A + $fraction", "priced"),
    Mutant("sharp: border moved by removals for nothing", DEEP, "-(-($g[$i] + $v) // $step)",
           "-(-$g[$i] // $step)", "priced"),
    Mutant("sharp: additions cost the attacker nothing", RIVAL_COSTS, f"{SHARP_BASE}; $cost[$i] = $cast($base - $a)",
           f"{SHARP_BASE}; $cost[$i] = $cast($base - 2 * $a)", "exact"),
    Mutant("sharp: additions forgotten", RIVAL_COSTS, f"{SHARP_BASE}; $cost[$i] = $cast($base - $a)",
           f"{SHARP_BASE}; $cost[$i] = $cast($base)", "sound"),
    Mutant("sharp: border does not move outward", RIVAL_COSTS, SHARP_BASE, "$base = $deep[$i]", "priced"),
    Mutant("sharp: border does not move inward", RIVAL_COSTS, SHARP_BASE, "$base = $outward[$i]", "priced"),
    Mutant("plain: border does not move outward", TABLES, "np.minimum($inside, $outside, out=$inside)", "None",
           "priced"),
    Mutant("steps: costs rounded up for bounds from above", RIVAL_COSTS, "$t.step - 1 if $up else 0", "0", "priced"),
    Mutant("steps: costs rounded down for what is attained", RIVAL_COSTS, "$t.step - 1 if $up else 0", "$t.step - 1",
           "priced"),
    Mutant("steps: a row too early", DEEP, "$row = -(-($g[$i] + $v) // $step)", "$row = ($g[$i] + $v) // $step",
           "priced"),
    Mutant("insertions: border moved for nothing", INSERTIONS, "$g[$i] <= $v", "True", "priced"),
    Mutant("gap 2e out of reach", OPTIMUM, "$least[$i] <= ($t.ρ - $s if $t.shared else $t.ρ)",
           "$least[$i] < ($t.ρ - $s if $t.shared else $t.ρ)", "sound"),
    Mutant("gap 2e + 1 in reach", TABLES, "2 * $largest + 1", "2 * $largest", "exact"),
    Mutant("gaps out of reach too early", TABLES, "4 * $largest + 2", "2 * $largest + 1", "priced"),
    Mutant("nothing breaks at the size after the certified one", ATTACKABLE, "$safe < $largest", "$safe + 1 < $largest",
           "sound"),
    Mutant("one size more certified individually", NUMBER, 'np.searchsorted($safe, $size, side="left")',
           'np.searchsorted($safe, $size - 1, side="left")', "sound"),
    Mutant("individual certificate not used", NUMBER, 'np.searchsorted($safe, $size, side="left")', "$safe.size",
           "exact"),
    Mutant("additions shared between labels", OPTIMUM, "$costs($t, $l, $A[$l], $up, $cost)",
           "$costs($t, $l, $A.max(), $up, $cost)", "exact"),
    Mutant("only the last rival counts", OPTIMUM, "$least[$i] = $cost[$i] if $cost[$i] < $least[$i] else $least[$i]",
           "$least[$i] = $cost[$i]", "sound"),
    Mutant("a slice lost at every split", BOXES, "$low[$l] = ($lo[$l] + $hi[$l]) // 2 + 1",
           "$low[$l] = ($lo[$l] + $hi[$l]) // 2 + 2", "exact"),
    Mutant("bound at the lower corner", BOXES,
           "$value = min($bound, $H($t, $high, $low, True, $lower, $w))\n"
           "$lows[$n], $highs[$n], $removals[$n], $bounds[$n] = $low, $high, $w.R, $value",
           "$value = min($bound, $H($t, $low, $low, True, $lower, $w))\n"
           "$lows[$n], $highs[$n], $removals[$n], $bounds[$n] = $low, $high, $w.R, $value", "exact"),
    Mutant("additions without budget within a box", BOXES, "min($hi[$l] - $lo[$l], $α - $x.sum())",
           "$hi[$l] - $lo[$l]", "exact"),
    Mutant("boxes left at the stop forgotten", BOXES, "max(min($upper, $bounds[$left].max()), $lower)", "$lower",
           "exact"),
    Mutant("slack halved", BOXES, "$slack = $t.α - $lows[$box].sum()", "$slack = $t.α // 2 - $lows[$box].sum()",
           "exact"),
    Mutant("boxes of a smaller size", ROUNDS, "min(($other for $other in $found if $other > $j), default=None)",
           "max(($other for $other in $found if $other < $j), default=None)", "exact"),
    Mutant("bound handed to larger sizes", ROUNDS, "$upper[: $j + 1] = np.minimum($upper[: $j + 1], $most)",
           "$upper[$j:] = np.minimum($upper[$j:], $most)", "sound"),
    Mutant("what was attained handed to smaller sizes", ROUNDS, "$lower[$j:] = np.maximum($lower[$j:], $attained)",
           "$lower[: $j + 1] = np.maximum($lower[: $j + 1], $attained)", "exact"),
    Mutant("additions of a larger size", ROUNDS, "$A * $size // max(int($A.sum()), 1)", "$A", "exact"),
    Mutant("every size has the bound of the one before", BUDGET, "np.searchsorted($bounds.sizes, $e)",
           "np.maximum(np.searchsorted($bounds.sizes, $e) - 1, 0)", "sound"),
    Mutant("a piece cut off the relaxation", ABOVE, "$value + $rise * $left // $run", "$value", "allocated"),
    Mutant("useful shares left out", ABOVE, "$bound - max($enough + 1, $lower) + 1e-6",
           "$bound - max($enough + 1, $lower) - 1", "allocated"),
    Mutant("wrong examples forgotten", BUDGET, "($right - $bounds.upper[$at]) / len($labels)",
           "(len($labels) - $bounds.upper[$at]) / len($labels)", "sound"),
    Mutant("insertions may remove", CHANGE, '0 * $e if $change == "insert" else $e', "$e", "exact"),
    Mutant("deletions may add", CHANGE, '0 * $e if $change == "delete" else $e', "$e", "exact"),
    Mutant("insertions and deletions mixed up", CHANGE, '0 * $e if $change == "insert" else $e',
           '0 * $e if $change == "delete" else $e', "sound"),
    Mutant("insertions harmless to groups", GROUPS, "_, $α = $allowed($change, $e)", "$α = 0 * $e", "sound"),
    Mutant("deletions with additions in groups", GROUPS, "_, $α = $allowed($change, $e)", "$α = $e", "ordered"),
    Mutant("one kind of change counts twice", SIZES, "sum($allowed($change, 1))", "2", "exact"),
    Mutant("kNN as if additions pushed nothing out", KNN_SIZES, '$change if $k is None else "any"', "$change", "sound"),
    Mutant("border moves the wrong way", KNN_SIZES, "$ranked[:, :$inside][:, ::-1]", "$ranked[:, :$inside]", "sound"),
    Mutant("insertions and deletions move the same border", KNN_SIZES,
           'if $change == "delete": $outside = $ranked; return $outside, True, $ended',
           'if $change == "any": $outside = $ranked; return $outside, True, $ended', "sound"),
    Mutant("every window ends with the training set", KNN_SIZES, "$passed.shape[1] < $window", "True", "sound"),
    Mutant("no window ends with the training set", KNN_SIZES, "$passed.shape[1] < $window", "False", "exact"),
    Mutant("border: own label goes out unnoticed", BORDER, "$g += 1 if $outward else -1", "$g += 1 if $outward else 0",
           "sound"),
    Mutant("border: rivals pulled in for nothing", BORDER, "$g[$label] += -1 if $outward else 1",
           "$g[$label] += 0 if $outward else 1", "sound"),
    Mutant("border: gap 0 holds", BORDER, "$g.min() <= $u + 1", "$g.min() < $u + 1", "sound"),
    Mutant("border: a size given away", BORDER, "$size[$i] = $u; break", "$size[$i] = $u - 1; break", "exact"),
    Mutant("border: beyond the window nothing happens", BORDER, "1 if $ended else 2", "1", "sound"),
    Mutant("deletions: capped too early", REMOVAL, '$c if $change == "delete" else 1', "1", "exact"),
    Mutant("insertions: one label breaks all", BUDGET, '{"any": 1, "insert": 2, "relabel": 2}',
           '{"any": 1, "insert": 1, "relabel": 2}', "exact"),
    Mutant("deletions: end of the training set forgotten", DELETIONS, "$impossible[:, $last] = False", "pass", "sound"),
    Mutant("deletions: border stays where it is", DELETIONS, "np.minimum.accumulate($cost, axis=1)", "$cost", "exact"),
    Mutant("deletions: border past the last removal", DELETIONS, "$cost[:, min($e, $last)]", "$cost[:, $last]",
           "exact"),
    Mutant("deletions: one size more certified individually", DELETIONS, "$safe < $e", "$safe + 1 < $e", "sound"),
    Mutant("deletions: individual certificate not used", DELETIONS, "$safe < $e", "$safe < $safe.max() + 1", "exact"),
    Mutant("deletions: sharp as plain", DELETIONS, '$bound == "sharp"', "False", "exact"),
    Mutant("deletions: sharper than sharp", DELETIONS, "$cost > np.arange($n)", "$cost >= np.arange($n)", "sound"),
    Mutant("deletions: own neighbors pulled in for nothing", OUTWARD, "$g += 1", "$g += 0", "exact"),
    Mutant("bagging: overlap counted once", BAGGED, "2 * ($samples - ($n - $e) ** $ξ)", "$samples - ($n - $e) ** $ξ",
           "bagged"),
    Mutant("bagging: equality certifies", BAGGED, "2 * ($samples - ($n - $e) ** $ξ) < $margin",
           "2 * ($samples - ($n - $e) ** $ξ) <= $margin", "bagged"),
    Mutant("bagging: p_a rounded up", BAGGED, "math.floor($p_a)", "math.ceil($p_a)", "bagged"),
    Mutant("bagging: p_b rounded down", BAGGED, "math.ceil($p_b)", "math.floor($p_b)", "bagged"),
    Mutant("bagging: rounding not doubted", BAGGED, "2.0**-50 + 2 * float($n) ** -$ξ", "2.0**-50", "bagged"),
    Mutant("bagging: floats not doubted", BAGGED, "$slope * (2.0**-50 + $rounding) + $x * 2.0**-48",
           "$slope * $rounding", "bagged"),
    Mutant("bagging: half the margin", BAGGED, "np.log1p(-$Δ / 2)", "np.log1p(-$Δ)", "bagged"),
    Mutant("bagging: additions as removals", BAGGED, "$x, $slope = $n * np.expm1(np.log1p($Δ) / $ξ), $n / $ξ",
           "$x, $slope = -$n * np.expm1(np.log1p(-$Δ) / $ξ), $n / $ξ", "bagged"),
    Mutant("relabeling: a changed label costs one vote", SIZES, "sum($allowed($change, 1))", "1", "sound"),
    Mutant("relabeling: one voter is as good as none", "votes.smallest_gap", "$counts.sum(axis=1, dtype=np.int64) == 0",
           "$counts.sum(axis=1, dtype=np.int64) <= 1", "sound"),
    Mutant("relabeling: votes where there are none", "votes.smallest_gap", "$counts.sum(axis=1, dtype=np.int64) == 0",
           "$counts.sum(axis=1, dtype=np.int64) < 0", "exact"),
    Mutant("relabeling: removals and additions do not share", OPTIMUM,
           "$t.ρ - $spent[$label] if $t.shared else $t.ρ", "$t.ρ", "exact"),
    Mutant("relabeling: all kinds of change share", OPTIMUM,
           "$t.ρ - $spent[$label] if $t.shared else $t.ρ", "$t.ρ - $spent[$label]", "sound"),
    Mutant("relabeling: a box of additions has spent them all", BOXES,
           "$value = min($bound, $H($t, $high, $low, True, $lower, $w))\n"
           "$lows[$n], $highs[$n], $removals[$n], $bounds[$n] = $low, $high, $w.R, $value",
           "$value = min($bound, $H($t, $high, $high, True, $lower, $w))\n"
           "$lows[$n], $highs[$n], $removals[$n], $bounds[$n] = $low, $high, $w.R, $value", "exact"),
    Mutant("relabeling: the border moves", BUDGET, "$votes = $as_certified($votes, $change)", "pass", "exact"),
    Mutant("bagging: a changed label is only removed", "bagging._rule", '$change in ("any", "relabel")',
           '$change == "any"', "bagged"),
    Mutant("bagging: level not shared by examples", BOUNDS, "$alpha / $m / $c", "$alpha / $c", "bounded"),
    Mutant("bagging: level not shared by classes", BOUNDS, "$alpha / $m / $c", "$alpha / $m", "bounded"),
    Mutant("bagging: one vote too many", BOUNDS, "betaincinv($first, $voters - $first + 1, $level)",
           "betaincinv($first + 1, $voters - $first, $level)", "bounded"),
    Mutant("bagging: one vote too few", BOUNDS, "betainccinv($second + 1, np.maximum($voters - $second, 1), $level)",
           "betainccinv(np.maximum($second, 1), $voters - $second + 1, $level)", "bounded"),
    Mutant("bagging: the runner-up is the third", BOUNDS, "$sorted[:, -2:]", "$sorted[:, [0, -1]]", "bounded"),
    Mutant("success: additions are forgotten", RATES, "$gap - $allowed($change, $e)[1]", "$gap", "reached"),
    Mutant("success: kNN's additions are forgotten", RATES, "yield $least - $e", "yield $least", "reached"),
    Mutant("success: the target's own are not counted", RATES, "$reached[$j] = $already + $least",
           "$reached[$j] = $least", "reached"),
    Mutant("success: a removal serves all labels", RATES, "$cells = $a[$o] * ($ρ + 1) + np.maximum($cost, 0)",
           "$cells = 0 * $a[$o] + np.maximum($cost, 0)", "rated"),
    Mutant("success: the border is one short", RATES, "$after + $v + 1 > $most", "$after + $v + 1 >= $most", "rated"),
    Mutant("success: the border goes too far", RATES, "$after + $v + 1 > $most", "$after > $most", "rated"),
    Mutant("success: the training set goes on", RATES, "$g[$i] <= $d or $d == $last", "$g[$i] <= $d", "rated"),
    Mutant("success: removals beyond the border", RATES, "$g[$i] <= $d or $d == $last", "True", "rated"),
    Mutant("success: relabeled without voters", RATES, "$votes.counts[$rows].sum(axis=1) == 0",
           "$votes.counts[$rows].sum(axis=1) <= 1", "reached"),
    Mutant("against a label: one more", AGAINST, "($gap - 1) // ($units if $k is None else 2)",
           "$gap // ($units if $k is None else 2)", "reached"),
    Mutant("against a label: one position further", "border.border_sizes_against", "$g[$l] <= $u + 1", "$g[$l] <= $u",
           "reached"),
    Mutant("against a label: the own one is certified", AGAINST, "$size[np.arange(len($a)), $a] = -1", "pass",
           "reached"),
]  # fmt: skip
