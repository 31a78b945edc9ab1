"""Vote by nearest neighbors: certified k nearest and radius neighbors as estimators."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from joblib import effective_n_jobs

from certvote.algorithms.base import Algorithm
from certvote.algorithms.knn import Knn
from certvote.algorithms.rnn import Rnn
from certvote.certificates.change import keeps_inputs
from certvote.checks import is_real
from certvote.estimators.base import CertifiedClassifier, checked_number
from certvote.neighbors import knn_votes, rnn_votes
from certvote.neighbors.ranking import RANKINGS
from certvote.types import Votes


class _NeighborsClassifier(CertifiedClassifier):
    """Keep the training set, and certify by budgets."""

    _default_certificate = "budget"

    def _train(self, vectors: np.ndarray, labels: np.ndarray, examples: np.ndarray) -> None:
        self._fit_X, self._fit_y = vectors, labels

    def _counting(self) -> dict[str, Any]:
        """Return how votes are counted."""
        return {
            "num_classes": len(self.classes_),
            "backend": self.backend,
            "threads": effective_n_jobs(self.n_jobs),
        }


class CertifiedKNeighborsClassifier(_NeighborsClassifier):
    """Classify by the k nearest training examples in the L1 distance, with certificates against data poisoning.

    The same votes and certificates as ``algo=knn feature=vectors`` on the command line.

    Parameters
    ----------
    n_neighbors : int
        Number of neighbors, k. The more, the more poisoned examples a prediction survives.
    ranking : {"index", "hash"}
        Who comes first at equal distance: the larger index in the training set, or by SHA-256 of the example. Against
        changed labels only ``"index"`` is certified.
    bounds : pair of float
        Range of the features, known without the training data. Values beyond are clipped, with a warning.
    unit_norm : bool
        Divide each example by its Euclidean norm; then bounds do not matter.
    classes : array-like of labels, optional
        All labels there are. ``None``: those of ``y``; then an attacker is taken neither to bring in a new label nor to
        remove all examples of one.
    backend : str or Backend
        What counts the votes (:func:`certvote.knn_votes`).
    n_jobs : int, optional
        Threads; -1: one per core.

    Attributes
    ----------
    classes_ : array, shape (c,)
        Labels, ascending.
    n_features_in_, n_train_ : int
        Number of features and of training examples.
    algorithm_ : certvote.algorithms.knn.Knn
        The algorithm that votes.

    References
    ----------
    docs/certificates.md, Theorems 1, 8 and 11.
    """

    def __init__(
        self,
        n_neighbors: int = 5,
        *,
        ranking: str = "index",
        bounds: tuple[float, float] = (-16, 16),
        unit_norm: bool = False,
        classes: Any = None,
        backend: Any = "auto",
        n_jobs: int | None = None,
    ) -> None:
        self.n_neighbors = n_neighbors
        self.ranking = ranking
        self.bounds = bounds
        self.unit_norm = unit_norm
        self.classes = classes
        self.backend = backend
        self.n_jobs = n_jobs

    def _algorithm(self, n_train: int) -> Algorithm:
        k = checked_number("n_neighbors", self.n_neighbors, least=1, most=n_train, meaning="n_samples=")
        if self.ranking not in RANKINGS:
            raise ValueError(f"ranking: expected one of {', '.join(RANKINGS)}, got {self.ranking!r}")
        return Knn(k=k, ranking=self.ranking)

    def _outcome(self, vectors: np.ndarray, window: int) -> Votes:
        k, ranking = self.algorithm_.k, self.algorithm_.ranking
        counting = self._counting()
        votes: Votes = knn_votes(self._fit_X, self._fit_y, vectors, k=k, ranking=ranking, window=window, **counting)
        return votes

    def _own_window(self, change: str) -> int:
        # k insertions push out all neighbors; of deletions, more than k may be certified, and are not looked for
        return 0 if change == "any" or keeps_inputs(change) else int(self.algorithm_.k)


class CertifiedRadiusNeighborsClassifier(_NeighborsClassifier):
    """Classify by all training examples within an L1 distance, with certificates against data poisoning.

    The same votes and certificates as ``algo=rnn feature=vectors`` on the command line. Where no training example is
    within the radius, the largest label wins.

    Parameters
    ----------
    radius : float
        Radius in L1 distance: the sum of the differences of all features.
    bounds, unit_norm, classes, backend, n_jobs
        As in :class:`CertifiedKNeighborsClassifier`.

    Attributes
    ----------
    classes_, n_features_in_, n_train_, algorithm_
        As in :class:`CertifiedKNeighborsClassifier`.

    References
    ----------
    docs/certificates.md, Theorems 1, 3, 5 and 11.
    """

    def __init__(
        self,
        radius: float = 1.0,
        *,
        bounds: tuple[float, float] = (-16, 16),
        unit_norm: bool = False,
        classes: Any = None,
        backend: Any = "auto",
        n_jobs: int | None = None,
    ) -> None:
        self.radius = radius
        self.bounds = bounds
        self.unit_norm = unit_norm
        self.classes = classes
        self.backend = backend
        self.n_jobs = n_jobs

    def _algorithm(self, n_train: int) -> Algorithm:
        if not (is_real(self.radius) and 0 <= self.radius < math.inf):
            raise ValueError(f"radius: expected a finite number >= 0, got {self.radius!r}")
        return Rnn(r=float(self.radius))

    def _outcome(self, vectors: np.ndarray, window: int) -> Votes:
        votes: Votes = rnn_votes(self._fit_X, self._fit_y, vectors, r=self.algorithm_.r, **self._counting())
        return votes
