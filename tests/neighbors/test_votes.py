"""The public functions: one value or several, shapes, types, and what must not change the votes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from certvote.neighbors import knn_votes, neighbor_votes, rnn_votes


def test_one_value_gives_votes_and_several_a_list_in_the_order_given(crowded, assert_same):
    ks, rs = [9, 300, 1, 9], [0.5, 0.0, 0.5]
    both = neighbor_votes(**crowded, ks=ks, rs=rs, window=4, num_classes=3)
    for k, votes, again in zip(ks, knn_votes(**crowded, k=ks, window=4, num_classes=3), both[0], strict=True):
        single = knn_votes(**crowded, k=k, window=4, num_classes=3)
        assert_same(single, votes)
        assert_same(single, again)
    for r, votes, again in zip(rs, rnn_votes(**crowded, r=rs, num_classes=3), both[1], strict=True):
        single = rnn_votes(**crowded, r=r, num_classes=3)
        assert_same(single, votes)
        assert_same(single, again)


@pytest.mark.parametrize("k", [np.int64(5), np.array([5, 7]), (5, 7), range(5, 7)])
def test_values_of_k_in_other_guises(crowded, assert_same, k):
    votes = knn_votes(**crowded, k=k, num_classes=3)
    assert_same(knn_votes(**crowded, k=5, num_classes=3), votes if np.ndim(k) == 0 else votes[0])


@pytest.mark.parametrize("k", [1, 40, 300])
def test_counts_and_ranked_labels_tell_the_same_story(backend, crowded, k):
    votes = knn_votes(**crowded, k=k, window=300, num_classes=3, backend=backend)
    inside = votes.ranked[:, : min(300, k)]
    np.testing.assert_array_equal(votes.counts, np.stack([(inside == label).sum(axis=1) for label in range(3)], axis=1))
    assert (votes.counts.sum(axis=1) == k).all()
    assert votes.ranked.shape == (40, 300)  # number max(k - 300, 0) + 1 to min(k + 300, 300)


def test_no_queries(backend, crowded):
    crowded["queries"] = crowded["queries"][:0]
    (knn,), (rnn,) = neighbor_votes(**crowded, ks=[7], rs=[1], window=2, num_classes=3, backend=backend)
    assert knn.counts.shape == rnn.counts.shape == (0, 3)
    assert knn.ranked.shape == (0, 4)


def test_a_single_query_training_example_feature_and_label(backend):
    one = np.array([[0.5]], np.float32)
    (knn,), (rnn,) = neighbor_votes(
        one, np.array([0]), one + 2, ks=[1], rs=[1.75], window=3, num_classes=1, backend=backend
    )
    assert knn.counts.tolist() == [[1]]
    assert knn.ranked.tolist() == [[0]]
    assert rnn.counts.tolist() == [[0]]


def test_nobody_within_the_radius(backend, crowded):
    crowded["queries"] = crowded["queries"] + 100
    assert not rnn_votes(**crowded, r=3.5, num_classes=3, backend=backend).counts.any()


def test_queries_that_are_training_examples_at_radius_zero(backend, crowded):
    crowded["queries"] = crowded["train"]
    counts = rnn_votes(**crowded, r=0, num_classes=3, backend=backend).counts
    same = (crowded["train"][:, None] == crowded["train"]).all(axis=2)
    np.testing.assert_array_equal(counts, same @ np.eye(3, dtype=int)[crowded["labels"]])


@pytest.mark.parametrize(("num_classes", "dtype"), [(256, np.uint8), (257, np.uint16), (65536, np.uint16)])
def test_ranked_labels_are_as_wide_as_needed(backend, crowded, num_classes, dtype):
    crowded["labels"] = num_classes - 1 - crowded["labels"]
    crowded["queries"] = crowded["queries"][:2]
    votes = knn_votes(**crowded, k=5, window=5, num_classes=num_classes, backend=backend)
    assert votes.ranked.dtype == dtype
    assert votes.ranked.max() == num_classes - 1


@pytest.mark.parametrize("dtype", [np.float16, np.float64, np.int32, np.uint8, ">f4"])
def test_the_type_of_the_features_does_not_matter(crowded, assert_same, dtype):
    whole = {**crowded, "train": crowded["train"] * 8, "queries": crowded["queries"] * 8 + 1}
    other = {**whole, "train": whole["train"].astype(dtype), "queries": whole["queries"].astype(dtype)}
    for ranking in ("index", "hash"):
        expected = knn_votes(**whole, k=50, window=20, num_classes=3, ranking=ranking)
        assert_same(expected, knn_votes(**other, k=50, window=20, num_classes=3, ranking=ranking))


def test_the_layout_in_memory_does_not_matter_and_input_is_left_alone(crowded, assert_same):
    expected = knn_votes(**crowded, k=50, window=20, num_classes=3)
    other = {
        "train": np.asfortranarray(crowded["train"]),
        "labels": np.repeat(crowded["labels"], 2)[::2].astype(np.uint8),
        "queries": np.repeat(crowded["queries"], 2, axis=1)[:, ::2],
    }
    for array in other.values():
        array.setflags(write=False)
    assert_same(expected, knn_votes(**other, k=50, window=20, num_classes=3))


def test_hash_ranking_forgets_the_order_of_the_training_set(backend, crowded, assert_same):
    order = np.random.default_rng(0).permutation(300)
    shuffled = {**crowded, "train": crowded["train"][order], "labels": crowded["labels"][order]}
    options = {"k": [1, 17, 120], "window": 30, "num_classes": 3, "backend": backend}
    by_hash = knn_votes(**crowded, ranking="hash", **options)
    for expected, votes in zip(by_hash, knn_votes(**shuffled, ranking="hash", **options), strict=True):
        assert_same(expected, votes)
    # and there was something to forget
    by_index = knn_votes(**crowded, ranking="index", **options)
    shuffled_by_index = knn_votes(**shuffled, ranking="index", **options)
    assert any((a.ranked != b.ranked).any() for a, b in zip(by_index, shuffled_by_index, strict=True))


def test_hash_ranking_keeps_the_order_of_the_others_when_an_example_goes(crowded):
    far = {**crowded, "queries": crowded["queries"] + 50}  # the training examples tie along diagonals
    everybody = knn_votes(**far, k=300, window=300, num_classes=3, ranking="hash").ranked
    for gone in (0, 150, 299):
        rest = {**far, "train": np.delete(far["train"], gone, 0), "labels": np.delete(far["labels"], gone)}
        ranked = knn_votes(**rest, k=299, window=299, num_classes=3, ranking="hash").ranked
        for before, after in zip(everybody, ranked, strict=True):
            cut = [np.delete(before, place) for place in range(300)]
            assert any((after == shorter).all() for shorter in cut)


def test_progress_ends_at_the_number_of_queries(backend, crowded):
    crowded["queries"] = np.tile(crowded["queries"], (5, 1))
    calls = []
    knn_votes(**crowded, k=3, num_classes=3, backend=backend, progress=lambda *call: calls.append(call))
    done = [count for count, _ in calls]
    assert done == sorted(done)
    assert done[-1] == 200
    assert {total for _, total in calls} == {200}


def test_an_error_in_the_progress_callback_reaches_the_caller(crowded):
    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        knn_votes(**crowded, k=3, num_classes=3, progress=stop)


def test_several_threads_may_count_at_once(crowded, assert_same):
    expected = knn_votes(**crowded, k=50, window=20, num_classes=3)
    with ThreadPoolExecutor(4) as pool:
        for votes in pool.map(lambda _: knn_votes(**crowded, k=50, window=20, num_classes=3), range(12)):
            assert_same(expected, votes)
