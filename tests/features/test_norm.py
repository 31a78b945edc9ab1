"""Vectors of norm 1: the same whatever stands around them, on a grid that their dimension alone determines."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from certvote.features.norm import unit_bits, unit_features, unit_rows


def rows(n=60, dim=7, seed=0, dtype=np.float32):
    return np.random.default_rng(seed).normal(size=(n, dim)).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("dim", [1, 2, 7, 512])
def test_rows_have_norm_1_and_their_direction(dim, dtype):
    x = rows(dim=dim, dtype=dtype)
    units = unit_rows(x)
    assert np.abs(np.linalg.norm(units, axis=1) - 1).max() < 1e-15 * math.sqrt(dim)
    wide = x.astype(float)
    assert np.abs(units - wide / np.linalg.norm(wide, axis=1)[:, None]).max() < 1e-15


@pytest.mark.parametrize("dim", [1, 3, 9, 64, 1000])
def test_a_row_does_not_depend_on_the_rows_around_it(dim):
    x = rows(dim=dim)
    whole = unit_rows(x)
    order = np.random.default_rng(1).permutation(len(x))
    assert (unit_rows(x[order]) == whole[order]).all()
    assert all((unit_rows(x[i : i + 1])[0] == whole[i]).all() for i in range(len(x)))
    assert (unit_rows(np.asfortranarray(x)) == whole).all()


@pytest.mark.parametrize("scale", [1e-320, 1e-300, 1e-20, 1e20, 1e307])
def test_tiny_and_huge_rows_keep_their_direction(scale):
    x = np.array([[3.0, -4.0, 0.0]]) * scale
    assert unit_rows(x)[0] == pytest.approx([0.6, -0.8, 0.0], abs=1e-3 if scale < 1e-310 else 1e-15)


def test_a_single_number_stays_within_1():
    x = np.random.default_rng(0).normal(size=(5000, 1)) * 10.0 ** np.arange(-25, 25).repeat(100)[:, None]
    assert (np.abs(unit_rows(x)) == 1).all()


@pytest.mark.parametrize(
    ("value", "got"), [(0.0, "zeros only"), (np.nan, "NaN or infinity"), (np.inf, "NaN or infinity")]
)
def test_rows_without_a_direction(value, got):
    x = rows()
    x[5] = value
    with pytest.raises(ValueError, match=f"{got} in row 5"):
        unit_rows(x)


def test_no_rows():
    assert unit_features(rows(n=0)).shape == (0, 7)


@pytest.mark.parametrize(("dim", "bits"), [(1, 23), (512, 18), (768, 18), (1024, 17)])
def test_known_grids(dim, bits):
    assert unit_bits(dim) == bits


@pytest.mark.parametrize("dim", [1, 2, 16, 24, 512, 1024])
def test_the_largest_distance_is_exact(dim):
    x = np.concatenate([rows(dim=dim), np.ones((1, dim), np.float32)])
    features = unit_features(np.concatenate([x, -x]))
    multiples = features.astype(float) * 2.0 ** unit_bits(dim)
    assert (multiples == np.rint(multiples)).all()
    for row, opposite in zip(features[: len(x)], features[len(x) :], strict=True):
        exact = sum(Fraction(float(abs(a - b))) for a, b in zip(row, opposite, strict=True))
        assert exact * 2 ** unit_bits(dim) <= 1 << 24
