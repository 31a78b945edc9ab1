"""Ground truth for votes among models trained on parts: every set of poisoned parts, every change of its voters.

Nothing here is shared with the program: ballots are counted anew, from lists, by the plainest rules.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from itertools import combinations, combinations_with_replacement, permutations, product

import numpy as np

Ballot = tuple[int, ...]
"""A voter's ranking of the labels, best first; of a voter without ranking its first choice alone."""

Rule = Callable[[Sequence[Ballot], int], int]


def plurality(ballots: Sequence[Ballot], c: int) -> int:
    """Label with the most first choices, the larger one of equals."""
    return max(range(c), key=lambda label: (sum(ballot[0] == label for ballot in ballots), label))


def finalists(ballots: Sequence[Ballot], c: int) -> list[int]:
    """The two labels with the most first choices, larger ones first among equals."""
    return sorted(range(c), key=lambda label: (sum(ballot[0] == label for ballot in ballots), label))[-2:]


def runoff(ballots: Sequence[Ballot], c: int) -> int:
    """Of the two finalists the one that more voters rank higher, the larger one of equals; no rank, no vote."""
    last = finalists(ballots, c)
    votes = dict.fromkeys(last, 0)
    for ballot in ballots:
        ranked = [label for label in ballot if label in votes]
        if ranked:
            votes[ranked[0]] += 1
    return max(last, key=lambda label: (votes[label], label))


def rankings(c: int) -> list[Ballot]:
    return list(permutations(range(c)))


def choices(c: int) -> list[Ballot]:
    return [(label,) for label in range(c)]


def least_parts(
    rule: Rule, ballots: Sequence[Ballot], possible: Sequence[Ballot], buckets: np.ndarray, c: int
) -> int | None:
    """Fewest poisoned parts with which some change of their voters' ballots changes the winner; ``None``: none does.

    The rule must not depend on the order of the ballots.
    """
    winner = rule(ballots, c)
    ids = sorted(set(buckets.ravel().tolist()))
    for number in range(1, len(ids) + 1):
        touched = {
            tuple(v for v, own in enumerate(buckets.tolist()) if set(own) & set(parts))
            for parts in combinations(ids, number)
        }
        for voters in touched:
            kept = tuple(sorted(ballots[v] for v in range(len(ballots)) if v not in voters))
            if _winners(rule, kept, len(voters), tuple(possible), c) != {winner}:
                return number
    return None


@cache
def _winners(rule: Rule, kept: tuple[Ballot, ...], changed: int, possible: tuple[Ballot, ...], c: int) -> set[int]:
    """Winners over all ballots that so many voters may cast beside those that are kept."""
    return {rule([*kept, *cast], c) for cast in combinations_with_replacement(possible, changed)}


def least_parts_by_hand(
    rule: Rule, ballots: Sequence[Ballot], possible: Sequence[Ballot], buckets: np.ndarray, c: int
) -> int | None:
    """:func:`least_parts` by writing every ballot that a voter may cast in its place."""
    ids = sorted(set(buckets.ravel().tolist()))
    for number in range(1, len(ids) + 1):
        for parts in combinations(ids, number):
            free = [bool(set(own) & set(parts)) for own in buckets.tolist()]
            options = [possible if may else [ballot] for may, ballot in zip(free, ballots, strict=True)]
            if any(rule(cast, c) != rule(ballots, c) for cast in product(*options)):
                return number
    return None


