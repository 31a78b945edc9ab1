"""Certify classifiers inside pipelines and searches, and warn about what was fitted to the training set."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
from jaxtyping import Int64
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags

from certvote.estimators.base import CertifiedClassifier
from certvote.estimators.inputs import CertificateWarning
from certvote.types import Curve


def certified_size(model: Any, X: Any, *, target: Any = None, change: str = "any") -> Int64[np.ndarray, " m"]:
    """Compute how many poisoned training examples each prediction of a pipeline survives.

    Parameters
    ----------
    model : estimator
        A fitted classifier of this module, a pipeline that ends with one, or a search over either.
    X, target, change
        As in :meth:`CertifiedClassifier.certified_size`; ``X`` as the pipeline takes it.

    Returns
    -------
    int64 array, shape (m,)

    Warns
    -----
    CertificateWarning
        If a step before the classifier was fitted to the training set, or a search chose the parameters by it.

    Raises
    ------
    ValueError
        If there is no classifier of this module at the end, or an argument is not as described.
    """
    classifier, inputs = _unwrapped(model, X)
    return classifier.certified_size(inputs, target=target, change=change)


def certify(model: Any, X: Any, y: Any, sizes: Any, certificate: Any = None, *, change: str = "any") -> Curve:
    """Compute the accuracy that no attacker can push a pipeline below, over poisoning sizes.

    Parameters
    ----------
    model : estimator
        As in :func:`certified_size`.
    X, y, sizes, certificate, change
        As in :meth:`CertifiedClassifier.certify`; ``X`` as the pipeline takes it.

    Returns
    -------
    certvote.Curve

    Warns
    -----
    CertificateWarning
        As in :func:`certified_size`.

    Raises
    ------
    ValueError
        As in :func:`certified_size`.
    """
    classifier, inputs = _unwrapped(model, X)
    return classifier.certify(inputs, y, sizes, certificate, change=change)


def _unwrapped(model: Any, X: Any) -> tuple[CertifiedClassifier, Any]:
    """Return the classifier at the end of a model, and what the steps before it make of ``X``."""
    if hasattr(model, "best_estimator_"):
        warnings.warn(
            "a search chose parameters by the training set: the certificate is about the classifier with these "
            "parameters, and an attacker may have changed which they are",
            CertificateWarning,
            stacklevel=3,
        )
        model = model.best_estimator_
    fitted = list(_fitted_steps(model))
    if fitted:
        warnings.warn(
            f"fitted to the training set: {', '.join(fitted)}; one poisoned example moves the features of all others, "
            "and nothing is certified; use steps that need no fitting, or put them into the base classifier",
            CertificateWarning,
            stacklevel=3,
        )
    while isinstance(model, Pipeline):
        X = model[:-1].transform(X) if len(model.steps) > 1 else X
        model = model.steps[-1][1]
    if not isinstance(model, CertifiedClassifier):
        raise ValueError(
            f"model: expected a classifier of certvote.estimators, alone or at the end of a pipeline, got "
            f"{type(model).__name__}"
        )
    return model, X


def _fitted_steps(model: Any) -> Iterator[str]:
    """Yield the steps before the last that learn from the training set (scikit-learn's tag ``requires_fit``)."""
    if isinstance(model, Pipeline):
        for name, step in model.steps[:-1]:
            if isinstance(step, Pipeline):
                yield from _fitted_steps(Pipeline([*step.steps, ("end", "passthrough")]))
            elif step not in (None, "passthrough") and get_tags(step).requires_fit:
                yield name
        yield from _fitted_steps(model.steps[-1][1])
