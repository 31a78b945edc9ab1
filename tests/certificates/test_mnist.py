"""Full size, real data: MNIST with HOG features, kNN k = 5000 and rNN r = 4, against known certified accuracies."""

from __future__ import annotations

import time
from functools import partial

import numpy as np
import pytest

from certvote.certificates import budget_curve, grouping, individual

SIZES = np.arange(0, 1001, 100)
ROUNDING = 0.0005 + 1e-9  # HOG's own floats across library versions

KNN_INDIVIDUAL = [0.8496, 0.8125, 0.7742, 0.7267, 0.6744, 0.6230, 0.5687, 0.5143, 0.4596, 0.4012, 0.3445]
RNN_INDIVIDUAL = [0.8684, 0.7956, 0.7275, 0.6585, 0.5903, 0.5262, 0.4601, 0.4043, 0.3500, 0.3025, 0.2596]
RNN_ISLAND = [0.8684, 0.8144, 0.7656, 0.7180, 0.6678, 0.6208, 0.5738, 0.5313, 0.4912, 0.4540, 0.4109]
RNN_REMOVAL = [0.8684, 0.8237, 0.7814, 0.7432, 0.7041, 0.6624, 0.6225, 0.5847, 0.5470, 0.5127, 0.4785]
RNN_BUDGET = [0.8684, 0.8440, 0.8167, 0.7906, 0.7639, 0.7318, 0.6994, 0.6662, 0.6343, 0.6037, 0.5738]
KNN_BUDGET = [0.8496, 0.8374, 0.8260, 0.8137, 0.8003, 0.7841, 0.7658, 0.7482, 0.7287, 0.7093, 0.6883]
ONE_KIND = {  # at 0, 200, 500 and 1000: what insertions only, or deletions only, leave
    ("insert", "knn", "individual"): [0.8496, 0.8144, 0.7530, 0.6221],
    ("insert", "knn", "plain"): [0.8496, 0.8383, 0.8139, 0.7396],
    ("insert", "knn", "sharp"): [0.8496, 0.8384, 0.8144, 0.7400],
    ("insert", "rnn", "individual"): [0.8684, 0.7956, 0.6922, 0.5262],
    ("insert", "rnn", "plain"): [0.8684, 0.8309, 0.7632, 0.6233],
    ("delete", "knn", "individual"): [0.8496, 0.8105, 0.7472, 0.6174],
    ("delete", "knn", "plain"): [0.8496, 0.8371, 0.8233, 0.8017],
    ("delete", "knn", "sharp"): [0.8496, 0.8372, 0.8234, 0.8020],
    ("delete", "rnn", "individual"): [0.8684, 0.7956, 0.6922, 0.5262],
    ("delete", "rnn", "island"): [0.8684, 0.8332, 0.7895, 0.7225],
    ("delete", "rnn", "removal"): [0.8684, 0.8517, 0.8315, 0.8029],
    ("delete", "rnn", "plain"): [0.8684, 0.8517, 0.8315, 0.8029],
}
KNN_SHARP = [0.8496, 0.8376, 0.8265, 0.8149, 0.8014, 0.7867, 0.7680, 0.7513, 0.7324, 0.7135, 0.6924]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def mnist(data_root):
    from certvote import datasets, neighbors
    from certvote.features.hog import Hog

    split = datasets.mnist(data_root=data_root)
    found = Hog(orientations=9, pixels_per_cell=(8, 8), cells_per_block=(3, 3)).extract(split)
    (knn,), (rnn,) = neighbors.neighbor_votes(
        found.train, split.train_labels, found.test, ks=[5000], rs=[4.0], window=1000, num_classes=10
    )
    return {"knn": knn, "rnn": rnn, "labels": split.test_labels}


@pytest.mark.parametrize(("algo", "expected"), [("knn", KNN_INDIVIDUAL), ("rnn", RNN_INDIVIDUAL)])
def test_individual(mnist, algo, expected):
    np.testing.assert_allclose(individual.curve(mnist[algo], mnist["labels"], SIZES).certified, expected, atol=ROUNDING)


def test_grouping_and_removal_budget(mnist):
    given = mnist["rnn"], mnist["labels"], SIZES
    np.testing.assert_allclose(grouping.curve(*given, method="island").certified, RNN_ISLAND, atol=ROUNDING)
    np.testing.assert_allclose(budget_curve.removal_curve(*given).certified, RNN_REMOVAL, atol=ROUNDING)
    for seed in range(3):
        assert 0.335 <= grouping.curve(*given, method="rd", seed=seed).certified[-1] <= 0.345


def test_all_sizes_of_individual_and_grouping_in_twenty_seconds(mnist):
    started = time.monotonic()
    individual.curve(mnist["knn"], mnist["labels"], np.arange(2001))
    for method in ("rd", "island"):
        grouping.curve(mnist["rnn"], mnist["labels"], np.arange(2001), method=method)
    assert time.monotonic() - started < 20


@pytest.mark.parametrize(
    ("algo", "bound", "expected"),
    [("rnn", "plain", RNN_BUDGET), ("knn", "plain", KNN_BUDGET), ("knn", "sharp", KNN_SHARP)],
)
def test_budget(mnist, algo, bound, expected):
    started = time.monotonic()
    sizes = np.arange(1001)
    curve = budget_curve.curve(mnist[algo], mnist["labels"], sizes, bound=bound)
    assert time.monotonic() - started < 60
    np.testing.assert_array_equal(curve.attained, curve.certified)
    np.testing.assert_allclose(curve.certified[::100], expected, atol=ROUNDING)
    floor = (budget_curve.removal_curve if algo == "rnn" else individual.curve)(mnist[algo], mnist["labels"], sizes)
    assert (floor.certified <= curve.certified + 1e-12).all()


CERTIFICATES = {
    "individual": individual.curve,
    "island": partial(grouping.curve, method="island"),
    "removal": budget_curve.removal_curve,
    "plain": partial(budget_curve.curve, bound="plain"),
    "sharp": budget_curve.curve,
}


@pytest.mark.parametrize(("change", "algo", "name"), ONE_KIND)
def test_one_kind_of_change(mnist, change, algo, name):
    sizes = np.arange(1001)
    curve = CERTIFICATES[name](mnist[algo], mnist["labels"], sizes, change=change)
    np.testing.assert_allclose(curve.certified[[0, 200, 500, 1000]], ONE_KIND[change, algo, name], atol=ROUNDING)
    both = CERTIFICATES[name](mnist[algo], mnist["labels"], sizes)
    assert (both.certified <= curve.certified + 1e-12).all()
