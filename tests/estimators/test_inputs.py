"""What reaches a classifier is a function of one example, and warnings say where it is not."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, Normalizer, StandardScaler

from certvote import estimators
from certvote.estimators import CertificateWarning, CertifiedKNeighborsClassifier, PartitionClassifier

X = np.random.default_rng(0).normal(0, 1, (40, 3))
Y = (X[:, 0] > 0).astype(int)


@pytest.fixture(autouse=True)
def no_other_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def test_values_beyond_the_bounds_are_clipped_each_on_its_own():
    wild = X.copy()
    wild[3] = 99, -99, 0
    knn = CertifiedKNeighborsClassifier()
    with pytest.warns(UserWarning, match=r"clipped 2 of 120 values of X to bounds=\(-16, 16\)"):
        knn.fit(wild, Y)
    wild[3] = 16, -16, 0
    np.testing.assert_array_equal(knn.votes(X).counts, CertifiedKNeighborsClassifier().fit(wild, Y).votes(X).counts)
    with pytest.warns(UserWarning, match="clipped 3 of 3 values"):
        knn.predict([[20, 20, -20]])


def test_unit_norm_forgets_the_length_of_an_example():
    knn = CertifiedKNeighborsClassifier(unit_norm=True).fit(X, Y)
    np.testing.assert_array_equal(knn.votes(1000 * X).counts, knn.votes(X).counts)
    with pytest.raises(ValueError, match="not all 0 in every row, got zeros only in row 1"):
        knn.predict([[1, 2, 3], [0, 0, 0]])


def test_the_type_of_one_example_does_not_change_the_parts_of_others():
    """A table of integers in which an attacker puts a fraction is a table of floats: parts must stay the same."""
    whole = np.rint(4 * X).astype(int)
    a, b = (PartitionClassifier(n_parts=4).fit(x, Y) for x in (whole, whole.astype(np.float32)))
    np.testing.assert_array_equal(a.votes(X).counts, b.votes(X).counts)


def test_standardized_training_sets_are_noticed():
    scaled = StandardScaler().fit_transform(X)
    with pytest.warns(CertificateWarning, match="as a scaler leaves it that was fitted to this training set"):
        CertifiedKNeighborsClassifier().fit(scaled, Y)
    CertifiedKNeighborsClassifier().fit(StandardScaler().fit(X + 1).transform(X), Y)


def test_fitted_steps_of_a_pipeline_are_named():
    model = make_pipeline(Normalizer(), make_pipeline(PCA(2), FunctionTransformer()), CertifiedKNeighborsClassifier())
    model.fit(X, Y)
    with pytest.warns(CertificateWarning, match="fitted to the training set: pca; one poisoned example moves"):
        sizes = estimators.certified_size(model, X)
    np.testing.assert_array_equal(sizes, model[-1].certified_size(model[:-1].transform(X)))


def test_steps_that_learn_nothing_are_certified_without_a_warning():
    model = make_pipeline(Normalizer(), "passthrough", CertifiedKNeighborsClassifier()).fit(X, Y)
    curve = estimators.certify(model, X, Y, np.arange(4))
    expected = CertifiedKNeighborsClassifier().fit(Normalizer().fit_transform(X), Y)
    unit = Normalizer().transform(X)
    np.testing.assert_array_equal(curve.certified, expected.certify(unit, Y, np.arange(4)).certified)


def test_a_search_over_the_training_set_is_noticed():
    search = GridSearchCV(CertifiedKNeighborsClassifier(), {"n_neighbors": [1, 9]}, cv=2).fit(X, Y)
    with pytest.warns(CertificateWarning, match="a search chose parameters by the training set"):
        estimators.certify(search, X, Y, [0, 1])


def test_other_classifiers_are_refused():
    with pytest.raises(ValueError, match=r"expected a classifier of certvote\.estimators, .* got Normalizer"):
        estimators.certified_size(Normalizer(), X)
