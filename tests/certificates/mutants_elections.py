"""Deliberate mistakes in the certificates of elections; ``mutation.py`` says how patterns are read.

Each has the claim that must notice it. ``sound``: brute force over poisoned parts changes a winner too early.
``learned``: brute force over poisoned training sets does. ``partition``: DPA's sizes are no longer exact. ``exact``:
the result is no longer the theorem's formula (too high, or needlessly low).
"""

from __future__ import annotations

from certificates.mutation import Mutant

# Where the formulas stand: a function that is renamed or moved to another module changes one line here.
DPA = "dpa.certified_sizes"
ELECTION = "dpa.election_sizes"
FA = "finite_aggregation.elect"
REACH = "ballots.reach"
FEWEST = "ballots.fewest"
HARD = "runoff.elect_hard"
ROE = "runoff.elect"
LEAST_PARTS = "runoff_kernels.least_parts"

# Formulas in which several mistakes are made.
PARTS_TOUCHED = '{"any": 2, "insert": 1, "delete": 1, "relabel": 1}'
ELECTED = "$counts, $labels = $check($election.counts, $labels); $winner, $parts = $arrays"
PLURALITY = "$winner = $counts.shape[1] - 1 - np.argmax($counts[:, ::-1], axis=1)"
PASS_WINNER = "$passed[$l] = $fewest($voters + $votes[$a] - $votes[$l], $gap, $room); $won = $round_two"
FINALIST = "if $l != $b: $won = max($won, $more)"
BOTH = "$voters + 2 * $votes[$a] - $votes[$p] - $votes[$q]"
CLOSE_BOTH = f"$both = $fewest({BOTH}, $gaps, $room)"