def draw_ballots(draw: Callable[[int, int], int], voters: int, c: int) -> list[Ballot]:
    """Rankings of which many agree, or with a compromise that nearly all rank first or second.

    Of rankings that are all drawn alike hardly anything is left to certify, and a label that would win every round two
    hardly ever falls in round one.
    """
    order = list(range(c))

    def shuffled() -> list[int]:
        left = order.copy()
        return [left.pop(draw(0, len(left) - 1)) for _ in order]

    if draw(0, 1):
        usual = [shuffled() for _ in range(2)]
        return [tuple(usual[draw(0, 1)] if draw(0, 2) else shuffled()) for _ in range(voters)]
    compromise, seldom_first = draw(0, c - 1), draw(1, 5)
    ballots = []
    for _ in range(voters):
        ballot = shuffled()
        if draw(0, 7):
            ballot.remove(compromise)
            ballot.insert(min(draw(0, seldom_first), 1), compromise)
        ballots.append(tuple(ballot))
    return ballots


def draw_buckets(draw: Callable[[int, int], int], voters: int, spread: int) -> np.ndarray:
    """Buckets of every voter: a hash spread, or any at all (then some have many voters and some none)."""
    if draw(0, 1):
        shifts = sorted({draw(0, voters - 1) for _ in range(spread)} | {0})
        return np.array([[(v + shift) % voters for shift in shifts] for v in range(voters)], dtype=np.int32)
    return np.array([[draw(0, voters) for _ in range(spread)] for _ in range(voters)], dtype=np.int32)


def needed(powers: Sequence[int], gap: int) -> int | None:
    """How many of the largest powers it takes to come to ``gap``; ``None`` if all are too few."""
    number = 0
    for power in sorted(powers, reverse=True):
        if gap <= 0:
            break
        gap, number = gap - power, number + 1
    return number if gap <= 0 else None


def plurality_formula(ballots: Sequence[Ballot], buckets: np.ndarray, c: int) -> int | None:
    """Theorem 2 of ``docs/ensembles.md``, literally."""
    a = plurality(ballots, c)
    return _least([_to_pass(ballots, buckets, a, rival) for rival in range(c) if rival != a])


def runoff_formula(ballots: Sequence[Ballot], buckets: np.ndarray, c: int) -> int | None:
    """Theorem 3 of ``docs/ensembles.md``, literally, for voters that rank all labels."""
    if c == 1:
        return None
    a = runoff(ballots, c)
    (b,) = set(finalists(ballots, c)) - {a}
    ways = []
    for rival in set(range(c)) - {a}:
        behind = [ballot.index(a) < ballot.index(rival) for ballot in ballots]
        duel = needed(_powers(buckets, [2 * one for one in behind]), 2 * sum(behind) - len(ballots) + (a > rival))
        ways.append(duel if rival == b else _all([duel, _to_pass(ballots, buckets, b, rival)]))
    for x, y in combinations(set(range(c)) - {a}, 2):
        both = needed(
            _powers(buckets, [{a: 3, x: 0, y: 0}.get(ballot[0], 1) for ballot in ballots]),
            _gap(ballots, a, x) + _gap(ballots, a, y),
        )
        ways.append(_all([_to_pass(ballots, buckets, a, x), _to_pass(ballots, buckets, a, y), both]))
    return _least(ways)


def _gap(ballots: Sequence[Ballot], x: int, y: int) -> int:
    return sum((ballot[0] == x) - (ballot[0] == y) for ballot in ballots) + (x > y)


def _to_pass(ballots: Sequence[Ballot], buckets: np.ndarray, x: int, y: int) -> int | None:
    """Buckets that it takes at least for ``y`` to pass ``x`` in round one."""
    return needed(_powers(buckets, [{x: 2, y: 0}.get(ballot[0], 1) for ballot in ballots]), _gap(ballots, x, y))


def _powers(buckets: np.ndarray, powers: Sequence[int]) -> list[int]:
    """Sum of the voters' powers, for every bucket."""
    return [
        sum(power for power, own in zip(powers, buckets.tolist(), strict=True) if bucket in own)
        for bucket in set(buckets.ravel().tolist())
    ]


def _all(needs: Sequence[int | None]) -> int | None:
    return None if None in needs else max(need for need in needs if need is not None)


def _least(needs: Sequence[int | None]) -> int | None:
    return min((need for need in needs if need is not None), default=None)
