"""Name runs: as briefly as the differences between them allow, or in full for a sentence."""

from __future__ import annotations

import math
from collections.abc import Sequence

from certvote.attacks.threats import threat
from certvote.options.choices import PACKAGES, find
from certvote.reporting.wording import count, printable, printable_lines, short_number
from certvote.results.run import Run

STATES = {"FINISHED": "finished", "FAILED": "failed", "KILLED": "interrupted", "RUNNING": "not finished yet"}
"""What happened to a run, by MLflow's status."""

FILTERS = ("certificate_name", "classifier", "confidence", "data_name", "full", "problem", "situation")
"""Functions that templates may use on runs."""

_NAMED = ("method", "parameters", "learner", "certificate", "data", "holdout", "attack", "change", "feature")
_UNSAID = ("backend", "sizes", "data")  # groups of options that change how a result is computed, not what it is


def short(runs: Sequence[Run]) -> list[str]:
    """Return one distinct label per run that says only what differs between them ("kNN k=5000, individual").

    A single run, or runs that differ in nothing that has a name, get the algorithm and the certificate.
    """
    differs = {name: len({getattr(x, name) for x in runs}) > 1 for name in _NAMED}
    # Neighbors have no base classifiers, and those that look at images have no features.
    differs["learner"] = len({x.learner for x in runs if x.is_ensemble}) > 1
    differs["feature"] = len({x.feature for x in runs if x.feature}) > 1
    if not any(differs.values()):
        differs["method"] = differs["certificate"] = True
    labels = [_joined(run, differs) for run in runs]
    for label in {label for label in labels if labels.count(label) > 1}:
        tied = [i for i, other in enumerate(labels) if other == label]
        for i, detail in zip(tied, _details([runs[i] for i in tied]), strict=True):
            labels[i] = f"{label}, {detail}" if label else detail
    return [printable(label) for label in labels]


def full(run: Run) -> str:
    """Return the classifier and its certificate for a sentence: "kNN (k = 5000, individual certificate)".

    The individual certificate of an ensemble is its own and needs no mention; what its members are does.
    """
    certificate = [] if _own_certificate(run) else [f"{run.label('certificate').name} certificate"]
    return _named(run, [parameters(run, spaced=True), learner_name(run), *certificate])


def classifier(run: Run) -> str:
    """Return the classifier for a sentence: "kNN (k = 5000)"."""
    return _named(run, [parameters(run, spaced=True), learner_name(run)])


def classifier_label(run: Run) -> str:
    """Return algorithm and parameters: "kNN k=5000"."""
    label = run.label("algo")
    return printable(" ".join(part for part in (label.short or label.name, parameters(run)) if part))


def parameters(run: Run, *, spaced: bool = False) -> str:
    """Return the options that labels state: "ξ=20, N=1000", or "" for an algorithm without any."""
    sign = " = " if spaced else "="
    return ", ".join(f"{symbol}{sign}{short_number(value)}" for symbol, value in run.parameters)


def algorithm_name(run: Run) -> str:
    """Return the algorithm's name in full."""
    return printable(run.label("algo").name)


def certificate_name(run: Run) -> str:
    """Return the certificate's name."""
    return printable(run.label("certificate").name)


def learner_name(run: Run) -> str:
    """Return what the base classifiers are, "" for an algorithm without any."""
    return printable(run.label("learner").name) if run.learner else ""


def feature_name(run: Run) -> str:
    """Return the feature's name, "" for classifiers that look at images."""
    return printable(run.label("feature").name)


def change_name(run: Run) -> str:
    """Return what the attacker may do to the training set: "insertions only"."""
    return printable(threat(run.change).label)


def attack_name(run: Run, *, article: bool = True) -> str:
    """Return the attack's name: "a backdoor attack", or without its article."""
    name = printable(run.label("attack").name) or "an unnamed attack"
    return name if article else name.removeprefix("a ")


def data_name(run: Run) -> str:
    """Return what a run's data is called in a sentence or a title."""
    name = run.label("dataset").name if run.data == run.dataset else run.data
    return printable(name) or "unnamed data"


