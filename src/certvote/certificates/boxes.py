"""Threshold splitting within boxes of additions, for middling numbers of classes.

Where removals and additions work hand in hand, a bound that keeps them apart is loose. In a small box of additions
``low ≤ A ≤ high`` they cannot: what it costs to break an example hardly depends on the additions any more. So the box
with the largest bound is split in two, and the game of the whole goes on in each half for a few rounds; every choice of
thresholds is valid in every box. The label to split is the one that the attacker is least decided about.
"""

from __future__ import annotations

import heapq
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np

from certvote.certificates.attack import attack, best_removals, costs_with
from certvote.certificates.rivals import Reach
from certvote.certificates.threshold_kernels import Game
from certvote.certificates.thresholds import split

ROUNDS = 16
"""Rounds in each half."""


def split_boxes(
    t: Reach, game: Game, upper: int, lower: int, *, splits: int, tolerance: float, deadline: float
) -> tuple[int, int]:
    """Tighten bounds of the number of examples that break, by branch and bound over boxes of additions.

    Parameters
    ----------
    t : Reach
        What an attack of this size can reach, with all additions as its box.
    game : Game
        What has been played there.
    upper, lower : int
        Bounds known before.
    splits : int
        Most boxes to split.
    tolerance : float
        In test examples: how close the bounds need to be.
    deadline : float
        When to stop (monotonic seconds).

    Returns
    -------
    upper, lower : int
        Both bounds.
    """
    count = 0
    heap = [(-upper, count, t, game)]
    closed = lower
    with ThreadPoolExecutor(2) as pool:
        for _ in range(splits):
            if not heap or -heap[0][0] <= lower + tolerance or time.monotonic() >= deadline:
                break
            bound, _, box, played = heapq.heappop(heap)
            halves = _halves(t, box, played)
            if not halves:  # a single point
                closed = max(closed, -bound)
                continue
            work = partial(_play, t, before=played, lower=lower)
            for half, most, further, found in pool.map(work, halves):
                lower = max(lower, found)
                count += 1
                heapq.heappush(heap, (max(bound, -most), count, half, further))
    return max([lower, closed, *(-bound for bound, *_ in heap)]), lower


def _halves(t: Reach, box: Reach, game: Game) -> list[Reach]:
    """Split a box at the label whose additions vary most between the attacker's plays, at their mean."""
    amounts = np.arange(t.α + 1)
    weight = np.maximum(game.added.sum(axis=1), 1e-9)
    mean = game.added @ amounts / weight
    spread = (game.added * np.abs(amounts - mean[:, None])).sum(axis=1) / weight
    spread[box.low == box.high] = -1
    l = int(np.argmax(spread))  # noqa: E741 (the paper's label)
    if spread[l] < 0:
        return []
    middle = int(np.clip(np.floor(mean[l]), box.low[l], box.high[l] - 1))
    halves = []
    for low, high in ((box.low[l], middle), (middle + 1, box.high[l])):
        lows, highs = box.low.copy(), box.high.copy()
        lows[l], highs[l] = low, high
        left = t.α - lows.sum()
        if left >= 0:
            halves.append(t._replace(low=lows, high=np.minimum(highs, lows + left)))
    return halves


def _play(t: Reach, box: Reach, before: Game, lower: int) -> tuple[Reach, int, Game, int]:
    """Bound what breaks within a box, and attack with what is played there."""
    box = box._replace(alone=costs_with(t, box.low), helped=costs_with(t, box.high))
    bounds, game = split(box, rounds=ROUNDS, before=before)
    most = min(int(bounds[-1]), max(best_removals(t, box.high, box.low, lower)[0], lower))
    found = attack(t, game.additions, game.removals[:0], False)
    return box, most, game, int(found.broken)
