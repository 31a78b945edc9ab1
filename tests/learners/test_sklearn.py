"""Members that are scikit-learn's classifiers: they answer as the classifier does, or are refused."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import RandomForestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from certvote.algorithms.subsets import bootstrap, hash_partition
from certvote.learners.sklearn import Sklearn
from certvote.learners.sklearn_classifiers import seeded, versions
from certvote.learners.sklearn_members import fit_members

from .conftest import as_subsets

TREE = "sklearn.tree.DecisionTreeClassifier"


class Restless(ClassifierMixin, BaseEstimator):
    """Answers at random, whatever its seed is."""

    def fit(self, x, y):
        self.classes_ = np.unique(y)
        self.answer_ = np.random.default_rng().choice(self.classes_, 10**4)
        return self

    def predict(self, x):
        return self.answer_[: len(x)]


class Shy(Restless):
    """Predicts the first of its labels, and gives no scores."""

    def predict(self, x):
        return np.full(len(x), self.classes_[0])


def fit(classifier, blobs, subsets, threads=1):
    x, labels, _ = blobs
    return fit_members(classifier, x, labels, subsets, num_classes=4, threads=threads, progress=None)


@pytest.mark.parametrize(
    "classifier",
    [GaussianNB(), LinearSVC(), RandomForestClassifier(3, n_jobs=2), make_pipeline(StandardScaler(), GaussianNB())],
    ids=lambda classifier: type(classifier).__name__,
)
def test_members_answer_as_the_classifier_does(blobs, classifier):
    x, labels, queries = blobs
    subsets = hash_partition(x, labels, parts=6)
    with fit(classifier, blobs, subsets).ready(queries) as ballots:
        first, ranked = ballots(0, 150, 1), ballots(0, 150, 4)
    for j, rows in enumerate(subsets):
        expected = seeded(classifier, j).fit(x[rows], labels[rows])
        np.testing.assert_array_equal(first[:, j, 0], expected.predict(queries))
        scores = (getattr(expected, "predict_proba", None) or expected.decision_function)(queries)
        order = np.take_along_axis(scores, ranked[:, j].astype(int), axis=1)  # the parts have all labels
        assert (np.diff(order, axis=1) <= 1e-12).all()
    np.testing.assert_array_equal(ranked[:, :, :1], first)
    assert not hasattr(classifier, "classes_"), "the given classifier is not fitted"


def test_labels_without_scores_are_ranked_the_larger_first(blobs):
    with fit(Shy(), blobs, hash_partition(*blobs[:2], parts=3)).ready(blobs[2]) as ballots:
        assert (ballots(0, 9, 4) == [0, 3, 2, 1]).all()


def test_two_labels_have_one_decision(blobs):
    x, labels, queries = blobs
    rows = np.flatnonzero(labels > 1)
    two = x[rows], labels[rows], queries
    with fit(LinearSVC(), two, hash_partition(*two[:2], parts=2)).ready(queries) as ballots:
        ranked = ballots(0, 150, 4)
    assert set(map(tuple, ranked.reshape(-1, 4).tolist())) == {(2, 3, 1, 0), (3, 2, 1, 0)}


def test_open_random_states_get_the_members_seed():
    forest = make_pipeline(StandardScaler(), RandomForestClassifier(n_jobs=-1))
    copy = seeded(forest, 2**40 + 7)
    assert copy.get_params()["randomforestclassifier__random_state"] == 7
    assert copy.get_params()["randomforestclassifier__n_jobs"] == 1
    assert seeded(DecisionTreeClassifier(random_state=3), 7).random_state == 3
    assert forest[1].random_state is None


def test_seeds_decide_and_processes_do_not(blobs):
    """Nothing is random but the seed: the same draws train the same forest in any number of processes."""
    subsets, forest = bootstrap(400, members=8, size=20, seed=3), RandomForestClassifier(5, max_features=1)
    answers = []
    for threads in (1, 2):
        with fit(forest, blobs, subsets, threads).ready(blobs[2]) as ballots:
            answers.append(ballots(0, 150, 4))
    np.testing.assert_array_equal(*answers)


def test_a_classifier_that_is_not_deterministic_is_refused(blobs):
    with pytest.raises(ValueError, match=r"determined by its examples and random_state, got Restless, which answers"):
        fit(Restless(), blobs, hash_partition(*blobs[:2], parts=3))


def test_a_classifier_that_cannot_be_fitted_is_named(blobs):
    with pytest.raises(
        ValueError, match=r"got DecisionTreeClassifier, which failed on all 3: \d+ examples of 4 labels: "
    ):
        fit(DecisionTreeClassifier(max_depth=-1), blobs, hash_partition(*blobs[:2], parts=3))


def test_a_member_that_cannot_answer_votes_as_one_without_examples(blobs):
    """Five neighbors of four examples: the classifier fails when it is asked, and an attacker gets this vote alone."""
    subsets = as_subsets([range(4), [], range(50)])
    with pytest.warns(UserWarning, match="could not be fitted to 1 of 3 parts of the training set, .*: 4 examples of"):
        members = fit(KNeighborsClassifier(5), blobs, subsets)
    with members.ready(blobs[2]) as ballots:
        ranked = ballots(0, 9, 4)
    np.testing.assert_array_equal(ranked[:, 0], ranked[:, 1])
    assert (ranked[:, 0] == [3, 2, 1, 0]).all()


@pytest.mark.parametrize(
    ("path", "options", "said"),
    [
        ("forest", {}, "learner.estimator: expected an import path like sklearn.svm.SVC, got 'forest'"),
        ("sklearn.forest.Forest", {}, "got 'sklearn.forest.Forest': No module named 'sklearn.forest'"),
        ("sklearn.svm.Svc", {}, "got 'sklearn.svm.Svc': sklearn.svm has no class Svc"),
        ("sklearn.svm.SVR", {}, "expected a classifier in scikit-learn's form, got sklearn.svm.SVR"),
        ("builtins.int", {}, "expected a classifier in scikit-learn's form, got builtins.int"),
        (TREE, {"depth": 3}, f"learner.options: expected parameters of {TREE}, got {{'depth': 3}}: .*'depth'"),
    ],
)
def test_what_is_no_classifier_is_refused(path, options, said):
    with pytest.raises(ValueError, match=said):
        Sklearn(estimator=path, options=options).classifier()


def test_the_version_of_the_library_is_part_of_what_votes_depend_on():
    import sklearn

    learner = Sklearn(estimator=TREE)
    assert learner.sources() == {"learner.versions": f"scikit-learn {sklearn.__version__}"}
    assert learner.values_for_votes()["learner.versions"] == f"scikit-learn {sklearn.__version__}"
    loose = versions(f"{Restless.__module__}.Restless")
    assert loose.startswith(f"scikit-learn {sklearn.__version__}, {Restless.__module__} ")


def test_the_order_of_options_tells_no_results_apart():
    learner = Sklearn(estimator=TREE, options={"b": 1, "a": {"d": 1, "c": 2}})
    assert str(learner.options) == "{'a': {'c': 2, 'd': 1}, 'b': 1}"