def dataset_name(choice: str) -> str:
    """Return the name of a data set's choice: "MNIST" of ``mnist``."""
    cls = find("dataset", choice)
    return printable(choice if cls is None else cls.label.name)  # type: ignore[attr-defined]


def setting_name(run: Run) -> str:
    """Return data and attack for a title: "MNIST, backdoor attack"."""
    return f"{data_name(run)}, {attack_name(run, article=False)}"


def situation(run: Run, size: int) -> str:
    """Return what an attack of a size is: "100 of 1,000 training examples poisoned and the trigger in every image"."""
    n, attack = count(run.n_train) if run.n_train else "the", run.chosen("attack")
    also = "" if attack is None else attack.situation.format(example=run.noun.removesuffix("s"))
    return f"{threat(run.change).situation.format(e=count(size), n=n)}{also}"


def confidence(run: Run) -> str:
    """Return the confidence of a probabilistic certificate ("99.88 %"), rounded down; "" for an exact one."""
    if not run.probabilistic:
        return ""
    return "unknown" if run.confidence is None else f"{math.floor(run.confidence * 1e6 + 1e-6) / 1e4:g} %"


def problem(run: Run) -> str:
    """Return in one line why a run has no numbers."""
    first = next(iter(printable_lines(run.tag("error"))), "")
    if run.status == "FINISHED":
        return "finished, but the database holds no curve of it"
    said = STATES.get(run.status, run.status.lower())
    return f"{said}: {first}" if first else said


def decimals(runs: Sequence[Run]) -> int:
    """Return how many digits a percentage of the test sets deserves: two from a thousand examples on, else one."""
    sizes = [run.n_test for run in runs if run.n_test is not None]
    return 2 if sizes and min(sizes) >= 1000 else 1


def says(run: Run, option: str) -> bool:
    """Return whether a run's label says an option already, so that a list beside the label need not."""
    cls = run.chosen("algo")
    without = {name: value for name, value in run.options.items() if name != option}
    in_name = cls is not None and cls.label_of(without) != cls.label_of(run.options)
    return option in PACKAGES or option in ("attack.change", "data.name", *(name for _, name in run.stated)) or in_name


def _own_certificate(run: Run) -> bool:
    """Return whether the certificate is the only one that an ensemble has."""
    return run.is_ensemble and not run.joint


def _named(run: Run, setting: Sequence[str]) -> str:
    name, said = algorithm_name(run), ", ".join(part for part in setting if part)
    return printable(f"{name} ({said})" if said else name)


def _joined(run: Run, differs: dict[str, bool]) -> str:
    parts = []
    if differs["method"]:
        parts.append(classifier_label(run))
    elif differs["parameters"]:
        parts.append(parameters(run))
    if differs["learner"] and run.learner:
        parts.append(run.label("learner").short or learner_name(run))
    if differs["certificate"] and not _own_certificate(run):
        parts.append(certificate_name(run))
    if differs["data"]:
        parts.append(data_name(run))
    if differs["holdout"]:
        parts.append("test set" if run.holdout is None else f"validation part of {count(run.holdout)}")
    if differs["feature"]:
        parts.append(feature_name(run))
    if differs["attack"]:
        parts.append(attack_name(run, article=False))
    said = [part for part in parts if part]
    # The attacker who may do everything needs no mention, unless there is nothing else to say.
    if differs["change"] and (run.change != "any" or not said):
        said.append(change_name(run))
    return ", ".join(said)


def _details(tied: Sequence[Run]) -> list[str]:
    """Return what tells runs with the same label apart: the options in which they differ, else the run's id."""
    names = sorted({name for run in tied for name in run.options if name.partition(".")[0] not in _UNSAID})
    names = [name for name in names if len({run.options.get(name) for run in tied}) > 1 and name not in PACKAGES]
    details = [", ".join(f"{name}={_value(run, name)}" for name in names) for run in tied]
    return [
        detail if detail and details.count(detail) == 1 else ", ".join(filter(None, [detail, f"run {run.id[:8]}"]))
        for run, detail in zip(tied, details, strict=True)
    ]


def _value(run: Run, name: str) -> str:
    value = run.options.get(name)
    return "–" if value is None else str(value)
