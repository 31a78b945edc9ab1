"""Estimators follow scikit-learn's conventions: its own checks, none of them silenced, and what people combine."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer, StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from certvote.estimators import (
    CertifiedBaggingClassifier,
    CertifiedKNeighborsClassifier,
    CertifiedRadiusNeighborsClassifier,
    PartitionClassifier,
)

ESTIMATORS = [
    CertifiedKNeighborsClassifier(),
    CertifiedRadiusNeighborsClassifier(),
    PartitionClassifier(),
    PartitionClassifier(GaussianNB(), n_parts=3, spread=2, election="runoff"),
    CertifiedBaggingClassifier(n_estimators=20),
]


@pytest.fixture(scope="module")
def flowers():
    """Irises as a data frame with string labels, the last example of each kind apart."""
    x, y = load_iris(return_X_y=True, as_frame=True)
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    test = np.arange(len(x)) % 3 == 2
    return x[~test], names[~test], x[test], names[test]


def expected_failures(estimator):
    """Return the checks that need not pass, with reasons."""
    if getattr(estimator, "election", "") != "runoff":
        return {}
    return {"check_classifiers_train": "the winner of a run-off may have fewer first votes, whose shares are proba"}


@parametrize_with_checks(ESTIMATORS, expected_failed_checks=expected_failures)
def test_scikit_learns_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=str)
def test_data_frames_and_string_labels(flowers, estimator):
    x, y, test, labels = flowers
    estimator = clone(estimator).fit(x, y)
    assert estimator.classes_.tolist() == ["setosa", "versicolor", "virginica"]
    assert estimator.feature_names_in_.tolist() == x.columns.tolist()
    assert set(estimator.predict(test)) <= set(labels)
    assert estimator.score(test, labels) > 0.8
    shares = estimator.predict_proba(test)
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    sizes = estimator.certified_size(test)
    assert (sizes.shape, sizes.dtype) == ((50,), np.int64)
    plain = clone(estimator).fit(x.to_numpy(), y)
    np.testing.assert_array_equal(plain.certified_size(test.to_numpy()), sizes)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=str)
def test_a_pickle_answers_the_same(flowers, estimator):
    x, y, test, labels = flowers
    fitted = clone(estimator).fit(x, y)
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.predict_proba(test), fitted.predict_proba(test))
    curves = [one.certify(test, labels, np.arange(5)).certified for one in (fitted, again)]
    np.testing.assert_array_equal(*curves)


def test_grid_searches_set_parameters_of_nested_classifiers(flowers):
    x, y, test, labels = flowers
    model = make_pipeline(
        Normalizer(), PartitionClassifier(make_pipeline(StandardScaler(), GaussianNB()), n_parts=3)
    )  # fmt: skip
    grid = {"partitionclassifier__n_parts": [2, 3], "partitionclassifier__estimator__gaussiannb__var_smoothing": [1e-9]}
    search = GridSearchCV(model, grid, cv=2).fit(x, y)
    assert search.best_params_["partitionclassifier__n_parts"] in (2, 3)
    assert search.score(test, labels) > 0.8


def test_a_fitted_estimator_is_not_changed_by_new_parameters(flowers):
    x, y, test, _ = flowers
    knn = CertifiedKNeighborsClassifier(n_neighbors=7).fit(x, y)
    expected = knn.predict_proba(test)
    np.testing.assert_array_equal(knn.set_params(n_neighbors=1).predict_proba(test), expected)


def test_one_label_is_unlimited(flowers):
    from certvote.certificates.votes import UNLIMITED

    x, _, test, _ = flowers
    for estimator in ESTIMATORS:
        alone = clone(estimator).fit(x, ["flower"] * len(x))
        assert (alone.predict(test) == "flower").all()
        assert (alone.certified_size(test) == UNLIMITED).all()


def test_pandas_is_only_read(flowers):
    x, y, _, _ = flowers
    before = x.copy()
    CertifiedKNeighborsClassifier(bounds=(0, 4)).fit(x, y)
    pd.testing.assert_frame_equal(x, before)
