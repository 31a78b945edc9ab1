"""Draw stratified subsets of a split."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Int64

from certvote.checks import is_integer
from certvote.runtime.digests import array_digest
from certvote.types import Split


def stratified_indices(labels: Int64[np.ndarray, " n"], size: int, seed: int | list[int]) -> Int64[np.ndarray, " s"]:
    """Draw indices, every label in proportion to its share.

    A label's number is its quota ``size * count / n``, rounded down; what is left goes to the largest remainders,
    the smaller label first among equal ones. So no number is further than 1 from its quota.

    Parameters
    ----------
    labels : int64 array, shape (n,)
        Labels of all examples.
    size : int
        Number of indices.
    seed : int or list of int
        Seed of the generator.

    Returns
    -------
    int64 array, shape (size,)
        Indices in ascending order.
    """
    counts = np.bincount(labels)
    whole, remainder = np.divmod(size * counts, len(labels))
    order = np.lexsort((np.arange(len(counts)), -remainder))
    whole[order[: size - whole.sum()]] += 1
    generator = np.random.default_rng(seed)
    chosen = [generator.permutation(np.flatnonzero(labels == label))[:number] for label, number in enumerate(whole)]
    return np.sort(np.concatenate(chosen)).astype(np.int64)


def check_seed(seed: int) -> None:
    """Check that a seed is an integer of at least 0.

    Raises
    ------
    ValueError
        If it is not.
    """
    if not (is_integer(seed) and seed >= 0):
        raise ValueError(f"option dataset.seed: expected an integer of at least 0, got {seed!r}")


def subset(
    split: Split, *, n_train: int | None = None, n_test: int | None = None, holdout: int | None = None, seed: int = 0
) -> Split:
    """Draw a part of a split's examples, stratified by label, each part on its own, in their original order.

    Parameters
    ----------
    split : Split
        The complete data.
    n_train, n_test : int or None
        Number of training and of test examples; ``None``: all.
    holdout : int or None
        Number of training examples that take the place of the test set, while training goes without them: options are
        chosen on them, so that the test set stays unseen. ``None``: the test set.
    seed : int
        Seed of all draws.

    Returns
    -------
    Split
        The part, and which examples it has (``train_rows``, ``test_rows``).

    Raises
    ------
    ValueError
        If a number is no integer, smaller than 1 or larger than what there is, or the seed is unusable.
    """
    check_seed(seed)
    if n_train is None and n_test is None and holdout is None:
        return split
    train = np.arange(len(split.train_labels), dtype=np.int64)
    test = np.arange(len(split.test_labels), dtype=np.int64)
    test_set = split.test, split.test_labels
    if holdout is not None:
        test = _drawn("dataset.holdout", holdout, train, split.train_labels, [seed, 2], leave=1)
        train = np.setdiff1d(train, test, assume_unique=True)
        test_set = split.train, split.train_labels
    if n_train is not None:
        train = _drawn("dataset.n_train", n_train, train, split.train_labels, [seed, 0])
    if n_test is not None:
        test = _drawn("dataset.n_test", n_test, test, test_set[1], [seed, 1])
    parts = split.train[train], split.train_labels[train], test_set[0][test], test_set[1][test]
    note = f"the test set is a validation part: {len(test):,} examples held out of the training set"
    return replace(
        split,
        train=parts[0],
        train_labels=parts[1],
        test=parts[2],
        test_labels=parts[3],
        digest=array_digest(*parts),
        notes=split.notes if holdout is None else (*split.notes, note),
        train_rows=train,
        test_rows=test,
        complete=(len(split.train_labels), len(split.test_labels)),
        holdout=holdout is not None,
    )


def _drawn(
    option: str, number: int, rows: np.ndarray, labels: np.ndarray, seed: list[int], leave: int = 0
) -> np.ndarray:
    """Draw ``number`` of ``rows``, stratified by their labels; at least ``leave`` of them stay."""
    if not (is_integer(number) and 1 <= number <= len(rows) - leave):
        raise ValueError(f"option {option}: expected 1 to {len(rows) - leave}, got {number!r}")
    return np.asarray(rows[stratified_indices(labels[rows], number, seed)])
