"""Poison nearest neighbors by changing labels in place: the same examples vote, for other labels.

All changed examples with one label get the same new label. So a changed voter with the label ``a_i`` takes 2 off the
gap of test example ``i`` to this one, and 1 off its gap to every other rival. What is left to choose are the examples:
those that most test examples share, as with removals (`certvote.adversaries.removals`).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from jaxtyping import Int64

from certvote.adversaries.neighborhoods import Neighborhoods
from certvote.adversaries.poison import Poison
from certvote.adversaries.removals import choose_removals
from certvote.algorithms.base import Inputs
from certvote.runtime import interrupts

TRIED = 4
_QUICK = 15  # steps of the search for examples while new labels are compared


def relabel(known: Neighborhoods, inputs: Inputs, e: int) -> Poison:
    """Change the labels of at most ``e`` training examples, so that as many test examples as possible break.

    Parameters
    ----------
    known : Neighborhoods
        Test examples with at least one rival.
    inputs : Inputs
        The clean training set.
    e : int
        Most changed labels, at least 1.
    """
    tried = list(_new_labels(known, e))
    values = [
        choose_removals(known, known.needs_relabeled(new), e, steps=_QUICK, check=interrupts.check).value
        for new in tried
    ]
    new = tried[int(np.argmax(values))]
    changed = choose_removals(known, known.needs_relabeled(new), e, check=interrupts.check).examples
    return Poison(changed, inputs.train[changed], new[inputs.labels[changed]])


def _new_labels(known: Neighborhoods, e: int) -> Iterator[Int64[np.ndarray, " c"]]:
    """Yield choices of a new label for every label: what promises most for each, then one and the same for all."""
    c = known.gap.shape[1]
    worth = known.gain[:, None] * np.exp(-np.minimum(known.gap, 2**30) / e)  # few changed labels promise most
    promise = np.zeros((c, c))  # of giving examples of the label in the row that in the column
    np.add.at(promise, known.predicted, worth)
    np.fill_diagonal(promise, -np.inf)
    best = promise.argmax(axis=1)
    yield best
    np.fill_diagonal(promise, 0)
    for target in np.argsort(-promise.sum(axis=0), kind="stable")[:TRIED].tolist():
        yield np.where(np.arange(c) == target, best, target)
