"""The grid of a job: what is exact is accepted, what is not is refused, radii are compared exactly."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from certvote.features.grid import bits_for, snap
from certvote.neighbors import knn_votes, rnn_votes
from certvote.neighbors.grid import common_grid


def test_the_finest_grid_is_the_one_whose_longest_distance_float32_holds():
    train = np.array([[0, 0, 0], [1, 1, 1]], np.float32)
    grid = common_grid(train, train[:0])
    assert grid.bits == 22  # 3 * 2**22 <= 2**24 < 3 * 2**23
    assert grid.max_distance == 3 * 2**22
    assert common_grid(train[:, :2], train[:0, :2]).bits == 23  # 2 * 2**23 = 2**24 is exact too


@pytest.mark.parametrize("value", [7, 0.5, 0.1])
def test_examples_that_are_all_equal(value):
    train = np.full((3, 2), value)
    assert common_grid(train, train).max_distance == 0
    assert knn_votes(train, np.arange(3), train, k=2, num_classes=3).counts.tolist() == [[0, 1, 1]] * 3


@pytest.mark.parametrize("backend", ["reference", "numba", "faiss"])
def test_a_feature_that_is_the_same_everywhere_does_not_matter(crowded, assert_same, backend):
    options = {"k": 60, "window": 20, "num_classes": 3, "backend": backend}
    more = {name: np.insert(crowded[name].astype(float), 1, 0.1, axis=1) for name in ("train", "queries")}
    assert_same(knn_votes(**crowded, **options), knn_votes(**{**crowded, **more}, **options))


@pytest.mark.parametrize("offset", [-(2.0**20), 2.0**40, -(2.0**100)])
@pytest.mark.parametrize("backend", ["reference", "numba", "faiss"])
def test_features_far_from_zero(crowded, assert_same, offset, backend):
    step = max(2.0**-3, abs(offset) * 2.0**-23)
    moved = {
        **crowded,
        "train": (crowded["train"].astype(float) * 8 * step + offset).astype(np.float32),
        "queries": (crowded["queries"].astype(float) * 8 * step + offset).astype(np.float32),
    }
    options = {"k": 60, "window": 20, "num_classes": 3}
    assert_same(knn_votes(**crowded, **options, backend="reference"), knn_votes(**moved, **options, backend=backend))


@pytest.mark.parametrize("scale", [2.0**-140, 2.0**-960, 2.0**120, 2.0**1000])
def test_tiny_and_huge_features(crowded, assert_same, scale):
    dtype = np.float32 if 2.0**-149 < scale < 2.0**127 else np.float64
    scaled = {
        **crowded,
        "train": (crowded["train"].astype(float) * 8 * scale).astype(dtype),
        "queries": (crowded["queries"].astype(float) * 8 * scale).astype(dtype),
    }
    options = {"k": 60, "window": 20, "num_classes": 3}
    assert_same(knn_votes(**crowded, **options), knn_votes(**scaled, **options))
    expected = rnn_votes(**crowded, r=0.25, num_classes=3)
    assert_same(expected, rnn_votes(**scaled, r=2 * scale, num_classes=3))


def test_features_off_the_grid_are_refused():
    rng = np.random.default_rng(0)
    train = rng.random((20, 8))
    with pytest.raises(ValueError, match=r"train: .* multiples of 2\*\*-\d+.*certvote\.features\.grid\.snap"):
        knn_votes(train, np.zeros(20, int), train, k=3, num_classes=1)
    with pytest.raises(ValueError, match=r"train: .* multiples"):
        knn_votes(train.astype(np.float32), np.zeros(20, int), train, k=3, num_classes=1)
    on_grid = np.round(train * 2.0**20) / 2.0**20
    knn_votes(on_grid, np.zeros(20, int), on_grid, k=3, num_classes=1)
    off = on_grid.copy()
    off[7, 3] += 2.0**-40
    with pytest.raises(ValueError, match=r"queries: .* row 7, column 3"):
        knn_votes(on_grid, np.zeros(20, int), off, k=3, num_classes=1)
    with pytest.raises(ValueError, match=r"queries: .* row 3, view 1, column 3"):
        knn_votes(on_grid, np.zeros(20, int), off.reshape(10, 2, 8), k=3, num_classes=1)


def test_a_single_far_query_can_push_fine_features_off_the_grid():
    train = np.array([[0], [2.0**-20]], np.float32)
    knn_votes(train, np.zeros(2, int), train, k=1, num_classes=1)
    with pytest.raises(ValueError, match=r"train: .* multiples of 2\*\*4"):
        knn_votes(train, np.zeros(2, int), np.array([[2.0**28]], np.float32), k=1, num_classes=1)


def test_rounding_does_not_hide_a_feature_off_the_grid():
    train = np.array([[-1.0], [1e-30]])  # 1e-30 + 1 is 1 in float64
    with pytest.raises(ValueError, match="row 1, column 0"):
        knn_votes(train, np.zeros(2, int), train[:1], k=1, num_classes=1)


@pytest.mark.parametrize("name", ["train", "queries"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_features_that_are_no_numbers(crowded, name, value):
    crowded[name][4, 1] = value
    with pytest.raises(ValueError, match=f"{name}: expected finite features, got NaN or infinity in row 4"):
        knn_votes(**crowded, k=3, num_classes=3)


def test_integers_beyond_float64_are_refused():
    train = np.array([[2**53 + 1], [2**53 + 2]])
    with pytest.raises(ValueError, match=r"train: expected integers of at most 2\*\*53"):
        knn_votes(train, np.zeros(2, int), train, k=1, num_classes=1)


def test_features_whose_distances_overflow_are_refused():
    train = np.array([[-1e308], [1.5e308]])
    with pytest.raises(ValueError, match="distances float64 can hold"):
        knn_votes(train, np.zeros(2, int), train, k=1, num_classes=1)


@given(r=st.floats(0, 1e308), bits=st.integers(-30, 30))
def test_radii_are_compared_exactly(r, bits):
    step = 2.0**-bits
    train = np.array([[0], [100 * step]])
    grid = common_grid(train, train)
    steps = grid.radius_in_steps(r)
    assert Fraction(steps) * Fraction(2) ** -grid.bits <= Fraction(r)
    assert steps == grid.max_distance or Fraction(steps + 1) * Fraction(2) ** -grid.bits > Fraction(r)


@pytest.mark.parametrize("backend", ["reference", "numba", "faiss"])
@pytest.mark.parametrize(
    ("r", "neighbors"),
    [
        (0.3, 0),  # 0.3 in float64 lies below 0.3 in float32, which is 0.30000001192…
        (float(np.float32(0.3)), 1),
        (np.float32(0.3), 1),
        (np.nextafter(float(np.float32(0.3)), 0), 0),
        (1, 1),
        (Fraction(1, 4), 0),
    ],
)
def test_radii_off_the_grid(backend, r, neighbors):
    train = np.array([[np.float32(0.3)]])
    assert float(train[0, 0]) > 0.3
    counts = rnn_votes(train, np.array([0]), np.zeros((1, 1)), r=r, num_classes=1, backend=backend).counts
    assert counts.tolist() == [[neighbors]]


@pytest.mark.parametrize("dim", [3, 64, 512])
def test_vectors_of_norm_one_use_the_grid_that_their_norm_allows(dim, assert_same):
    rng = np.random.default_rng(dim)
    x = rng.standard_normal((300, dim)) + 0.5
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    bits = bits_for(dim, low=-1.0, high=1.0, max_l1=2 * dim**0.5)
    x = snap(x, bits, low=-1.0, high=1.0)
    assert common_grid(x[:250], x[250:]).bits >= bits
    options = {"k": [1, 100], "window": 20, "num_classes": 3}
    labels = rng.integers(0, 3, 250)
    expected = knn_votes(x[:250], labels, x[250:], backend="reference", **options)
    for backend in ("numba", "faiss"):
        for a, b in zip(expected, knn_votes(x[:250], labels, x[250:], backend=backend, **options), strict=True):
            assert_same(a, b)


def test_a_few_large_values_in_many_dimensions(assert_same):
    """The box around the data is so large that sums of coordinates leave int32, but no distance does."""
    rng = np.random.default_rng(0)
    x = np.zeros((2000, 1000), np.float32)
    x[np.arange(2000), np.arange(2000) % 1000] = rng.integers(0, 2**23, 2000)
    grid = common_grid(x, x)
    assert grid.bits == 0
    assert (x.max(axis=0) - x.min(axis=0)).sum() > 2**31
    options = {"k": [1, 3, 700], "window": 20, "num_classes": 3}
    labels = rng.integers(0, 3, 2000)
    expected = knn_votes(x, labels, x[:40], backend="reference", **options)
    for backend in ("numba", "faiss"):
        for a, b in zip(expected, knn_votes(x, labels, x[:40], backend=backend, **options), strict=True):
            assert_same(a, b)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_views_that_are_no_numbers(viewed, value):
    viewed["queries"][4, 2, 1] = value
    with pytest.raises(ValueError, match="queries: expected finite features, got NaN or infinity in row 4, view 2"):
        knn_votes(**viewed, k=3, num_classes=3)


def test_the_grid_is_that_of_every_view():
    train = np.array([[0.0], [1.0]])
    queries = np.array([[[0.0], [7.0]], [[1.0], [2.0**-20]]])
    grid = common_grid(train, queries)
    assert (grid.bits, grid.max_distance) == (21, 7 * 2**21)
    np.testing.assert_array_equal(grid.to_steps(queries), (queries * 2**21).astype(int))


def test_a_feature_too_small_for_the_grid_is_refused_though_scaling_it_gives_zero():
    train = np.array([[2.0**-1000, 0.0], [0.0, 2.0**100]])
    with pytest.raises(ValueError, match=r"train: expected features that are multiples of 2\*\*76"):
        common_grid(train, train[:1])


MAGNITUDES = st.builds(
    lambda sign, exponent: sign * 2.0**exponent, st.sampled_from([-1, 0, 1, 3]), st.integers(-1074, 1000)
)


@given(st.lists(st.lists(MAGNITUDES, min_size=2, max_size=2), min_size=2, max_size=4))
def test_over_all_magnitudes_distances_are_exact_or_refused(rows):
    x = np.array(rows)
    try:
        grid = common_grid(x[1:], x[:1])
    except ValueError:
        return
    steps = grid.to_steps(x)
    for row, in_steps in zip(rows, steps, strict=True):
        exact = sum(abs(Fraction(a) - Fraction(b)) for a, b in zip(row, rows[0], strict=True))
        assert int(np.abs(in_steps - steps[0]).sum()) == exact * Fraction(2) ** grid.bits
