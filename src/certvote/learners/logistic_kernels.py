"""Fit multinomial logistic regressions: compiled, one thread each, every sum in one fixed order.

The loss ``Σ_i (log Σ_k exp(s_ik) - s_iy) + (l2 / 2) |W|²``, ``s = X W``, is minimized by accelerated steps in the
metric ``½ XᵀX + l2 I``, which bounds its Hessian (Böhning 1992): no step size, no line search. With fewer examples than
features everything happens in the span of the examples, ``W = Xᵀ T``: ``n × n`` matrices instead of ``d × d``.
No BLAS and no ``fastmath``: the result is a function of the arguments, whatever else the machine does.
"""

from __future__ import annotations

import math
from typing import no_type_check

import numpy as np
from numba import njit

LANES = 8  # labels are padded to a multiple: a constant inner loop becomes vector instructions


@njit(nogil=True, cache=True)
@no_type_check
def mean_row(x):
    """Compute the mean of the rows of ``x``, shape (n, d)."""
    mean = np.zeros(x.shape[1])
    for i in range(x.shape[0]):
        mean += x[i]
    return mean / x.shape[0]


@njit(nogil=True, cache=True)
@no_type_check
def negative_product(mean, weights):
    """Compute ``-mean @ weights``: what centering at the mean adds to every score."""
    offset = np.zeros(weights.shape[1])
    for j in range(weights.shape[0]):
        offset -= mean[j] * weights[j]
    return offset


@njit(nogil=True, cache=True)
@no_type_check
def fit(x, classes, present, l2, steps, tolerance):
    """Minimize the loss of one member.

    Parameters
    ----------
    x : float64 array, shape (n, d)
        Features of its examples, centered.
    classes : int64 array, shape (n,)
        Labels, numbered from 0 to ``present - 1``.
    present : int
        Number of labels that it has examples of.
    l2 : float
        Weight of ``|W|² / 2``.
    steps : int
        Most steps.
    tolerance : float
        The fit ends when no entry of the gradient, in the coordinates that are solved for, is larger.

    Returns
    -------
    float64 array, shape (d, present), and int
        Weights, and the number of steps taken.

    References
    ----------
    Böhning (1992), "Multinomial logistic regression algorithm"; O'Donoghue and Candès (2015), "Adaptive restart for
    accelerated gradient schemes".
    """
    n, d = x.shape
    packs = (present + LANES - 1) // LANES
    dual = n <= d
    design = _gram(x) if dual else x
    columns = design if dual else np.ascontiguousarray(x.T)
    metric = (design if dual else _gram(columns)) * 0.5
    size = metric.shape[0]
    for i in range(size):
        metric[i, i] += l2
    metric = _invert(metric)
    ahead, scores_ahead = np.zeros((size, packs, LANES)), np.zeros((n, packs, LANES))
    solution, before, gradient, step = ahead.copy(), ahead.copy(), ahead.copy(), ahead.copy()
    scores, scores_before, error = scores_ahead.copy(), scores_ahead.copy(), scores_ahead.copy()
    momentum, taken = 1.0, 0
    while taken < steps:
        _softmax_errors(scores_ahead, classes, present, error)
        if dual:
            gradient[:] = error
        else:
            _multiply(columns, error, gradient)
        gradient += l2 * ahead
        if np.abs(gradient).max() <= tolerance:
            break
        _multiply(metric, gradient, step)
        before, solution = solution, before
        solution[:] = ahead - step
        scores_before, scores = scores, scores_before
        _multiply(design, solution, scores)
        taken += 1
        uphill = (gradient * (scores - scores_before if dual else solution - before)).sum()
        faster = 0.5 * (1.0 + math.sqrt(1.0 + 4.0 * momentum * momentum))
        push = (momentum - 1.0) / faster
        if uphill > 0.0:  # overshot: start again without momentum
            faster, push = 1.0, 0.0
        momentum = faster
        ahead[:] = solution + push * (solution - before)
        scores_ahead[:] = scores + push * (scores - scores_before)
    weights = np.zeros((d, packs, LANES))
    if dual:
        _multiply(np.ascontiguousarray(x.T), ahead, weights)
    else:
        weights[:] = ahead
    return weights.reshape(d, packs * LANES)[:, :present], taken


@njit(nogil=True, cache=True)
@no_type_check
def _multiply(a, b, out):
    """Write ``a @ b`` into ``out``; ``b`` and ``out`` are in packs of lanes, [rows, packs, LANES]."""
    for i in range(a.shape[0]):
        for pack in range(b.shape[1]):
            total = out[i, pack]
            for lane in range(LANES):
                total[lane] = 0.0
            for j in range(a.shape[1]):
                factor = a[i, j]
                term = b[j, pack]
                for lane in range(LANES):
                    total[lane] += factor * term[lane]


@njit(nogil=True, cache=True)
@no_type_check
def _gram(x):
    """Compute ``x @ x.T``."""
    columns, out = np.ascontiguousarray(x.T), np.zeros((x.shape[0], x.shape[0]))
    for i in range(x.shape[0]):
        row = out[i]
        for k in range(x.shape[1]):
            factor, column = x[i, k], columns[k]
            for j in range(x.shape[0]):
                row[j] += factor * column[j]
    return out


@njit(nogil=True, cache=True)
@no_type_check
def _invert(a):
    """Invert a positive definite matrix in place, by Gauss and Jordan: no pivots are needed."""
    size = a.shape[0]
    for p in range(size):
        pivot = a[p]
        scale = 1.0 / pivot[p]
        pivot[p] = 1.0
        for j in range(size):
            pivot[j] *= scale
        for i in range(size):
            if i != p:
                row = a[i]
                factor = row[p]
                row[p] = 0.0
                for j in range(size):
                    row[j] -= factor * pivot[j]
    return a


@njit(nogil=True, cache=True)
@no_type_check
def _softmax_errors(scores, classes, present, out):
    """Write ``softmax(scores) - onehot(classes)`` into ``out``; lanes from ``present`` on stay 0."""
    for i in range(scores.shape[0]):
        row, error = scores[i].reshape(-1), out[i].reshape(-1)
        highest, total = row[0], 0.0
        for y in range(1, present):
            highest = max(highest, row[y])
        for y in range(present):
            error[y] = math.exp(row[y] - highest)
            total += error[y]
        for y in range(present):
            error[y] /= total
        error[classes[i]] -= 1.0
