"""Compiled inner loops of selection: votes and ranked neighbors from rows of integer distances.

A row is never sorted. The number of entries ``<= t`` is a single pass that compiles to a few vector instructions, so
the distance of the k-th neighbor is found by asking for that number a few times, and votes are that number in each
label's run of columns. Only entries in the band that needs an order are taken out and sorted.
"""

from __future__ import annotations

from typing import no_type_check  # Numba compiles untyped source: no checker may wrap it

import numpy as np
from numba import njit

_SAMPLE, _SAMPLE_RUN = 2048, 16
_RUN = 2**16  # float32 counts up to 2**24 exactly


@njit(nogil=True, cache=True, fastmath={"reassoc", "nsz"})
@no_type_check
def count_within(row, bounds, counts):
    """Number of entries ``<=`` each bound; four bounds in one pass cost less than two passes.

    ``bounds`` int32, ``counts`` int64. Zeros and ones are summed in float32: Numba would widen integers.
    """
    one, zero = np.float32(1), np.float32(0)
    counts[:] = 0
    for begin in range(0, row.size, _RUN):
        part = row[begin : begin + _RUN]
        i = 0
        while i < bounds.size:
            if i + 1 == bounds.size:
                single, total = bounds[i], zero
                for j in range(part.size):
                    total += one if part[j] <= single else zero
                counts[i] += int(total)
                break
            last = bounds.size - 1
            a, b, c, d = bounds[i], bounds[i + 1], bounds[min(i + 2, last)], bounds[min(i + 3, last)]
            below_a, below_b, below_c, below_d = zero, zero, zero, zero
            for j in range(part.size):
                below_a += one if part[j] <= a else zero
                below_b += one if part[j] <= b else zero
                below_c += one if part[j] <= c else zero
                below_d += one if part[j] <= d else zero
            counts[i] += int(below_a)
            counts[i + 1] += int(below_b)
            if i + 2 <= last:
                counts[i + 2] += int(below_c)
            if i + 3 <= last:
                counts[i + 3] += int(below_d)
            i += 4


@njit(nogil=True, cache=True)
@no_type_check
def narrow(row, farthest, targets, slack_low, slack_high, first, second):
    """For each target, ``low < high`` with as many entries ``<= low`` as are fewer than the target, ``<= high`` not.

    Returns low, its count, high, its count, one of each per target. The search for a target ends when ``high`` counts
    at most ``slack_high`` too many, or ``low`` at most ``slack_low`` too few (0: only for target 0), or else
    with ``high = low + 1``: then ``high`` is the target-th entry, tied with others. ``first`` and ``second`` are tried
    first, then interpolated values, and now and then the middle. All entries are in 0 to ``farthest``.
    """
    size = targets.size
    low, count_low = np.full(size, -1), np.zeros(size, np.int64)
    high, count_high = np.full(size, farthest), np.full(size, row.size)
    asking, bounds, counts = np.empty(size, np.int64), np.empty(size, np.int32), np.empty(size, np.int64)
    step = 0
    while True:
        searching, asked = False, 0
        for i in range(size):
            missing, spare = targets[i] - count_low[i], count_high[i] - targets[i]
            if high[i] - low[i] <= 1 or spare <= slack_high[i] or missing <= slack_low[i]:
                continue
            searching = True
            if step == 0:
                guess = first[i]
            elif step == 1:
                guess = second[i]
            elif step % 6 == 1:
                guess = (low[i] + high[i]) // 2
            else:
                guess = low[i] + int((missing - 0.5) / (missing + spare) * (high[i] - low[i]))
            if low[i] < guess < high[i]:
                asking[asked], bounds[asked] = i, guess
                asked += 1
        if not searching:
            return low, count_low, high, count_high
        count_within(row, bounds[:asked], counts[:asked])
        for a in range(asked):
            i = asking[a]
            if counts[a] >= targets[i]:
                high[i], count_high[i] = bounds[a], counts[a]
            else:
                low[i], count_low[i] = bounds[a], counts[a]
        step += 1


@njit(nogil=True, cache=True)
@no_type_check
def take_sample(row, sample):
    """Short runs of the row at equal intervals. Columns are sorted by label: each label has its share."""
    runs = sample.size // _SAMPLE_RUN
    for i in range(runs):
        begin = i * (row.size - _SAMPLE_RUN) // runs
        for j in range(_SAMPLE_RUN):
            sample[i * _SAMPLE_RUN + j] = row[begin + j]


