"""Find a classifier in scikit-learn's form by its import path, and prepare copies of it for members."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import packages_distributions, version
from typing import Any


def make_classifier(path: str, parameters: Mapping[str, Any]) -> Any:
    """Make a classifier from the import path of its class.

    Parameters
    ----------
    path : str
        Module and class, ``"sklearn.svm.SVC"``.
    parameters : mapping
        Arguments of the class.

    Raises
    ------
    ValueError
        If there is no such class, it is no classifier in scikit-learn's form, or it does not take the parameters.
    """
    cls = _imported(path)
    try:
        classifier = cls(**parameters)
    except TypeError as error:
        raise ValueError(
            f"option learner.options: expected parameters of {path}, got {dict(parameters)}: {error}"
        ) from error
    check_classifier(f"option learner.estimator: expected a classifier in scikit-learn's form, got {path}", classifier)
    return classifier


def check_classifier(message: str, classifier: Any) -> None:
    """Raise ``ValueError`` with a message unless an object is a classifier in scikit-learn's form."""
    from sklearn.base import is_classifier

    if isinstance(classifier, type) or not hasattr(classifier, "__sklearn_tags__") or not is_classifier(classifier):
        raise ValueError(message)


def seeded(classifier: Any, seed: int) -> Any:
    """Copy a classifier for one member, not yet fitted.

    Every ``random_state`` that is left open, of nested estimators too, gets the member's seed. Every ``n_jobs`` that is
    given becomes 1: members are trained in parallel, and results do not depend on it.

    Parameters
    ----------
    classifier : estimator
        The classifier.
    seed : int
        The member's seed; scikit-learn takes its lower 32 bits.
    """
    from sklearn.base import clone

    copy = clone(classifier)
    found = {name: (name.rpartition("__")[2], value) for name, value in copy.get_params(deep=True).items()}
    states = {name: seed % 2**32 for name, (last, value) in found.items() if last == "random_state" and value is None}
    jobs = {name: 1 for name, (last, value) in found.items() if last == "n_jobs" and value not in (None, 1)}
    return copy.set_params(**states, **jobs)


def versions(path: str) -> str:
    """Return what identifies the code of a classifier: versions of its libraries, or a digest of a loose module.

    Parameters
    ----------
    path : str
        Import path of a class.
    """
    from certvote.options.identity import code_digest

    module = _imported(path).__module__
    top = module.partition(".")[0]
    own = ["scikit-learn"] if top == "sklearn" else packages_distributions().get(top, [])
    libraries = [f"{name} {version(name)}" for name in sorted({*own, "scikit-learn"})]
    return ", ".join(libraries if own else [*libraries, f"{module} {code_digest([module])}"])


def _imported(path: str) -> type:
    """Import a class by its path; raise ``ValueError`` if there is none."""
    module, _, name = path.rpartition(".")
    expected = f"option learner.estimator: expected an import path like sklearn.svm.SVC, got {path!r}"
    if not module:
        raise ValueError(expected)
    try:
        found = getattr(import_module(module), name, None)
    except ImportError as error:
        raise ValueError(f"{expected}: {error}") from error
    if not isinstance(found, type):
        raise ValueError(f"{expected}: {module} has no class {name}")
    return found
