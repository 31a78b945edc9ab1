"""Bound every size of a curve by threshold splitting.

What is a good choice of thresholds at one size is nearly one at the next: a game that has been played at one size goes
on at the next smaller one, for a few rounds only. A curve is cut into a fixed number of stretches, and these are
worked on at the same time.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from jaxtyping import Int64

from certvote.certificates.attack import attack
from certvote.certificates.boxes import split_boxes
from certvote.certificates.rivals import Rivals
from certvote.certificates.thresholds import split

CHAINS = 8
"""Stretches of a long curve; in each, a game begins at the largest size and goes on at all others."""

FIRST_ROUNDS = 64
"""Rounds at the largest size of a stretch."""

ROUNDS_ALONE = 256
"""Most rounds at each of few sizes, which all have a game of their own,"""

ROUNDS_WORK = 6 * 10**7
"""where so many pairs of an example and a rival in all rounds together are enough."""

FURTHER_ROUNDS = 12
"""Rounds at every other size."""

BOXES = 192
"""Most boxes that are split at each of few sizes, where the bounds are not yet close,"""

BOXES_ON_LONG_CURVES = 8
"""and at each of many sizes."""

BOX_WORK = 15 * 10**6
"""Most pairs of an example and a rival in all boxes together at one size: some seconds."""

MIDDLING_CLASSES = 50
"""With more classes, boxes are not split on long curves: thresholds alone are nearly as good."""


def split_curve(
    rivals: Rivals,
    sizes: Int64[np.ndarray, " s"],
    upper: Int64[np.ndarray, " s"],
    lower: Int64[np.ndarray, " s"],
    *,
    tolerance: float,
    deadline: float,
    threads: int,
    progress: Callable[[int], None],
) -> None:
    """Tighten bounds of the number of examples that break at every size, in place.

    Parameters
    ----------
    rivals : Rivals
        Pairs that attacks up to the largest size may reach.
    sizes : int64 array, shape (s,)
        Poisoning sizes, ascending.
    upper, lower : int64 array, shape (s,)
        Bounds known before, and after.
    tolerance : float
        In test examples: where the bounds are so close, nothing is played.
    deadline : float
        When to begin nothing new (monotonic seconds).
    threads : int
        Sizes to work on at the same time. What is found does not depend on it.
    progress : callable
        Called with the number of sizes that are done.
    """
    few = sizes.size <= CHAINS
    most_boxes = BOXES if few else BOXES_ON_LONG_CURVES if rivals.classes <= MIDDLING_CLASSES else 0
    ends = np.unique(np.linspace(0, sizes.size, CHAINS + 1).round().astype(np.int64))

    def work(chain: int) -> tuple[slice, np.ndarray, np.ndarray]:
        """Play at the sizes of one stretch, from the largest to the smallest, and attack at each."""
        here = slice(int(ends[chain]), int(ends[chain + 1]))
        most, attained = upper[here].copy(), lower[here].copy()
        game, plays = None, np.zeros((0, rivals.classes), np.int64)
        for j in range(most.size - 1, -1, -1):
            if most[j] - attained[j] <= tolerance or time.monotonic() >= deadline:
                continue
            reach = rivals.at(int(sizes[here][j]))
            if game is not None:
                found = attack(reach, scaled(plays, reach.α), plays[:0], False)
                attained[j:] = np.maximum(attained[j:], found.broken)
                if most[j] - attained[j] <= tolerance:
                    continue
            rounds = FURTHER_ROUNDS if game else FIRST_ROUNDS
            if few:
                rounds = min(ROUNDS_ALONE, 32 + ROUNDS_WORK // max(reach.work(), 1))
            bounds, game = split(reach, rounds=rounds, before=game)
            most[: j + 1] = np.minimum(most[: j + 1], bounds[sizes[here][: j + 1]])
            found = attack(reach, starts(game.additions, reach.α), game.removals, True)
            plays = found.additions[None]
            least, best = split_boxes(
                reach,
                game,
                int(most[j]),
                max(int(attained[j]), found.broken),
                splits=min(most_boxes, BOX_WORK // max(reach.work(), 1) // 4 * 4),  # fewer than 4 are of no use
                tolerance=tolerance,
                deadline=deadline,
            )
            most[: j + 1] = np.minimum(most[: j + 1], least)
            attained[j:] = np.maximum(attained[j:], best)
        return here, most, attained

    with ThreadPoolExecutor(threads) as pool:
        for here, most, attained in pool.map(work, range(ends.size - 1)):
            upper[here], lower[here] = most, attained
            progress(here.stop)
    upper[:] = np.minimum.accumulate(upper[::-1])[::-1]
    lower[:] = np.maximum.accumulate(lower)


def starts(additions: Int64[np.ndarray, "plays c"], α: int) -> Int64[np.ndarray, "starts c"]:
    """Return plays to start attacks from, and all additions for each of the labels that were played most."""
    strongest = np.argsort(-additions.sum(axis=0), kind="stable")[:4]
    return np.concatenate((additions, α * np.eye(additions.shape[1], dtype=np.int64)[strongest]))


def scaled(additions: Int64[np.ndarray, "plays c"], α: int) -> Int64[np.ndarray, "plays c"]:
    """Scale additions to another budget, without exceeding it."""
    return np.asarray(additions * α // np.maximum(additions.sum(axis=1, keepdims=True), 1))
