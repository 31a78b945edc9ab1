"""Compute the votes of trained networks in integers that float32 holds, so that no order of additions matters.

Maps are integers from 0 to 255. Each member's filters are scaled by a power of two and rounded, such that no sum of
products can exceed 2**24 in absolute value: then every partial sum is an integer that float32 holds. Activations are
scaled, cut and rounded to integers from 0 to 255, each by itself, and the last layer goes the same way. So a vote is
the same whatever the device, the number of threads, or which inputs and members share a product of matrices.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float32, Float64, UInt8, UInt16

from certvote.learners.ballots import rank_by_score
from certvote.learners.orientations import compute_maps

_LARGEST = 255  # value of a map and of an activation
_EXACT = 2**24  # float32 holds every integer up to here
_HEADROOM = 1.25  # for activations beyond those of the member's own examples, before they are cut
_ROWS = {"cpu": 64, "cuda": 512}  # inputs at a time
_AT_ONCE = 64  # images of a pool, to find the highest activation


@dataclass(frozen=True)
class IntegerNetwork:
    """Hold the network of one member: integers in float32, and the factor between the layers."""

    first: Float32[np.ndarray, "taps width"]
    first_bias: Float32[np.ndarray, " width"]
    factor: np.float32
    last: Float32[np.ndarray, "hidden c"]
    last_bias: Float32[np.ndarray, " c"]


@contextmanager
def exact_products() -> Iterator[None]:
    """Make torch multiply matrices in full float32, with one thread per calling thread; restore its settings after."""
    threads, precision = torch.get_num_threads(), torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        torch.set_float32_matmul_precision(precision)


def patches(padded: torch.Tensor) -> torch.Tensor:
    """Return every 3 × 3 neighborhood of padded maps, as float32 of shape (images, places, 9 · maps)."""
    images, rows, columns, depth = padded.shape
    row = columns * depth
    windows = padded.float().as_strided((images, rows - 2, columns - 2, 3, 3 * depth), (rows * row, row, depth, row, 1))
    return windows.reshape(images, (rows - 2) * (columns - 2), 9 * depth)


def to_integers(
    weights: Sequence[Float32[np.ndarray, "..."]],
    pool: UInt8[np.ndarray, "k rows columns maps"],
    scale: float,
    present: Bool[np.ndarray, " c"],
) -> IntegerNetwork:
    """Round a trained network to integers.

    The highest activation in the pool is found in exact arithmetic: it is a function of the set of maps.

    Parameters
    ----------
    weights : sequence of four float32 arrays
        Filters, their biases, the last layer's weights and biases, trained on maps times ``scale``.
    pool : uint8 array, shape (k, rows + 2, columns + 2, depth)
        The maps that the network was trained on.
    scale : float
        What maps were multiplied with.
    present : bool array, shape (c,)
        Labels that the member has examples of; the others get the score minus infinity.

    Raises
    ------
    ValueError
        If weights are not finite, or there are too many for exact sums.
    """
    first, first_bias, last, last_bias = (weight.astype(np.float64) for weight in weights)
    first, first_bias, unit = integer_layer(first * scale, first_bias)
    filters, highest = torch.from_numpy(first), 1.0
    for start in range(0, len(pool), _AT_ONCE):
        sums = patches(torch.from_numpy(pool[start : start + _AT_ONCE])) @ filters
        highest = max(highest, float((sums + torch.from_numpy(first_bias)).amax()))
    factor = np.float32(_LARGEST / (_HEADROOM * highest))
    last, last_bias, _ = integer_layer(last / (float(factor) * unit), last_bias)
    last_bias[~present] = -np.inf
    return IntegerNetwork(first, first_bias, factor, last, last_bias)


def integer_layer(
    weights: Float64[np.ndarray, "terms sums"], bias: Float64[np.ndarray, " sums"]
) -> tuple[Float32[np.ndarray, "terms sums"], Float32[np.ndarray, " sums"], float]:
    """Scale the weights and biases of a layer by one power of two and round them, for exact sums in float32.

    Returns
    -------
    float32 array, shape (terms, sums), float32 array, shape (sums,), and float
        Weights and biases with which no partial sum over inputs up to 255 exceeds 2**24, and the power of two.

    Raises
    ------
    ValueError
        If weights are not finite, or too many for exact sums.
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
    """Raise ``ValueError`` if a sum has too many terms to be exact."""
    if _room(terms) < _EXACT // 2:
        raise ValueError(f"option learner.width: expected at most 2**15 weights per label, got {terms}")


def _room(terms: int) -> int:
    """Return how large a sum may be before rounding, which adds at most half of what is taken off here."""
    return _EXACT - (_LARGEST * terms + 1)


@dataclass(frozen=True)
class NetworkMembers:
    """Hold trained networks.

    Attributes
    ----------
    networks : sequence of IntegerNetwork
        One network per member.
    slots : int
        Networks in one product of matrices.
    device : torch.device
        Where to compute.
    threads : int
        Threads that compute at the same time, on a CPU.
    """

    networks: Sequence[IntegerNetwork]
    slots: int
    device: torch.device
    threads: int

    @contextmanager
    def ready(self, inputs: UInt8[np.ndarray, "m h w ch"]) -> Iterator[NetworkBallots]:
        """Prepare all members for one array of images."""
        with exact_products():
            yield NetworkBallots(self, inputs)


class NetworkBallots:
    """Compute the scores of a few images by all members; every thread has its own images."""

    def __init__(self, members: NetworkMembers, inputs: UInt8[np.ndarray, "m h w ch"]) -> None:
        self.inputs, self.device = inputs, members.device
        self.rows = _ROWS[members.device.type]
        self.workers = members.threads if members.device.type == "cpu" else 1
        self.groups = [
            _Group(members.networks[start : start + members.slots], members.device)
            for start in range(0, len(members.networks), members.slots)
        ]

    def __call__(
        self, start: int, stop: int, depth: int
    ) -> UInt8[np.ndarray, "rows v depth"] | UInt16[np.ndarray, "rows v depth"]:
        windows = patches(torch.from_numpy(compute_maps(self.inputs, np.arange(start, stop), None)).to(self.device))
        scores = torch.cat([group.scores(windows) for group in self.groups])
        return rank_by_score(scores.transpose(0, 1).contiguous().cpu().numpy(), depth)


class _Group:
    """Compute the scores of some networks, with one product of matrices per layer."""

    def __init__(self, networks: Sequence[IntegerNetwork], device: torch.device) -> None:
        def stack(arrays: list[np.ndarray]) -> torch.Tensor:
            return torch.from_numpy(np.stack(arrays)).to(device)

        first = stack([network.first for network in networks])
        self.size, taps, self.width = first.shape
        self.first = first.transpose(0, 1).reshape(taps, -1).contiguous()
        self.first_bias = stack([network.first_bias for network in networks]).reshape(-1)
        self.factor = stack([np.full(self.width, network.factor) for network in networks]).reshape(-1)
        self.last = stack([network.last for network in networks])
        self.last_bias = stack([network.last_bias for network in networks])[:, None]

    def scores(self, windows: torch.Tensor) -> torch.Tensor:
        """Return integers as float32, shape (members, images, labels)."""
        images, places, taps = windows.shape
        hidden = (windows.reshape(-1, taps) @ self.first).add_(self.first_bias)
        hidden.mul_(self.factor).clamp_(min=0, max=_LARGEST).round_()
        hidden = hidden.reshape(images, places, self.size, self.width).permute(2, 0, 1, 3)
        return torch.bmm(hidden.reshape(self.size, images, -1), self.last).add_(self.last_bias)
