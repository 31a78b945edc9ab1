"""Keep labels apart: find the positions nearest to the wanted ones that leave a gap between any two."""

from __future__ import annotations

from collections.abc import Sequence


def label_positions(wanted: Sequence[float], *, gap: float, low: float, high: float) -> list[float]:
    """Return positions in ``[low, high]``, at least ``gap`` apart and in the order wanted, with least squared moves.

    Equal wishes keep their order of appearance from high to low. Where ``high - low`` has no room for all of them,
    the gap shrinks.

    References
    ----------
    Isotonic regression by the pool adjacent violators algorithm, after taking the gaps out.
    """
    if not wanted:
        return []
    gap = min(gap, (high - low) / max(len(wanted) - 1, 1))
    ranked = sorted(range(len(wanted)), key=lambda i: (wanted[i], -i))
    blocks: list[tuple[float, int]] = []  # sum and number of the shifted wishes that share one position
    for step, i in enumerate(ranked):
        total, number = wanted[i] - step * gap, 1
        while blocks and blocks[-1][0] * number >= total * blocks[-1][1]:
            before = blocks.pop()
            total, number = total + before[0], number + before[1]
        blocks.append((total, number))
    shared = [total / number for total, number in blocks for _ in range(number)]
    top = high - gap * (len(wanted) - 1)
    placed = [0.0] * len(wanted)
    for step, i in enumerate(ranked):
        placed[i] = min(max(shared[step], low), top) + step * gap
    return placed
