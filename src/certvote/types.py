"""The frozen dataclasses that travel between stages: Split → Features → Votes → Curve → Run.

Array attributes are read-only by convention: a stage returns new objects and never writes into its input.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float, Float32, Float64, Int32, Int64, UInt8, UInt16


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
    """Feature vectors of both parts of a split, every value a multiple of ``2**-bits`` (certificates, section 7)."""

    train: Float32[np.ndarray, "n d"]
    test: Float32[np.ndarray, "m d"]
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
    ``certified_by[j]`` and ``attained_by[j]`` name the bound or the search that gave each, where there are several.
    """

    sizes: Int64[np.ndarray, " s"]
    certified: Float64[np.ndarray, " s"]
    attained: Float64[np.ndarray, " s"] | None = None
    certified_by: tuple[str, ...] | None = None
    attained_by: tuple[str, ...] | None = None

    @property
    def gap(self) -> Float64[np.ndarray, " s"] | None:
        """How far the two sides of the search are apart at every size, in accuracy; None without a search."""
        return None if self.attained is None else self.attained - self.certified


@dataclass(frozen=True)
class Run:
    """One job as the results database has it; what reports are drawn from."""

    id: str
    name: str
    status: str  # RUNNING, FINISHED, FAILED or KILLED
    started: float  # seconds since the epoch
    seconds: float | None
    params: Mapping[str, str]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    curve: Curve | None = None
    url: str | None = None
    notes: tuple[str, ...] = field(default=())
