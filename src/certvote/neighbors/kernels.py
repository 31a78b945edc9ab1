"""Compiled inner loops: tiles of distances, and exact selection in a row of integer distances.

A row is never sorted. The number of entries ``<= t`` is a single pass that compiles to a few vector instructions, so
the distance of the k-th neighbor is found by asking for that number a few times, and votes are that number in each
label's run of columns. Only entries in the band that needs an order are taken out and sorted.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, call-arg, misc"
# Numba compiles these functions from untyped source: annotations would be wrapped by run-time checks in tests.

from __future__ import annotations

import numpy as np
from numba import njit

from certvote.neighbors.microkernel import GROUP, PANEL, panel_distances

_SAMPLE, _SAMPLE_RUN = 2048, 16
_RUN = 2**16  # float32 counts up to 2**24 exactly


@njit(nogil=True, cache=True)
def fill_distances(panels, panel_sums, queries, query_sums, out, first_column):
    """Distances of all queries to all training examples in ``panels``, from column ``first_column`` of ``out`` on.

    ``panels`` int32[panel, dim, PANEL], ``queries`` int32[group, dim, GROUP], sums over dims. A few panels stay in the
    nearest cache while all groups of queries pass by.
    """
    dims = panels.shape[1]
    at_once = max(1, 2**15 // (dims * PANEL * 4))
    for begin in range(0, panels.shape[0], at_once):
        for group in range(queries.shape[0]):
            for panel in range(begin, min(begin + at_once, panels.shape[0])):
                panel_distances(
                    panels,
                    panel,
                    queries,
                    group,
                    dims,
                    panel_sums,
                    query_sums,
                    out,
                    group * GROUP,
                    first_column + panel * PANEL,
                )


@njit(nogil=True, cache=True, fastmath={"reassoc", "nsz"})
def count_within(row, bound):
    """Number of entries ``<= bound``. Sums of 0 and 1 are exact in float32, the narrowest type Numba keeps narrow."""
    total, narrow = 0, np.int32(bound)
    for begin in range(0, row.size, _RUN):
        part = row[begin : begin + _RUN]
        count = np.float32(0)
        for j in range(part.size):
            count += np.float32(1) if part[j] <= narrow else np.float32(0)
        total += int(count)
    return total


@njit(nogil=True, cache=True)
def bracket(row, target, low, count_low, high, count_high, slack_low, slack_high, first, second):
    """Narrow ``low < high`` with ``count_within(low) < target <= count_within(high)`` around the target-th entry.

    Ends when ``high`` counts at most ``slack_high`` too many, or ``low`` at most ``slack_low`` short of the target
    (0: never), or else with ``high = low + 1``: then ``high`` is the target-th entry, tied with others.
    ``first`` and ``second`` are tried first, then interpolated values, and now and then the middle.
    """
    step = 0
    while high - low > 1 and count_high - target > slack_high and target - count_low > slack_low:
        if step == 0:
            guess = first
        elif step == 1:
            guess = second
        elif step % 6 == 1:
            guess = (low + high) // 2
        else:
            guess = low + int((target - count_low - 0.5) / (count_high - count_low) * (high - low))
        step += 1
        if low < guess < high:
            count = count_within(row, guess)
            if count >= target:
                high, count_high = guess, count
            else:
                low, count_low = guess, count
    return low, count_low, high, count_high


@njit(nogil=True, cache=True)
def take_sample(row, sample):
    """Short runs of the row at equal intervals. Columns are sorted by label: each label has its share."""
    runs = sample.size // _SAMPLE_RUN
    for i in range(runs):
        begin = i * (row.size - _SAMPLE_RUN) // runs
        for j in range(_SAMPLE_RUN):
            sample[i * _SAMPLE_RUN + j] = row[begin + j]


@njit(nogil=True, cache=True)
def estimate(sample, share, farthest):
    """Two values with, most likely, the entry below which ``share`` of the row lies between them."""
    spread = np.sqrt(share * (1 - share) * sample.size) + 1
    below = min(max(int(share * sample.size - spread), 1), sample.size)
    above = min(max(int(share * sample.size + spread) + 1, 1), sample.size)
    slack, middle = 1 + int(spread) // 3, farthest // 2
    low, count_low, first, count = bracket(sample, below, -1, 0, farthest, sample.size, 0, slack, middle, middle)
    if count < above:
        low, count_low = first, count
    _, _, second, _ = bracket(sample, above, low, count_low, farthest, sample.size, 0, slack, middle, middle)
    return first, second


@njit(nogil=True, cache=True)
def find(row, target, low, count_low, slack_low, slack_high, sample, farthest):
    """``bracket`` from a known lower end, with a sample's advice. All entries are at most ``farthest``."""
    high, count_high = farthest, row.size
    if count_high - target <= slack_high or target - count_low <= slack_low:
        return low, count_low, high, count_high
    first, second = (farthest // 2, farthest // 2)
    if sample.size:
        first, second = estimate(sample, target / row.size, farthest)
    return bracket(row, target, low, count_low, high, count_high, slack_low, slack_high, first, second)


@njit(nogil=True, cache=True)
def bit_length(value):
    bits = 0
    while value >> bits:
        bits += 1
    return bits


@njit(nogil=True, cache=True)
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
def select(tile, starts, precedence, label_at, ks, firsts, lasts, radii, farthest, counts, ranked):
    """Votes and ranked labels for each row of ``tile``, whose columns are ordered as ``Columns`` says.

    ``tile`` int32[rows, n]; ``ks`` ascending with spans ``firsts`` to ``lasts``; ``radii`` ascending; all int64.
    Written: ``counts`` int32[rows, ks + radii, c] and ``ranked`` int32[rows, sum of span widths].
    """
    num_classes = starts.size - 1
    sample = np.empty(_SAMPLE if tile.shape[1] >= 4 * _SAMPLE else 0, np.int32)
    for i in range(tile.shape[0]):
        row, column = tile[i], 0
        if ks.size:
            take_sample(row, sample)
        low, count_low = -1, 0  # of the span before: spans ascend too
        for a in range(ks.size):
            first, last = firsts[a], lasts[a]
            slack = (last - first) // 8
            base, before = -1, 0
            if first > 0:
                if first <= count_low:
                    low, count_low = -1, 0
                low, count_low, high, count_high = find(row, first, low, count_low, slack, 0, sample, farthest)
                base, before = (high, count_high) if count_high == first else (low, count_low)
            for c in range(num_classes):
                counts[i, a, c] = count_within(row[starts[c] : starts[c + 1]], base) if base >= 0 else 0
            if before < last:
                _, _, top, count_top = find(row, last, base, before, 0, slack, sample, farthest)
                order = band(row, precedence, base, top, count_top - before)
                for position in range(before, ks[a]):
                    counts[i, a, label_at[order[position - before]]] += 1
                for position in range(first, last):
                    ranked[i, column] = label_at[order[position - before]]
                    column += 1
        for a in range(radii.size):
            for c in range(num_classes):
                counts[i, ks.size + a, c] = count_within(row[starts[c] : starts[c + 1]], radii[a])
