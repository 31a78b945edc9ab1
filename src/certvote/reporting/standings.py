"""Rank the entries of each setting: runs by what they certify, and claims of publications by what they state."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from certvote.reporting import labels
from certvote.reporting.claims import Claim
from certvote.reporting.wording import count, percent
from certvote.results.check import Check
from certvote.results.headline import round_sizes
from certvote.results.run import Run
from certvote.types import Curve

_NAMED = ("method", "learner", "certificate", "feature")  # what every name says, also where all runs agree in it
_CLAIM_DIGITS = 1  # publications state no more


@dataclass(frozen=True)
class Entry:
    """Hold one row of a leaderboard: a run or a claim.

    Attributes
    ----------
    name, detail : str
        What stands for it, and what tells it from others of the same name, "" for nothing.
    curve : Curve
        Certified accuracies, counted as here.
    digits : int
        Digits after the decimal point of its percentages.
    run : Run or None
        The run; ``None`` for a claim.
    claim : Claim or None
        The claim; ``None`` for a run.
    checks : sequence of Check, or None
        The audit of the run; ``None`` where there was none.
    """

    name: str
    curve: Curve
    digits: int
    run: Run | None = None
    claim: Claim | None = None
    checks: Sequence[Check] | None = None
    detail: str = ""

    @property
    def refuted(self) -> bool:
        """Whether an audit found that the record does not hold."""
        return self.checks is not None and not all(check.holds for check in self.checks)

    def area(self, last: int) -> float:
        """Return the mean certified accuracy over e = 0, 1, …, ``last``, NaN where the curve ends before it.

        A size that was not computed counts with the bound at the next larger one, which holds there too.
        """
        places = np.searchsorted(self.curve.sizes, np.arange(last + 1))
        return float(self.curve.certified[places].mean()) if places[-1] < len(self.curve.sizes) else math.nan

    def at(self, size: int) -> str:
        """Return the certified accuracy at a size in percent, as tables show it."""
        return percent(self.curve.certified_at(size), self.digits)

    def mean(self, last: int) -> str:
        """Return :meth:`area` in percent, as tables show it."""
        return percent(self.area(last), self.digits)


@dataclass(frozen=True)
class Setting:
    """Hold the entries that are about the same attacker on the same data, best first.

    Attributes
    ----------
    title, details : str
        Data and attacker; how many examples there are.
    entries : tuple of Entry
        Runs and claims.
    ranks : tuple of int or None
        Rank of each entry, equal where the means are, as shown; ``None`` without a mean, and for a refuted record.
    sizes : tuple of int
        Poisoning sizes to show.
    last : int
        The largest size that the curves of all runs have; without a run, that of all claims.
    """

    title: str
    details: str
    entries: tuple[Entry, ...]
    ranks: tuple[int | None, ...]
    sizes: tuple[int, ...]
    last: int

    @property
    def runs(self) -> list[Run]:
        """The runs among the entries."""
        return [entry.run for entry in self.entries if entry.run is not None]


def standings(
    runs: Sequence[Run],
    claims: Sequence[Claim],
    *,
    sizes: Sequence[int] | None = None,
    audits: Mapping[str, Sequence[Check]] | None = None,
) -> list[Setting]:
    """Group runs and claims by data and attacker, and rank each group.

    Parameters
    ----------
    runs : sequence of Run
        Finished runs with curves that ``query.prepare`` returned.
    claims : sequence of Claim
        Claims of publications. A claim stands beside every group of runs that it is about, else in one of its own.
    sizes : sequence of int or None
        Poisoning sizes to show; ``None``: round ones of each setting.
    audits : mapping or None
        Audits by the ids of their runs.
    """
    groups: dict[tuple[Any, ...], list[Run]] = {}
    for run in runs:
        # The digest is over the examples: the attack on test images, a subset, its seed and a holdout change it.
        data = run.data, run.tag("data_digest"), run.n_train, run.n_test, run.holdout
        groups.setdefault((*data, run.attack, run.change), []).append(run)
    found = [_of_runs(group, claims, sizes, audits or {}) for group in groups.values()]
    alone: dict[tuple[Any, ...], list[Claim]] = {}
    for claim in claims:
        if not any(claim.about(group[0]) for group in groups.values()):
            alone.setdefault((claim.dataset, claim.change, claim.n_train, claim.n_test), []).append(claim)
    found += [_of_claims(group, sizes) for group in alone.values()]
    return _told_apart(found)


def _of_runs(
    group: Sequence[Run],
    claims: Sequence[Claim],
    sizes: Sequence[int] | None,
    audits: Mapping[str, Sequence[Check]],
) -> Setting:
    curves = [run.curve for run in group if run.curve is not None]
    digits, names = labels.decimals(group), labels.with_details(group, always=_NAMED)
    entries = [
        Entry(name, curve, digits, run=run, checks=audits.get(run.id), detail=detail)
        for run, curve, (name, detail) in zip(group, curves, names, strict=True)
    ]
    ends = [int(curve.sizes[-1]) for curve in curves]
    first = group[0]
    entries += [_entry(claim) for claim in claims if claim.about(first)]
    shown = tuple(sorted(set(sizes))) if sizes else round_sizes(max(ends))
    part = "" if first.holdout is None else ", validation part"
    title = f"{labels.setting_name(first)}, {labels.change_name(first)}{part}"
    details = _details(first.n_train, first.n_test, "test" if first.holdout is None else "validation")
    if first.tag("data_digest"):
        details += f"; data {first.tag('data_digest')[:8]}"
    return _ranked(title, details, entries, shown, min(ends))


def _of_claims(group: Sequence[Claim], sizes: Sequence[int] | None) -> Setting:
    entries, first = [_entry(claim) for claim in group], group[0]
    ends = [int(entry.curve.sizes[-1]) for entry in entries]
    shown = tuple(sorted(set(sizes))) if sizes else round_sizes(max(ends))
    title = f"{labels.dataset_name(first.dataset)}, data poisoning, {labels.threat_name(first.change)}"
    return _ranked(title, _details(first.n_train, first.n_test, "test"), entries, shown, min(ends))


def _entry(claim: Claim) -> Entry:
    return Entry(claim.method, claim.curve, _CLAIM_DIGITS, claim=claim)


def _ranked(title: str, details: str, entries: Sequence[Entry], sizes: tuple[int, ...], last: int) -> Setting:
    """Order entries by their mean, then by what they certify at the sizes shown, the largest first, then by name."""

    def place(entry: Entry) -> tuple[Any, ...]:
        shown = [entry.mean(last), *(entry.at(size) for size in reversed(sizes))]
        numbers = [math.inf if text == "–" else -float(text) for text in shown]
        return entry.refuted, *numbers, entry.name, entry.detail, "" if entry.run is None else entry.run.id

    ordered = sorted(entries, key=place)
    means = [math.nan if x.refuted or x.mean(last) == "–" else float(x.mean(last)) for x in ordered]
    ranks = tuple(None if math.isnan(mean) else 1 + sum(other > mean for other in means) for mean in means)
    return Setting(title, details, tuple(ordered), ranks, sizes, last)


def _details(n_train: int | None, n_test: int | None, kind: str) -> str:
    numbers = [(n_train, "training"), (n_test, kind)]
    return ", ".join(f"{count(number)} {noun} examples" for number, noun in numbers if number is not None)


def _told_apart(found: Sequence[Setting]) -> list[Setting]:
    """Return settings with different titles: those with equal ones say their details, too."""
    titles = [setting.title for setting in found]
    return [
        replace(setting, title=f"{setting.title} ({setting.details})") if titles.count(setting.title) > 1 else setting
        for setting in found
    ]
