"""Bagging's certificate written down literally, and bagging itself over all samples of tiny training sets.

Nothing here is shared with the program: fractions instead of floats, every ``n'`` instead of the worst one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import combinations, combinations_with_replacement, product
from math import ceil, comb, floor

Learner = Callable[[tuple[int, ...]], int]
"""The label that a voter predicts for the test example, by the (names of the) examples of its sample, in order."""


def tail(successes: int, trials: int, p: Fraction) -> Fraction:
    """Probability of at least so many successes."""
    a, b = p.numerator, p.denominator
    most = sum(comb(trials, i) * a**i * (b - a) ** (trials - i) for i in range(successes, trials + 1))
    return Fraction(most, b**trials)


def certified(e: int, p_a: Fraction, p_b: Fraction, n: int, subsample: int, change: str) -> bool:
    """The condition of certificates.md, section 8, at every size that the poisoned set may have."""
    grid = n**subsample
    p_a, p_b = Fraction(p_a), Fraction(p_b)
    off = (p_a - Fraction(floor(p_a * grid), grid)) + (Fraction(ceil(p_b * grid), grid) - p_b)
    least, most = (n if change in ("insert", "relabel") else n - e), (n if change in ("delete", "relabel") else n + e)
    for after in range(max(least, 0), most + 1):
        common = {"any": max(n, after) - e, "insert": n, "delete": after, "relabel": n - e}[change]
        kept = Fraction(max(common, 0), n) ** subsample
        if not Fraction(after, n) ** subsample - 2 * kept + 1 - p_a + p_b + off < 0:
            return False
    return True


def largest_certified(p_a: Fraction, p_b: Fraction, n: int, subsample: int, change: str) -> int:
    """The largest certified size, by trying every one; -1 if there is none."""
    holds = [certified(e, p_a, p_b, n, subsample, change) for e in range(n + 3)]
    assert holds == sorted(holds, reverse=True), "a size is certified and a smaller one is not"
    return sum(holds) - 1


def probabilities(examples: tuple[int, ...], learner: Learner, subsample: int, classes: int) -> list[Fraction]:
    """How probable every label is: all samples drawn with replacement."""
    seen = Counter(learner(sample) for sample in product(examples, repeat=subsample))
    return [Fraction(seen[label], len(examples) ** subsample) for label in range(classes)]


def poisoned(n: int, new: int, e: int, change: str) -> Iterator[tuple[int, ...]]:
    """Every poisoned set within size ``e`` of the examples ``0 … n - 1``; new ones and further copies may be added."""
    if change == "relabel":  # example x with another label is n + new + x
        for changed in combinations(range(n), min(e, n)):
            yield tuple(n + new + x if x in changed else x for x in range(n))
        return
    for gone in range(0 if change == "insert" else e, -1, -1):
        for added in range((0 if change == "delete" else e) + 1):
            for removed in combinations(range(n), min(gone, n)):
                kept = tuple(x for x in range(n) if x not in removed)
                for extra in combinations_with_replacement(range(n + new), added):
                    if kept + extra:
                        yield kept + extra
