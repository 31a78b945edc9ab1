"""Name runs: as briefly as the differences between them allow, or in full for a sentence."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

from certvote.attacks.threats import threat
from certvote.options.choices import PACKAGES, find
from certvote.reporting.wording import count, printable, printable_lines, short_number
from certvote.results.run import Run

STATES = {"FINISHED": "finished", "FAILED": "failed", "KILLED": "interrupted", "RUNNING": "not finished yet"}
"""What happened to a run, by MLflow's status."""

FILTERS = (
    *("attack_name", "change_name", "classifier", "confidence", "data_name", "decimals", "full", "name", "problem"),
    *("setting_name", "situation"),
)
"""Functions that templates may use on runs."""

_NAMED = ("method", "parameters", "learner", "certificate", "data", "holdout", "attack", "change", "feature", "views")
_UNSAID = ("backend", "sizes", "data")  # groups of options that change how a result is computed, not what it is


def short(runs: Sequence[Run]) -> list[str]:
    """Return one distinct label per run that says only what differs between them ("kNN k=5000, individual").

    A single run, or runs that differ in nothing that has a name, get the algorithm and the certificate.
    """
    return [", ".join(filter(None, parts)) for parts in with_details(runs)]


def with_details(runs: Sequence[Run], *, always: Collection[str] = ()) -> list[tuple[str, str]]:
    """Return one label per run, and "" or what tells it from others with the same label ("certificate.bound=sharp").

    ``always`` names what labels say even where runs agree in it: ``method``, ``learner``, ``certificate``, ``feature``.
    """
    differs = {part: len({getattr(x, part) for x in runs}) > 1 for part in _NAMED}
    # Neighbors have no base classifiers, and those that look at images have no features.
    differs["learner"] = len({x.learner for x in runs if x.is_ensemble}) > 1
    differs["feature"] = len({x.feature for x in runs if x.feature}) > 1
    differs |= dict.fromkeys(always, True)
    if not any(differs.values()):
        differs["method"] = differs["certificate"] = True
    labels = [_joined(run, differs) for run in runs]
    details = [""] * len(labels)
    for label in {label for label in labels if labels.count(label) > 1}:
        tied = [i for i, other in enumerate(labels) if other == label]
        for i, detail in zip(tied, _details([runs[i] for i in tied]), strict=True):
            details[i] = detail
    return [(printable(label), printable(detail)) for label, detail in zip(labels, details, strict=True)]


def full(run: Run) -> str:
    """Return the classifier and its certificate for a sentence: "kNN (k = 5000, individual certificate)".

    The individual certificate of an ensemble is its own and needs no mention; what its members are does.
    """
    certificate = [] if _own_certificate(run) else [f"{name(run, 'certificate')} certificate"]
    seeds = [f"each of {len(run.spread.runs)} seeds"] if run.spread else []
    return _named(run, [parameters(run, spaced=True), name(run, "learner"), *certificate, *seeds])


def classifier(run: Run) -> str:
    """Return the classifier for a sentence: "kNN (k = 5000)"."""
    return _named(run, [parameters(run, spaced=True), name(run, "learner")])


def classifier_label(run: Run) -> str:
    """Return algorithm and parameters: "kNN k=5000"."""
    label = run.label("algo")
    return printable(" ".join(part for part in (label.short or label.name, parameters(run)) if part))


def parameters(run: Run, *, spaced: bool = False) -> str:
    """Return the options that labels state: "ξ=20, N=1000", or "" for an algorithm without any."""
    sign = " = " if spaced else "="
    return ", ".join(f"{symbol}{sign}{short_number(value)}" for symbol, value in run.parameters)


def name(run: Run, group: str) -> str:
    """Return the name of the choice that a run made in a group of options, "" for a group that it has no use for."""
    return "" if group == "learner" and not run.learner else printable(run.label(group).name)


def views_name(run: Run) -> str:
    """Return under how many views a test example is compared: "3 views"."""
    return "1 view" if run.views == 1 else f"{run.views} views"


