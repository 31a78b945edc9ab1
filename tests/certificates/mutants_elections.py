"""Deliberate mistakes in the certificates of elections, each with the claim that must notice it.

As in ``mutants.py``, a copy of the package's source is changed in one place and imported under another name, its
compiled functions as plain Python. ``sound``: brute force over poisoned parts changes a winner too early. ``learned``:
brute force over poisoned training sets does. ``partition``: DPA's sizes are no longer exact. ``exact``: the result is
no longer the theorem's formula (too high, or needlessly low).
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import SimpleNamespace

from certificates.mutants import SOURCE, Mutant

DECORATOR = "@njit(nogil=True, cache=True)\n"

MUTANTS = [
    Mutant("DPA: an addition costs no part", "dpa", '{"any": 2,', '{"any": 1,', "learned"),
    Mutant("DPA: a removal touches two parts", "dpa", '"delete": 1}', '"delete": 2}', "partition"),
    Mutant("DPA: an insertion touches two parts", "dpa", '"insert": 1', '"insert": 2', "partition"),
    Mutant("DPA: one vote per part", "dpa", "(gap + 1) // 2)", "gap)", "partition"),
    Mutant("DPA: rounded down", "dpa", "(gap + 1) // 2)", "gap // 2)", "partition"),
    Mutant("DPA: the winner falls one part later", "dpa", "(parts - 1) //", "parts //", "learned"),
    Mutant("DPA: wrong examples certified", "dpa", "np.where(right, size, -1)", "size", "sound"),
    Mutant("DPA: the plurality's winner for that of an election", "dpa", "winner == labels", "correct(counts, labels)",
           "sound"),
    Mutant("FA: only votes for the winner are taken away", "finite_aggregation", "voters + votes[a] - votes[l]",
           "votes[a]", "sound"),
    Mutant("FA: votes for the rival can be taken twice", "finite_aggregation", "voters + votes[a] - votes[l]",
           "voters + votes[a]", "exact"),
    Mutant("FA: one bucket per voter", "ballots", "new = np.diff(numbers, axis=1, prepend=-1) > 0",
           "new = np.arange(numbers.shape[1]) == np.zeros((voters, 1))", "sound"),
    Mutant("FA: a bucket named twice counts twice", "ballots", "new = np.diff(numbers, axis=1, prepend=-1) > 0",
           "new = numbers >= 0", "exact"),
    Mutant("FA: the least powerful bucket first", "ballots", "range(having.size - 1, 0, -1)", "range(1, having.size)",
           "sound"),
    Mutant("FA: the most powerful bucket is left out", "ballots", "having.size - 1, 0", "having.size - 2, 0", "sound"),
    Mutant("FA: only the strongest bucket, again and again", "ballots", "if having[power] * power >= left",
           "if having[power]", "exact"),
    Mutant("FA: rounded down", "ballots", "(left + power - 1) // power", "left // power", "sound"),
    Mutant("FA: rounded up once too often", "ballots", "(left + power - 1) // power", "left // power + 1", "exact"),
    Mutant("FA: the last rival alone", "finite_aggregation", "min(parts[i], fewest", "min(UNLIMITED, fewest", "sound"),
    Mutant("hard votes: buckets forgotten", "runoff", " if buckets is None else buckets\n    return",
           "\n    return", "sound"),
    Mutant("ROE: buckets forgotten", "runoff", "reach(buckets, v)", "reach(None, v)", "sound"),
    Mutant("ROE: ties of round two to the smaller label", "runoff", "leader > second", "leader < second", "sound"),
    Mutant("ROE: round two left out", "runoff", "wins = 2 * votes + (leader > second) > rankings.shape[1]",
           "wins = votes >= 0", "sound"),
    Mutant("ROE: the winner is always the leader's rival", "runoff_kernels", "a, b, s = winner[i], finalist[i]",
           "a, b, s = winner[i], winner[i]", "exact"),
    Mutant("ROE: round two without tie bit", "runoff_kernels", "2 * above[l, -1] + (a > l)", "2 * above[l, -1]",
           "exact"),
    Mutant("ROE: tie bit of round two for every rival", "runoff_kernels", "2 * above[l, -1] + (a > l)",
           "2 * above[l, -1] + 1", "sound"),
    Mutant("ROE: a voter takes 1 in round two", "runoff_kernels", "2 * (voters - above[l, :-1])",
           "voters - above[l, :-1]", "sound"),
    Mutant("ROE: rivals' voters can be won twice", "runoff_kernels", "2 * (voters - above[l, :-1])", "2 * voters",
           "exact"),
    Mutant("ROE: anyone may come into the final", "runoff_kernels", "if l != b:", "if l == a:", "exact"),
    Mutant("ROE: nobody else comes into the final", "runoff_kernels", "least = min(least, won)",
           "least = min(least, won) if l == b else least", "sound"),
    Mutant("ROE: final or victory is enough", "runoff_kernels", "won = max(won,", "won = min(won,", "exact"),
    Mutant("ROE: final and victory one after the other", "runoff_kernels", "won = max(won, fewest",
           "won = won + min(UNLIMITED, fewest", "sound"),
    Mutant("ROE: the finalist's gap without tie bit", "runoff_kernels", "s[b] - s[l] + (b > l)", "s[b] - s[l]",
           "exact"),
    Mutant("ROE: the winner's votes for the finalist's", "runoff_kernels", "voters + votes[b] - votes[l]",
           "voters + votes[a] - votes[l]", "exact"),
    Mutant("ROE: nobody is eliminated", "runoff_kernels",
           "parts[i] = _eliminated(passed, least, s, a, votes, voters, room)", "parts[i] = least", "sound"),
    Mutant("ROE: one rival eliminates", "runoff_kernels", "max(passed[q], both)", "max(passed[p], both)", "exact"),
    Mutant("ROE: both gaps at once", "runoff_kernels", "max(passed[q], both)", "passed[q]", "exact"),
    Mutant("ROE: both gaps one after the other", "runoff_kernels", "max(passed[q], both)", "passed[p] + passed[q]",
           "sound"),
    Mutant("ROE: a vote takes 2 off both gaps", "runoff_kernels", "voters + 2 * votes[a] - votes[p] - votes[q]",
           "voters + votes[a]", "sound"),
    Mutant("ROE: votes for the two rivals, too", "runoff_kernels", "voters + 2 * votes[a] - votes[p] - votes[q]",
           "voters + 2 * votes[a]", "exact"),
    Mutant("ROE: only the closest two rivals", "runoff_kernels", "range(1, order.size - 1)", "range(1, 2)", "exact"),
]  # fmt: skip


def package(folder: Path, name: str, mutant: Mutant | None) -> SimpleNamespace:
    """Import a copy of the elections' certificates, with the mutant's mistake in it."""
    target = folder / name
    target.mkdir()
    for path in SOURCE.glob("*.py"):
        text = path.read_text().replace(DECORATOR, "")
        if mutant is not None and path.stem == mutant.module:
            assert text.count(mutant.before) == 1, f"{mutant.name}: the source it changes is gone, or there twice"
            text = text.replace(mutant.before, mutant.after)
        (target / path.name).write_text(text.replace("certvote.certificates", name))
    sys.path.insert(0, str(folder))
    try:
        parts = ("dpa", "finite_aggregation", "runoff")
        return SimpleNamespace(**{part: importlib.import_module(f"{name}.{part}") for part in parts})
    finally:
        sys.path.remove(str(folder))
