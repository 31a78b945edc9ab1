"""Deliberate mistakes, each with the claim that must notice it; ``mutation.py`` says how patterns are read.

``sound``: brute force over poisoned sets finds a certificate above the truth. ``exact``: the result is no longer the
bound that full enumeration gives (too high, or needlessly low). ``ordered``: the order between certificates or the fall
with the size is lost. ``bagged``: bagging's size is not that of the condition at every ``n'``. ``bounded``: its bounds
do not have their level.
"""

from __future__ import annotations

from certificates.mutation import Mutant

# Where the formulas stand: a function that is renamed or moved to another module changes one line here.
WINNER = "votes.predicted_labels"
GAPS = "votes.gaps"
CHANGE = "change.allowed"
SIZES = "individual.certified_sizes"
KNN_SIZES = "individual.votes_sizes"
BORDER = "border.border_sizes"
OUTWARD = "border.outward_gaps"
GROUPS = "grouping.curve"
SHARES = "allocation.allocate"
REMOVAL = "budget_curve.removal_curve"
BUDGET = "budget_curve.curve"
DELETIONS = "deletions.knn_broken"
COSTS = "costs.cost_table"
PLAIN_COSTS = "pair_costs.plain_costs"
LEAST_GAPS = "pair_costs.least_gaps"
SHARP_COSTS = "pair_costs.knn_costs"
CHEAPEST = "search_kernels.cheapest"
SEARCH = "search.search"
BAGGED = "bagging.sizes_of_bounds"
BOUNDS = "bagging.confidence_bounds"

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
    Mutant("border one short outside", LEAST_GAPS, "min($ρ, $ranked.size - $inside)",
           "min($ρ - 1, $ranked.size - $inside)", "exact"),
    Mutant("border one short inside", LEAST_GAPS, "-min($α, $inside)", "-min($α - 1, $inside)", "exact"),
    Mutant("border does not move", LEAST_GAPS, "$path[: $last - $first + 1].min()", "$path[-$first]", "sound"),
    Mutant("labels at the border mixed up", LEAST_GAPS, "$gap + ($label == $a) - ($label == $l)",
           "$gap - ($label == $a) + ($label == $l)", "exact"),
    Mutant("additions cost the attacker nothing", PLAIN_COSTS, "$least[$i] - $additions[$x]",
           "$least[$i] - 2 * $additions[$x]", "exact"),
    Mutant("additions forgotten", PLAIN_COSTS, "$least[$i] - $additions[$x]", "$least[$i]", "sound"),
    Mutant("sharp: border not moved by additions", SHARP_COSTS, "$queue[$head] > $ρ - $A", "$queue[$head] > -$A",
           "exact"),
    Mutant("sharp: border not moved by removals", SHARP_COSTS, "$r <= $α + $d - 1", "$r <= $d - 1", "sound"),
    Mutant("gap 2e out of reach", COSTS, "$least <= $ρ + $α", "$least < $ρ + $α", "sound"),
    Mutant("one size more certified individually", COSTS, "$least[$safe >= $size] = $unlimited",
           "$least[$safe + 1 >= $size] = $unlimited", "sound"),
    Mutant("individual certificate not used", COSTS, "$least[$safe >= $size] = $unlimited", "pass", "exact"),
    Mutant("additions shared between labels", CHEAPEST, "$offset[$l] + $x[$l] * $pairs",
           "$offset[$l] + $x.max() * $pairs", "exact"),
    Mutant("only the last rival counts", CHEAPEST, "min($least[$i], $cost[$row + $j])", "$cost[$row + $j]", "sound"),
    Mutant("a slice lost at every split", SEARCH, "$low[$label] = $middle + 1", "$low[$label] = $middle + 2", "exact"),
    Mutant("bound at the lower corner", SEARCH,
           "$high = np.minimum($high, $low + $slack); $value = min($bound, $H($high, $shift))",
           "$high = np.minimum($high, $low + $slack); $value = min($bound, $H($low, $shift))", "exact"),
    Mutant("open boxes forgotten at the stop", SEARCH, "$pruned = max($pruned, $bound); break", "break", "exact"),
    Mutant("slack halved", SEARCH, "$slack = $budget - $low.sum()", "$slack = $budget // 2 - $low.sum()", "exact"),
    Mutant("interpolated from the smaller size", BUDGET, '$above = np.searchsorted($computed, $e, side="left")',
           '$above = np.maximum(np.searchsorted($computed, $e, side="right") - 1, 0)', "sound"),
    Mutant("bound handed to larger sizes", BUDGET, "$at_most[: $j + 1] = np.minimum($at_most[: $j + 1], $upper)",
           "$at_most[$j:] = np.minimum($at_most[$j:], $upper)", "sound"),
    Mutant("wrong examples forgotten", BUDGET, "$curve(sizes=$e, certified=($right - $upper) / $m, attained=$attained)",
           "$curve(sizes=$e, certified=($m - $upper) / $m, attained=$attained)", "sound"),
    Mutant("insertions may remove", CHANGE, '0 * $e if $change == "insert" else $e', "$e", "exact"),
    Mutant("deletions may add", CHANGE, '0 * $e if $change == "delete" else $e', "$e", "exact"),
    Mutant("insertions and deletions mixed up", CHANGE, '0 * $e if $change == "insert" else $e',
           '0 * $e if $change == "delete" else $e', "sound"),
    Mutant("insertions harmless to groups", GROUPS, "_, $α = $allowed($change, $e)", "$α = 0 * $e", "sound"),
    Mutant("deletions with additions in groups", GROUPS, "_, $α = $allowed($change, $e)", "$α = $e", "ordered"),
    Mutant("one kind of change counts twice", SIZES, '2 if $change == "any" else 1', "2", "exact"),
    Mutant("kNN as if additions pushed nothing out", KNN_SIZES, '$change if $k is None else "any"', "$change", "sound"),
    Mutant("border moves the wrong way", KNN_SIZES, "$ranked[:, :$inside][:, ::-1]", "$ranked[:, :$inside]", "sound"),
    Mutant("insertions and deletions move the same border", KNN_SIZES,
           '$outside if $change == "delete" else $inside', '$outside if $change == "any" else $inside', "sound"),
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
    Mutant("insertions: one label breaks all", BUDGET, '{"any": 1, "insert": 2}', '{"any": 1, "insert": 1}', "exact"),
    Mutant("sharp: more additions than neighbors", SHARP_COSTS, "min($additions[$x], $ρ - $first)", "$additions[$x]",
           "exact"),
    Mutant("deletions: end of the training set forgotten", DELETIONS, "$impossible[:, $last] = False", "pass", "sound"),
    Mutant("deletions: border stays where it is", DELETIONS, "np.minimum.accumulate($cost, axis=1)", "$cost", "exact"),
    Mutant("deletions: border past the last removal", DELETIONS, "$cost[:, min($e, $last)]", "$cost[:, $last]",
           "exact"),
    Mutant("deletions: one size more certified individually", DELETIONS, "np.where($safe < $e, $cost, $e + 1)",
           "np.where($safe + 1 < $e, $cost, $e + 1)", "sound"),
    Mutant("deletions: individual certificate not used", DELETIONS, "np.where($safe < $e, $cost, $e + 1)",
           "np.where($e > 0, $cost, $e + 1)", "exact"),
    Mutant("deletions: sharp as plain", DELETIONS, '$bound == "sharp"', "False", "exact"),
    Mutant("deletions: sharper than sharp", DELETIONS, "$cost > np.arange($n)", "$cost >= np.arange($n)", "sound"),
    Mutant("deletions: own neighbors pulled in for nothing", OUTWARD, "$g += 1", "$g += 0", "exact"),
    Mutant("gaps out of reach too early", LEAST_GAPS, "$ρ + $α + max($ρ, $α)", "$ρ + $α", "exact"),
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
    Mutant("bagging: level not shared by examples", BOUNDS, "$alpha / $m / $c", "$alpha / $c", "bounded"),
    Mutant("bagging: level not shared by classes", BOUNDS, "$alpha / $m / $c", "$alpha / $m", "bounded"),
    Mutant("bagging: one vote too many", BOUNDS, "betaincinv($first, $voters - $first + 1, $level)",
           "betaincinv($first + 1, $voters - $first, $level)", "bounded"),
    Mutant("bagging: one vote too few", BOUNDS, "betainccinv($second + 1, np.maximum($voters - $second, 1), $level)",
           "betainccinv(np.maximum($second, 1), $voters - $second + 1, $level)", "bounded"),
    Mutant("bagging: the runner-up is the third", BOUNDS, "$sorted[:, -2:]", "$sorted[:, [0, -1]]", "bounded"),
]  # fmt: skip
