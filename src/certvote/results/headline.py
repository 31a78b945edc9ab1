"""Compute the numbers that head a run, from its curve."""

from __future__ import annotations

import numpy as np

from certvote.types import Attacked, Certified

_MOST_HEADLINES = 11  # metrics CA_<e> of one run


def headline(certified: Certified) -> dict[str, float]:
    """Compute the numbers that head a run: CA and ASR at round sizes, median certified size, area, abstentions.

    ``median_certified_size`` is the largest computed size at which at least half of the test examples are certified,
    -1 if there is none. ``auc`` is the area under the curve over the largest size: the mean of CA over all sizes.
    """
    curve = certified.curve
    largest = int(curve.sizes.max())
    index = {size: j for j, size in enumerate(curve.sizes.tolist())}
    wanted = (*round_sizes(largest, most=_MOST_HEADLINES), largest)
    metrics = {f"CA_{size}": float(curve.certified[index[size]]) for size in wanted if size in index}
    if certified.success is not None:
        metrics |= {f"ASR_{size}": float(certified.success.worst[index[size]]) for size in wanted if size in index}
    half = curve.sizes[curve.certified >= 0.5]
    if certified.abstained is not None:
        metrics["abstained"] = float(certified.abstained.mean())
    metrics["median_certified_size"] = float(half.max()) if half.size else -1.0
    metrics["auc"] = float(np.trapezoid(curve.certified, curve.sizes) / largest) if largest else metrics["CA_0"]
    return metrics


def attacked_headline(attacked: Attacked) -> dict[str, float]:
    """Return the accuracy that each attack has left, as ``attacked_<e>``."""
    pairs = zip(attacked.sizes.tolist(), attacked.accuracy.tolist(), strict=True)
    return {f"attacked_{size}": accuracy for size, accuracy in pairs if size > 0}


def round_sizes(largest: int, *, most: int = 6) -> tuple[int, ...]:
    """Return 0 and the multiples of a round number up to ``largest``, at most ``most`` sizes."""
    if largest <= 0:
        return (0,)
    unit = 1
    while True:
        for factor in (1, 2, 5):
            if largest // (unit * factor) + 1 <= most:
                return tuple(range(0, largest + 1, unit * factor))
        unit *= 10