@njit(nogil=True, cache=True)
@no_type_check
def estimates(sample, farthest, targets, entries):
    """For each target-th of ``entries`` values two values that most likely enclose it, from a sample of them."""
    size = targets.size
    around, slack = np.empty(2 * size, np.int64), np.empty(2 * size, np.int64)
    for i in range(size):
        share = targets[i] / entries
        spread = np.sqrt(share * (1 - share) * sample.size) + 1
        around[i] = min(max(int(share * sample.size - spread), 1), sample.size)
        around[size + i] = min(max(int(share * sample.size + spread) + 1, 1), sample.size)
        slack[i] = slack[size + i] = 1 + int(spread) // 3
    middle = np.full(2 * size, farthest // 2)
    _, _, values, _ = narrow(sample, farthest, around, np.zeros_like(slack), slack, middle, middle)
    return values[:size], values[size:]


@njit(nogil=True, cache=True)
@no_type_check
def bit_length(value):
    bits = 0
    while value >> bits:
        bits += 1
    return bits


@njit(nogil=True, cache=True)
@no_type_check
def radix_sorted(keys, bits):
    """Nonnegative keys below ``2**bits`` in ascending order; several times faster than Numba's own sort."""
    other = np.empty_like(keys)
    for shift in range(0, bits, 8):
        ends = np.zeros(257, np.int64)
        for key in keys:
            ends[((key >> shift) & 255) + 1] += 1
        for digit in range(256):
            ends[digit + 1] += ends[digit]
        for key in keys:
            digit = (key >> shift) & 255
            other[ends[digit]] = key
            ends[digit] += 1
        keys, other = other, keys
    return keys


@njit(nogil=True, cache=True)
@no_type_check
def band(row, precedence, low, high, size):
    """Precedence of the ``size`` entries in ``(low, high]``, in the order (distance, precedence)."""
    keys = np.empty(size + 1, np.int64)  # one more: every entry is written, the next one over it if it was outside
    above, width = np.int32(low), high - low
    shift = bit_length(row.size)
    found = 0
    for j in range(row.size):
        distance = np.int64(row[j] - above)
        keys[found] = (distance << shift) | np.int64(precedence[j])
        found += 0 < distance <= width
    return radix_sorted(keys[:size], shift + bit_length(width)) & ((1 << shift) - 1)


@njit(nogil=True, cache=True)
@no_type_check
def select(
    tile,
    rows,
    starts,
    precedence,
    label_at,
    ks,
    firsts,
    lasts,
    radii,
    targets,
    slack_low,
    slack_high,
    farthest,
    counts,
    ranked,
):
    """Votes and ranked labels for the first rows of ``tile``, whose columns are ordered as ``Columns`` says.

    ``tile`` int32[…, n or more], C-contiguous; ``ks`` with spans ``firsts`` to ``lasts``, and ``radii``, all int64.
    ``targets`` and slacks as in ``narrow``: the ``firsts``, then the ``lasts`` unless they are the same.
    Written: ``counts`` int32[rows, ks + radii, c] and ``ranked`` int32[rows, sum of span widths].
    """
    size, n = ks.size, precedence.size
    first = second = np.full(targets.size, farthest // 2)
    sample = np.empty(_SAMPLE if n >= 4 * _SAMPLE else 0, np.int32)
    bounds, within = np.empty(size + radii.size, np.int32), np.empty(size + radii.size, np.int64)
    bounds[size:] = radii
    for i in range(rows):
        row, column = tile[i, :n], 0
        if size and sample.size:
            take_sample(row, sample)
            first, second = estimates(sample, farthest, targets, n)
        low, count_low, high, count_high = narrow(row, farthest, targets, slack_low, slack_high, first, second)
        for a in range(size):
            if count_high[a] == firsts[a]:
                low[a], count_low[a] = high[a], count_high[a]
            bounds[a] = low[a]
        for c in range(starts.size - 1):
            count_within(row[starts[c] : starts[c + 1]], bounds, within)
            for a in range(bounds.size):
                counts[i, a, c] = within[a]
        for a in range(size):
            before, end = count_low[a], a + targets.size - size
            if before == lasts[a]:
                continue
            order = band(row, precedence, low[a], high[end], count_high[end] - before)
            for position in range(before, ks[a]):
                counts[i, a, label_at[order[position - before]]] += 1
            for position in range(firsts[a], lasts[a]):
                ranked[i, column] = label_at[order[position - before]]
                column += 1
