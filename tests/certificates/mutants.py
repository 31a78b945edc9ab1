"""Deliberate mistakes, each with the claim that must notice it.

A copy of the package's source is changed in one place and imported under another name, its compiled functions as plain
Python. ``sound``: brute force over poisoned sets finds a certificate above the truth. ``exact``: the result is no
longer the bound that full enumeration gives (too high, or needlessly low). ``ordered``: the order between certificates
or the fall with the size is lost. ``bagged``: bagging's size is not that of the condition at every ``n'``. ``bounded``:
its bounds do not have their level.
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
    Mutant("certified size one too large", "individual", "(gap - 1) // (2", "(gap + 1) // (2", "sound"),
    Mutant("wrong examples certified", "individual", "np.where(correct(counts, labels), size, -1)", "size", "sound"),
    Mutant("RD: additions forgotten", "grouping", "members - additions[j]", "members", "sound"),
    Mutant("RD: a label twice in a group", "grouping", "rng.permutation(members.size)", "members // 2", "sound"),
    Mutant("RD: dearest first", "grouping", "np.lexsort((gap, group))", "np.lexsort((-gap, group))", "sound"),
    Mutant("grouping: costs must stay below e", "grouping", "if total > budget", "if total >= budget", "sound"),
    Mutant("ISLAND: cost e counts as certified", "grouping", 'budgets[j], side="right"', 'budgets[j], side="left"',
           "sound"),
    Mutant("last label never gets all removals", "allocation", "best = 0\n    for R in range(budget + 1)",
           "best = 0\n    for R in range(budget)", "sound"),
    Mutant("removals not shared", "allocation", "partial[c - 2, budget - R]", "partial[c - 2, budget]", "exact"),
    Mutant("every cost capped too early", "budget", "int(votes.counts.max()) + 1",
           "int(votes.counts.max()) // 2", "sound"),
    Mutant("border one short outside", "pair_costs", "last = min(ρ, ", "last = min(ρ - 1, ", "exact"),
    Mutant("border one short inside", "pair_costs", "first = -min(α, ", "first = -min(α - 1, ", "exact"),
    Mutant("border does not move", "pair_costs", "path[: last - first + 1].min()", "gap[i, l]", "sound"),
    Mutant("labels at the border mixed up", "pair_costs", "+ (label == a) - (label == l)",
           "- (label == a) + (label == l)", "exact"),
    Mutant("additions cost the attacker nothing", "pair_costs", "least[i] - additions[x]",
           "least[i] - 2 * additions[x]", "exact"),
    Mutant("additions forgotten", "pair_costs", "least[i] - additions[x]", "least[i]", "sound"),
    Mutant("sharp: border not moved by additions", "pair_costs", "queue[head] > ρ - A", "queue[head] > -A", "exact"),
    Mutant("sharp: border not moved by removals", "pair_costs", "<= α + d - 1", "<= d - 1", "sound"),
    Mutant("gap 2e out of reach", "costs", "least <= ρ + α", "least < ρ + α", "sound"),
    Mutant("one size more certified individually", "costs", "attackable.safe >= size", "attackable.safe + 1 >= size",
           "sound"),
    Mutant("individual certificate not used", "costs", "least[attackable.safe >= size] = UNLIMITED", "pass", "exact"),
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
    Mutant("insertions may remove", "change", '0 * e if change == "insert" else e', "e", "exact"),
    Mutant("deletions may add", "change", '0 * e if change == "delete" else e', "e", "exact"),
    Mutant("insertions and deletions mixed up", "change", 'change == "insert"', 'change == "delete"', "sound"),
    Mutant("insertions harmless to groups", "grouping", "_, α = allowed(change, e)", "α = 0 * e", "sound"),
    Mutant("deletions with additions in groups", "grouping", "_, α = allowed(change, e)", "α = e", "ordered"),
    Mutant("one kind of change counts twice", "individual", '(2 if change == "any" else 1)', "2", "exact"),
    Mutant("kNN as if additions pushed nothing out", "individual", 'change=change if votes.k is None else "any"',
           "change=change", "sound"),
    Mutant("border moves the wrong way", "individual", "ranked[:, :inside][:, ::-1]", "ranked[:, :inside]", "sound"),
    Mutant("insertions and deletions move the same border", "individual", 'ranked[:, inside:] if change == "delete"',
           'ranked[:, inside:] if change == "any"', "sound"),
    Mutant("every window ends with the training set", "individual", "passed.shape[1] < votes.window", "True", "sound"),
    Mutant("no window ends with the training set", "individual", "passed.shape[1] < votes.window", "False", "exact"),
    Mutant("border: own label goes out unnoticed", "border", "1 if outward else -1", "1 if outward else 0", "sound"),
    Mutant("border: rivals pulled in for nothing", "border", "g[label] += -1 if", "g[label] += 0 if", "sound"),
    Mutant("border: gap 0 holds", "border", "g.min() <= u + 1", "g.min() < u + 1", "sound"),
    Mutant("border: a size given away", "border", "size[i] = u\n", "size[i] = u - 1\n", "exact"),
    Mutant("border: beyond the window nothing happens", "border", "(1 if ended else 2)", "1", "sound"),
    Mutant("deletions: capped too early", "budget", '(c if change == "delete" else 1)', "1", "exact"),
    Mutant("insertions: one label breaks all", "budget", '"insert": 2', '"insert": 1', "exact"),
    Mutant("sharp: more additions than neighbors", "pair_costs", "min(additions[x], ρ - first)", "additions[x]",
           "exact"),
    Mutant("deletions: end of the training set forgotten", "deletions", "impossible[:, last] = False", "pass", "sound"),
    Mutant("deletions: border stays where it is", "deletions", "np.minimum.accumulate(cost, axis=1)", "cost", "exact"),
    Mutant("deletions: border past the last removal", "deletions", "cost[:, min(e, last)]", "cost[:, last]", "exact"),
    Mutant("deletions: one size more certified individually", "deletions", "safe < e", "safe + 1 < e", "sound"),
    Mutant("deletions: individual certificate not used", "deletions", "safe < e", "e > 0", "exact"),
    Mutant("deletions: sharp as plain", "deletions", 'bound == "sharp"', "False", "exact"),
    Mutant("deletions: sharper than sharp", "deletions", "cost > np.arange", "cost >= np.arange", "sound"),
    Mutant("deletions: own neighbors pulled in for nothing", "border", "g += 1\n", "g += 0\n", "exact"),
    Mutant("gaps out of reach too early", "pair_costs", "ρ + α + max(ρ, α)", "ρ + α", "exact"),
    Mutant("bagging: overlap counted once", "bagging", "2 * (samples - (n - e) ** ξ)", "samples - (n - e) ** ξ",
           "bagged"),
    Mutant("bagging: equality certifies", "bagging", "(n - e) ** ξ) < margin", "(n - e) ** ξ) <= margin", "bagged"),
    Mutant("bagging: p_a rounded up", "bagging", "math.floor(", "math.ceil(", "bagged"),
    Mutant("bagging: p_b rounded down", "bagging", "math.ceil(", "math.floor(", "bagged"),
    Mutant("bagging: rounding not doubted", "bagging", " + 2 * float(n) ** -ξ", "", "bagged"),
    Mutant("bagging: floats not doubted", "bagging", "slope * (2.0**-50 + 2 * float(n) ** -ξ) + x * 2.0**-48",
           "slope * (2 * float(n) ** -ξ)", "bagged"),
    Mutant("bagging: half the margin", "bagging", "np.log1p(-Δ / 2)", "np.log1p(-Δ)", "bagged"),
    Mutant("bagging: additions as removals", "bagging", "n * np.expm1(np.log1p(Δ) / ξ)",
           "-n * np.expm1(np.log1p(-Δ) / ξ)", "bagged"),
    Mutant("bagging: level not shared by examples", "bagging", "level = alpha / m / c", "level = alpha / c", "bounded"),
    Mutant("bagging: level not shared by classes", "bagging", "level = alpha / m / c", "level = alpha / m", "bounded"),
    Mutant("bagging: one vote too many", "bagging", "betaincinv(first, voters - first + 1",
           "betaincinv(first + 1, voters - first", "bounded"),
    Mutant("bagging: one vote too few", "bagging", "betainccinv(second + 1, np.maximum(voters - second, 1)",
           "betainccinv(np.maximum(second, 1), voters - second + 1", "bounded"),
    Mutant("bagging: the runner-up is the third", "bagging", "[:, -2:]", "[:, [0, -1]]", "bounded"),
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
        parts = ("individual", "grouping", "budget", "bagging")
        return SimpleNamespace(**{part: importlib.import_module(f"{name}.{part}") for part in parts})
    finally:
        sys.path.remove(str(folder))
