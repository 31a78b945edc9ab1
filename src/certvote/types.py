"""Define the frozen dataclasses that travel between stages: Split → Features → Votes → Certified.

Array attributes are read-only by convention: a stage returns new objects and never writes into its input.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float32, Float64, Int32, Int64, UInt8, UInt16


@dataclass(frozen=True)
class Split:
    """Labelled training and test examples: images (``u8``, height × width × channels) or ready feature vectors.

    ``digest`` is the SHA-256 of the content; ``notes`` are warnings that must follow the data into every report.
    ``train_rows`` and ``test_rows`` say where in the complete data the examples come from (``None``: all, in order),
    ``complete`` how many it has for training and testing (``None``: these); with ``holdout`` the test examples are rows
    of the complete training set. ``triggered``: test images hold an attack's trigger.
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
        return len(self.class_names)


@dataclass(frozen=True)
class Features:
    """Hold the feature vectors of both parts of a split; every value is a multiple of ``2**-bits``.

    Distances are then exact (certificates, section 1).
    ``test`` is one vector per test example, or v views of each: then the distance to a training example is the smallest
    over the views (certificates, Theorem 0).
    """

    train: Float32[np.ndarray, "n d"]
    test: Float32[np.ndarray, "m d"] | Float32[np.ndarray, "m v d"]
    bits: int
    digest: str


@dataclass(frozen=True)
class Votes:
    """Votes per test example and label; for kNN also the labels of the neighbors ranked around the ``k``-th.

    ``Votes(counts=...)`` alone is a valid rNN result. ``k`` is ``None`` for rNN.
    With a ``window`` w > 0, ``ranked`` holds the labels of the clean neighbors number ``max(k-w, 0) + 1`` to
    ``min(k+w, n)`` in the neighbor order (first is number 1): its first ``min(w, k)`` columns are inside the
    neighborhood, the others are the neighbors that would come next.
    """

    counts: Int32[np.ndarray, "m c"]
    k: int | None = None
    window: int = 0
    ranked: UInt8[np.ndarray, "m w2"] | UInt16[np.ndarray, "m w2"] | None = None


@dataclass(frozen=True)
class Election:
    """The outcome of an election among voters that are trained on parts of the training set, with its margin.

    ``parts`` is how many parts must be poisoned at least before the winner can change, a lower bound of at least 1
    (``docs/ensembles.md``); without any rival it is ``certvote.certificates.votes.UNLIMITED``.
    """

    counts: Int32[np.ndarray, "m c"]  # first choices
    winner: Int64[np.ndarray, " m"]
    parts: Int64[np.ndarray, " m"]


@dataclass(frozen=True)
class Curve:
    """Certified accuracy over poisoning sizes.

    ``certified[j]`` is a lower bound of CA(``sizes[j]``). ``attained[j]``, where a certificate searches, is the
    other side of its own search: no larger lower bound can be had from this certificate at this size.
    """

    sizes: Int64[np.ndarray, " s"]
    certified: Float64[np.ndarray, " s"]
    attained: Float64[np.ndarray, " s"] | None = None

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
    """What certificates say: a curve, the certified size of each test example on its own, and who abstains.

    ``sizes`` is -1 for an example that is wrong on clean data, and for one on which an ensemble abstains.
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
    """Return what :func:`pack` was given."""
    if "winner" in arrays:
        return Election(arrays["counts"], arrays["winner"], arrays["parts"])
    k = int(arrays["k"])
    return Votes(arrays["counts"], None if k < 0 else k, int(arrays["window"]), arrays.get("ranked"))
