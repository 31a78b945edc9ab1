"""Votes of trained networks in integer arithmetic that float32 holds, so that no order of additions matters.

Maps are integers from 0 to 255. Each voter's filters are scaled by a power of two and rounded, such that no sum of
products can exceed 2**24 in absolute value: then every partial sum is an integer that float32 holds. Activations are
scaled, cut and rounded to integers from 0 to 255, each by itself, and the last layer goes the same way. So a vote is
the same whatever the device, the number of threads, or which inputs and voters share a product of matrices.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float32, Float64, UInt8, UInt16

from certvote.learners.ballots import best, label_type, ranked
from certvote.learners.orientations import maps
from certvote.learners.torch_state import exact_products

_LARGEST, _EXACT = 255, 2**24
_HEADROOM = 1.25  # for activations beyond those of the voter's own examples, before they are cut
_ROWS = {"cpu": 64, "cuda": 512}  # inputs at a time
_AT_ONCE = 64  # images of a pool, to find the highest activation


@dataclass(frozen=True)
class Rounded:
    """The network of one voter: integers in float32, and the factor between the layers."""

    first: Float32[np.ndarray, "taps width"]
    first_bias: Float32[np.ndarray, " width"]
    factor: np.float32
    last: Float32[np.ndarray, "hidden c"]
    last_bias: Float32[np.ndarray, " c"]


def patches(padded: torch.Tensor) -> torch.Tensor:
    """Every 3 × 3 neighborhood of padded maps, as float32 [images, places, 9 · maps]."""
    images, rows, columns, depth = padded.shape
    row = columns * depth
    windows = padded.float().as_strided((images, rows - 2, columns - 2, 3, 3 * depth), (rows * row, row, depth, row, 1))
    return windows.reshape(images, (rows - 2) * (columns - 2), 9 * depth)


def rounded(
    weights: Sequence[Float32[np.ndarray, "..."]],
    pool: UInt8[np.ndarray, "k rows columns maps"],
    scale: float,
    present: Bool[np.ndarray, " c"],
) -> Rounded:
    """The network for integer maps, from one for maps times ``scale``; ``pool`` are the maps it was trained on.

    The highest activation in the pool is found in exact arithmetic: it is a function of the set of maps.
    Labels that are not ``present`` get minus infinity.
    """
    first, first_bias, last, last_bias = (weight.astype(np.float64) for weight in weights)
    first, first_bias, unit = integers(first * scale, first_bias)
    filters, highest = torch.from_numpy(first), 1.0
    for start in range(0, len(pool), _AT_ONCE):
        sums = patches(torch.from_numpy(pool[start : start + _AT_ONCE])) @ filters
        highest = max(highest, float((sums + torch.from_numpy(first_bias)).amax()))
    factor = np.float32(_LARGEST / (_HEADROOM * highest))
    last, last_bias, _ = integers(last / (float(factor) * unit), last_bias)
    last_bias[~present] = -np.inf
    return Rounded(first, first_bias, factor, last, last_bias)


def integers(
    weights: Float64[np.ndarray, "terms sums"], bias: Float64[np.ndarray, " sums"]
) -> tuple[Float32[np.ndarray, "terms sums"], Float32[np.ndarray, " sums"], float]:
    """Both times one power of two, rounded, so that with inputs up to 255 no partial sum exceeds 2**24; and that power.

    Raises ``ValueError`` for so many terms that rounding alone could exceed it, and for weights that are not finite.
    """
    check_terms(len(weights))
    reach = float((_LARGEST * np.abs(weights).sum(axis=0) + np.abs(bias)).max())
    if not np.isfinite(reach):
        raise ValueError("learner=network: training diverged; lower learner.rate")
    room = _room(len(weights))
    _, exponent = np.frexp(room / reach) if reach > 0 else (1.0, 1)
    unit = float(np.ldexp(1.0, int(exponent) - 1))
    return np.rint(weights * unit).astype(np.float32), np.rint(bias * unit).astype(np.float32), unit


def check_terms(terms: int) -> None:
    """Raise ``ValueError`` for so many terms of a sum that it could not be exact."""
    if _room(terms) < _EXACT // 2:
        raise ValueError(f"option learner.width: expected at most 2**15 weights per label, got {terms}")


def _room(terms: int) -> int:
    return _EXACT - (_LARGEST * terms + 1)  # rounding adds at most half of what is taken off here


@dataclass(frozen=True)
class NetworkVoters:
    """Networks side by side."""

    networks: Sequence[Rounded]
    slots: int  # networks in one product of matrices
    device: torch.device
    threads: int

    @contextmanager
    def ready(self, inputs: UInt8[np.ndarray, "m h w ch"]) -> Iterator[NetworkBallots]:
        with exact_products():
            yield NetworkBallots(self, inputs)


class NetworkBallots:
    """Scores of a few images by all voters; every thread has its own images."""

    def __init__(self, voters: NetworkVoters, inputs: UInt8[np.ndarray, "m h w ch"]) -> None:
        self.voters, self.inputs = voters, inputs
        self.rows = _ROWS[voters.device.type]
        self.workers = voters.threads if voters.device.type == "cpu" else 1
        self.groups = [
            _Group(voters.networks[start : start + voters.slots], voters.device)
            for start in range(0, len(voters.networks), voters.slots)
        ]

    def __call__(
        self, start: int, stop: int, depth: int
    ) -> UInt8[np.ndarray, "rows v depth"] | UInt16[np.ndarray, "rows v depth"]:
        windows = patches(torch.from_numpy(maps(self.inputs, np.arange(start, stop), None)).to(self.voters.device))
        scores = torch.cat([group.scores(windows) for group in self.groups]).transpose(0, 1).contiguous().cpu().numpy()
        chosen = np.empty((*scores.shape[:2], depth), label_type(scores.shape[2]))
        (best if depth == 1 else ranked)(scores, chosen)
        return chosen


class _Group:
    """Some networks in one product of matrices per layer."""

    def __init__(self, networks: Sequence[Rounded], device: torch.device) -> None:
        def together(arrays: list[np.ndarray]) -> torch.Tensor:
            return torch.from_numpy(np.stack(arrays)).to(device)

        first = together([network.first for network in networks])
        self.size, taps, self.width = first.shape
        self.first = first.transpose(0, 1).reshape(taps, -1).contiguous()
        self.first_bias = together([network.first_bias for network in networks]).reshape(-1)
        self.factor = together([np.full(self.width, network.factor) for network in networks]).reshape(-1)
        self.last = together([network.last for network in networks])
        self.last_bias = together([network.last_bias for network in networks])[:, None]

    def scores(self, windows: torch.Tensor) -> torch.Tensor:
        """float32[voter, image, label], integers."""
        images, places, taps = windows.shape
        hidden = (windows.reshape(-1, taps) @ self.first).add_(self.first_bias)
        hidden.mul_(self.factor).clamp_(min=0, max=_LARGEST).round_()
        hidden = hidden.reshape(images, places, self.size, self.width).permute(2, 0, 1, 3)
        return torch.bmm(hidden.reshape(self.size, images, -1), self.last).add_(self.last_bias)
