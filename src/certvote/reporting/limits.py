"""Collect what the runs of a page assume and do not say; the template ``limits.html`` has the sentences."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from certvote.attacks.threats import THREATS, threat
from certvote.reporting import labels
from certvote.results.run import Run


def limits(runs: Sequence[Run]) -> dict[str, Any]:
    """Return what the section on limits and assumptions speaks of.

    Returns
    -------
    dict
        ``threats``: what attackers may do; ``meanings``: names and meanings of certificates, algorithms and attacks
        that were carried out; ``attacked``: whether there are any of these; ``exact`` and ``probabilistic``: names of
        algorithms by the kind of their certificate, with the ``confidences`` of the latter; ``learners``: names of base
        classifiers; ``holdout``: whether a run is about a validation part; ``targets``: whether an attack has a target;
        ``attacks``: what guarantees under the attacks assume.
    """
    changes = sorted({run.change for run in runs} & set(THREATS), key=list(THREATS).index) or list(THREATS)[:1]
    return {
        "threats": [threat(change).meaning for change in changes],
        "meanings": [*_certificates(runs), *_algorithms(runs), *_adversaries(runs)],
        "attacked": any(run.attacked is not None for run in runs),
        "exact": _names(run for run in runs if not run.probabilistic),
        "probabilistic": _names(run for run in runs if run.probabilistic),
        "confidences": list(dict.fromkeys(labels.confidence(run) for run in runs if run.probabilistic)),
        "learners": list(dict.fromkeys(labels.name(run, "learner") for run in runs if run.learner)),
        "holdout": any(run.holdout is not None for run in runs),
        "targets": any(run.success is not None for run in runs),
        "attacks": list(dict.fromkeys(filter(None, (_assumption(run) for run in runs)))),
    }


def _certificates(runs: Sequence[Run]) -> list[tuple[str, str]]:
    """Return name and meaning of each certificate; an ensemble's own is explained with the ensemble."""
    used = {run.certificate: run for run in runs if run.joint or not run.is_ensemble}
    ordered = sorted(used.values(), key=lambda run: (run.label("certificate").order, labels.name(run, "certificate")))
    known = [(labels.name(run, "certificate"), run.chosen("certificate")) for run in ordered]
    return [(name, cls.meaning) for name, cls in known if cls is not None and cls.meaning]


def _algorithms(runs: Sequence[Run]) -> list[tuple[str, str]]:
    known = [(run, run.chosen("algo")) for run in runs]
    return list(dict.fromkeys(said for run, cls in known if cls is not None for said in cls.meanings_of(run.options)))


def _adversaries(runs: Sequence[Run]) -> list[tuple[str, str]]:
    """Return name and meaning of each attack that was carried out."""
    attacked = [(run, run.chosen("adversary")) for run in runs if run.attacked is not None]
    known = [(labels.name(run, "adversary"), cls.meaning_of(run.change)) for run, cls in attacked if cls is not None]
    return list(dict.fromkeys(known))


def _assumption(run: Run) -> str:
    cls = run.chosen("attack")
    return "" if cls is None else str(cls.assumption)


def _names(runs: Iterable[Run]) -> list[str]:
    return sorted({labels.name(run, "algo") for run in runs}, key=str.lower)
