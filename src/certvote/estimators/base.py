"""Define what certified classifiers in scikit-learn's form share: votes decide, and votes are certified."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float64, Int64
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from certvote.algorithms.base import Algorithm
from certvote.certificates.base import Certificate, Problem
from certvote.certificates.change import check_change
from certvote.certificates.votes import checked_sizes, predicted_labels
from certvote.checks import is_integer
from certvote.estimators.inputs import grid_vectors, warn_if_standardized
from certvote.options.choices import make
from certvote.options.settings import check_change_of, check_proven
from certvote.types import Curve, Election, Votes


class CertifiedClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Classify by votes, and certify predictions against data poisoning: what all estimators here share.

    An attack of size ``e`` removes at most ``e`` training examples and adds at most ``e`` (``change="any"``), only
    adds (``"insert"``), only removes (``"delete"``) or gives at most ``e`` other labels (``"relabel"``). Certificates
    hold if the set of labels is known in advance, see the parameter ``classes``, and if every example reaches the
    classifier as a function of itself: a scaler or a PCA that was fitted to the training set breaks them.
    """

    algorithm_: Any
    _default_certificate: ClassVar[str] = "individual"

    @abstractmethod
    def _algorithm(self, n_train: int) -> Algorithm:
        """Check the parameters against the number of training examples, and make the algorithm that votes."""

    @abstractmethod
    def _train(self, vectors: np.ndarray, labels: np.ndarray, examples: np.ndarray) -> None:
        """Keep, or learn from, training vectors on the grid; ``examples`` are as given."""

    @abstractmethod
    def _outcome(self, vectors: np.ndarray, window: int) -> Votes | Election:
        """Count the votes on vectors on the grid."""

    def fit(self, X: Any, y: Any) -> Any:
        """Fit the classifier to a training set.

        Parameters
        ----------
        X : array-like or data frame of numbers, shape (n, d)
            Training examples.
        y : array-like, shape (n,)
            Their labels: integers, strings, ….

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If an argument or a parameter is not as described.
        """
        # one type for all: a poisoned example must not change how the others are read, and hashed
        X, y = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(y)
        self.classes_ = _known_labels(self.classes, y)
        labels = self._codes("y", y)
        warn_if_standardized(X)
        vectors = grid_vectors(X, self.bounds, self.unit_norm)
        self.n_train_ = len(X)
        self.algorithm_ = self._algorithm(self.n_train_)
        self._train(vectors, labels, X)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Predict the label with the most votes, of equal ones the larger; or the winner of a run-off.

        Parameters
        ----------
        X : array-like or data frame of numbers, shape (m, d)
            Test examples.

        Returns
        -------
        array, shape (m,)
        """
        outcome = self.votes(X)
        predicted: np.ndarray = self.classes_[_winners(outcome)]
        return predicted

    def predict_proba(self, X: Any) -> Float64[np.ndarray, "m c"]:
        """Compute the shares of votes, or 1/c each where nobody votes.

        Parameters
        ----------
        X : array-like or data frame of numbers, shape (m, d)
            Test examples.

        Returns
        -------
        float64 array, shape (m, c)
            In the order of ``classes_``. Of equal shares that of the predicted label is larger by one unit in the last
            place, so that the largest is the predicted one; only the winner of a run-off may have fewer first votes.
        """
        outcome = self.votes(X)
        counts = outcome.counts.astype(np.float64)
        counts[counts.sum(axis=1) == 0] = 1
        shares: Float64[np.ndarray, "m c"] = counts / counts.sum(axis=1, keepdims=True)
        largest, winners = shares == shares.max(axis=1, keepdims=True), _winners(outcome)
        tied = np.flatnonzero((largest.sum(axis=1) > 1) & largest[np.arange(len(shares)), winners])
        shares[tied, winners[tied]] = np.nextafter(shares[tied, winners[tied]], 1)
        return shares

    def votes(self, X: Any, *, window: int = 0) -> Votes | Election:
        """Count the votes, for the functions of :mod:`certvote` that certify them.

        Parameters
        ----------
        X : array-like or data frame of numbers, shape (m, d)
            Test examples.
        window : int
            Neighbors on either side of the k-th to return the labels of.

        Returns
        -------
        certvote.Votes or certvote.Election
            Labels are positions in ``classes_``.
        """
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=np.float64)
        return self._outcome(grid_vectors(X, self.bounds, self.unit_norm), window)

    def certified_size(self, X: Any, *, target: Any = None, change: str = "any") -> Int64[np.ndarray, " m"]:
        """Compute how many poisoned training examples each prediction survives, on its own.

        Parameters
        ----------
        X : array-like or data frame of numbers, shape (m, d)
            Test examples.
        target : label, or array-like of labels of shape (m,), optional
            How many poisoned examples do not turn the prediction into this label.
        change : {"any", "insert", "delete", "relabel"}
            What the attacker may do to the training set; ``"relabel"`` needs a ``ranking`` or ``partition_by`` that
            does not look at labels.

        Returns
        -------
        int64 array, shape (m,)
            Certified sizes in training examples; -1 where the classifier abstains or the prediction is the target.
            Where nothing can change, sizes are ``certvote.certificates.votes.UNLIMITED``: with a single label, and
            where no neighbor votes and the attacker can only relabel.

        Raises
        ------
        ValueError
            If an argument is not as described, or nothing is proven for this classifier against this attacker.
        """
        check_is_fitted(self)
        check_change(change)
        check_change_of(self.algorithm_, change)
        outcome = self.votes(X, window=self._own_window(change))
        winners = _winners(outcome)
        problem = Problem(outcome, winners, np.zeros(1, np.int64), self.n_train_, change)
        if target is None:
            sizes: Int64[np.ndarray, " m"] = self.algorithm_.certified_sizes(problem)
            return sizes
        targets = self._codes("target", np.atleast_1d(np.asarray(target)))
        if targets.shape not in {(1,), winners.shape}:
            raise ValueError(f"target: expected one label, or {len(winners)}, got {len(targets)}")
        against = self.algorithm_.sizes_against(problem)
        return np.take_along_axis(against, np.broadcast_to(targets, winners.shape)[:, None], axis=1)[:, 0]

    def certify(self, X: Any, y: Any, sizes: Any, certificate: Any = None, *, change: str = "any") -> Curve:
        """Compute the accuracy that no attacker can push the classifier below, over poisoning sizes.

        Parameters
        ----------
        X : array-like or data frame of numbers, shape (m, d)
            Test examples.
        y : array-like, shape (m,)
            True labels.
        sizes : array-like of int, shape (s,)
            Poisoning sizes e.
        certificate : str or Certificate, optional
            Name of a certificate with its default options, or a certificate with options, like
            ``certvote.certificates.budget.Budget(bound="sharp", tolerance=0.0, seconds=60)``. By default ``"budget"``
            for nearest neighbors and ``"individual"`` for base classifiers.
        change : {"any", "insert", "delete", "relabel"}
            What the attacker may do to the training set; ``"relabel"`` needs a ``ranking`` or ``partition_by`` that
            does not look at labels.

        Returns
        -------
        certvote.Curve
            A lower bound of the accuracy at every size.

        Raises
        ------
        ValueError
            If an argument is not as described, or the certificate is not proven for this classifier.
        """
        check_is_fitted(self)
        check_change(change)
        chosen = _certificate(self._default_certificate if certificate is None else certificate)
        check_proven(self.algorithm_, chosen, change)
        e = checked_sizes(sizes)
        outcome = self.votes(X, window=self.algorithm_.window(chosen, e, change))
        labels = self._codes("y", np.asarray(y))
        if labels.shape != (len(outcome.counts),):
            raise ValueError(f"y: expected one label for each of {len(outcome.counts)} examples, got {labels.shape}")
        problem = Problem(outcome, labels, e, self.n_train_, change)
        return chosen.curve(problem, self.algorithm_.certified_sizes(problem), lambda done, total: None)

    def _own_window(self, change: str) -> int:
        """Return how many neighbors around the k-th the certificate of a single prediction looks at."""
        return 0

    def _codes(self, name: str, y: np.ndarray) -> Int64[np.ndarray, " m"]:
        """Return the positions of labels in ``classes_``; raise ``ValueError`` for others."""
        unknown = np.flatnonzero(~np.isin(y, self.classes_))
        if len(unknown):
            raise ValueError(f"{name}: expected labels among {self.classes_.tolist()}, got {y[unknown].tolist()[0]!r}")
        return np.searchsorted(self.classes_, y).astype(np.int64)


def _certificate(chosen: object) -> Certificate:
    """Return a certificate, which may be named."""
    made = chosen if isinstance(chosen, Certificate) else make("certificate", chosen)
    assert isinstance(made, Certificate)
    return made


def checked_number(name: str, value: Any, *, least: int, most: int, meaning: str) -> int:
    """Return a parameter as an integer.

    Raises
    ------
    ValueError
        If it is no integer from ``least`` to ``most``, which ``meaning`` explains.
    """
    if not (is_integer(value) and value >= least):
        raise ValueError(f"{name}: expected an integer >= {least}, got {value!r}")
    if value > most:
        raise ValueError(f"{name}: expected at most {meaning}{most}, got {value}")
    return int(value)


def _winners(outcome: Votes | Election) -> Int64[np.ndarray, " m"]:
    """Return the labels that win."""
    return outcome.winner if isinstance(outcome, Election) else predicted_labels(outcome.counts)


def _known_labels(classes: Any, y: np.ndarray) -> np.ndarray:
    """Return the labels that there are, ascending: those that the user states, or those of the training set."""
    return np.unique(y if classes is None else np.asarray(classes))
