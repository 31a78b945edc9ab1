"""Labels of results: as short as the difference between them allows, or in full for a sentence; and numbers as text."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from certvote.reporting import styles
from certvote.reporting.query import BOOKKEEPING, Result

# Options that change how a result is computed but not what it is.
_IRRELEVANT = (*BOOKKEEPING, "backend.", "sizes.", "data.", "algo.name", "learner.name", "grouping.name")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]+")

_WORD = re.compile(r"(?![ekr]\b)[a-z]+(?=[ ,;:.!?]|$)(?!\.\w)")  # in lower case; kNN, k and algo=knn are names


def short(found: Sequence[Result]) -> list[str]:
    """One distinct label per result, mentioning only what differs between them ("kNN k=5000, individual").

    A single result, or results that differ in nothing that has a name, get the algorithm and the certificate.
    """
    differs = {name: len({getattr(x, name) for x in found}) > 1 for name in _NAMED}
    # Neighbors have no base classifiers, and those that look at images have no features.
    differs["learner"] = len({x.learner for x in found if x.is_ensemble}) > 1
    differs["feature"] = len({x.feature for x in found if x.feature}) > 1
    if not any(differs.values()):
        differs["method"] = differs["grouping"] = True
    labels = [_joined(result, differs) for result in found]
    for label in {label for label in labels if labels.count(label) > 1}:
        tied = [i for i, other in enumerate(labels) if other == label]
        for i, detail in zip(tied, _details([found[i] for i in tied]), strict=True):
            labels[i] = f"{label}, {detail}" if label else detail
    return [printable(label) for label in labels]


def full(result: Result) -> str:
    """The classifier and its certificate in a sentence: "kNN (k = 5000, individual certificate)".

    An ensemble brings its own certificate; what matters beside its parameters is what it is made of.
    """
    said = [parameter(result, spaced=True)]
    said += [learner_name(result.learner)] if result.learner else []
    said += [] if result.is_ensemble and result.grouping == "none" else [f"{certificate_name(result)} certificate"]
    return _named(result, said)


def classifier(result: Result) -> str:
    """The classifier in a sentence: "kNN (k = 5000)"."""
    return _named(result, [parameter(result, spaced=True), learner_name(result.learner)])


def _named(result: Result, setting: Sequence[str]) -> str:
    name, said = method_name(result), ", ".join(part for part in setting if part)
    return printable(f"{name} ({said})" if said else name)


def classifier_label(result: Result) -> str:
    """Algorithm and parameters: "kNN k=5000"."""
    style = styles.algorithm(result.method)
    return " ".join(part for part in (style.short or style.name, parameter(result)) if part)


def method_name(result: Result) -> str:
    """The algorithm's name in full."""
    return styles.algorithm(result.method).name


def parameter(result: Result, *, spaced: bool = False) -> str:
    """The options that matter most: "ξ=20, N=1000", or "" for an algorithm without any."""
    sign = " = " if spaced else "="
    return ", ".join(f"{symbol}{sign}{_plain(value)}" for symbol, value in result.parameters)


def certificate_name(result: Result) -> str:
    return styles.certificate(result.grouping).name


def dataset_name(name: str) -> str:
    return printable(styles.DATASETS.get(name, name) or "unnamed data")


def feature_name(name: str) -> str:
    return printable(styles.FEATURES.get(name, name))


def learner_name(name: str) -> str:
    """What an ensemble's base classifiers are, "" for an algorithm without any."""
    return printable(styles.LEARNERS.get(name, name))


def change_name(name: str) -> str:
    """What the attacker may do to the training set."""
    return printable(styles.CHANGES.get(name, name))


def attack_name(name: str) -> str:
    return printable(styles.ATTACKS.get(name, name) or "an unnamed attack")


def printable(text: str) -> str:
    """The text without control characters, which neither XML nor a PDF can hold."""
    return _CONTROL.sub(" ", text).strip()


