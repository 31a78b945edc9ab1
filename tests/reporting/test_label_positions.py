"""Labels keep their distance, their order and, where nothing is in the way, their place."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certvote.reporting.label_positions import label_positions


def test_labels_that_do_not_collide_stay():
    assert label_positions([10.0, 50.0, 30.0], gap=5, low=0, high=100) == [10.0, 50.0, 30.0]


def test_colliding_labels_move_apart_evenly():
    assert label_positions([50.0, 50.0], gap=10, low=0, high=100) == pytest.approx([55.0, 45.0])


def test_labels_at_the_edge_move_inwards():
    assert label_positions([0.0, 0.0, 0.0], gap=10, low=0, high=100) == pytest.approx([20.0, 10.0, 0.0])


def test_without_room_the_gap_shrinks():
    assert sorted(label_positions([3.0] * 5, gap=10, low=0, high=20)) == pytest.approx([0, 5, 10, 15, 20])


def test_nothing_to_place():
    assert label_positions([], gap=10, low=0, high=20) == []


@given(st.lists(st.floats(0, 100), min_size=1, max_size=12))
def test_any_labels_are_apart_inside_and_in_order(wanted):
    placed = label_positions(wanted, gap=6, low=0, high=100)
    assert min(placed) >= -1e-9
    assert max(placed) <= 100 + 1e-9
    gap = min(6, 100 / max(len(wanted) - 1, 1))
    assert all(b - a >= gap - 1e-6 for a, b in itertools.pairwise(sorted(placed)))
    for i, j in itertools.combinations(range(len(wanted)), 2):
        if wanted[i] != wanted[j]:
            assert (wanted[i] < wanted[j]) == (placed[i] < placed[j])