MUTANTS = [
    Mutant("DPA: an addition costs no part", DPA, PARTS_TOUCHED, '{"any": 1, "insert": 1, "delete": 1, "relabel": 1}',
           "learned"),
    Mutant("DPA: a removal touches two parts", DPA, PARTS_TOUCHED, '{"any": 2, "insert": 1, "delete": 2, "relabel": 1}',
           "partition"),
    Mutant("DPA: an insertion touches two parts", DPA, PARTS_TOUCHED,
           '{"any": 2, "insert": 2, "delete": 1, "relabel": 1}', "partition"),
    Mutant("DPA: a changed label touches two parts", DPA, PARTS_TOUCHED,
           '{"any": 2, "insert": 1, "delete": 1, "relabel": 2}', "partition"),
    Mutant("DPA: one vote per part", DPA, "($gap + 1) // 2", "$gap", "partition"),
    Mutant("DPA: rounded down", DPA, "($gap + 1) // 2", "$gap // 2", "partition"),
    Mutant("DPA: the winner falls one part later", DPA, "($parts - 1) // $units", "$parts // $units", "learned"),
    Mutant("DPA: wrong examples certified", DPA, "np.where($right, $size, -1)", "$size", "sound"),
    Mutant("DPA: the plurality's winner for that of an election", ELECTION, ELECTED, f"{ELECTED}; {PLURALITY}",
           "sound"),
    Mutant("FA: only votes for the winner are taken away", FA, "$voters + $votes[$a] - $votes[$l]", "$votes[$a]",
           "sound"),
    Mutant("FA: votes for the rival can be taken twice", FA, "$voters + $votes[$a] - $votes[$l]",
           "$voters + $votes[$a]", "exact"),
    Mutant("FA: one bucket per voter", REACH, "np.diff($numbers, axis=1, prepend=-1) > 0",
           "np.arange($numbers.shape[1]) == np.zeros((len($numbers), 1))", "sound"),
    Mutant("FA: a bucket named twice counts twice", REACH, "np.diff($numbers, axis=1, prepend=-1) > 0",
           "$numbers >= 0", "exact"),
    Mutant("FA: the least powerful bucket first", FEWEST, "range($having.size - 1, 0, -1)", "range(1, $having.size)",
           "sound"),
    Mutant("FA: the most powerful bucket is left out", FEWEST, "range($having.size - 1, 0, -1)",
           "range($having.size - 2, 0, -1)", "sound"),
    Mutant("FA: only the strongest bucket, again and again", FEWEST, "$having[$power] * $power >= $left",
           "$having[$power]", "exact"),
    Mutant("FA: rounded down", FEWEST, "($left + $power - 1) // $power", "$left // $power", "sound"),
    Mutant("FA: rounded up once too often", FEWEST, "($left + $power - 1) // $power", "$left // $power + 1", "exact"),
    Mutant("FA: the last rival alone", FA, "$parts[$i] = min($parts[$i], $fewest)", "$parts[$i] = $fewest", "sound"),
    Mutant("hard votes: buckets forgotten", HARD, "$own if $buckets is None else $buckets", "$own", "sound"),
    Mutant("ROE: buckets forgotten", ROE, "$m, $v, $c = $rankings.shape; $held = $reach($buckets, $v)",
           "$m, $v, $c = $rankings.shape; $held = $reach(None, $v)", "sound"),
    Mutant("ROE: ties of round two to the smaller label", ROE, "2 * $votes + ($leader > $second) > $voters",
           "2 * $votes + ($leader < $second) > $voters", "sound"),
    Mutant("ROE: round two left out", ROE, "2 * $votes + ($leader > $second) > $voters", "$votes >= 0", "sound"),
    Mutant("ROE: the winner is always the leader's rival", LEAST_PARTS,
           "$a, $b, $s = $winner[$i], $finalist[$i], $counts[$i]", "$a, $b, $s = $winner[$i], $winner[$i], $counts[$i]",
           "exact"),
    Mutant("ROE: round two without tie bit", LEAST_PARTS, "$v - 2 * $above[$l, -1] + ($a > $l)",
           "$v - 2 * $above[$l, -1]", "exact"),
    Mutant("ROE: tie bit of round two for every rival", LEAST_PARTS, "$v - 2 * $above[$l, -1] + ($a > $l)",
           "$v - 2 * $above[$l, -1] + 1", "sound"),
    Mutant("ROE: a voter takes 1 in round two", LEAST_PARTS, "2 * ($voters - $above[$l, :-1])",
           "$voters - $above[$l, :-1]", "sound"),
    Mutant("ROE: rivals' voters can be won twice", LEAST_PARTS, "2 * ($voters - $above[$l, :-1])", "2 * $voters",
           "exact"),
    Mutant("ROE: anyone may come into the final", LEAST_PARTS, FINALIST, "pass", "exact"),
    Mutant("ROE: nobody else comes into the final", LEAST_PARTS, f"{FINALIST}\n$least = min($least, $won)",
           f"{FINALIST}\n$least = min($least, $won) if $l == $b else $least", "sound"),
    Mutant("ROE: final or victory is enough", LEAST_PARTS, FINALIST, "if $l != $b: $won = min($won, $more)", "exact"),
    Mutant("ROE: final and victory one after the other", LEAST_PARTS, FINALIST,
           "if $l != $b: $won = $won + $more", "sound"),
    Mutant("ROE: the finalist's gap without tie bit", LEAST_PARTS,
           "max($won, $fewest($powers, $s[$b] - $s[$l] + ($b > $l), $room))",
           "max($won, $fewest($powers, $s[$b] - $s[$l], $room))", "exact"),
    Mutant("ROE: the winner's votes for the finalist's", LEAST_PARTS,
           f"{PASS_WINNER}\nif $l != $b: $won = max($won, $fewest($voters + $votes[$b] - $votes[$l], $met, $room))",
           f"{PASS_WINNER}\nif $l != $b: $won = max($won, $fewest($voters + $votes[$a] - $votes[$l], $met, $room))",
           "exact"),
    Mutant("ROE: nobody is eliminated", LEAST_PARTS,
           "$parts[$i] = $eliminated($passed, $least, $s, $a, $votes, $voters, $room)", "$parts[$i] = $least", "sound"),
    Mutant("ROE: one rival eliminates", LEAST_PARTS,
           f"{CLOSE_BOTH}; $least = min($least, max($passed[$q], $both))",
           f"{CLOSE_BOTH}; $least = min($least, max($passed[$p], $both))", "exact"),
    Mutant("ROE: both gaps at once", LEAST_PARTS, "max($passed[$q], $both)", "$passed[$q]", "exact"),
    Mutant("ROE: both gaps one after the other", LEAST_PARTS,
           f"{CLOSE_BOTH}; $least = min($least, max($passed[$q], $both))",
           f"{CLOSE_BOTH}; $least = min($least, $passed[$p] + $passed[$q])", "sound"),
    Mutant("ROE: a vote takes 2 off both gaps", LEAST_PARTS, BOTH, "$voters + $votes[$a]", "sound"),
    Mutant("ROE: votes for the two rivals, too", LEAST_PARTS, BOTH, "$voters + 2 * $votes[$a]", "exact"),
    Mutant("ROE: only the closest two rivals", LEAST_PARTS, "range(1, $order.size - 1)", "range(1, 2)", "exact"),
]  # fmt: skip
