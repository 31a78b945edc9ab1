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
    total = 0
    for begin in range(0, row.size, _RUN):
        part = row[begin : begin + _RUN]
        count = np.float32(0)
        for j in range(part.size):
            count += np.float32(1) if part[j] <= bound else np.float32(0)
        total += int(count)
    return total


@njit(nogil=True, cache=True)
def bracket(row, target, low, count_low, high, count_high, guess, slack_low, slack_high):
    """Narrow ``low < high`` with ``count_within(low) < target <= count_within(high)`` around the target-th entry.

    Ends when ``high`` counts at most ``slack_high`` too many, or ``low`` at most ``slack_low`` short of the target
    (0: never), or else with ``high = low + 1``: then ``high`` is the target-th entry, tied with others.
    """
    step = 0
    while high - low > 1 and count_high - target > slack_high and target - count_low > slack_low:
        if step % 3 == 2:
            guess = (low + high) // 2
        guess = min(max(guess, low + 1), high - 1)
        count = count_within(row, guess)
        if count >= target:
            high, count_high = guess, count
        else:
            low, count_low = guess, count
        share = (target - count_low - 0.5) / (count_high - count_low)
        guess = low + int(share * (high - low))
        step += 1
    return low, count_low, high, count_high


@njit(nogil=True, cache=True)
def band_keys(row, precedence, low, high, size):
    """Entries in ``(low, high]``, sorted by (distance, precedence); the key's low 32 bits are the precedence."""
    keys = np.empty(size, np.int64)
    found = 0
    for j in range(row.size):
        if row[j] > low and row[j] <= high:
            keys[found] = (np.int64(row[j]) << 32) | np.int64(precedence[j])
            found += 1
    keys.sort()
    return keys


@njit(nogil=True, cache=True)
def select(tile, starts, precedence, label_at, ks, firsts, lasts, radii, farthest, counts, ranked):
    """Votes and ranked labels for each row of ``tile``, whose columns are ordered as ``Columns`` says.

    ``tile`` int32[rows, n]; ``ks`` ascending with spans ``firsts`` to ``lasts``; ``radii`` ascending; all int64.
    Written: ``counts`` int32[rows, ks + radii, c] and ``ranked`` int32[rows, sum of span widths].
    """
    n, num_classes = tile.shape[1], starts.size - 1
    guesses = np.full(2 * ks.size, farthest // 2)
    for i in range(tile.shape[0]):
        row, column = tile[i], 0
        for a in range(ks.size):
            first, last = firsts[a], lasts[a]
            slack = (last - first) // 8
            low, count_low, high, count_high = -1, 0, farthest, n
            base, before = -1, 0
            if first > 0:
                low, count_low, high, count_high = bracket(
                    row, first, low, count_low, high, count_high, guesses[2 * a], slack, 0
                )
                guesses[2 * a] = high
                base, before = (high, count_high) if count_high == first else (low, count_low)
            if last > first:
                high, count_high = farthest, n
                low, count_low, high, count_high = bracket(
                    row, last, base, before, high, count_high, guesses[2 * a + 1], 0, slack
                )
                guesses[2 * a + 1] = high
            for c in range(num_classes):
                counts[i, a, c] = count_within(row[starts[c] : starts[c + 1]], base) if base >= 0 else 0
            if before < last:
                keys = band_keys(row, precedence, base, high, count_high - before)
                for position in range(before, ks[a]):
                    counts[i, a, label_at[keys[position - before] & 0xFFFFFFFF]] += 1
                for position in range(first, last):
                    ranked[i, column] = label_at[keys[position - before] & 0xFFFFFFFF]
                    column += 1
        for a in range(radii.size):
            for c in range(num_classes):
                counts[i, ks.size + a, c] = count_within(row[starts[c] : starts[c + 1]], radii[a])
