"""Networks: exact votes, and voters that depend on their own examples, seed and number alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from certvote.algorithms.subsets import bootstrap, hash_partition
from certvote.learners.network import Network
from certvote.learners.network_pool import random_distortions
from certvote.learners.network_votes import integer_layer
from certvote.learners.orientations import DIRECTIONS, compute_maps, depth_of, grid_of
from certvote.runtime import memory

from .conftest import as_subsets

OPTIONS = {
    "width": 4,
    "steps": 25,
    "batch": 6,
    "rate": 0.02,
    "decay": 0.1,
    "copies": 3,
    "shift": 1.0,
    "rotation": 10.0,
    "stretch": 0.1,
    "flip": True,
}


@pytest.fixture(scope="module")
def bars():
    """Images with one bar in one of four directions, three gray levels of noise."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 4, 260)
    y, x = np.mgrid[:14, :14] - 6.5
    images = np.empty((260, 14, 14, 1), np.uint8)
    for i, label in enumerate(labels):
        angle = np.pi / 4 * label + rng.normal(0, 0.1)
        distance = np.abs(y * np.cos(angle) - x * np.sin(angle) + rng.normal(0, 1))
        images[i, ..., 0] = 200 * (distance < 1.5) + rng.integers(0, 30, (14, 14))
    return images, labels


def trained(images, labels, subsets, *, threads=None, **options):
    return Network(**{**OPTIONS, **options}).train(images, labels, subsets, num_classes=5, threads=threads)


@pytest.fixture(scope="module")
def ensemble(bars):
    images, labels = bars
    return trained(images[:200], labels[:200], hash_partition(images[:200], labels[:200], parts=20))


def test_voters_learn(bars):
    images, labels = bars
    voters = trained(images[:200], labels[:200], bootstrap(200, members=20, size=30, seed=0), flip=False, steps=60)
    assert np.mean(voters.counts(images[200:]).argmax(axis=1) == labels[200:]) > 0.9


def test_permuting_the_training_set_changes_nothing(bars, ensemble):
    images, labels = bars
    order = np.random.default_rng(1).permutation(200)
    shuffled = images[:200][order], labels[:200][order]
    other = trained(*shuffled, hash_partition(*shuffled, parts=20))
    np.testing.assert_array_equal(other.rankings(images), ensemble.rankings(images))


@pytest.mark.parametrize("others", [[], [3], list(range(200))], ids=["none", "one", "all"])
def test_other_parts_do_not_matter(bars, ensemble, others):
    """Neither the examples of other parts nor how many they are, in the same batch of voters or in another."""
    images, labels = bars
    kept, parts = (
        [0, 5, 17, 19],
        [examples.tolist() for examples in hash_partition(images[:200], labels[:200], parts=20)],
    )
    changed = as_subsets([part if j in kept else others for j, part in enumerate(parts)])
    expected = networks(ensemble)
    found = networks(trained(images[:200], labels[:200], changed))
    for j in kept:
        for one, two in zip(expected[j], found[j], strict=True):
            np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("threads", [1, 3])
def test_threads_do_not_matter(bars, ensemble, threads):
    images, labels = bars
    before = torch.get_num_threads(), torch.get_float32_matmul_precision()
    torch.set_num_threads(threads)
    torch.set_float32_matmul_precision("medium")
    try:
        subsets = hash_partition(images[:200], labels[:200], parts=20)
        other = trained(images[:200], labels[:200], subsets, threads=threads)
        rankings = other.rankings(images)
        assert (torch.get_num_threads(), torch.get_float32_matmul_precision()) == (threads, "medium")
    finally:
        torch.set_num_threads(before[0])
        torch.set_float32_matmul_precision(before[1])
    for one, two in zip(networks(ensemble), networks(other), strict=True):
        for a, b in zip(one, two, strict=True):
            np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(rankings, ensemble.rankings(images))


def networks(ensemble):
    return [[n.first, n.first_bias, n.factor, n.last, n.last_bias] for n in ensemble.members.networks]


def test_votes_are_those_of_integer_arithmetic(bars, ensemble):
    """Every sum in int64; every sum of absolute values within what float32 counts."""
    images, labels = bars
    padded = compute_maps(images, np.arange(len(images)), None).astype(np.int64)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2)).transpose(0, 1, 2, 4, 5, 3)
    inputs = windows.reshape(len(images), -1, 9 * DIRECTIONS)
    rankings = ensemble.rankings(images)
    parts = hash_partition(images[:200], labels[:200], parts=20)
    for v, (members, network) in enumerate(zip(parts, ensemble.members.networks, strict=True)):
        first, first_bias, last, last_bias = (
            np.nan_to_num(array, neginf=0).astype(np.int64)
            for array in (network.first, network.first_bias, network.last, network.last_bias)
        )
        for weights, bias in ((first, first_bias), (last, last_bias)):
            assert (255 * np.abs(weights).sum(axis=0) + np.abs(bias)).max() <= 2**24
        sums = (inputs @ first + first_bias).astype(np.float32)
        hidden = np.rint(np.clip(sums * network.factor, 0, 255)).astype(np.int64)
        scores = hidden.reshape(len(images), -1) @ last + last_bias
        present = set(labels[members])
        expected = [sorted(range(5), key=lambda y: (y not in present, -row[y] * (y in present), -y)) for row in scores]
        np.testing.assert_array_equal(rankings[:, v], expected)


def test_inputs_together_and_alone(bars, ensemble):
    images, _ = bars
    rankings = ensemble.rankings(images)
    for i in (0, 64, 259):
        np.testing.assert_array_equal(ensemble.rankings(images[i : i + 1])[0], rankings[i])
    np.testing.assert_array_equal(ensemble.first_choices(images), rankings[:, :, 0])
    np.testing.assert_array_equal(ensemble.counts(images), (rankings[:, :, :1] == np.arange(5)).sum(axis=1))