def sentence(note: str) -> str:
    """A note as a sentence: with a capital first letter, unless it starts with a name, and a full stop."""
    text = printable(note)
    text = text[:1].upper() + text[1:] if _WORD.match(text) else text
    return text if not text or text.endswith((".", "!", "?", "…")) else f"{text}."


def printable_lines(text: str) -> list[str]:
    """The lines of a longer text, each printable, without empty ones."""
    return [line for line in map(printable, text.splitlines()) if line]


def confidence(result: Result) -> str:
    """With which confidence a certificate holds ("99.88 %"), rounded down; "" for one that is exact."""
    if not styles.algorithm(result.method).probabilistic:
        return ""
    number = confidence_number(result)
    return "unknown" if number is None else f"{math.floor(number * 1e6 + 1e-6) / 1e4:g} %"


def confidence_number(result: Result) -> float | None:
    """Bagging's proven confidence, ``None`` where the record does not have what it follows from."""
    from certvote.certificates import bagging

    if result.alpha is None or result.num_classes is None:
        return None
    return bagging.confidence(result.alpha, result.num_classes)


def listed(names: Sequence[str]) -> str:
    """An enumeration in a sentence."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def count(number: int) -> str:
    """A whole number with thousands separators."""
    return f"{number:,}"


def decimals(found: Sequence[Result]) -> int:
    """Digits after the point that a percentage of the test set deserves: two from a thousand examples on, else one."""
    sizes = [result.n_test for result in found if result.n_test is not None]
    return 2 if sizes and min(sizes) >= 1000 else 1


def percent(value: float, digits: int, *, up: bool = False) -> str:
    """A share as percent, rounded down (or up for an upper bound), so that no rounding claims more than is proven."""
    if math.isnan(value):
        return "–"
    scale = 10**digits
    scaled = value * 100 * scale
    whole = math.ceil(scaled - 1e-6) if up else math.floor(scaled + 1e-6)
    return f"{whole / scale:.{digits}f}"


_NAMED = ("method", "parameters", "learner", "grouping", "data", "holdout", "attack", "change", "feature")


def _joined(result: Result, differs: dict[str, bool]) -> str:
    parts = []
    if differs["method"]:
        parts.append(classifier_label(result))
    elif differs["parameters"]:
        parts.append(parameter(result))
    if differs["learner"]:
        parts.append(styles.SHORT_LEARNERS.get(result.learner) or learner_name(result.learner))
    # An ensemble brings its own certificate; only neighbors can be certified in several ways.
    if differs["grouping"] and not (result.is_ensemble and result.grouping == "none"):
        parts.append(certificate_name(result))
    if differs["data"]:
        parts.append(dataset_name(result.data))
    if differs["holdout"]:
        parts.append("test set" if result.holdout is None else f"validation part of {count(result.holdout)}")
    if differs["feature"]:
        parts.append(feature_name(result.feature))
    if differs["attack"]:
        parts.append(attack_name(result.attack).removeprefix("a "))
    said = [part for part in parts if part]
    # The attacker who may do everything needs no mention, unless there is nothing else to say.
    if differs["change"] and (result.change != "any" or not said):
        said.append(change_name(result.change))
    return ", ".join(filter(None, said))


def _details(tied: Sequence[Result]) -> list[str]:
    """What tells results with the same label apart: the options in which they differ, else the run's id."""
    options = sorted({name for result in tied for name in result.params if not name.startswith(_IRRELEVANT)})
    differing = [name for name in options if len({result.params.get(name) for result in tied}) > 1]
    details = [", ".join(f"{name}={result.params.get(name, '–')}" for name in differing) for result in tied]
    return [
        detail if detail and details.count(detail) == 1 else ", ".join(filter(None, [detail, f"run {result.id[:8]}"]))
        for result, detail in zip(tied, details, strict=True)
    ]


def _plain(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else f"{value:g}"
