"""Labels of results: as short as the difference between them allows, or in full for a sentence; and numbers as text."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from certvote.reporting import styles
from certvote.reporting.query import BOOKKEEPING, Result

# Options that change how a result is computed but not what it is.
_IRRELEVANT = (*BOOKKEEPING, "backend.", "sizes.", "data.", "algo.name", "grouping.name")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]+")

_WORD = re.compile(r"(?![ekr]\b)[a-z]+(?=[ ,;:.!?]|$)(?!\.\w)")  # in lower case; kNN, k and algo=knn are names


def short(found: Sequence[Result]) -> list[str]:
    """One distinct label per result, mentioning only what differs between them ("kNN k=5000, individual").

    A single result, or results that differ in nothing that has a name, get the algorithm and the certificate.
    """
    differs = {name: len({getattr(x, name) for x in found}) > 1 for name in _NAMED}
    if not any(differs.values()):
        differs["algo"] = differs["grouping"] = True
    labels = [_joined(result, differs) for result in found]
    for label in {label for label in labels if labels.count(label) > 1}:
        tied = [i for i, other in enumerate(labels) if other == label]
        for i, detail in zip(tied, _details([found[i] for i in tied]), strict=True):
            labels[i] = f"{label}, {detail}" if label else detail
    return [printable(label) for label in labels]


def full(result: Result) -> str:
    """The classifier and its certificate in a sentence: "kNN (k = 5000, individual certificate)"."""
    setting = [part for part in (parameter(result, spaced=True), f"{certificate_name(result)} certificate") if part]
    return printable(f"{styles.algorithm(result.algo).name} ({', '.join(setting)})")


def classifier(result: Result) -> str:
    """The classifier in a sentence: "kNN (k = 5000)"."""
    name, setting = styles.algorithm(result.algo).name, parameter(result, spaced=True)
    return printable(f"{name} ({setting})" if setting else name)


def _classifier_label(result: Result) -> str:
    """Algorithm and parameter: "kNN k=5000"."""
    return " ".join(part for part in (styles.algorithm(result.algo).name, parameter(result)) if part)


def parameter(result: Result, *, spaced: bool = False) -> str:
    """The option that matters most: "k=5000", or "" for an algorithm without one."""
    name = styles.algorithm(result.algo).parameter
    if name is None or result.value is None:
        return ""
    return f"{name} = {_plain(result.value)}" if spaced else f"{name}={_plain(result.value)}"


def certificate_name(result: Result) -> str:
    return styles.certificate(result.grouping).name


def dataset_name(name: str) -> str:
    return printable(styles.DATASETS.get(name, name) or "unnamed data")


def feature_name(name: str) -> str:
    return printable(styles.FEATURES.get(name, name))


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


_NAMED = ("algo", "k", "r", "grouping", "data", "attack", "feature")


def _joined(result: Result, differs: dict[str, bool]) -> str:
    parts = []
    if differs["algo"]:
        parts.append(_classifier_label(result))
    elif differs["k"] or differs["r"]:
        parts.append(parameter(result))
    # An ensemble brings its own certificate; only neighbors can be certified in several ways.
    if differs["grouping"] and (result.algo in ("knn", "rnn") or result.grouping != "none"):
        parts.append(certificate_name(result))
    if differs["data"]:
        parts.append(dataset_name(result.data))
    if differs["feature"]:
        parts.append(feature_name(result.feature))
    if differs["attack"]:
        parts.append(attack_name(result.attack).removeprefix("a "))
    return ", ".join(part for part in parts if part)


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
