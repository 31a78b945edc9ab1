"""Bound every size of a curve by threshold splitting.

What is a good choice of thresholds at one size is nearly one at the next: a game that has been played at one size goes
on at the next smaller one, for a few rounds only. A curve is cut into a fixed number of stretches, and these are
worked on at the same time.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
from jaxtyping import Int64

from certvote.certificates.attack import attack
from certvote.certificates.boxes import split_boxes
from certvote.certificates.rivals import Rivals
from certvote.certificates.thresholds import split

CHAINS = 8
"""Stretches of a long curve; in each, a game begins at the largest size and goes on at smaller ones."""

FIRST_ROUNDS = 64
"""Most rounds at the largest size of a stretch."""

ROUNDS_ALONE = 256
"""Most rounds at each of few sizes, which all have a game of their own."""

ROUNDS_WORK = 6 * 10**7
"""Pairs of an example and a rival, in all rounds but the first 32, that are enough at one size."""

FURTHER_ROUNDS = 12
"""Rounds where a game goes on."""

PAUSE_WORK = 2 * 10**6
"""Where a round looks at more pairs, a game goes on at every second, third, … size only."""

BOXES = 192
"""Most boxes that are split at each of few sizes, where the bounds are not yet close,"""

BOXES_ON_LONG_CURVES = 8
"""and at each of many sizes."""

LEAST_BOXES = 4
"""Fewer boxes are of no use."""

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
    ends = np.unique(np.linspace(0, sizes.size, CHAINS + 1).round().astype(np.int64)).tolist()
    stop = threading.Event()

    def work(here: slice) -> tuple[slice, np.ndarray, np.ndarray]:
        """Work on one stretch, on copies of its bounds."""
        most, attained = upper[here].copy(), lower[here].copy()

        def ended() -> bool:
            return stop.is_set() or time.monotonic() >= deadline

        _work_downwards(
            rivals, sizes[here], most, attained, few=few, tolerance=tolerance, deadline=deadline, ended=ended
        )
        return here, most, attained

    stretches = [slice(*pair) for pair in pairwise(ends)][::-1]  # the largest sizes take longest, and come first
    done = 0
    with ThreadPoolExecutor(threads) as pool:
        try:
            for here, most, attained in pool.map(work, stretches):
                upper[here], lower[here] = most, attained
                done += most.size
                progress(done)
        finally:
            stop.set()
    upper[:] = np.minimum.accumulate(upper[::-1])[::-1]
    lower[:] = np.maximum.accumulate(lower)


def _work_downwards(
    rivals: Rivals,
    sizes: Int64[np.ndarray, " s"],
    upper: Int64[np.ndarray, " s"],
    lower: Int64[np.ndarray, " s"],
    *,
    few: bool,
    tolerance: float,
    deadline: float,
    ended: Callable[[], bool],
) -> None:
    """Play at the sizes of one stretch, from the largest to the smallest, and attack at each."""
    most_boxes = BOXES if few else BOXES_ON_LONG_CURVES if rivals.classes <= MIDDLING_CLASSES else 0
    game, plays, pause = None, np.zeros((0, rivals.classes), np.int64), 0
    for j in range(sizes.size - 1, -1, -1):
        if upper[j] - lower[j] <= tolerance or ended():
            continue
        reach = rivals.at(int(sizes[j]))
        pairs = max(reach.work(), 1)
        if game is not None:
            found = attack(reach, scaled(plays, reach.α), plays[:0], False)
            lower[j:] = np.maximum(lower[j:], found.broken)
            pause -= 1
            if upper[j] - lower[j] <= tolerance or pause > 0:
                continue
        enough = 32 + ROUNDS_WORK // pairs
        rounds = FURTHER_ROUNDS if game else min(ROUNDS_ALONE if few else FIRST_ROUNDS, enough)
        bounds, game = split(reach, rounds=rounds, before=game)
        upper[: j + 1] = np.minimum(upper[: j + 1], bounds[sizes[: j + 1]])
        found = attack(reach, starts(game.additions, reach.α), game.removals, True)
        lower[j:] = np.maximum(lower[j:], found.broken)
        plays, pause = found.additions[None], 1 + pairs // PAUSE_WORK
        splits = min(most_boxes, BOX_WORK // pairs)
        if splits >= LEAST_BOXES:
            least, best = split_boxes(
                reach, game, int(upper[j]), int(lower[j]), splits=splits, tolerance=tolerance, deadline=deadline
            )
            upper[: j + 1] = np.minimum(upper[: j + 1], least)
            lower[j:] = np.maximum(lower[j:], best)


def starts(additions: Int64[np.ndarray, "plays c"], α: int) -> Int64[np.ndarray, "starts c"]:
    """Return plays to start attacks from, and all additions for each of the labels that were played most."""
    strongest = np.argsort(-additions.sum(axis=0), kind="stable")[:4]
    return np.concatenate((additions, α * np.eye(additions.shape[1], dtype=np.int64)[strongest]))


def scaled(additions: Int64[np.ndarray, "plays c"], α: int) -> Int64[np.ndarray, "plays c"]:
    """Scale additions to another budget, without exceeding it."""
    return np.asarray(additions * α // np.maximum(additions.sum(axis=1, keepdims=True), 1))
