"""The exact grid: distances on it are exact in float32, and it depends on range and dimension alone."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certvote.features.grid import bits_for, snap
from certvote.neighbors.grid import common_grid

bounds = st.tuples(
    st.floats(-1e6, 1e6, allow_subnormal=False), st.floats(1e-6, 1e6, allow_subnormal=False)
).map(lambda pair: (pair[0], pair[0] + pair[1])).filter(lambda pair: pair[0] < pair[1])  # fmt: skip


@settings(deadline=None)
@given(st.integers(1, 1 << 24))
def test_values_between_0_and_1_follow_the_formula(dim):
    bits = bits_for(dim)
    assert bits == 24 - (dim - 1).bit_length()
    assert dim * Fraction(2) ** bits <= 1 << 24  # the largest distance, in multiples: float32 holds it
    assert dim * Fraction(2) ** (bits + 1) > 1 << 24


@pytest.mark.parametrize(("dim", "bits"), [(1, 24), (2, 23), (3, 22), (64, 18), (65, 17), (81, 17), (324, 15)])
def test_known_grids(dim, bits):
    assert bits_for(dim) == bits == 24 - math.ceil(math.log2(dim))


@settings(deadline=None)
@given(st.data(), bounds, st.integers(1, 200))
def test_every_distance_is_exact_in_any_order(data, bounds, dim):
    low, high = bounds
    try:
        bits = bits_for(dim, low=low, high=high)
    except ValueError:
        assert (high - low) * 2**22 < max(abs(low), abs(high))  # the values themselves need all of float32
        return
    generator = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    x = generator.choice([low, high, low + (high - low) * 0.37], (2, dim)).clip(low, high)
    x[:, : dim // 2] = generator.uniform(low, high, (2, dim // 2)).clip(low, high)
    if data.draw(st.booleans()):
        x[0], x[1] = low, high  # the largest distance there is
    a, b = snap(x, bits, low=low, high=high)
    exact = sum((abs(Fraction(float(p)) - Fraction(float(q))) for p, q in zip(a, b, strict=True)), Fraction(0))
    for order in (np.arange(dim), np.arange(dim)[::-1], generator.permutation(dim)):
        total = np.float32(0)
        for difference in np.abs(a - b)[order]:
            total += difference
        assert Fraction(float(total)) == exact
    assert (exact * Fraction(2) ** bits).denominator == 1


@pytest.mark.parametrize("dim", [1, 2, 3, 64, 81, 324, 512, 600])
@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-1.0, 1.0), (-0.3, 7.1), (0.0, 255.0)])
def test_neighbors_take_what_the_grid_gives(dim, low, high):
    bits = bits_for(dim, low=low, high=high)
    x = np.full((4, dim), low)
    x[1] = high  # the largest distance there is, beside values that need every bit
    x[2] = np.clip(low + 2.0**-bits * np.arange(1, dim + 1), low, high)
    x[3] = np.random.default_rng(0).uniform(low, high, dim)
    snapped = snap(x, bits, low=low, high=high)
    grid = common_grid(snapped[:2], snapped[2:])
    multiples = grid.to_steps(snapped).astype(np.int64)
    expected = np.rint(snapped.astype(float) * 2.0**bits) - np.rint(low * 2.0**bits)
    assert (multiples == expected * 2.0 ** (grid.bits - bits)).all()


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20), st.integers(8, 24))
def test_snapping_is_rounding_half_to_even(values, bits):
    snapped = snap(np.array([values]), bits)[0]
    assert snapped.dtype == np.float32
    for value, result in zip(values, snapped, strict=True):
        assert Fraction(float(result)) * 2**bits == round(Fraction(value) * 2**bits)


def test_ties_go_to_the_even_multiple():
    assert snap(np.array([[0.5, 1.5, 2.5, 3.5]]), 0, high=4.0).tolist() == [[0, 2, 2, 4]]


def test_snapping_again_changes_nothing():
    x = snap(np.random.default_rng(0).random((50, 81)), 17)
    assert (snap(x, 17) == x).all()


def test_there_is_one_zero():
    assert not np.signbit(snap(np.array([[-0.0, -1e-9]]), 20, low=-1.0)).any()


def test_rows_do_not_touch_each_other():
    x = np.random.default_rng(0).random((5000, 2))
    assert (snap(x, 17)[4095:4097] == snap(x[4095:4097], 17)).all()


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf, 1.0000001, -1e-12])
def test_values_outside_the_range_are_refused(wrong):
    x = np.zeros((4200, 3))
    x[4100, 2] = wrong
    with pytest.raises(ValueError, match=r"feature\.low, feature\.high: .*\[0\.0, 1\.0\], got .* at \[4100, 2\]"):
        snap(x, 17)


def test_a_bound_in_the_values_own_type_is_inside():
    bits = bits_for(1, low=-0.1, high=0.1)
    x = np.array([[0.1], [-0.1]], np.float32)  # slightly larger than 0.1 in magnitude
    assert np.abs(snap(x, bits, low=-0.1, high=0.1)).max() <= round(Fraction(0.1) * 2**bits) / 2**bits


def test_integers_snap_too():
    assert snap(np.array([[0, 255]]), 8, high=255.0).tolist() == [[0, 255]]


def test_wide_ranges_have_a_grid_coarser_than_1():
    bits = bits_for(100, low=0, high=1e6)
    assert bits < 0
    assert snap(np.array([[1e6]]), bits, high=1e6)[0, 0] % 2.0**-bits == 0


@pytest.mark.parametrize("dim", [1, 2, 512, 1024])
def test_embeddings_of_norm_1(dim):
    bits = bits_for(dim, low=-1, high=1, max_l1=2 * math.sqrt(dim))
    x = np.full((1, dim), 1 / math.sqrt(dim))
    a, b = snap(x, bits, low=-1)[0], snap(-x, bits, low=-1)[0]
    assert np.abs(a.astype(float) - b).sum() * 2**bits <= 1 << 24
    assert bits >= bits_for(dim, low=-1, high=1)


@pytest.mark.parametrize(
    ("dim", "options"),
    [
        (0, {}),
        (1.5, {}),
        (True, {}),
        (1, {"low": 1.0, "high": 1.0}),
        (1, {"low": 2.0, "high": 1.0}),
        (1, {"low": math.nan}),
        (1, {"high": math.inf}),
        (1, {"max_l1": 0.0}),
        (1, {"max_l1": math.nan}),
        ((1 << 24) + 1, {}),
        (1, {"low": 1e9, "high": 1e9 + 1}),
        (1, {"high": 1e-30}),
        (1, {"high": 1e30}),
    ],
)
def test_ranges_without_a_grid(dim, options):
    with pytest.raises(ValueError, match="expected"):
        bits_for(dim, **options)


@pytest.mark.parametrize("bits", [25, 40, 1000, -65, 1.5, True, "3", None])
def test_grids_that_float32_does_not_hold(bits):
    with pytest.raises(ValueError, match=f"bits: expected an integer.* got {bits!r}"):
        snap(np.array([[0.5]]), bits)


def test_the_finest_grid_of_single_values_is_exact():
    x = np.random.default_rng(0).uniform(-3, 3, (1, 1000))
    snapped = snap(x, 22, low=-3.0, high=np.float32(3))
    assert (snapped.astype(float) * 2**22 == np.rint(x * 2**22)).all()
    with pytest.raises(ValueError, match="bits"):
        snap(x, 23, low=-3.0, high=3.0)


@pytest.mark.parametrize(("low", "high"), [("0", 1.0), (None, 1.0), (1.0, 0.0), (0.0, math.nan), (-math.inf, 0.0)])
def test_ranges_that_are_none(low, high):
    for use in (lambda: bits_for(3, low=low, high=high), lambda: snap(np.zeros((1, 3)), 8, low=low, high=high)):
        with pytest.raises(ValueError, match=r"feature\.low, feature\.high: expected finite low < high"):
            use()
