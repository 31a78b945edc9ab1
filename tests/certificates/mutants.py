"""Deliberate mistakes, each with the claim that must notice it.

A copy of the package's source is changed in one place and imported under another name, its compiled functions as plain
Python. ``sound``: brute force over poisoned sets finds a certificate above the truth. ``exact``: the result is no
longer the bound that full enumeration gives (too high, or needlessly low). ``ordered``: the order between certificates
or the fall with the size is lost.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import certvote.certificates

SOURCE = Path(certvote.certificates.__file__).parent
DECORATOR = "@njit(cache=True)\n"


class Mutant(NamedTuple):
    name: str
    module: str
    before: str
    after: str
    noticed_by: str


MUTANTS = [
    Mutant("tie bit dropped", "votes", " + (a[:, None] > np.arange(c))", "", "exact"),
    Mutant("tie bit for every rival", "votes", "(a[:, None] > np.arange(c))", "1", "sound"),
    Mutant("tie bit turned around", "votes", "(a[:, None] > np.arange(c))", "(a[:, None] < np.arange(c))", "sound"),
    Mutant("smaller label wins ties", "votes", "c - 1 - np.argmax(counts[:, ::-1]", "np.argmax(counts", "sound"),
    Mutant("certified size one too large", "individual", "(gap + 1) // 2 - 1", "(gap + 1) // 2", "sound"),
    Mutant("wrong examples certified", "individual", "np.where(correct(counts, labels), size, -1)", "size", "sound"),
    Mutant("RD: additions forgotten", "grouping", "members - sizes[j]", "members", "sound"),
    Mutant("RD: a label twice in a group", "grouping", "rng.permutation(members.size)", "members // 2", "sound"),
    Mutant("RD: dearest first", "grouping", "np.lexsort((gap, group))", "np.lexsort((-gap, group))", "sound"),
    Mutant("grouping: costs must stay below e", "grouping", "if total > budget", "if total >= budget", "sound"),
    Mutant("ISLAND: cost e counts as certified", "grouping", '2 * e, side="right"', '2 * e, side="left"', "sound"),
    Mutant("last label never gets all removals", "allocation", "best = 0\n    for R in range(budget + 1)",
           "best = 0\n    for R in range(budget)", "sound"),
    Mutant("removals not shared", "allocation", "partial[c - 2, budget - R]", "partial[c - 2, budget]", "exact"),
    Mutant("every cost capped too early", "budget", "int(votes.counts.max()) + 1",
           "int(votes.counts.max()) // 2", "sound"),
    Mutant("border one short outside", "pair_costs", "last = min(e, ", "last = min(e - 1, ", "exact"),
    Mutant("border one short inside", "pair_costs", "first = -min(e, ", "first = -min(e - 1, ", "exact"),
    Mutant("border does not move", "pair_costs", "path[: last - first + 1].min()", "gap[i, l]", "sound"),
    Mutant("labels at the border mixed up", "pair_costs", "+ (label == a) - (label == l)",
           "- (label == a) + (label == l)", "exact"),
    Mutant("additions cost the attacker nothing", "pair_costs", "least[i] - additions[x]",
           "least[i] - 2 * additions[x]", "exact"),
    Mutant("additions forgotten", "pair_costs", "least[i] - additions[x]", "least[i]", "sound"),
    Mutant("sharp: border not moved by additions", "pair_costs", "queue[head] > e - A", "queue[head] > -A", "exact"),
    Mutant("sharp: border not moved by removals", "pair_costs", "<= e + d - 1", "<= d - 1", "sound"),
    Mutant("gap 2e out of reach", "costs", "least <= 2 * e", "least < 2 * e", "sound"),
    Mutant("gap 2e individually certified", "costs", "axis=1) > 2 * e", "axis=1) >= 2 * e", "sound"),
    Mutant("individual certificate not used", "costs", "least[gap.min(axis=1) > 2 * e] = UNLIMITED", "pass", "exact"),
    Mutant("additions shared between labels", "search_kernels", "offset[l] + x[l] * pairs",
           "offset[l] + x.max() * pairs", "exact"),
    Mutant("only the last rival counts", "search_kernels", "min(least[i], cost[row + j])", "cost[row + j]", "sound"),
    Mutant("a slice lost at every split", "search", "low[label] = middle + 1", "low[label] = middle + 2", "exact"),
    Mutant("bound at the lower corner", "search", "H(high, shift)", "H(low, shift)", "exact"),
    Mutant("open boxes forgotten at the stop", "search", "pruned = max(pruned, bound)\n            break", "break",
           "exact"),
    Mutant("slack halved", "search", "slack = budget - low.sum()", "slack = budget // 2 - low.sum()", "exact"),
    Mutant("interpolated from the smaller size", "budget", "at_most[above]", "at_most[np.maximum(below, 0)]", "sound"),
    Mutant("bound handed to larger sizes", "budget", "at_most[: j + 1] = np.minimum(at_most[: j + 1], found.upper)",
           "at_most[j:] = np.minimum(at_most[j:], found.upper)", "sound"),
    Mutant("wrong examples forgotten", "budget", "(right - upper) / m", "(m - upper) / m", "sound"),
]  # fmt: skip


def package(folder: Path, name: str, mutant: Mutant | None) -> SimpleNamespace:
    """Import a copy of the certificates, with the mutant's mistake in it."""
    target = folder / name
    target.mkdir()
    for path in SOURCE.glob("*.py"):
        text = path.read_text().replace(DECORATOR, "")
        if mutant is not None and path.stem == mutant.module:
            assert text.count(mutant.before) >= 1, f"{mutant.name}: the source it changes is gone"
            text = text.replace(mutant.before, mutant.after, 1)
        (target / path.name).write_text(text.replace("certvote.certificates", name))
    sys.path.insert(0, str(folder))
    try:
        return SimpleNamespace(
            **{part: importlib.import_module(f"{name}.{part}") for part in ("individual", "grouping", "budget")}
        )
    finally:
        sys.path.remove(str(folder))
