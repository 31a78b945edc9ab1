"""Find what is worth adding to a part: relabelled examples that turn its members on many test examples.

Contents are copies of test examples and training examples, and pixelwise medians of a few test examples. They are
compared in some parts, whose members are trained with each of them, and those that complement each other are kept.
"""

from __future__ import annotations

import numpy as np

from certvote.adversaries.base import Target
from certvote.adversaries.retraining import NOTHING, Actions, Contents, Queries, Retraining
from certvote.features.base import Feature

_PILOTS = 12  # parts in which contents are compared
_POOL = 12  # contents that are compared for each one that is kept
_MOST_MIXED = 30


def find_contents(
    target: Target, retraining: Retraining, weights: np.ndarray, *, number: int, rng: np.random.Generator
) -> Contents:
    """Find contents that turn members of any part.

    Parameters
    ----------
    target : Target
        What is attacked.
    retraining : Retraining
        Trains members again.
    weights : float array, shape (q,)
        How much each test example that the attacker looks at is worth.
    number : int
        Number of contents.
    rng : numpy.random.Generator
        Random numbers.

    Raises
    ------
    ValueError
        If the feature cannot describe examples that are not in the data set.
    """
    queries = retraining.queries
    pool = _described(target, *_pool(target, queries, weights, number * _POOL, rng))
    parts = np.array(sorted(retraining.voters))
    parts = rng.choice(parts, min(_PILOTS, len(parts)), replace=False)
    each = len(pool.labels)
    actions = Actions(np.repeat(parts, each), np.full(len(parts) * each, NOTHING), np.tile(np.arange(each), len(parts)))
    effect = retraining.reductions(actions, pool).toarray().reshape(len(parts), each, -1).mean(axis=0)
    kept: list[int] = []
    worth = weights.copy()
    for _ in range(min(number, each)):
        scores = effect @ worth
        scores[kept] = -np.inf
        kept.append(int(np.argmax(scores)))
        worth *= np.exp(-2 * effect[kept[-1]] / number)  # what it turns needs less of the others
    return Contents(pool.examples[kept], pool.vectors[kept], pool.labels[kept])


def describe(target: Target, examples: np.ndarray) -> np.ndarray:
    """Return what members see of examples.

    Raises
    ------
    ValueError
        If the feature cannot describe examples that are not in the data set.
    """
    feature = target.feature
    if feature is None:
        return examples
    if type(feature).compute is Feature.compute:
        raise ValueError(
            "option adversary: expected a feature that can be computed for new examples, "
            f"got feature={feature.name}; choose attack.change=delete or another feature"
        )
    return feature.compute(examples, n_jobs=target.work.threads, progress=False)


def _described(target: Target, examples: np.ndarray, labels: np.ndarray) -> Contents:
    return Contents(examples, describe(target, examples), labels)


def _pool(
    target: Target, queries: Queries, weights: np.ndarray, number: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw examples of labels that are predicted, and give them the labels that are wanted instead."""
    train, labels = target.inputs.examples, target.inputs.labels
    examples, wanted = [], []
    for turn, i in enumerate(rng.choice(len(weights), number, p=weights / weights.sum())):
        a, b = queries.winner[i], queries.rival[i]
        alike = queries.rows[(queries.winner == a) & (queries.rival == b) & (weights > 0)]
        own = np.flatnonzero(labels == a)
        if turn % 3 == 0 and own.size:
            example = train[rng.choice(own)]
        elif turn % 3 == 1:
            example = target.test_examples[queries.rows[i]]
        else:
            example = _median(target.test_examples[rng.choice(alike, rng.integers(2, _MOST_MIXED + 1))])
        examples.append(example)
        wanted.append(b)
    return np.array(examples, dtype=train.dtype), np.array(wanted, dtype=np.int64)


def _median(examples: np.ndarray) -> np.ndarray:
    """Return the median of every entry, in the type of the examples."""
    median = np.median(examples, axis=0)
    return (np.rint(median) if examples.dtype.kind in "iu" else median).astype(examples.dtype)