def change_name(run: Run) -> str:
    """Return what the attacker may do to the training set: "insertions only"."""
    return threat_name(run.change)


def threat_name(change: str) -> str:
    """Return the name of what an attacker may do to the training set: "any change"."""
    return printable(threat(change).label)


def attack_name(run: Run, *, article: bool = True) -> str:
    """Return the attack's name: "a backdoor attack", or without its article."""
    said = name(run, "attack") or "an unnamed attack"
    return said if article else said.removeprefix("a ")


def data_name(run: Run) -> str:
    """Return what a run's data is called in a sentence or a title."""
    return (name(run, "dataset") if run.data == run.dataset else printable(run.data)) or "unnamed data"


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
        return f"finished, but {first}" if first else "finished, but the database holds no curve of it"
    said = STATES.get(run.status, run.status.lower())
    return f"{said}: {first}" if first else said


def decimals(runs: Sequence[Run]) -> int:
    """Return how many digits a percentage of the test sets deserves: two from a thousand examples on, else one."""
    sizes = [run.n_test for run in runs if run.n_test is not None]
    return 2 if sizes and min(sizes) >= 1000 else 1


def value_of(run: Run, option: str) -> str:
    """Return the value of an option as text, "–" where it is not set."""
    value = run.options.get(option)
    return "–" if value is None else printable(str(value))


def says(run: Run, option: str) -> bool:
    """Return whether a run's label says an option already, so that a list beside the label need not."""
    cls = run.chosen("algo")
    without = {other: value for other, value in run.options.items() if other != option}
    in_name = cls is not None and cls.label_of(without) != cls.label_of(run.options)
    return option in PACKAGES or option in ("attack.change", "data.name", *(one for _, one in run.stated)) or in_name


def _own_certificate(run: Run) -> bool:
    """Return whether the certificate is the only one that an ensemble has."""
    return run.is_ensemble and not run.joint


def _named(run: Run, setting: Sequence[str]) -> str:
    said = ", ".join(part for part in setting if part)
    return f"{name(run, 'algo')} ({said})" if said else name(run, "algo")


def _joined(run: Run, differs: dict[str, bool]) -> str:
    parts = []
    if differs["method"]:
        parts.append(classifier_label(run))
    elif differs["parameters"]:
        parts.append(parameters(run))
    if differs["learner"] and run.learner:
        parts.append(run.label("learner").short or name(run, "learner"))
    if differs["certificate"] and not _own_certificate(run):
        parts.append(name(run, "certificate"))
    if differs["data"]:
        parts.append(data_name(run))
    if differs["holdout"]:
        parts.append("test set" if run.holdout is None else f"validation part of {count(run.holdout)}")
    if differs["feature"]:
        parts.append(name(run, "feature"))
    if differs["views"] and not run.is_ensemble:
        parts.append(views_name(run))
    if differs["attack"]:
        parts.append(attack_name(run, article=False))
    said = [part for part in parts if part]
    # The attacker who may do everything needs no mention, unless there is nothing else to say.
    if differs["change"] and (run.change != "any" or not said):
        said.append(change_name(run))
    if run.spread is not None:
        said.append(f"mean of {len(run.spread.runs)} seeds")
    return ", ".join(said)


def _details(tied: Sequence[Run]) -> list[str]:
    """Return what tells runs with the same label apart: the options in which they differ, else the run's id."""
    options = {option for run in tied for option in run.options if option.partition(".")[0] not in _UNSAID}
    differing = [one for one in sorted(options - set(PACKAGES)) if len({run.options.get(one) for run in tied}) > 1]
    details = [", ".join(f"{option}={value_of(run, option)}" for option in differing) for run in tied]
    return [
        detail if detail and details.count(detail) == 1 else ", ".join(filter(None, [detail, f"run {run.id[:8]}"]))
        for run, detail in zip(tied, details, strict=True)
    ]
