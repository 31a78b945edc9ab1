"""Ensembles that are trained, on tiny training sets that are split by a hash: the attacker changes examples, not votes.

Nothing here is shared with the program: every poisoned training set is split, and every voter trained, anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cache
from itertools import combinations, combinations_with_replacement, product
from typing import NamedTuple

import numpy as np

from certificates.elections import Ballot

Example = tuple[int, int]
"""Place and label."""


class Problem(NamedTuple):
    """A training set with duplicates, what an attacker may add, and the buckets of every voter.

    ``by_input``: the hash that chooses an example's bucket looks at its place alone.
    """

    train: tuple[Example, ...]
    candidates: tuple[Example, ...]
    test: tuple[int, ...]
    buckets: tuple[tuple[int, ...], ...]
    c: int
    by_input: bool = False


def draw_problem(draw: Callable[[int, int], int], spread: int) -> Problem:
    c, voters = draw(2, 3), draw(4, 7)
    shifts = sorted({0, *(draw(0, voters - 1) for _ in range(spread - 1))})
    borders = sorted(draw(0, 9) for _ in range(c - 1))

    def example() -> Example:
        place = draw(0, 9)
        usual = sum(place >= border for border in borders)
        return place, usual if draw(0, 4) else draw(0, c - 1)

    return Problem(
        train=tuple(example() for _ in range(draw(5, 9))),
        candidates=tuple((draw(0, 9), draw(0, c - 1)) for _ in range(draw(2, 5))),
        test=tuple(draw(0, 9) for _ in range(3)),
        buckets=tuple(tuple((v - shift) % voters for shift in shifts) for v in range(voters)),
        c=c,
        by_input=draw(0, 1) == 1,
    )


def ballots(problem: Problem, train: tuple[Example, ...], place: int) -> list[Ballot]:
    """The voters' rankings at a place, after each has been trained on the examples of its buckets."""
    contents = defaultdict(list)
    for example in train:
        contents[_bucket(example, len(problem.buckets), problem.by_input)].append(example)
    return [
        _ranking(tuple(sorted(example for bucket in own for example in contents[bucket])), place, problem.c)
        for own in problem.buckets
    ]


def _bucket(example: Example, buckets: int, by_input: bool) -> int:
    place, label = example
    return (place * 7 + (0 if by_input else label * 3)) * 2654435761 // 2**8 % buckets


@cache
def _ranking(examples: tuple[Example, ...], place: int, c: int) -> Ballot:
    """Labels by their nearest example, the larger one of equals; labels without an example last."""
    nearest = {label: min((abs(x - place) for x, y in examples if y == label), default=99) for label in range(c)}
    return tuple(sorted(range(c), key=lambda label: (nearest[label], -label)))


def attacks(problem: Problem, change: str, size: int) -> Iterator[tuple[Example, ...]]:
    """Every training set with at most ``size`` examples removed and at most ``size`` added, of what may be done."""
    train = problem.train
    if change == "relabel":
        for rows in combinations(range(len(train)), min(size, len(train))):
            for labels in product(range(problem.c), repeat=len(rows)):
                new = dict(zip(rows, labels, strict=True))
                yield tuple((place, new.get(row, label)) for row, (place, label) in enumerate(train))
        return
    removed = range(size + 1) if change in ("any", "delete") else [0]
    added = range(size + 1) if change in ("any", "insert") else [0]
    for gone in (rows for number in removed for rows in combinations(range(len(train)), number)):
        kept = tuple(example for row, example in enumerate(train) if row not in gone)
        for new in (new for number in added for new in combinations_with_replacement(problem.candidates, number)):
            yield kept + new


def winners(
    problem: Problem, rule: Callable[[list[Ballot], int], int], change: str, size: int, hard: bool
) -> list[set[int]]:
    """Labels that each test example may get."""
    found: list[set[int]] = [set() for _ in problem.test]
    for train in attacks(problem, change, size):
        for labels, place in zip(found, problem.test, strict=True):
            cast = ballots(problem, train, place)
            labels.add(rule([ballot[:1] for ballot in cast] if hard else cast, problem.c))
    return found


def clean_rankings(problem: Problem) -> np.ndarray:
    return np.array([ballots(problem, problem.train, place) for place in problem.test])
