"""Small feature sets on the exact grid, and voters with every kind of part."""

from __future__ import annotations

import numpy as np
import pytest

from certvote.algorithms.subsets import Subsets
from certvote.features.grid import bits_for, snap
from certvote.learners.logistic import Logistic
from certvote.learners.nearest import Nearest
from certvote.learners.sklearn import Sklearn

LEARNERS = {
    "nearest": Nearest(),
    "logistic": Logistic(l2=0.01, root=True, steps=300),
    "sklearn": Sklearn(estimator="sklearn.tree.DecisionTreeClassifier", options={"max_features": 4}),
}


@pytest.fixture(params=LEARNERS)
def feature_learner(request):
    """Return each learner that looks at features."""
    return LEARNERS[request.param]


@pytest.fixture(scope="session")
def blobs():
    """Training features, labels, test features: four labels of 12 dimensions, with duplicates and zeros."""
    rng = np.random.default_rng(2)
    centers = rng.random((4, 12))
    labels = rng.integers(0, 4, 400)
    x = np.clip(centers[labels] + rng.normal(0, 0.25, (400, 12)), 0, 1)
    x[50:60] = x[40:50]
    tests = np.clip(centers[rng.integers(0, 4, 150)] + rng.normal(0, 0.25, (150, 12)), 0, 1)
    tests[:20] = x[:20]
    return snap(x, bits_for(12)), labels, snap(tests, bits_for(12))


@pytest.fixture(scope="session")
def odd_subsets(blobs):
    """An empty part, one example, one label only, twice the same example, two labels, and usual ones."""
    labels = blobs[1]
    parts = [
        [],
        [7],
        np.flatnonzero(labels == 2)[:5].tolist(),
        [3, 3, 9, 3],
        np.flatnonzero(labels % 2 == 0)[:12].tolist(),
        *np.random.default_rng(0).integers(0, 400, (6, 25)).tolist(),
    ]
    return as_subsets(parts)


def as_subsets(parts):
    return Subsets(
        examples=np.array([i for part in parts for i in part], np.int64),
        offsets=np.cumsum([0, *map(len, parts)]),
        seeds=np.arange(len(parts), dtype=np.uint64),
    )
