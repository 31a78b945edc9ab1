"""Describe a poison, what an attacker does to a training set, and apply it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Int64

from certvote.algorithms.base import Inputs
from certvote.certificates.change import allowed, keeps_inputs


@dataclass(frozen=True)
class Poison:
    """Say which training examples are removed and which are added.

    A changed label is the removal of an example and the addition of the same one with another label: for an attacker
    who can only relabel, ``added`` are the ``removed`` ones, in their order and in their places.

    Attributes
    ----------
    removed : int64 array, shape (ρ,)
        Rows of the clean training set, distinct.
    added : array, shape (α, …)
        What the classifier sees of the added examples: feature vectors on the grid, or images.
    added_labels : int64 array, shape (α,)
        Their labels.
    images : uint8 array, shape (α, h, w, ch), or None
        The added examples as the data set would have them; ``None`` for an attacker who adds feature vectors.
    """

    removed: Int64[np.ndarray, " ρ"]
    added: np.ndarray
    added_labels: Int64[np.ndarray, " α"]
    images: np.ndarray | None = None

    @classmethod
    def none(cls, inputs: Inputs) -> Poison:
        """Return the poison that changes nothing."""
        return cls(np.empty(0, np.int64), inputs.train[:0], np.empty(0, np.int64))

    @property
    def size(self) -> int:
        """The poisoning size S (docs/certificates.md, section 1): the larger of the numbers removed and added."""
        return max(len(self.removed), len(self.added_labels))

    def fits(self, change: str, e: int) -> bool:
        """Return whether the numbers of examples are those of an attacker of size ``e`` who may do ``change``."""
        removals, additions = allowed(change, e)
        removed, added = len(self.removed), len(self.added_labels)
        return removed <= removals and added <= additions and (removed == added or not keeps_inputs(change))

    def relabels(self, inputs: Inputs) -> bool:
        """Return whether added examples are the removed ones of a training set, each once and with another label."""
        return (
            len(np.unique(self.removed)) == len(self.removed) == len(self.added_labels)
            and (self.images is None or np.array_equal(self.images, inputs.examples[self.removed]))
            and np.array_equal(self.added, inputs.train[self.removed])
            and bool((self.added_labels != inputs.labels[self.removed]).all())
        )

    def apply(self, inputs: Inputs, change: str) -> Inputs:
        """Return the poisoned training set: what is kept in its order, then what is added.

        Kept examples keep their order, and thereby their ranks among each other (docs/certificates.md, section 1). For
        an attacker who can only relabel, all examples stay where they are (section 11).

        Parameters
        ----------
        inputs : Inputs
            The clean training set, and test examples, which stay as they are.
        change : str
            What the attacker may do, one of ``certvote.certificates.change.CHANGES``.

        Raises
        ------
        ValueError
            If the attacker can only relabel, and more is changed than labels.
        """
        if keeps_inputs(change):
            if not self.relabels(inputs):
                raise ValueError(f"expected a poison that changes labels alone (attack.change={change}), got more")
            labels = inputs.labels.copy()
            labels[self.removed] = self.added_labels
            return replace(inputs, labels=labels)
        kept = np.ones(len(inputs.labels), dtype=np.bool_)
        kept[self.removed] = False
        examples = inputs.examples[kept]
        return replace(
            inputs,
            train=np.concatenate([inputs.train[kept], self.added.astype(inputs.train.dtype)]),
            labels=np.concatenate([inputs.labels[kept], self.added_labels]),
            examples=examples if self.images is None else np.concatenate([examples, self.images]),
        )

    def pack(self) -> dict[str, np.ndarray]:
        """Return the poison as named arrays, for a file."""
        arrays = {"removed": self.removed, "added": self.added, "added_labels": self.added_labels}
        return arrays if self.images is None else {**arrays, "images": self.images}

    @classmethod
    def unpack(cls, arrays: Mapping[str, np.ndarray]) -> Poison:
        """Return the poison that :meth:`pack` made arrays of."""
        return cls(arrays["removed"], arrays["added"], arrays["added_labels"], arrays.get("images"))


def pack_poisons(poisons: Mapping[int, Poison]) -> dict[str, np.ndarray]:
    """Return poisons by size as named arrays (``1000_removed``, …), for one file."""
    return {f"{size}_{name}": array for size, poison in poisons.items() for name, array in poison.pack().items()}


def unpack_poisons(arrays: Mapping[str, np.ndarray]) -> dict[int, Poison]:
    """Return the poisons by size that :func:`pack_poisons` made arrays of."""
    by_size: dict[int, dict[str, np.ndarray]] = {}
    for key, array in arrays.items():
        size, _, name = key.partition("_")
        by_size.setdefault(int(size), {})[name] = array
    return {size: Poison.unpack(by_size[size]) for size in sorted(by_size)}
