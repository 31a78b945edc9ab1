"""Count and collect in the distance tiles of one piece of a larger training set, compiled."""

from __future__ import annotations

from typing import no_type_check  # Numba compiles untyped source: no checker may wrap it

import numpy as np
from numba import njit

from certvote.neighbors.cpu.selection_kernels import count_within, sorted_range


@njit(nogil=True, cache=True)
@no_type_check
def count_edges(tile, rows, n, starts, edges, radii, within, votes):
    """Count the entries ``<=`` each of a row's own edges, and each label's entries ``<=`` each radius.

    ``tile`` is int32[…, n or more], ``edges`` int32[rows, e], ``radii`` int32[r]; columns ``starts[l]`` to
    ``starts[l + 1]`` have label l. Written: ``within`` int64[rows, e], ``votes`` int32[rows, r, c].
    """
    found = np.empty(radii.size, np.int64)
    for i in range(rows):
        row = tile[i, :n]
        count_within(row, edges[i], within[i])
        if radii.size:
            for label in range(starts.size - 1):
                count_within(row[starts[label] : starts[label + 1]], radii, found)
                for a in range(radii.size):
                    votes[i, a, label] = found[a]


@njit(nogil=True, cache=True)
@no_type_check
def collect_candidates(tile, rows, n, starts, precedence, lows, highs, most, votes, sizes):
    """Count the votes of entries ``<= low``; collect the first ``most`` in ``(low, high]``, in the neighbor order.

    ``lows`` and ``highs`` are int32[rows, k], ``most`` int64[rows, k]; columns as in ``count_edges``; ``precedence``,
    int32[n], is that of the example in a column. Written: ``votes`` int32[rows, k, c] and ``sizes`` int64[rows, k], the
    numbers of collected entries. Returns their precedence and their distance, int32[sum of sizes] each, row by row.
    """
    asked = lows.shape[1]
    below, up_to, found = np.empty(asked, np.int64), np.empty(asked, np.int64), np.empty(asked, np.int64)
    column_of = np.empty(n, np.int32)
    for column in range(n):
        column_of[precedence[column]] = column
    places, distances, used = np.empty(1024, np.int32), np.empty(1024, np.int32), 0
    for i in range(rows):
        row = tile[i, :n]
        count_within(row, lows[i], below)
        count_within(row, highs[i], up_to)
        for label in range(starts.size - 1):
            count_within(row[starts[label] : starts[label + 1]], lows[i], found)
            for a in range(asked):
                votes[i, a, label] = found[a]
        for a in range(asked):
            size = min(up_to[a] - below[a], most[i, a])
            sizes[i, a] = size
            if size == 0:
                continue
            if used + size > places.size:
                room = max(2 * places.size, used + size)
                more, further = np.empty(room, np.int32), np.empty(room, np.int32)
                more[:used], further[:used] = places[:used], distances[:used]
                places, distances = more, further
            order = sorted_range(row, precedence, lows[i, a], highs[i, a], up_to[a] - below[a])
            for position in range(size):
                places[used] = order[position]
                distances[used] = row[column_of[order[position]]]
                used += 1
    return places[:used], distances[:used]
