"""Describe in words what an attacker may do to the training set, for labels and captions of reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Threat:
    """Describe one kind of change to the training set.

    Attributes
    ----------
    label : str
        Short name beside a curve.
    counted : str
        What was done to the training examples that e counts ("poisoned").
    situation : str
        A clause for a sentence, with the numbers ``{e}`` and ``{n}`` ("{e} of {n} training examples poisoned").
    caption : str
        What a caption says beside the figure, "" for the attacker who may do everything.
    meaning : str
        What an attack of size e is.
    """

    label: str
    counted: str
    situation: str
    caption: str
    meaning: str


THREATS: Mapping[str, Threat] = {
    "any": Threat(
        "any change",
        "poisoned",
        "{e} of {n} training examples poisoned",
        "",
        "An attack of size e removes at most e training examples and adds at most e others, anywhere, with any "
        "features and any labels; changing one example is one removal and one addition and counts once.",
    ),
    "insert": Threat(
        "insertions only",
        "added",
        "{e} examples added to {n} training examples",
        "The attacker may only add: e counts added examples.",
        "An attack of size e that may only insert (attack.change=insert) adds at most e training examples, anywhere, "
        "with any features and any labels, and removes none: e counts additions.",
    ),
    "delete": Threat(
        "removals only",
        "removed",
        "{e} of {n} training examples removed",
        "The attacker may only remove: e counts removed examples.",
        "An attack of size e that may only remove (attack.change=delete) removes at most e training examples and adds "
        "none: e counts removals.",
    ),
    "relabel": Threat(
        "labels only",
        "relabeled",
        "{e} of {n} training examples relabeled",
        "The attacker may only change labels: e counts relabeled examples.",
        "An attack of size e that may only relabel (attack.change=relabel) gives at most e training examples other "
        "labels; their inputs, and how many there are, stay as they are: e counts changed labels.",
    ),
}
"""Every kind of change, the strongest first."""


def threat(change: str) -> Threat:
    """Return the description of a kind of change; one of another version is described by its name alone."""
    return THREATS.get(change) or Threat(change, change, f"{{e}} of {{n}} training examples changed ({change})", "", "")
