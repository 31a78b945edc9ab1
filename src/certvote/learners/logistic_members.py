"""Train members that are multinomial logistic regressions on feature vectors, L2-regularized.

Features are measured from the mean of the member's own examples, which takes the place of an intercept: with a few
examples per label their numbers say nothing about the labels of inputs.

A member is a function of the sequence of its own examples, and subsets list a part's examples in an order that the set
alone determines: one thread fits it, in one fixed order of operations (``logistic_kernels``). Its weights are then
rounded to integers small enough that their products with every input on the features' grid have an exact sum in
float64, in any order. So a vote does not depend on the threads and blocks of a matrix product, nor on the other members
and inputs in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import frexp
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float32, Float64, Int64, UInt8, UInt16
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from certvote.learners.ballots import rank_by_score
from certvote.learners.logistic_kernels import fit, mean_row, negative_product
from certvote.neighbors.grid import row_blocks
from certvote.runtime.threads import run_in_order

if TYPE_CHECKING:
    from certvote.algorithms.subsets import Subsets
    from certvote.runtime.progress import Progress

_INPUT_BITS = 24  # of a value on the features' grid
_EXACT_BITS = 53  # of integers that float64 holds
_TILE_BYTES = 2**23  # scores of one thread
_TOLERANCE = 1e-4  # of the gradient: below, votes hardly change
_AT_ONCE = 16  # members per task


@dataclass(frozen=True)
class LogisticMembers:
    """Hold trained logistic regressions.

    Attributes
    ----------
    weights : float64 array, shape (d, v, c)
        Integer weights.
    offsets : float64 array, shape (v, c)
        What is added to the scores; minus infinity where the member has no example of the label.
    root : bool
        Whether features are replaced by their signed square roots.
    threads : int
        Threads that compute scores at the same time.
    """

    weights: Float64[np.ndarray, "d v c"]
    offsets: Float64[np.ndarray, "v c"]
    root: bool
    threads: int

    @contextmanager
    def ready(self, inputs: Float32[np.ndarray, "m d"]) -> Iterator[LogisticBallots]:
        """Prepare all members for one array of inputs; raise ``ValueError`` for features off the grid."""
        with threadpool_limits(1, user_api="blas"):  # threads share the inputs out: BLAS must not start more
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
) -> LogisticMembers:
    """Minimize ``Σ loss + (l2 / 2) |W|²`` for every member, over the labels that it has examples of.

    Parameters
    ----------
    inputs, labels, subsets, num_classes, threads, progress
        As :meth:`certvote.learners.base.Learner.train` checks them.
    l2 : float
        Weight of the regularization.
    root : bool
        Whether to put ``sign(x) √|x|`` in the place of each feature: on histograms, L2 regularization then compares
        distributions (Hellinger) and a few large entries do not decide alone.
    steps : int
        Most steps of the optimizer.
    """
    d, v = inputs.shape[1], len(subsets)
    weights, offsets = np.zeros((d, v, num_classes)), np.full((v, num_classes), -np.inf)

    def fit_some(start: int, stop: int) -> None:
        for member in range(start, stop):
            examples = subsets.examples[subsets.offsets[member] : subsets.offsets[member + 1]]
            classes, codes = np.unique(labels[examples], return_inverse=True)
            offsets[member, classes] = 0
            if len(classes) > 1:  # of one label there is nothing to learn
                x = rounded_inputs(inputs[examples], root)
                mean = mean_row(x)
                found, _ = fit(x - mean, codes, len(classes), l2, steps, _TOLERANCE)
                found = integer_weights(found)
                weights[:, member, classes], offsets[member, classes] = found, negative_product(mean, found)

    for _, stop, _ in run_in_order(fit_some, v, _AT_ONCE, threads):
        if progress is not None:
            progress(stop, v)
    return LogisticMembers(weights, offsets, root, threads)


def rounded_inputs(inputs: Float32[np.ndarray, "rows d"], root: bool) -> Float64[np.ndarray, "rows d"]:
    """Compute what is multiplied with weights: each row on a grid of 24 bits, from that row alone.

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


def integer_weights(weights: Float64[np.ndarray, "d c"]) -> Float64[np.ndarray, "d c"]:
    """Scale weights by a power of two and round them, so that ``d`` products with 24-bit integers sum below 2**53."""
    _, exponent = frexp(np.abs(weights).max())
    most = _EXACT_BITS - _INPUT_BITS - (len(weights) - 1).bit_length()
    rounded: Float64[np.ndarray, "d c"] = np.rint(np.ldexp(weights, most - exponent))
    return rounded


class LogisticBallots:
    """Compute the scores of some inputs by all members at a time."""

    def __init__(self, members: LogisticMembers, inputs: Float32[np.ndarray, "m d"]) -> None:
        if not members.root:
            check_grid(inputs)
        d, v, c = members.weights.shape
        self.members, self.inputs = members, inputs
        self.weights = members.weights.reshape(d, v * c)
        self.rows = max(1, _TILE_BYTES // (8 * v * c))
        self.workers = members.threads

    def __call__(
        self, start: int, stop: int, depth: int
    ) -> UInt8[np.ndarray, "rows v depth"] | UInt16[np.ndarray, "rows v depth"]:
        v, c = self.members.offsets.shape
        scores = (rounded_inputs(self.inputs[start:stop], self.members.root) @ self.weights).reshape(-1, v, c)
        scores += self.members.offsets  # after the exact sums: one rounding, the same in any order
        return rank_by_score(scores, depth)


def check_grid(inputs: Float32[np.ndarray, "m d"]) -> None:
    """Check that all values are multiples, by 24-bit integers, of one power of two.

    Raises
    ------
    ValueError
        If one is not; the message names its row and column and how to put features on a grid.
    """
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
