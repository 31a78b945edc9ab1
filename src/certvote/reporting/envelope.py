"""Compute envelopes of curves: at every poisoning size the best guarantee of several runs, and whose it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64

from certvote.reporting import labels
from certvote.reporting.accuracy import computed_sizes, mean_accuracy, strength
from certvote.reporting.query import value
from certvote.reporting.wording import printable, short_number
from certvote.results.run import Run, finished
from certvote.types import Curve


@dataclass(frozen=True)
class Envelope:
    """Hold the largest of several curves at every poisoning size.

    No single classifier has this curve: whoever deploys one chooses it for one size, and has its curve at all others.

    Attributes
    ----------
    label : str
        What the runs have in common ("kNN").
    runs : tuple of Run
        The runs, all of which finished.
    sizes : int64 array, shape (s,)
        Every poisoning size at which one of the curves was computed, from 0.
    certified : float64 array, shape (s,)
        The largest lower bound of CA(e) among the runs.
    given_by : int64 array, shape (s,)
        Index of the run with the largest bound; of equal ones that with the largest mean certified accuracy.
    """

    label: str
    runs: tuple[Run, ...]
    sizes: Int64[np.ndarray, " s"]
    certified: Float64[np.ndarray, " s"]
    given_by: Int64[np.ndarray, " s"]

    def at(self, size: int) -> tuple[float, Run | None]:
        """Return the best bound at a size and the run that gives it; NaN and ``None`` beyond all curves."""
        index = int(np.searchsorted(self.sizes, size))
        if index == len(self.sizes):
            return float("nan"), None
        return float(self.certified[index]), self.runs[self.given_by[index]]

    @property
    def curve(self) -> Curve:
        """The envelope as a curve, to be drawn."""
        return Curve(self.sizes, self.certified)

    @property
    def givers(self) -> tuple[Run, ...]:
        """The runs that give the best bound somewhere, the one that does so at most sizes first; one at least."""
        numbers = np.bincount(self.given_by[self.certified > 0], minlength=len(self.runs))
        return tuple(self.runs[j] for j in np.argsort(-numbers, kind="stable") if numbers[j]) or self.runs[:1]


def envelope(runs: Sequence[Run], label: str = "") -> Envelope:
    """Compute the envelope of the finished ones among some runs.

    Parameters
    ----------
    runs : sequence of Run
        Runs that ``query.prepare`` returned, on the same test examples and against the same attacker.
    label : str
        What they have in common.

    Raises
    ------
    ValueError
        If no run finished, or runs differ in data, attack or what the attacker may do.
    """
    done = sorted(finished(runs), key=lambda run: (mean_accuracy(run), strength(run)), reverse=True)
    if not done:
        raise ValueError("expected at least one finished run for an envelope, got none")
    settings = {(run.data, run.holdout, run.n_test, run.attack, run.change) for run in done}
    if len(settings) > 1:
        raise ValueError(
            "envelope: expected runs on one data set, under one attack and one kind of change, got "
            + " and ".join(sorted(f"{data}, {attack}, {change}" for data, _, _, attack, change in settings))
        )
    sizes = np.array([0, *computed_sizes(done)], dtype=np.int64)
    curves = [run.curve for run in done if run.curve is not None]
    # CA falls with e, so the bound at the next computed size holds; beyond its end a curve guarantees nothing.
    bounds = np.array([np.append(x.certified, -1.0)[np.searchsorted(x.sizes, sizes)] for x in curves])
    return Envelope(label, tuple(done), sizes, bounds.max(axis=0), bounds.argmax(axis=0).astype(np.int64))


def envelopes(runs: Sequence[Run], columns: Sequence[str]) -> list[Envelope]:
    """Compute one envelope for the runs that agree in ``columns`` (``method``, ``feature``, …), the highest first."""
    groups: dict[tuple[object, ...], list[Run]] = {}
    for run in finished(runs):
        groups.setdefault(tuple(value(run, column) for column in columns), []).append(run)
    found = [envelope(group, _label(group[0], columns)) for group in groups.values()]
    return sorted(found, key=lambda one: -one.certified.mean())


def choice_label(run: Run, runs: Sequence[Run]) -> str:
    """Say in which options a run differs from the others of its envelope: "k=2000, 3 views"."""
    different = {pair for other in runs for pair in other.parameters if pair not in run.parameters}
    symbols = {symbol for symbol, _ in different}
    parts = [f"{symbol}={short_number(number)}" for symbol, number in run.parameters if symbol in symbols]
    if len({other.learner for other in runs}) > 1:
        parts.append(run.label("learner").short or labels.name(run, "learner"))
    if len({other.views for other in runs}) > 1:
        parts.append(labels.views_name(run))
    return printable(", ".join(parts))


def joint_confidence(runs: Sequence[Run]) -> float:
    """Return a confidence with which the probabilistic certificates of all runs hold together (union bound).

    A certificate that was chosen among several after they were computed holds with this confidence, not with its own.
    """
    unsure = sum(1 - (run.confidence or 0.0) for run in runs if run.probabilistic)
    return max(0.0, 1 - unsure)


def _label(run: Run, columns: Sequence[str]) -> str:
    """Name a group by what its runs have in common in the columns."""
    chosen = [run.label("algo" if column == "method" else column) for column in columns]
    texts = [
        label.short or label.name or str(value(run, column)) for label, column in zip(chosen, columns, strict=True)
    ]
    return printable(", ".join(texts))