def test_odd_parts(bars):
    images, labels = bars
    one_label = np.flatnonzero(labels == 2)[:5].tolist()
    rankings = trained(images, labels, as_subsets([[], [7], one_label, [3, 3, 9]])).rankings(images)
    assert (rankings[:, 0] == [4, 3, 2, 1, 0]).all()
    assert (rankings[:, 1, 0] == labels[7]).all()
    assert (rankings[:, 2] == [2, 4, 3, 1, 0]).all()
    assert set(rankings[:, 3, 0]) <= {labels[3], labels[9]}


def test_a_seed_is_a_voters_own(bars):
    """Two voters with the same examples differ, and one of them does not change with the other's seed."""
    images, labels = bars
    one = trained(images, labels, as_subsets([list(range(20))] * 2))
    first, second = networks(one)
    assert (first[0] != second[0]).any()


@pytest.mark.parametrize("shape", [(5, 5, 1), (8, 12, 1), (32, 32, 3)])
def test_any_image_has_maps(shape):
    images = np.random.default_rng(0).integers(0, 256, (12, *shape)).astype(np.uint8)
    images[3] = 7
    rows, columns, cell = grid_of(shape)
    found = compute_maps(images, np.arange(12), None)
    assert depth_of(shape) == (8 if shape[2] == 1 else 11)
    assert found.shape == (12, rows + 2, columns + 2, depth_of(shape))
    assert rows * cell <= shape[0]
    assert not found[3, ..., :8].any()
    assert set(found[3, 1:-1, 1:-1, 8:].reshape(-1)) <= {3}
    assert found[0].any()
    assert not found[:, [0, -1]].any()
    assert not found[:, :, [0, -1]].any()
    labels = np.arange(12) % 3
    ensemble = trained(images, labels, bootstrap(12, members=3, size=6, seed=0))
    assert ensemble.counts(images).sum() == 36


def test_maps_are_what_they_say():
    """A bright half: all edges point one way, into one map and, less, its neighbors; turned, into another."""
    image = np.zeros((1, 28, 28, 1), np.uint8)
    image[:, :, 14:] = 100
    strengths = compute_maps(image, np.zeros(1, int), None)[0].astype(float).sum(axis=(0, 1))
    assert strengths.argmax() == 0
    assert not strengths[2:7].any()
    turned = (
        compute_maps(image, np.zeros(1, int), np.array([[[0.0, 1, 0], [-1, 0, 0]]]))[0].astype(float).sum(axis=(0, 1))
    )
    np.testing.assert_allclose(np.roll(strengths, 6), turned, atol=8)


def test_no_distortion_is_the_image_itself():
    images = np.random.default_rng(0).integers(0, 256, (4, 9, 13, 3)).astype(np.uint8)
    which, same = np.arange(4), np.tile(np.eye(2, 3), (4, 1, 1))
    np.testing.assert_array_equal(compute_maps(images, which, same), compute_maps(images, which, None))


def test_distortions_keep_to_their_ranges():
    network = Network(**{**OPTIONS, "rotation": 0.0, "stretch": 0.0, "shift": 2.0, "flip": False})
    found = random_distortions(np.random.default_rng(0), 1000, network)
    np.testing.assert_array_equal(found[:, :, :2], np.tile(np.eye(2), (1000, 1, 1)))
    assert 1.9 < np.abs(found[:, :, 2]).max() <= 2
    flipped = random_distortions(np.random.default_rng(0), 1000, Network(**OPTIONS))
    assert 0.4 < np.mean(np.linalg.det(flipped[:, :, :2]) < 0) < 0.6


def test_integers_stay_below_what_float32_counts():
    rng = np.random.default_rng(0)
    for scale in (1e-6, 1.0, 1e6):
        weights, bias, unit = integer_layer(rng.normal(0, scale, (700, 10)), rng.normal(0, scale, 10))
        assert np.frexp(unit)[0] == 0.5
        reach = 255 * np.abs(weights.astype(np.int64)).sum(axis=0) + np.abs(bias.astype(np.int64))
        assert 2**22 < reach.max() <= 2**24
    with pytest.raises(ValueError, match=r"learner\.width"):
        integer_layer(np.ones((40_000, 1)), np.ones(1))


def test_vectors_are_refused():
    with pytest.raises(ValueError, match="learner=network: expected images"):
        trained(np.zeros((9, 4), np.float32), np.zeros(9, int), bootstrap(9, members=2, size=3, seed=0))


def test_too_wide_a_network_is_refused_before_it_is_trained(bars):
    images, labels = bars
    with pytest.raises(ValueError, match=r"learner\.width: expected at most 2\*\*15 weights per label, got 49000"):
        trained(images, labels, bootstrap(260, members=2, size=5, seed=0), width=1000)


def test_what_does_not_fit_into_memory_is_refused_before_it_is_trained(bars, monkeypatch):
    images, labels = bars
    monkeypatch.setattr(memory, "available", lambda: 10**6)
    with pytest.raises(ValueError, match=r"learner=network for 2 voters, .* got 1 MB; lower learner.copies"):
        trained(images, labels, bootstrap(260, members=2, size=5, seed=0), threads=1)
    with pytest.raises(ValueError, match=r"options algo.voters=1000000, subsample=200: .* got 1 MB; take fewer voters"):
        bootstrap(260, members=10**6, size=200, seed=0)


def test_a_training_that_diverges_is_told(bars):
    with pytest.raises(ValueError, match=r"diverged; lower learner\.rate"):
        integer_layer(np.array([[np.nan]]), np.zeros(1))
