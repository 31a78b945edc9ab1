"""Select votes and ranked neighbors from rows of integer distances, compiled.

No row is ever sorted. A histogram of its distances shows in which bin the k-th smallest lies. Votes of the bins before
it are the numbers of entries ``<= t`` in each label's run of columns, which compile to a few vector instructions. Only
the entries of that one bin are collected and sorted.
"""

from __future__ import annotations

from typing import no_type_check  # Numba compiles untyped source: no checker may wrap it

import numpy as np
from numba import njit

_ENTRY_BITS, _BIN_BITS = 5, 12  # a bin for 32 entries or so, but no more than 4,096: they stay in the fastest cache
_BLOCK = 64  # entries that are skipped at once if none is in the range
_RUN = 2**16  # float32 counts up to 2**24 exactly


@njit(nogil=True, cache=True, fastmath={"reassoc", "nsz"})
@no_type_check
def count_within(row, bounds, counts):
    """Count the entries ``<=`` each bound.

    ``bounds`` is int32, ``counts`` int64, written. Four bounds in one pass cost less than two passes. Zeros and ones
    are summed in float32: Numba would widen integers.
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
def bit_length(value):
    """Return the number of bits of a nonnegative integer."""
    bits = 0
    while value >> bits:
        bits += 1
    return bits


@njit(nogil=True, cache=True)
@no_type_check
def histogram(row, bins):
    """Count the entries in each bin; return ``least, shift``: entry d is in bin ``(d - least) >> shift``.

    ``bins`` is uint32, written; their number is a power of two. Here and in ``sorted_range`` integers are unsigned for
    speed: Numba checks of a signed index whether it counts from the end, and widens to 64 bits what is not cast.
    """
    least = most = np.int32(row[0])
    for j in range(row.size):
        least, most = min(least, row[j]), max(most, row[j])
    start, shift = np.uint32(least), np.uint32(max(0, bit_length(most - least) - bit_length(bins.size - 1)))
    bins[:] = 0
    for j in range(row.size):
        bins[np.uint32(np.uint32(row[j]) - start) >> shift] += np.uint32(1)
    return least, shift


@njit(nogil=True, cache=True)
@no_type_check
def bound_order_statistics(row, targets, order, bins, low, count_low, high, count_high):
    """Find the bin ``(low, high]`` of the target-th smallest entry, for each target.

    ``targets`` are int64 from 0 to the row's size, and ``order``, int64, sorts them. Written, int64, one per target:
    ``low`` and ``high``, and the numbers of entries ``<=`` each: ``count_low < target <= count_high``. (Target 0 lies
    before the first bin; there both numbers are 0.)
    """
    least, shift = histogram(row, bins)
    width, last, below, up_to = 1 << np.int64(shift), -1, 0, 0
    for i in order:
        while up_to < targets[i]:
            last += 1
            below, up_to = up_to, up_to + np.int64(bins[last])
        high[i], count_high[i] = least + (last + 1) * width - 1, up_to
        low[i], count_low[i] = high[i] - width, below


@njit(nogil=True, cache=True)
@no_type_check
def radix_sorted(keys, bits):
    """Sort nonnegative keys below ``2**bits``; several times faster than Numba's own sort."""
    other = np.empty_like(keys)
    for shift in range(0, bits, 8):
        ends = np.zeros(257, np.uint64)
        for j in range(keys.size):
            ends[np.uint8(keys[j] >> shift) + np.uint64(1)] += np.uint64(1)
        for digit in range(256):
            ends[digit + 1] += ends[digit]
        for j in range(keys.size):
            digit = np.uint8(keys[j] >> shift)
            other[ends[digit]] = keys[j]
            ends[digit] += np.uint64(1)
        keys, other = other, keys
    return keys


@njit(nogil=True, cache=True)
@no_type_check
def sorted_range(row, precedence, low, high, size):
    """Return the precedence of the ``size`` entries in ``(low, high]``, sorted by (distance, precedence)."""
    keys = np.empty(size + 1, np.int64)  # one more: every entry is written, the next one over it if it was outside
    above, width = np.uint32(low + 1), np.uint32(high - low)
    shift = bit_length(row.size)
    found = np.uint64(0)
    for begin in range(0, row.size, _BLOCK):
        part = row[begin : begin + _BLOCK]
        inside = np.uint32(0)
        for j in range(part.size):
            inside = np.uint32(inside + (np.uint32(np.uint32(part[j]) - above) < width))
        if inside:
            for j in range(part.size):
                distance = np.uint32(np.uint32(part[j]) - above)
                keys[found] = (np.int64(distance) << shift) | np.int64(precedence[begin + j])
                found += np.uint64(distance < width)
    return radix_sorted(keys[:size], shift + bit_length(high - low)) & ((1 << shift) - 1)


@njit(nogil=True, cache=True)
@no_type_check
def select(tile, rows, starts, precedence, label_at, ks, firsts, lasts, radii, counts, ranked):
    """Select the votes and ranked labels of the first rows of a distance tile.

    ``tile`` is int32[…, n or more], C-contiguous, with the columns of ``Columns``; ``ks``, their ranked ranges
    ``firsts`` to ``lasts``, and ``radii`` are int64. Written: ``counts`` int32[rows, ks + radii, c] and ``ranked``
    int32[rows, sum of the ranges' widths].
    """
    size, n = ks.size, precedence.size
    targets = np.concatenate((firsts, lasts))
    order = np.argsort(targets)
    bins = np.empty(1 << min(max(bit_length(n) - _ENTRY_BITS, 0), _BIN_BITS), np.uint32)
    low, high = np.empty(2 * size, np.int64), np.empty(2 * size, np.int64)
    count_low, count_high = np.empty(2 * size, np.int64), np.empty(2 * size, np.int64)
    bounds, within = np.empty(size + radii.size, np.int32), np.empty(size + radii.size, np.int64)
    bounds[size:] = radii
    for i in range(rows):
        row, column = tile[i, :n], 0
        if size:
            bound_order_statistics(row, targets, order, bins, low, count_low, high, count_high)
        for a in range(size):
            if count_high[a] == firsts[a]:
                low[a], count_low[a] = high[a], count_high[a]
            bounds[a] = low[a]
        for c in range(starts.size - 1):
            count_within(row[starts[c] : starts[c + 1]], bounds, within)
            for a in range(bounds.size):
                counts[i, a, c] = within[a]
        for a in range(size):
            before = count_low[a]
            if before == lasts[a]:
                continue
            nearest = sorted_range(row, precedence, low[a], high[size + a], count_high[size + a] - before)
            for position in range(before, ks[a]):
                counts[i, a, label_at[nearest[position - before]]] += 1
            for position in range(firsts[a], lasts[a]):
                ranked[i, column] = label_at[nearest[position - before]]
                column += 1
