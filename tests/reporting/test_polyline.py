"""Few straight lines instead of many steps: never above what is proven, never far below it."""

from __future__ import annotations

import numpy as np
import pytest

from certvote.reporting.polyline import above, below


def step_value(x, y, at):
    """A step has the height of its right end."""
    return y[np.searchsorted(x, at)]


def curves():
    x = np.arange(1001.0)
    yield "smooth", x, 90 * np.exp(-((x / 500) ** 1.7))
    yield "straight", x, 90 - 0.05 * x
    yield "flat", x, np.full(1001, 40.0)
    yield "long steps", x, 90 - 4 * np.ceil(x / 50)
    rng = np.random.default_rng(0)
    yield "rough", x, 90 - np.cumsum(rng.exponential(0.08, 1001) * (rng.random(1001) < 0.3))
    yield "two points", x[:2], np.array([3.0, 1.0])


@pytest.mark.parametrize(("x", "y"), [c[1:] for c in curves()], ids=[c[0] for c in curves()])
def test_the_line_stays_on_its_side_of_the_steps_and_close(x, y):
    at = np.linspace(x[0], x[-1], 9973)
    steps = step_value(x, y, at)
    low, high = np.interp(at, *below(x, y, 0.1)), np.interp(at, *above(x, y, 0.1))
    if len(x) > 2:
        assert (low <= steps + 1e-9).all()
        # Within one step's width the line has followed every fall.
        assert (low >= step_value(x, y, np.minimum(at + 1, x[-1])) - 0.1 - 1e-9).all()
        assert (high <= step_value(x, y, np.maximum(at - 1, x[0])) + 0.1 + 1e-9).all()
    assert (high >= steps - 1e-9).all()


def test_a_smooth_curve_needs_few_corners():
    _, x, y = next(curves())
    assert len(below(x, y, 0.1)[0]) < 60
    _, x, y = list(curves())[1]
    assert len(below(x, y, 0.1)[0]) <= 3
