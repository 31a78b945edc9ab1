"""Names and looks of algorithms and certificates: color says the algorithm, line style says the certificate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

# Neutral colors. In a page they become CSS variables, so that axes and text follow light and dark mode.
INK = "#1b1c1e"
MUTED = "#64666a"
GRID = "#dedfe1"
PAPER = "#fefefd"

CSS_VARIABLES = {INK: "var(--ink)", MUTED: "var(--muted)", GRID: "var(--grid)", PAPER: "var(--paper)"}


@dataclass(frozen=True)
class Algorithm:
    """How one algorithm is named and drawn.

    ``parameters`` are the options that a curve's label states: symbol and column of a result. ``short`` is the name
    beside a curve, where the full one would leave no room. An ensemble has base classifiers that are trained.
    """

    name: str
    color: str
    marker: str
    parameters: tuple[tuple[str, str], ...] = ()
    probabilistic: bool = False
    ensemble: bool = False
    fill: Literal["full", "none"] = "full"
    short: str = ""


@dataclass(frozen=True)
class Certificate:
    """How one certificate is named and drawn; ``dashes`` are lengths in points for a line of the given width."""

    name: str
    dashes: tuple[float, ...] | None
    width: float


# Colors of Okabe and Ito, which color-blind readers can tell apart.
_PARTS, _SPREAD = (("ζ", "parts"),), (("ζ", "parts"), ("d", "spread"))
ALGORITHMS = {
    "knn": Algorithm("kNN", "#0072B2", "o", (("k", "k"),)),
    "rnn": Algorithm("rNN", "#D55E00", "s", (("r", "r"),)),
    "bagging": Algorithm("bagging", "#009E73", "^", (("ξ", "subsample"), ("N", "voters")), True, True),
    "dpa": Algorithm("DPA", "#CC79A7", "D", _PARTS, ensemble=True),
    "fa": Algorithm("Finite Aggregation", "#E69F00", "P", _SPREAD, ensemble=True),
    "roe": Algorithm("Run-Off Election", "#56B4E9", "X", _PARTS, ensemble=True),
    "roe-fa": Algorithm(
        "Run-Off Election on Finite Aggregation",
        "#56B4E9",
        "X",
        _SPREAD,
        ensemble=True,
        fill="none",
        short="Run-Off Election on FA",
    ),
}
CERTIFICATES = {
    "none": Certificate("individual", (1.4, 2.2), 1.5),
    "rd": Certificate("RD", (6.0, 2.2, 1.4, 2.2), 1.4),
    "island": Certificate("ISLAND", (5.0, 2.4), 1.5),
    "removal": Certificate("removal budget", None, 0.9),
    "budget": Certificate("budget", None, 2.6),
}
DATASETS = {"mnist": "MNIST", "cifar10": "CIFAR-10", "digits": "Digits", "arrays": "the user's arrays"}
IMAGE_DATASETS = frozenset({"mnist", "cifar10", "digits"})
FEATURES = {"hog": "HOG", "clip": "CLIP", "pixels": "pixel", "vectors": "ready-made", "npy": "precomputed"}
ATTACKS = {"poisoning": "data poisoning", "backdoor": "a backdoor attack"}
CHANGES = {"any": "any change", "insert": "insertions only", "delete": "removals only"}
SHORT_LEARNERS = {"logistic": "logistic", "network": "network"}  # beside a curve, where the name would leave no room
LEARNERS = {"nearest": "nearest neighbor", "logistic": "logistic regression", "network": "convolutional network"}


def algorithm(name: str) -> Algorithm:
    """The algorithm's looks; one that has none yet is drawn in neutral grey under its own name."""
    return ALGORITHMS.get(name) or Algorithm(name, "#777777", "o")


def certificate(name: str) -> Certificate:
    """The certificate's looks; one that has none yet is drawn as a solid line under its own name."""
    return CERTIFICATES.get(name) or Certificate(name, None, 1.4)


def order(names: dict[str, Any], name: str) -> tuple[int, str]:
    """A sort key: the order in which ``names`` lists them, unknown ones last by name."""
    known = list(names)
    return (known.index(name) if name in known else len(known), name)


def shade(color: str, position: float) -> str:
    """The color made darker (``position`` < 0) or lighter (> 0); -1 is black, 1 is white, 0 the color itself."""
    target = 255 if position > 0 else 0
    weight = abs(position)
    channels = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(c + (target - c) * weight):02x}" for c in channels)
