"""The fit is scikit-learn's optimum, and its votes are exact."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from certvote.algorithms.subsets import bootstrap
from certvote.learners.logistic import Logistic
from certvote.learners.logistic_kernels import fit
from certvote.learners.logistic_members import integer_weights, rounded_inputs


def loss(x, y, weights, l2):
    scores = x @ weights
    scores = scores - scores.max(axis=1, keepdims=True)
    likelihood = scores[np.arange(len(y)), y] - np.log(np.exp(scores).sum(axis=1))
    return -likelihood.sum() + l2 / 2 * (weights**2).sum()


@pytest.mark.parametrize("l2", [1.0, 0.03])
@pytest.mark.parametrize(("n", "d", "labels"), [(20, 81, 9), (25, 12, 4), (12, 12, 2), (150, 30, 11), (40, 3, 3)])
def test_fit_is_the_optimum(n, d, labels, l2):
    rng = np.random.default_rng(n + d)
    x, y = rng.normal(0, 0.5, (n, d)), np.concatenate([np.arange(labels), rng.integers(0, labels, n - labels)])
    x[1] = x[0]
    weights, steps = fit(x, y, labels, l2, 5000, 1e-9)
    assert steps < 5000
    model = LogisticRegression(C=1 / l2, fit_intercept=False, tol=1e-10, max_iter=10_000).fit(x, y)
    if labels == 2:  # scikit-learn has one vector w and regularizes |w|², we have two, w/2 and -w/2 at their best
        best = LogisticRegression(C=2 / l2, fit_intercept=False, tol=1e-10, max_iter=10_000).fit(x, y).coef_[0] / 2
        expected = np.stack([-best, best], axis=1)
    else:
        expected = model.coef_.T
    assert loss(x, y, weights, l2) <= loss(x, y, expected, l2) + 1e-9
    np.testing.assert_allclose(weights, expected, atol=2e-5)


@pytest.mark.parametrize("root", [False, True])
def test_votes_are_nearly_those_of_scikit_learn(blobs, root):
    x, labels, queries = blobs
    subsets = bootstrap(len(x), members=30, size=20, seed=0)
    ensemble = Logistic(l2=0.1, root=root, steps=300).train(x, labels, subsets, num_classes=4)
    same = []
    z, tests = (np.sqrt(part) if root else part for part in (x.astype(float), queries.astype(float)))
    chosen = ensemble.first_choices(queries)
    for v, members in enumerate(subsets):
        mean, y = z[members].mean(axis=0), labels[members]
        if len(set(y)) < 3:
            continue
        model = LogisticRegression(C=10, fit_intercept=False, tol=1e-8, max_iter=1000).fit(z[members] - mean, y)
        same.append(np.mean(model.predict(tests - mean) == chosen[:, v]))
    assert len(same) > 20
    assert np.mean(same) > 0.999


@pytest.mark.parametrize("root", [False, True])
def test_scores_are_exact_in_any_order(blobs, root):
    """Sums of products as rational numbers, the worst case of input and weight included."""
    rng = np.random.default_rng(0)
    x = np.concatenate([blobs[2][:5], np.full((1, 12), 1 - 2.0**-24, np.float32)])
    weights = integer_weights(rng.normal(0, 1, (12, 3)) * [[1e-3, 1, 1e5]])
    assert np.abs(weights).max() * 12 * 2**24 <= 2**53
    z = rounded_inputs(x, root)
    for i in range(len(x)):
        for k in range(3):
            exact = sum(Fraction(a) * Fraction(b) for a, b in zip(z[i].tolist(), weights[:, k].tolist(), strict=True))
            for _ in range(5):
                order = rng.permutation(12)
                assert Fraction(float(np.cumsum(z[i, order] * weights[order, k])[-1])) == exact


def test_root_of_a_row_does_not_depend_on_other_rows():
    rng = np.random.default_rng(0)
    x = (rng.normal(0, 1, (50, 7)) * 10.0 ** rng.integers(-8, 8, (50, 1))).astype(np.float32)
    x[3] = 0
    together, alone = rounded_inputs(x, True), np.concatenate([rounded_inputs(x[i : i + 1], True) for i in range(50)])
    np.testing.assert_array_equal(together, alone)
    np.testing.assert_allclose(together, np.sign(x) * np.sqrt(np.abs(x)), atol=np.sqrt(np.abs(x).max()) * 2.0**-24)


def test_features_off_the_grid_are_refused(blobs):
    x, labels, queries = blobs
    subsets = bootstrap(len(x), members=3, size=5, seed=0)
    ensemble = Logistic(l2=0.1, root=False, steps=10).train(x, labels, subsets, num_classes=4)
    off = queries.copy()
    off[4, 2], off[5, 0] = 2.0**-40, 1.0
    with pytest.raises(ValueError, match=r"inputs: .* in row 4, column 2"):
        ensemble.counts(off)
    off[4, 2] = np.nan
    with pytest.raises(ValueError, match="finite"):
        ensemble.counts(off)
