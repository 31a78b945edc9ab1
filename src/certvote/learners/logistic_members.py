"""Voters that are multinomial logistic regressions on feature vectors, L2-regularized.

Features are measured from the mean of the voter's own examples, which takes the place of an intercept: with a few
examples per label their numbers say nothing about the labels of inputs.

A voter is a function of the sequence of its own examples, and subsets list a part's examples in an order that the set
alone determines: one thread fits it, in one fixed order of operations (``logistic_kernels``). Its weights are then
rounded to integers small enough that their products with every input on the features' grid have an exact sum in
float64, in any order. So neither the threads and blocks of a matrix product, nor the other voters and inputs in it, can
turn a vote.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import frexp

import numpy as np
from jaxtyping import Float32, Float64, Int64, UInt8, UInt16
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from certvote.algorithms.subsets import Subsets
from certvote.learners.ballots import Progress, best, label_type, ranked
from certvote.learners.logistic_kernels import fit, mean_of, offset_of
from certvote.neighbors.grid import row_blocks
from certvote.runtime.threads import in_order

_INPUT_BITS, _EXACT_BITS = 24, 53  # of a value on the features' grid; of integers that float64 holds
_TILE_BYTES = 2**23  # scores of one thread
_TOLERANCE = 1e-4  # of the gradient: below, votes hardly change
_AT_ONCE = 16  # voters per task


@dataclass(frozen=True)
class LogisticVoters:
    """Integer weights, and what is added to the scores: minus infinity where the voter has no example of the label."""

    weights: Float64[np.ndarray, "d v c"]
    offsets: Float64[np.ndarray, "v c"]
    root: bool
    threads: int

    @contextmanager
    def ready(self, inputs: Float32[np.ndarray, "m d"]) -> Iterator[LogisticBallots]:
        with threadpool_limits(1, user_api="blas"):  # the threads are ours, each has inputs of its own
            yield LogisticBallots(self, inputs)


def fit_logistic(
    inputs: Float32[np.ndarray, "n d"],
    labels: Int64[np.ndarray, " n"],
    subsets: Subsets,
    *,
    num_classes: int,
    threads: int,
    progress: Progress | None,
    l2: float,
    root: bool,
    steps: int,
) -> LogisticVoters:
    """Minimize ``Σ loss + (l2 / 2) |W|²`` for every voter, over the labels that it has, in at most ``steps`` steps.

    ``root`` puts ``sign(x) √|x|`` in the place of each feature: on histograms, L2 regularization then compares
    distributions (Hellinger) and a few large entries do not decide alone.
    """
    d, v = inputs.shape[1], len(subsets)
    weights, offsets = np.zeros((d, v, num_classes)), np.full((v, num_classes), -np.inf)

    def fit_some(start: int, stop: int) -> None:
        for voter in range(start, stop):
            members = subsets.members[subsets.offsets[voter] : subsets.offsets[voter + 1]]
            classes, codes = np.unique(labels[members], return_inverse=True)
            offsets[voter, classes] = 0
            if len(classes) > 1:  # of one label there is nothing to learn
                x = prepared(inputs[members], root)
                mean = mean_of(x)
                found, _ = fit(x - mean, codes, len(classes), l2, steps, _TOLERANCE)
                found = integers(found)
                weights[:, voter, classes], offsets[voter, classes] = found, offset_of(mean, found)

    for _, stop, _ in in_order(fit_some, v, _AT_ONCE, threads):
        if progress is not None:
            progress(stop, v)
    return LogisticVoters(weights, offsets, root, threads)


def prepared(inputs: Float32[np.ndarray, "rows d"], root: bool) -> Float64[np.ndarray, "rows d"]:
    """What is multiplied with weights, each row on a grid of 24 bits: a function of that row alone.

    The root is correctly rounded on every machine, then rounded to 24 bits below the power of two above the row.
    """
    x: Float64[np.ndarray, "rows d"] = inputs.astype(np.float64)
    if not root:
        return x
    x = np.copysign(np.sqrt(np.abs(x)), x)
    _, exponents = np.frexp(np.abs(x).max(axis=1, keepdims=True))
    steps = np.rint(np.ldexp(x, _INPUT_BITS - exponents))
    rounded: Float64[np.ndarray, "rows d"] = np.ldexp(steps, exponents - _INPUT_BITS)
    return rounded


def integers(weights: Float64[np.ndarray, "d c"]) -> Float64[np.ndarray, "d c"]:
    """The weights times a power of two, rounded to integers: ``d`` products with 24-bit integers sum below 2**53."""
    _, exponent = frexp(np.abs(weights).max())
    most = _EXACT_BITS - _INPUT_BITS - (len(weights) - 1).bit_length()
    rounded: Float64[np.ndarray, "d c"] = np.rint(np.ldexp(weights, most - exponent))
    return rounded


class LogisticBallots:
    """Scores of a few inputs by all voters at a time."""

    def __init__(self, voters: LogisticVoters, inputs: Float32[np.ndarray, "m d"]) -> None:
        if not voters.root:
            check_grid(inputs)
        d, v, c = voters.weights.shape
        self.voters, self.inputs = voters, inputs
        self.weights = voters.weights.reshape(d, v * c)
        self.rows = max(1, _TILE_BYTES // (8 * v * c))
        self.workers = voters.threads

    def __call__(
        self, start: int, stop: int, depth: int
    ) -> UInt8[np.ndarray, "rows v depth"] | UInt16[np.ndarray, "rows v depth"]:
        v, c = self.voters.offsets.shape
        scores = (prepared(self.inputs[start:stop], self.voters.root) @ self.weights).reshape(-1, v, c)
        scores += self.voters.offsets  # after the exact sums: one rounding, the same in any order
        chosen = np.empty((len(scores), v, depth), label_type(c))
        (best if depth == 1 else ranked)(scores, chosen)
        return chosen


def check_grid(inputs: Float32[np.ndarray, "m d"]) -> None:
    """Raises ``ValueError`` unless all values are multiples, by 24-bit integers, of one power of two."""
    largest = float(np.abs(inputs).max(initial=0.0))
    if not np.isfinite(largest):
        raise ValueError("inputs: expected finite features, got NaN or infinity")
    mantissa, exponent = frexp(largest)  # mantissa in [0.5, 1)
    bits = _INPUT_BITS - exponent + (mantissa == 0.5)
    for part in row_blocks(inputs):
        scaled = np.ldexp(inputs[part].astype(np.float64), bits)
        off = scaled != np.rint(scaled)
        if off.any():
            row, column = (int(i) for i in np.argwhere(off)[0])
            raise ValueError(
                f"inputs: expected features that are multiples of 2**{-bits}, got {inputs[part][row, column]!r} in row "
                f"{part.start + row}, column {column}; put them on a grid first: certvote.features.grid.snap"
            )
