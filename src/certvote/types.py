"""Define the frozen dataclasses that travel between stages: Split → Features → Votes → Certified.

Array attributes are read-only by convention: a stage returns new objects and never writes into its input.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float, Float32, Float64, Int32, Int64, UInt8, UInt16


@dataclass(frozen=True)
class Split:
    """Hold labelled training and test examples: images, or ready feature vectors.

    Attributes
    ----------
    name : str
        Name of the data set.
    train, test : uint8 array, shape (n, h, w, channels), or float array, shape (n, d)
        Training examples, and as many test examples as ``test_labels`` has.
    train_labels, test_labels : int64 array, shape (n,) and (m,)
        Labels, from 0.
    class_names : tuple of str
        Names of the labels.
    digest : str
        SHA-256 of the content.
    notes : tuple of str
        Warnings that must follow the data into every report.
    train_rows, test_rows : int64 array or None
        Rows of the complete data that the examples come from; ``None``: all, in order.
    complete : pair of int or None
        Numbers of training and test examples of the complete data; ``None``: these are all.
    holdout : bool
        Whether test examples are rows of the complete training set.
    triggered : bool
        Whether test images hold an attack's trigger.
    """

    name: str
    train: UInt8[np.ndarray, "n h w ch"] | Float[np.ndarray, "n d"]
    train_labels: Int64[np.ndarray, " n"]
    test: UInt8[np.ndarray, "m h w ch"] | Float[np.ndarray, "m d"]
    test_labels: Int64[np.ndarray, " m"]
    class_names: tuple[str, ...]
    digest: str
    notes: tuple[str, ...] = ()
    train_rows: Int64[np.ndarray, " n"] | None = None
    test_rows: Int64[np.ndarray, " m"] | None = None
    complete: tuple[int, int] | None = None
    holdout: bool = False
    triggered: bool = False

    @property
    def num_classes(self) -> int:
        """Number of labels."""
        return len(self.class_names)


@dataclass(frozen=True)
class Features:
    """Hold the feature vectors of both parts of a split, on a grid on which distances are exact.

    Attributes
    ----------
    train : float32 array, shape (n, d)
        Vectors of the training examples.
    test : float32 array, shape (m, d) or (m, v, d)
        One vector per test example, or v views of each: then the distance to a training example is the smallest over
        the views (docs/certificates.md, Theorem 0).
    bits : int
        Every value is a multiple of ``2**-bits``.
    digest : str
        SHA-256 of the content.
    files : mapping
        By option, the SHA-256 of the file that was loaded for a name of it (the weights of a tag).
    """

    train: Float32[np.ndarray, "n d"]
    test: Float32[np.ndarray, "m d"] | Float32[np.ndarray, "m v d"]
    bits: int
    digest: str
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Votes:
    """Hold the votes of every test example; for kNN also the labels of the neighbors around the k-th.

    Attributes
    ----------
    counts : int32 array, shape (m, c)
        Votes per test example and label.
    k : int or None
        Number of neighbors of kNN; ``None`` for all other classifiers, of which ``counts`` is all there is.
    window : int
        Neighbors on either side of the k-th whose labels are known.
    ranked : uint8 or uint16 array, shape (m, w2), or None
        Labels of the neighbors number ``max(k - window, 0) + 1`` to ``min(k + window, n)`` in the neighbor order (the
        first is number 1), if ``window > 0``. The first ``min(window, k)`` columns are inside the neighborhood, the
        others are the neighbors that would come next.
    """

    counts: Int32[np.ndarray, "m c"]
    k: int | None = None
    window: int = 0
    ranked: UInt8[np.ndarray, "m w2"] | UInt16[np.ndarray, "m w2"] | None = None


@dataclass(frozen=True)
class Election:
    """Hold the outcome of an election among base classifiers that are trained on parts of the training set.

    Attributes
    ----------
    counts : int32 array, shape (m, c)
        First choices per test example and label.
    winner : int64 array, shape (m,)
        Labels that win.
    parts : int64 array, shape (m,)
        How many parts must be poisoned before the winner can change, at least: a lower bound of at least 1
        (docs/ensembles.md); ``certvote.certificates.votes.UNLIMITED`` with a single label.
    """

    counts: Int32[np.ndarray, "m c"]
    winner: Int64[np.ndarray, " m"]
    parts: Int64[np.ndarray, " m"]


@dataclass(frozen=True)
class Curve:
    """Hold certified accuracies over poisoning sizes.

    Attributes
    ----------
    sizes : int64 array, shape (s,)
        Poisoning sizes e.
    certified : float64 array, shape (s,)
        Lower bounds of the accuracy CA(e).
    attained : float64 array, shape (s,), or None
        For a certificate that searches, the other side of its search: it cannot prove more than this.
    certified_by, attained_by : tuple of str, or None
        The bound and the search that gave each value, where there are several.
    """

    sizes: Int64[np.ndarray, " s"]
    certified: Float64[np.ndarray, " s"]
    attained: Float64[np.ndarray, " s"] | None = None
    certified_by: tuple[str, ...] | None = None
    attained_by: tuple[str, ...] | None = None

    @property
    def gap(self) -> Float64[np.ndarray, " s"] | None:
        """Distance of the two sides of the search at every size, in accuracy; ``None`` without a search."""
        return None if self.attained is None else self.attained - self.certified

    def certified_at(self, size: int) -> float:
        """Return the lower bound of CA(``size``), NaN beyond the last computed size."""
        # CA falls with e, so the bound at the next larger size also holds here.
        index = int(np.searchsorted(self.sizes, size))
        return float(self.certified[index]) if index < len(self.sizes) else math.nan

    def attained_at(self, size: int) -> float:
        """Return what the search attained at ``size``, NaN where it was not computed."""
        index = int(np.searchsorted(self.sizes, size))
        known = self.attained is not None and index < len(self.sizes) and self.sizes[index] == size
        return float(self.attained[index]) if self.attained is not None and known else math.nan


@dataclass(frozen=True)
class Certified:
    """Hold what certificates say.

    Attributes
    ----------
    curve : Curve
        Certified accuracy over poisoning sizes.
    sizes : int64 array, shape (m,)
        Size up to which each test example keeps its correct label, certified on its own; -1 where it is wrong on clean
        data or the ensemble abstains.
    abstained : bool array, shape (m,), or None
        Test examples on which the ensemble abstains; ``None`` for classifiers that never do.
    """

    curve: Curve
    sizes: Int64[np.ndarray, " m"]
    abstained: Bool[np.ndarray, " m"] | None = None


def pack(votes: Votes | Election) -> dict[str, np.ndarray]:
    """Return votes, or the outcome of an election, as named arrays, for a file."""
    if isinstance(votes, Election):
        return {"counts": votes.counts, "winner": votes.winner, "parts": votes.parts}
    ranked = {} if votes.ranked is None else {"ranked": votes.ranked}
    k = np.array(-1 if votes.k is None else votes.k)
    return {"counts": votes.counts, "k": k, "window": np.array(votes.window), **ranked}


def unpack(arrays: Mapping[str, np.ndarray]) -> Votes | Election:
    """Return the votes, or the outcome of an election, that :func:`pack` made arrays of."""
    if "winner" in arrays:
        return Election(arrays["counts"], arrays["winner"], arrays["parts"])
    k = int(arrays["k"])
    return Votes(arrays["counts"], None if k < 0 else k, int(arrays["window"]), arrays.get("ranked"))
