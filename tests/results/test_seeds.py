"""Runs that differ in a seed alone: the curve of all certifies what each does, and the mean only describes them."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from certvote.options import columns
from certvote.results.run import Run
from certvote.results.seeds import by_seed, spread_of
from certvote.types import Curve

SIZES = np.arange(11, dtype=np.int64)


def bagging(seed, height=0.8, **options):
    params = {"algo.name": "bagging", "algo.subsample": "20", "sizes.max": "10", "algo.seed": str(seed), **options}
    curve = Curve(SIZES, np.linspace(height, 0, 11))
    return Run(f"{seed}{options}", "bagging", "FINISHED", 0.0, 1.0, params, {"abstained": height}, {}, curve)


def test_an_option_says_that_it_is_a_seed():
    assert set(columns.seeds()) == {"dataset.seed", "algo.seed", "certificate.seed"}


def test_runs_that_differ_in_a_seed_alone_are_one():
    other = bagging(0, 0.9, **{"algo.subsample": "30"})
    first, second = by_seed([bagging(0, 0.8), bagging(1, 0.6), other, bagging(2, 0.7)])
    assert second == other
    assert len(first.spread.runs) == 3
    assert "algo.seed" not in first.options
    assert first.curve.certified[0] == 0.6, "what every seed certifies"
    assert (first.spread.mean[0], first.spread.highest[0]) == (pytest.approx(0.7), 0.8)
    assert first.spread.deviation[0] == pytest.approx(0.1)
    assert first.metrics["abstained"] == pytest.approx(0.7)


@given(arrays(np.float64, (3, 11), elements=st.integers(0, 100).map(lambda n: n / 100)))
def test_the_common_curve_holds_for_every_seed(values):
    values = np.sort(values, axis=1)[:, ::-1]
    curve, spread = spread_of([Curve(SIZES, one) for one in values], "abc")
    for one in values:
        assert (curve.certified <= one).all()
        assert (one <= spread.highest).all()
    assert ((curve.certified <= spread.mean) & (spread.mean <= spread.highest)).all()
    np.testing.assert_allclose(spread.deviation**2 * 2, ((values - values.mean(axis=0)) ** 2).sum(axis=0), atol=1e-12)


def test_what_does_not_belong_together_stays():
    longer = bagging(1, **{"sizes.max": "2000"})
    failed = dataclasses.replace(bagging(2), status="FAILED", curve=None)
    runs = [bagging(0), longer, failed]
    assert by_seed(runs) == runs
    assert by_seed([bagging(0), bagging(0, 0.5)])[0].spread is None, "equal seeds are no spread"
    assert by_seed([bagging(0), bagging(1)], ["dataset.seed"])[0].spread is None, "another seed was named"


def test_only_seeds_are_averaged():
    with pytest.raises(ValueError, match=r"over: expected seeds among .*algo.seed.*, got algo.subsample"):
        by_seed([bagging(0)], ["subsample"])
