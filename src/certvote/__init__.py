"""Certified robustness of vote-based classifiers against data poisoning.

How accurate does a classifier stay, provably, when an attacker changes ``e`` of its training examples? Three steps,
each a function of NumPy arrays: count votes, certify them, read the curve::

    import numpy as np
    import certvote

    votes = certvote.knn_votes(train, labels, test, k=5000, window=1000, num_classes=10)
    curve = certvote.budget_curve(votes, test_labels, sizes=np.arange(1001))
    curve.certified[500]  # a lower bound of the accuracy under every attack with up to 500 examples

A module is imported when one of its names is first used, so ``import certvote`` takes milliseconds. The option classes
that ``run.py`` composes (algorithms, features, data sets, …) are in packages of their own: ``docs/extending.md``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from certvote.runtime.compiled import keep_compiled_code

if TYPE_CHECKING:
    from certvote import datasets, results
    from certvote.attacks.backdoor import backdoor
    from certvote.certificates.bagging import curve as bagging_curve
    from certvote.certificates.budget_curve import curve as budget_curve
    from certvote.certificates.budget_curve import removal_curve
    from certvote.certificates.dpa import curve as dpa_curve
    from certvote.certificates.dpa import election_curve
    from certvote.certificates.finite_aggregation import elect as elect_plurality
    from certvote.certificates.grouping import curve as grouping_curve
    from certvote.certificates.individual import curve as individual_curve
    from certvote.certificates.individual import votes_sizes as certified_sizes
    from certvote.certificates.runoff import elect as elect_runoff
    from certvote.features.grid import bits_for, snap
    from certvote.neighbors import knn_votes, neighbor_votes, rnn_votes
    from certvote.types import Curve, Election, Split, Votes

    __version__: str

# Every public name, the module that it is from, and its name there ("": the module itself).
_ORIGINS = {
    # Data: examples with labels, and vectors on a grid on which distances are exact.
    "datasets": ("certvote.datasets", ""),
    "backdoor": ("certvote.attacks.backdoor", "backdoor"),
    "bits_for": ("certvote.features.grid", "bits_for"),
    "snap": ("certvote.features.grid", "snap"),
    # Votes of nearest neighbors, and elections among classifiers that were trained on parts of the data.
    "knn_votes": ("certvote.neighbors", "knn_votes"),
    "rnn_votes": ("certvote.neighbors", "rnn_votes"),
    "neighbor_votes": ("certvote.neighbors", "neighbor_votes"),
    "elect_plurality": ("certvote.certificates.finite_aggregation", "elect"),
    "elect_runoff": ("certvote.certificates.runoff", "elect"),
    # Certificates: votes → curves.
    "certified_sizes": ("certvote.certificates.individual", "votes_sizes"),
    "individual_curve": ("certvote.certificates.individual", "curve"),
    "grouping_curve": ("certvote.certificates.grouping", "curve"),
    "removal_curve": ("certvote.certificates.budget_curve", "removal_curve"),
    "budget_curve": ("certvote.certificates.budget_curve", "curve"),
    "bagging_curve": ("certvote.certificates.bagging", "curve"),
    "dpa_curve": ("certvote.certificates.dpa", "curve"),
    "election_curve": ("certvote.certificates.dpa", "election_curve"),
    # What travels between the steps.
    "Split": ("certvote.types", "Split"),
    "Votes": ("certvote.types", "Votes"),
    "Election": ("certvote.types", "Election"),
    "Curve": ("certvote.types", "Curve"),
    # The results database as pandas tables.
    "results": ("certvote.results", ""),
}

__all__ = [
    "Curve",
    "Election",
    "Split",
    "Votes",
    "__version__",
    "backdoor",
    "bagging_curve",
    "bits_for",
    "budget_curve",
    "certified_sizes",
    "datasets",
    "dpa_curve",
    "elect_plurality",
    "elect_runoff",
    "election_curve",
    "grouping_curve",
    "individual_curve",
    "knn_votes",
    "neighbor_votes",
    "removal_curve",
    "results",
    "rnn_votes",
    "snap",
]

keep_compiled_code()  # before Numba is imported anywhere
del keep_compiled_code


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used (PEP 562)."""
    if name == "__version__":
        from importlib.metadata import version

        return version("certvote")
    if name not in _ORIGINS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _ORIGINS[name]
    found = import_module(module)
    globals()[name] = found = getattr(found, attribute) if attribute else found
    return found


def __dir__() -> list[str]:
    """List the public names, imported or not."""
    return sorted({*globals(), *__all__})
