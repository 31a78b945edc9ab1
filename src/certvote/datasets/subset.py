"""Stratified subsets of a split, drawn with a seed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Int64

from certvote.checks import is_integer
from certvote.digests import array_digest
from certvote.types import Split


def stratified_indices(labels: Int64[np.ndarray, " n"], size: int, seed: int | list[int]) -> Int64[np.ndarray, " s"]:
    """``size`` indices in ascending order, every label in proportion to its share of ``labels``.

    A label's number is its quota ``size * count / n``, rounded down; what is left goes to the largest remainders,
    the smaller label first among equal ones. So no number is further than 1 from its quota.
    """
    counts = np.bincount(labels)
    whole, remainder = np.divmod(size * counts, len(labels))
    order = np.lexsort((np.arange(len(counts)), -remainder))
    whole[order[: size - whole.sum()]] += 1
    generator = np.random.default_rng(seed)
    chosen = [generator.permutation(np.flatnonzero(labels == label))[:number] for label, number in enumerate(whole)]
    return np.sort(np.concatenate(chosen)).astype(np.int64)


def check_seed(seed: int) -> None:
    """Raise ``ValueError`` unless the seed is an integer from 0."""
    if not (is_integer(seed) and seed >= 0):
        raise ValueError(f"option dataset.seed: expected an integer of at least 0, got {seed!r}")


def subset(split: Split, *, n_train: int | None = None, n_test: int | None = None, seed: int = 0) -> Split:
    """The split with ``n_train`` and ``n_test`` of its examples (``None``: all), in their original order.

    Both parts are drawn independently, stratified by label. Raises ``ValueError`` for a number that is no integer,
    smaller than 1 or larger than what there is, and for an unusable seed.
    """
    check_seed(seed)
    parts = []
    for option, number, examples, labels, stream in (
        ("dataset.n_train", n_train, split.train, split.train_labels, 0),
        ("dataset.n_test", n_test, split.test, split.test_labels, 1),
    ):
        if number is not None:
            if not (is_integer(number) and 1 <= number <= len(labels)):
                raise ValueError(f"option {option}: expected 1 to {len(labels)}, got {number!r}")
            index = stratified_indices(labels, number, [seed, stream])
            examples, labels = examples[index], labels[index]
        parts += [examples, labels]
    if n_train is None and n_test is None:
        return split
    train, train_labels, test, test_labels = parts
    return replace(
        split,
        train=train,
        train_labels=train_labels,
        test=test,
        test_labels=test_labels,
        digest=array_digest(train, train_labels, test, test_labels),
    )
