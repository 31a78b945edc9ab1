"""Bound every size of a curve by threshold splitting, with a few games and an attack at every size.

The knapsacks of a game at one size give bounds at all smaller ones, nearly as good at those next to it. So a long curve
takes about ``GAMES`` games; the attacks that they suggest are scaled to the sizes between.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from jaxtyping import Int64

from certvote.certificates.attack import attack
from certvote.certificates.rivals import Rivals
from certvote.certificates.thresholds import split

GAMES = 24
"""Games of a long curve; one at every size of a shorter one."""

ROUNDS = 1536
"""Rounds of all games of a curve together, of which one has at most ``MOST_ROUNDS``."""

MOST_ROUNDS = 256


def split_curve(
    rivals: Rivals,
    sizes: Int64[np.ndarray, " s"],
    upper: Int64[np.ndarray, " s"],
    lower: Int64[np.ndarray, " s"],
    *,
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
    deadline : float
        When to begin nothing new (monotonic seconds).
    threads : int
        Sizes to work on at the same time. What is found does not depend on it.
    progress : callable
        Called with the number of sizes that are done.
    """
    played = np.unique(np.linspace(sizes.size - 1, 0, min(GAMES, sizes.size)).round().astype(np.int64))
    rounds = min(MOST_ROUNDS, ROUNDS // played.size)

    def work(game: int) -> tuple[slice, np.ndarray, np.ndarray] | None:
        """Play one game; return bounds for its size and for those down to the next smaller game."""
        last = int(played[game])
        here = slice(int(played[game - 1]) + 1 if game else 0, last + 1)
        if time.monotonic() >= deadline or (upper[here] == lower[here]).all():
            return None
        reach = rivals.at(int(sizes[last]))
        result = split(reach, rounds=rounds)
        best = attack(reach, _starts(result.additions, result.removals, reach.α), result.removals, True)
        attained = [best.broken]
        additions = best.additions
        for size in sizes[here][-2::-1].tolist():
            smaller = rivals.at(size)
            budget = smaller.α
            start = (additions * budget // max(int(additions.sum()), 1))[None]
            attained.append(attack(smaller, start, start[:0], False).broken)
        return here, result.upper[sizes[: last + 1]], np.array(attained[::-1])

    with ThreadPoolExecutor(threads) as pool:
        for game, result in enumerate(pool.map(work, range(played.size))):
            if result is not None:
                here, most, attained = result
                upper[: here.stop] = np.minimum(upper[: here.stop], most)
                lower[here] = np.maximum(lower[here], attained)
            progress(int(played[game]) + 1)
    upper[:] = np.minimum.accumulate(upper[::-1])[::-1]
    lower[:] = np.maximum.accumulate(lower)


def _starts(additions: np.ndarray, removals: np.ndarray, α: int) -> np.ndarray:
    """Return plays to start attacks from, and all additions for each label that was played most."""
    strongest = np.argsort(-additions.sum(axis=0), kind="stable")[:4]
    corners = np.zeros((strongest.size, additions.shape[1]), np.int64)
    corners[np.arange(strongest.size), strongest] = α
    return np.concatenate((additions, corners))
