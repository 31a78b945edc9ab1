"""Describe a poison, what an attacker does to a training set, and apply it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Int64

from certvote.algorithms.base import Inputs
from certvote.certificates.change import allowed


@dataclass(frozen=True)
class Poison:
    """Say which training examples are removed and which are added.

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
        """Return whether an attacker of size ``e`` who may do ``change`` can do this."""
        removals, additions = allowed(change, e)
        return len(self.removed) <= removals and len(self.added_labels) <= additions

    def apply(self, inputs: Inputs) -> Inputs:
        """Return the poisoned training set: what is kept in its order, then what is added.

        Kept examples keep their order, and thereby their ranks among each other (docs/certificates.md, section 1).
        """
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
