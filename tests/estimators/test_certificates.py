"""Estimators certify what the command line certifies, and what they certify survives real attacks."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hydra import compose, initialize_config_dir
from sklearn.base import clone
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import NearestCentroid
from sklearn.tree import DecisionTreeClassifier

from certvote import stages
from certvote.certificates.budget import Budget
from certvote.estimators import (
    CertifiedBaggingClassifier,
    CertifiedKNeighborsClassifier,
    CertifiedRadiusNeighborsClassifier,
    PartitionClassifier,
)
from certvote.options import settings as options
from certvote.options.settings import UndefinedCombinationError
from certvote.runtime.paths import conf_dir

TREE = "learner=sklearn learner.estimator=sklearn.tree.DecisionTreeClassifier"
BAYES = "learner=sklearn learner.estimator=sklearn.naive_bayes.GaussianNB"
SAME = [
    (CertifiedKNeighborsClassifier(30), "algo=knn k=30 certificate=budget", "any"),
    (CertifiedKNeighborsClassifier(30, ranking="hash"), "algo=knn k=30 algo.ranking=hash certificate=budget", "insert"),
    (CertifiedRadiusNeighborsClassifier(4.0), "algo=rnn r=4 certificate=budget", "any"),
    (CertifiedKNeighborsClassifier(30), "algo=knn k=30 certificate=budget", "relabel"),
    (PartitionClassifier(n_parts=20), f"algo=dpa parts=20 {TREE}", "any"),
    (
        PartitionClassifier(n_parts=20, partition_by="input"),
        f"algo=dpa parts=20 partition_by=input {TREE}",
        "relabel",
    ),
    (
        PartitionClassifier(GaussianNB(), n_parts=10, spread=2, election="runoff"),
        f"algo=fa parts=10 election=runoff {BAYES}",
        "delete",
    ),
    (
        CertifiedBaggingClassifier(n_estimators=50, max_samples=15, random_state=3, alpha=0.01),
        f"algo=bagging algo.voters=50 subsample=15 algo.seed=3 algo.alpha=0.01 {TREE}",
        "any",
    ),
]


@pytest.fixture(scope="module")
def blobs(tmp_path_factory):
    """Three labels in four dimensions, and the file by which the command line reads them."""
    rng = np.random.default_rng(5)
    centers = rng.normal(0, 2, (3, 4))
    y, labels = rng.integers(0, 3, 300), rng.integers(0, 3, 60)
    x, test = (centers[found] + rng.normal(0, 1, (len(found), 4)) for found in (y, labels))
    path = tmp_path_factory.mktemp("blobs") / "blobs.npz"
    np.savez(path, x_train=x, y_train=y, x_test=test, y_test=labels)
    return path, x, y, test, labels


@pytest.mark.parametrize(("estimator", "overrides", "change"), SAME, ids=[" ".join(case[1:]) for case in SAME])
def test_curves_are_those_of_the_command_line(blobs, tmp_path, estimator, overrides, change):
    path, x, y, test, labels = blobs
    common = f"dataset=arrays dataset.path={path} feature=vectors feature.low=-16 feature.high=16 cache_root={tmp_path}"
    options.register()
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        given = [*common.split(), *overrides.split(), f"attack.change={change}", "sizes.max=20", "n_jobs=1"]
        settings = options.load(compose("config", overrides=given))
    split = stages.load_split(settings)
    votes = stages.count_votes(stages.extract(split, settings), split, settings, {})
    expected = stages.certify(votes, labels, len(y), settings)

    fitted = clone(estimator).fit(x, y)
    np.testing.assert_array_equal(fitted.votes(test).counts, votes.counts)
    curve = fitted.certify(test, labels, np.arange(21), change=change)
    np.testing.assert_array_equal(curve.certified, expected.curve.certified)
    right = fitted.predict(test) == labels
    own, sizes = fitted.certified_size(test, change=change)[right], expected.sizes[right]
    np.testing.assert_array_equal(np.minimum(own, 20), np.minimum(sizes, 20))
    assert 0.3 < curve.certified[0] <= 1


TINY = [
    CertifiedKNeighborsClassifier(3, ranking="hash", classes=[0, 1, 2]),
    CertifiedRadiusNeighborsClassifier(2.0, classes=[0, 1, 2]),
    PartitionClassifier(DecisionTreeClassifier(max_depth=1), n_parts=5, classes=[0, 1, 2]),
    PartitionClassifier(NearestCentroid(), n_parts=2, spread=2, classes=[0, 1, 2]),
]


@pytest.mark.parametrize("estimator", TINY, ids=str)
@pytest.mark.parametrize("change", ["any", "insert", "delete"])
def test_no_attack_of_a_certified_size_changes_a_prediction(estimator, change):
    """Remove or add one example in every way, or both in every third, and compare with sizes of at least 1."""
    rng = np.random.default_rng(8)
    x, y = rng.integers(-2, 3, (12, 2)).astype(float), rng.integers(0, 3, 12)
    test = rng.integers(-2, 3, (8, 2)).astype(float)
    clean = clone(estimator).fit(x, y)
    predicted, survives = clean.predict(test), clean.certified_size(test, change=change) >= 1
    against = np.stack([clean.certified_size(test, target=label, change=change) >= 1 for label in range(3)], axis=1)
    assert (against[survives].sum(axis=1) == 2).all(), "what no attack changes, none turns into another label"
    removed = [None, *range(12)] if change != "insert" else [None]
    points = [(-2.0, -1.0), (0.0, 0.0)]
    added = [None, *itertools.product(points, range(3))] if change != "delete" else [None]
    for out, new in itertools.islice(itertools.product(removed, added), 0, None, 3 if change == "any" else 1):
        kept = np.arange(12) != (-1 if out is None else out)
        x2 = np.concatenate([x[kept], [new[0]]]) if new else x[kept]
        y2 = np.append(y[kept], new[1]) if new else y[kept]
        after = clone(estimator).fit(x2, y2).predict(test)
        assert (after == predicted)[survives].all()
        turned = after != predicted
        assert not against[turned, after[turned]].any()


IGNORING_LABELS = [
    CertifiedKNeighborsClassifier(4, bounds=(-1, 1)),  # more ties: values beyond are clipped
    CertifiedRadiusNeighborsClassifier(2.0),
    PartitionClassifier(DecisionTreeClassifier(max_depth=1), n_parts=6, partition_by="input"),
    PartitionClassifier(NearestCentroid(), n_parts=3, spread=2, partition_by="input", election="runoff"),
]


@pytest.mark.filterwarnings("ignore:clipped")
@pytest.mark.parametrize("estimator", IGNORING_LABELS, ids=str)
def test_no_changed_label_of_a_certified_size_changes_a_prediction(estimator):
    """Change one label in every way, and two in some."""
    rng = np.random.default_rng(2)
    names = np.array(["ant", "bee", "cat"])
    x, y = rng.integers(-2, 3, (12, 2)).astype(float), names[rng.choice(3, 12, p=[0.7, 0.2, 0.1])]
    test, labels = rng.integers(-2, 3, (8, 2)).astype(float), names[rng.integers(0, 3, 8)]
    clean = clone(estimator).set_params(classes=names).fit(x, y)
    predicted, size = clean.predict(test), clean.certified_size(test, change="relabel")
    against = np.stack([clean.certified_size(test, target=name, change="relabel") for name in names], axis=1)
    certified = clean.certify(test, labels, [0, 1, 2], change="relabel").certified
    assert (size >= 1).any()
    changes = [[change] for change in itertools.product(range(12), names)]
    pairs = [[*one, *two] for one, two in itertools.combinations(changes, 2)]
    for changed in [*changes, *pairs[::36]]:
        after_labels = y.copy()
        for row, name in changed:
            after_labels[row] = name
        e = np.count_nonzero(after_labels != y)
        after = clone(clean).fit(x, after_labels).predict(test)
        assert (after == predicted)[size >= e].all()
        turned = after != predicted
        assert (against[turned, np.searchsorted(names, after[turned])] < e).all()
        assert (after == labels).mean() >= certified[e] - 1e-9


@pytest.mark.parametrize(
    ("estimator", "at_fault"),
    [
        (CertifiedKNeighborsClassifier(3, ranking="hash"), "algo=knn algo.ranking=hash"),
        (PartitionClassifier(n_parts=20), "algo=dpa partition_by=example"),
        (PartitionClassifier(n_parts=10, spread=2, election="runoff"), "algo=fa partition_by=example"),
    ],
)
def test_who_votes_by_labels_is_not_certified_against_changed_ones(blobs, estimator, at_fault):
    _, x, y, test, labels = blobs
    fitted = clone(estimator).fit(x, y)
    for certify in (
        lambda: fitted.certified_size(test, change="relabel"),
        lambda: fitted.certified_size(test, target=0, change="relabel"),
        lambda: fitted.certify(test, labels, [1], change="relabel"),
    ):
        with pytest.raises(UndefinedCombinationError, match=at_fault):
            certify()


def test_a_target_costs_at_least_as_much_as_any_label(blobs):
    _, x, y, test, _ = blobs
    for estimator in (CertifiedKNeighborsClassifier(30), PartitionClassifier(n_parts=20)):
        fitted = estimator.fit(x, y)
        overall, predicted = fitted.certified_size(test), fitted.predict(test)
        each = np.stack([fitted.certified_size(test, target=label) for label in range(3)], axis=1)
        assert (each[np.arange(60), predicted] == -1).all()
        others = np.where(np.arange(3) == predicted[:, None], np.iinfo(np.int64).max, each)
        np.testing.assert_array_equal(others.min(axis=1), overall)
        np.testing.assert_array_equal(fitted.certified_size(test, target=predicted[::-1])[0], each[0, predicted[-1]])


def test_a_certificate_with_options(blobs):
    _, x, y, test, labels = blobs
    knn = CertifiedKNeighborsClassifier(30).fit(x, y)
    plain = knn.certify(test, labels, [0, 5], Budget(bound="plain", tolerance=0.0, seconds=60.0))
    assert (plain.certified <= knn.certify(test, labels, [0, 5]).certified).all()
    assert (knn.certify(test, labels, [0, 5], "individual").certified <= plain.certified).all()


def test_what_is_not_proven_or_not_there_is_refused(blobs):
    _, x, y, test, labels = blobs
    knn, parts = CertifiedKNeighborsClassifier(30).fit(x, y), PartitionClassifier(n_parts=20).fit(x, y)
    with pytest.raises(UndefinedCombinationError, match="algo=dpa certificate=budget: no certificate is defined"):
        parts.certify(test, labels, [1], "budget")
    with pytest.raises(ValueError, match=r"certificate: expected one of .*, got 'tight'"):
        knn.certify(test, labels, [1], "tight")
    with pytest.raises(ValueError, match="expected change as one of any, insert, delete, relabel, got 'all'"):
        knn.certified_size(test, change="all")
    for kept in (CertifiedKNeighborsClassifier(30, ranking="hash").fit(x, y), parts):
        with pytest.raises(UndefinedCombinationError, match=r"attack\.change=relabel"):
            kept.certified_size(test, change="relabel")
    with pytest.raises(ValueError, match=r"target: expected labels among \[0, 1, 2\], got 3"):
        knn.certified_size(test, target=3)
    with pytest.raises(ValueError, match="target: expected one label, or 60, got 2"):
        knn.certified_size(test, target=[0, 1])
    with pytest.raises(ValueError, match=r"y: expected one label for each of 60 examples, got \(59,\)"):
        knn.certify(test, labels[1:], [1])


@pytest.mark.parametrize(
    ("estimator", "said"),
    [
        (CertifiedKNeighborsClassifier(0), "n_neighbors: expected an integer >= 1, got 0"),
        (CertifiedKNeighborsClassifier(301), "n_neighbors: expected at most n_samples=300, got 301"),
        (CertifiedKNeighborsClassifier(ranking="age"), "ranking: expected one of index, hash, got 'age'"),
        (CertifiedKNeighborsClassifier(bounds=(1, 1)), r"bounds: expected two finite numbers, .*, got \(1, 1\)"),
        (CertifiedKNeighborsClassifier(unit_norm=1), "unit_norm: expected True or False, got 1"),
        (CertifiedKNeighborsClassifier(classes=[0, 1]), r"y: expected labels among \[0, 1\], got 2"),
        (CertifiedRadiusNeighborsClassifier(-1), "radius: expected a finite number >= 0, got -1"),
        (PartitionClassifier(n_parts=1), "n_parts: expected an integer >= 2, got 1"),
        (PartitionClassifier(n_parts=99, spread=9), "n_parts: expected at most n_samples=300 / spread=9, 33, got 99"),
        (PartitionClassifier(election="lottery"), "election: expected plurality or runoff, got 'lottery'"),
        (PartitionClassifier(GaussianNB), "estimator: expected a classifier in scikit-learn's form, got <class"),
        (CertifiedBaggingClassifier(max_samples=301), "max_samples: expected at most n_samples=300, got 301"),
        (CertifiedBaggingClassifier(alpha=0), "alpha: expected a number from 1e-100 to below 1, got 0"),
        (CertifiedBaggingClassifier(random_state=-1), "random_state: expected an integer >= 0, got -1"),
    ],
)
def test_parameters_out_of_range_are_named(blobs, estimator, said):
    with pytest.raises(ValueError, match=said):
        estimator.fit(blobs[1], blobs[2])
