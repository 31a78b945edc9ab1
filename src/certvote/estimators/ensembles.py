"""Vote by copies of any scikit-learn classifier: partitions (DPA, Finite Aggregation) and bagging as estimators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from joblib import effective_n_jobs
from sklearn.utils import check_random_state

from certvote.algorithms.bagging import Bagging
from certvote.algorithms.base import PLURALITY, Algorithm, Inputs
from certvote.algorithms.dpa import Dpa
from certvote.algorithms.ensemble import RUNOFF
from certvote.algorithms.fa import FiniteAggregation
from certvote.algorithms.subsets import PARTITIONS
from certvote.checks import LEAST_ALPHA, is_integer, is_real
from certvote.estimators.base import CertifiedClassifier, checked_number
from certvote.learners.base import Learner
from certvote.types import Election, Votes


@dataclass
class Copies(Learner):
    """Train copies of a classifier."""

    classifier: Any

    name = "sklearn"

    def fit(self, inputs: Any, labels: Any, subsets: Any, **settings: Any) -> Any:
        from certvote.learners.sklearn_members import fit_members

        return fit_members(self.classifier, inputs, labels, subsets, **settings)


class _EnsembleClassifier(CertifiedClassifier):
    """Train one copy of a classifier per part of the training set."""

    def _train(self, vectors: np.ndarray, labels: np.ndarray, examples: np.ndarray) -> None:
        inputs = Inputs(vectors, labels, vectors[:0], len(self.classes_), examples)
        subsets, self._buckets = self.algorithm_.subsets(inputs)
        threads, c = effective_n_jobs(self.n_jobs), len(self.classes_)
        learner = Copies(self._base_classifier())
        self._ensemble = learner.train(vectors, labels, subsets, num_classes=c, threads=threads)

    def _outcome(self, vectors: np.ndarray, window: int) -> Votes | Election:
        threads = effective_n_jobs(self.n_jobs)
        outcomes = self.algorithm_.decide(self._ensemble, self._buckets, vectors, threads)
        decided: Votes | Election = outcomes[self.algorithm_.decided_by]
        return decided

    def _base_classifier(self) -> Any:
        """Return the classifier that is copied."""
        from sklearn.tree import DecisionTreeClassifier

        from certvote.learners.sklearn_classifiers import check_classifier

        if self.estimator is None:
            return DecisionTreeClassifier()
        message = f"estimator: expected a classifier in scikit-learn's form, got {self.estimator!r}"
        check_classifier(message, self.estimator)
        return self.estimator


class PartitionClassifier(_EnsembleClassifier):
    """Let copies of a classifier vote that are trained on parts of the training set (DPA, Finite Aggregation).

    The same votes and certificates as ``algo=dpa`` and ``algo=fa`` with ``learner=sklearn feature=vectors`` on the
    command line. A part is chosen by a hash of each example alone. Each copy sees its own part and nothing else, so a
    pipeline with a scaler is a sound base classifier.

    Parameters
    ----------
    estimator : classifier, optional
        Base classifier; ``None``: a decision tree. It must be determined by its examples and ``random_state``. Each
        ``random_state`` that is ``None`` is set to the number of the part, a given ``n_jobs`` to 1.
    n_parts : int
        Parts of the training set, ζ. The more, the more poisoned examples a prediction survives.
    spread : int
        Base classifiers that see each example, d: 1 is Deep Partition Aggregation, more is Finite Aggregation with
        ``n_parts · spread`` base classifiers.
    election : {"plurality", "runoff"}
        Most votes win; or the two labels with the most votes are voted on again (Run-Off Election).
    partition_by : {"example", "input"}
        What is hashed: an example with its label, or its features alone, as ``change="relabel"`` needs it.
    bounds, unit_norm, classes
        As in :class:`CertifiedKNeighborsClassifier`.
    n_jobs : int, optional
        Processes that train, and threads that predict; -1: one per core.

    Attributes
    ----------
    classes_ : array, shape (c,)
        Labels, ascending.
    n_features_in_, n_train_ : int
        Number of features and of training examples.
    algorithm_ : certvote.algorithms.partition.PartitionAlgorithm
        The algorithm that votes.

    References
    ----------
    docs/ensembles.md, Theorems 1 to 4; Levine and Feizi (2021); Wang, Levine and Feizi (2022); Rezaei et al. (2023).
    """

    def __init__(
        self,
        estimator: Any = None,
        *,
        n_parts: int = 10,
        spread: int = 1,
        election: str = PLURALITY,
        partition_by: str = "example",
        bounds: tuple[float, float] = (-16, 16),
        unit_norm: bool = False,
        classes: Any = None,
        n_jobs: int | None = None,
    ) -> None:
        self.estimator = estimator
        self.n_parts = n_parts
        self.spread = spread
        self.election = election
        self.partition_by = partition_by
        self.bounds = bounds
        self.unit_norm = unit_norm
        self.classes = classes
        self.n_jobs = n_jobs

    def _algorithm(self, n_train: int) -> Algorithm:
        spread = checked_number("spread", self.spread, least=1, most=n_train, meaning="n_samples=")
        parts = checked_number(
            "n_parts", self.n_parts, least=2, most=n_train // spread, meaning=f"n_samples={n_train} / spread={spread}, "
        )
        if self.election not in (PLURALITY, RUNOFF):
            raise ValueError(f"election: expected {PLURALITY} or {RUNOFF}, got {self.election!r}")
        if self.partition_by not in PARTITIONS:
            raise ValueError(f"partition_by: expected one of {', '.join(PARTITIONS)}, got {self.partition_by!r}")
        if spread == 1:
            return Dpa(parts=parts, election=self.election, partition_by=self.partition_by)
        return FiniteAggregation(parts=parts, spread=spread, election=self.election, partition_by=self.partition_by)


class CertifiedBaggingClassifier(_EnsembleClassifier):
    """Let copies of a classifier vote that are trained on few random examples each, with a probabilistic certificate.

    The same votes and certificates as ``algo=bagging`` with ``learner=sklearn feature=vectors`` on the command line.
    All that one call certifies holds together with probability ``1 - (1 + 2/c) alpha``. Where the vote is too close for
    that, the classifier abstains: :meth:`certified_size` is -1, and :meth:`predict` gives the label with most votes.

    Parameters
    ----------
    estimator : classifier, optional
        Base classifier, as in :class:`PartitionClassifier`; each open ``random_state`` gets a seed of its own.
    n_estimators : int
        Number of base classifiers, N.
    max_samples : int
        Training examples that each is trained on, ξ, drawn with replacement. The fewer, the more poisoned examples a
        prediction survives.
    alpha : float
        Probability of error that is shared among all bounds.
    random_state : int, RandomState or None
        Seed of the draws.
    bounds, unit_norm, classes, n_jobs
        As in :class:`PartitionClassifier`.

    Attributes
    ----------
    classes_, n_features_in_, n_train_
        As in :class:`PartitionClassifier`.
    algorithm_ : certvote.algorithms.bagging.Bagging
        The algorithm that votes.

    References
    ----------
    docs/certificates.md, Theorems 9 and 10; Jia, Cao and Gong (2021).
    """

    def __init__(
        self,
        estimator: Any = None,
        *,
        n_estimators: int = 100,
        max_samples: int = 10,
        alpha: float = 0.001,
        random_state: Any = 0,
        bounds: tuple[float, float] = (-16, 16),
        unit_norm: bool = False,
        classes: Any = None,
        n_jobs: int | None = None,
    ) -> None:
        self.estimator = estimator
        self.n_estimators = n_estimators
        self.max_samples = max_samples
        self.alpha = alpha
        self.random_state = random_state
        self.bounds = bounds
        self.unit_norm = unit_norm
        self.classes = classes
        self.n_jobs = n_jobs

    def _algorithm(self, n_train: int) -> Algorithm:
        voters = checked_number("n_estimators", self.n_estimators, least=2, most=10**6, meaning="")
        subsample = checked_number("max_samples", self.max_samples, least=1, most=n_train, meaning="n_samples=")
        if not (is_real(self.alpha) and LEAST_ALPHA <= self.alpha < 1):
            raise ValueError(f"alpha: expected a number from {LEAST_ALPHA:g} to below 1, got {self.alpha!r}")
        seed = self.random_state
        if not is_integer(seed):
            seed = check_random_state(seed).randint(2**31)
        elif seed < 0:
            raise ValueError(f"random_state: expected an integer >= 0, got {seed}")
        return Bagging(subsample=subsample, voters=voters, alpha=float(self.alpha), seed=int(seed))
