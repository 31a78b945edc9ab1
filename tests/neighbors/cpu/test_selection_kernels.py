"""Bins, ranges and counts of a row against the sorted row."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from certvote.neighbors.cpu import selection_kernels as kernels
from certvote.neighbors.cpu.selection_kernels import bound_order_statistics, count_within, histogram, sorted_range

FARTHEST = 2**24  # the largest distance that the grid allows


def spread(size, seed):
    return np.random.default_rng(seed).normal(FARTHEST / 3, FARTHEST / 12, size).clip(0, FARTHEST)


ROWS = {
    "spread": lambda size, seed: spread(size, seed),
    "few values": lambda size, seed: np.random.default_rng(seed).integers(0, 4, size),
    "all equal": lambda size, seed: np.full(size, seed % 2 * FARTHEST),
    "two far ends": lambda size, seed: np.random.default_rng(seed).integers(0, 2, size) * FARTHEST,
    "one far off": lambda size, seed: np.where(np.arange(size) == seed % size, FARTHEST, spread(size, seed) // 2**14),
}

rows = st.builds(
    lambda kind, size, seed: ROWS[kind](size, seed).astype(np.int32),
    st.sampled_from(sorted(ROWS)),
    st.one_of(st.integers(1, 200), st.integers(1000, 3000)),
    st.integers(0, 2**32 - 1),
)
sizes_of_bins = st.integers(0, 12).map(lambda bits: 2**bits)


def bins_around(row, targets, bins):
    """low, number of entries up to it, high, number of entries up to it."""
    found = low, count_low, high, count_high = [np.empty(len(targets), np.int64) for _ in range(4)]
    bins = np.empty(bins, np.uint32)
    bound_order_statistics(row, targets, np.argsort(targets), bins, low, count_low, high, count_high)
    return found


@given(rows, sizes_of_bins)
def test_every_entry_is_in_its_bin(row, size):
    bins = np.empty(size, np.uint32)
    least, shift = histogram(row, bins)
    assert np.array_equal(bins, np.bincount((row - least) >> shift, minlength=size))


@given(rows, sizes_of_bins, st.data())
def test_a_target_is_within_its_bounds(row, size, data):
    targets = np.array(data.draw(st.lists(st.integers(0, row.size), min_size=1, max_size=8)))
    low, count_low, high, count_high = bins_around(row, targets, size)
    assert np.array_equal(count_low, [(row <= bound).sum() for bound in low])
    assert np.array_equal(count_high, [(row <= bound).sum() for bound in high])
    assert ((count_low < targets) | (targets == 0)).all()
    assert (targets <= count_high).all()
    assert (low < high).all()


def test_bounds_in_a_spread_row_are_close():
    row = ROWS["spread"](60_000, 0).astype(np.int32)
    _, count_low, _, count_high = bins_around(row, np.array([1000, 5000, 30_000]), 2**11)
    assert (count_high - count_low).max() < 200


@given(rows, st.data())
def test_a_range_is_what_sorting_finds_in_it(row, data):
    edges = st.integers(-2, FARTHEST + 1)
    if data.draw(st.booleans()):
        edges = st.sampled_from(row.tolist())
    low, high = sorted(data.draw(st.tuples(edges, edges)))
    precedence = np.random.default_rng(row.size).permutation(row.size).astype(np.int32)
    order = np.lexsort((precedence, row))
    expected = precedence[order[(row[order] > low) & (row[order] <= high)]]
    assert np.array_equal(sorted_range(row, precedence, low, high, len(expected)), expected)


@pytest.mark.parametrize("bounds", [0, 1, 2, 3, 4, 5, 7, 12])
def test_counts_up_to_any_number_of_bounds(bounds):
    row = ROWS["spread"](kernels._RUN + 100, 1).astype(np.int32)  # more than one run
    asked = np.random.default_rng(2).choice(row, bounds)
    counts = np.full(bounds, -1, np.int64)
    count_within(row, asked, counts)
    assert np.array_equal(counts, [(row <= bound).sum() for bound in asked])
