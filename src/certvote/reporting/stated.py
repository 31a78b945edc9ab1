"""Compare what a publication states in words with what was measured here, and say why where they differ."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from certvote.reporting import labels
from certvote.reporting.accuracy import accuracy_at, strongest
from certvote.reporting.query import select
from certvote.reporting.tables import Table, plain_table
from certvote.reporting.wording import count, counted, percent, sentence, signed
from certvote.results.run import Run, finished

_DIGITS = 2


@dataclass(frozen=True)
class Statement:
    """Describe a number that a publication states: certified accuracy of some runs, or a difference of two.

    Attributes
    ----------
    says : str
        What it is about.
    size : int
        Poisoning size.
    of, minus : mapping
        Filters: the runs whose accuracy it is, and those whose accuracy is subtracted. Of several runs the one with the
        highest bound at ``size`` counts.
    value : float or None
        The number in points, or in percent without ``minus``. A statement without one is not the publication's: it
        stands below the one before it, for comparison.
    source : str
        Where it stands.
    tolerance : float
        How far off the measured number may be and still be the stated one.
    why : str
        The reason for one that is further off.
    """

    says: str
    size: int
    of: Mapping[str, Any]
    minus: Mapping[str, Any] | None = None
    value: float | None = None
    source: str = ""
    tolerance: float = 0.0
    why: str = ""


@dataclass(frozen=True)
class Measured:
    """Hold a statement with its runs, as far as there are any, and what is missing otherwise."""

    statement: Statement
    of: Run | None
    minus: Run | None
    missing: str = ""

    @property
    def value(self) -> float:
        """The measured number in points or percent, NaN where a run is missing."""
        if self.missing or self.of is None:
            return math.nan
        size = self.statement.size
        return 100 * (accuracy_at(self.of, size) - (accuracy_at(self.minus, size) if self.minus is not None else 0.0))

    @property
    def difference(self) -> float:
        """Measured less stated, NaN where either is not there."""
        return self.value - (math.nan if self.statement.value is None else self.statement.value)

    @property
    def agrees(self) -> bool:
        """Whether the measured number is the stated one within the tolerance."""
        return abs(self.difference) <= self.statement.tolerance + 1e-9

    @property
    def unit(self) -> str:
        """Unit of the numbers."""
        return "%" if self.statement.minus is None else "points"


def measure(statement: Statement, runs: Sequence[Run], absent: Mapping[str, str] | None = None) -> Measured:
    """Look up the runs that a statement is about; ``absent`` says by the name of a data set why it has none."""
    of, why_not = _chosen(statement.of, statement.size, runs, absent or {})
    if why_not or statement.minus is None:
        return Measured(statement, of, None, why_not)
    minus, why_not = _chosen(statement.minus, statement.size, runs, absent or {})
    return Measured(statement, of, minus, why_not)


def stated_table(measured: Sequence[Measured]) -> Table:
    """Tabulate statements; below each its runs, its source and, where it deviates, the reason."""
    units = {x.unit for x in measured}
    unit = f" ({units.pop()})" if len(units) == 1 else ""
    heads = ("statement", f"stated{unit}", f"measured here{unit}", "difference (points)")
    rows = []
    for x in measured:
        shown = "" if unit else f" {x.unit}"
        stated = "–" if x.statement.value is None else f"{_stated(x.statement.value)}{shown}"
        rows.append(
            (
                x.statement.says,
                stated,
                "missing" if x.missing else f"{_number(x.value)}{shown}",
                signed(x.difference, _DIGITS),
            )
        )
    table = plain_table(heads, rows)
    below = zip(table.rows, measured, strict=True)
    return replace(table, rows=tuple(replace(row, below=_details(x)) for row, x in below))


def summary(measured: Sequence[Measured]) -> str:
    """Return one sentence for an abstract, "" without statements."""
    told = [x for x in measured if x.statement.value is not None]
    if not told:
        return ""
    known = [x for x in told if not x.missing]
    text = f"Of {counted(len(told), 'number')} that the publication states in words, "
    if not known:
        return f"{text}none was measured here."
    text += f"{_all_of(sum(x.agrees for x in known), len(told))} found here within the tolerance given"
    if len(known) < len(told):
        text += f", and {_all_of(len(told) - len(known), len(told))} not measured"
    numbers = [
        f"{_inside(x.statement.says)}: {_stated(x.statement.value or 0.0)} stated, {_number(x.value)} here"
        for x in known
    ]
    return f"{text} ({'; '.join(numbers)})."


def _chosen(
    where: Mapping[str, Any], size: int, runs: Sequence[Run], absent: Mapping[str, str]
) -> tuple[Run | None, str]:
    """Return the strongest finished run of a selection, or why there is none."""
    try:
        matching = select(runs, where)
    except ValueError:
        matching = []  # a column that no run has: no run of this kind was made
    done = [run for run in finished(matching) if not math.isnan(accuracy_at(run, size))]
    if done:
        return strongest(done, size), ""
    if str(where.get("dataset")) in absent:
        return None, absent[str(where["dataset"])]
    if matching:
        failed = matching[0]
        return None, f"{labels.full(failed)} on {labels.data_name(failed)}: {labels.problem(failed)}"
    options = {key: ",".join(map(str, x)) if isinstance(x, list | tuple) else str(x) for key, x in where.items()}
    return None, "there is no run of " + ", ".join(f"{key}={text}" for key, text in options.items())


def _details(x: Measured) -> tuple[str, ...]:
    """Return the lines below a statement."""
    said = [sentence(f"stated {x.statement.source}")] if x.statement.source else []
    if x.missing:
        return (*said, sentence(f"not measured here: {x.missing}"))
    runs = [run for run in (x.of, x.minus) if run is not None]
    terms = " less ".join(_term(run, runs, x.statement.size) for run in runs)
    said.append(f"{labels.setting_name(runs[0])}, e = {count(x.statement.size)}: {terms}.")
    said += [sentence(note) for note in dict.fromkeys(note for run in runs for note in run.notes)]
    if x.statement.value is not None and not x.agrees:
        allowed = f"{x.statement.tolerance:g} point{'' if x.statement.tolerance == 1 else 's'}"
        said.append(sentence(f"off by more than {allowed}: {x.statement.why or 'no reason is known'}"))
    elif x.statement.value is None and x.statement.why:
        said.append(sentence(x.statement.why))
    return tuple(said)


def _term(run: Run, runs: Sequence[Run], size: int) -> str:
    """Return an accuracy with the run that it is of, and what tells that from the other one."""
    text = f"{percent(accuracy_at(run, size), _DIGITS)} % for {labels.full(run)}"
    if run.feature and len({x.feature for x in runs if x.feature}) > 1:
        text += f", {labels.feature_name(run)} features"
    if any(x.change != "any" for x in runs):
        text += f", {labels.change_name(run)}"
    confidence = labels.confidence(run)
    return f"{text}, with confidence {confidence}" if confidence else text


def _stated(number: float) -> str:
    """Return a stated number with the digits that it has, one at least."""
    return f"{number:.1f}" if round(number, 1) == number else f"{number:g}"


def _number(number: float) -> str:
    return f"{number:.{_DIGITS}f}".replace("-", "−")


def _inside(text: str) -> str:
    """Return the start of a sentence for the inside of another; names (kNN, CLIP) keep their capitals."""
    first, _, rest = text.partition(" ")
    plain = first[:1].isupper() and first[1:].islower()
    return f"{first.lower()} {rest}".strip() if plain else text


def _all_of(number: int, total: int) -> str:
    if number == 0:
        return "none is"
    if number == total:
        return "it is" if total == 1 else "all are"
    return f"{number} {'is' if number == 1 else 'are'}"
