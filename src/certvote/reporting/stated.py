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
from certvote.reporting.templates import sentence
from certvote.reporting.wording import sentence as as_sentence
from certvote.reporting.wording import signed
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
    def shown(self) -> tuple[str, str]:
        """The two numbers as text, the stated one with the digits that it has, one at least."""
        stated = self.statement.value
        known = "–" if stated is None else f"{stated:.1f}" if round(stated, 1) == stated else f"{stated:g}"
        return known, "missing" if self.missing else f"{self.value:.{_DIGITS}f}".replace("-", "−")

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
        numbers = [text if unit or text in ("–", "missing") else f"{text} {x.unit}" for text in x.shown]
        rows.append((x.statement.says, *numbers, signed(x.difference, _DIGITS)))
    table = plain_table(heads, rows)
    below = zip(table.rows, measured, strict=True)
    return replace(table, rows=tuple(replace(row, below=_details(x)) for row, x in below))


def summary(measured: Sequence[Measured]) -> str:
    """Return one sentence for an abstract, "" without statements."""
    told = [x for x in measured if x.statement.value is not None]
    return sentence("summary", told=told, known=[x for x in told if not x.missing]) if told else ""


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
    runs = [run for run in (x.of, x.minus) if run is not None]
    source = [f"stated {x.statement.source}"] if x.statement.source else []
    if x.missing:
        return tuple(map(as_sentence, [*source, f"not measured here: {x.missing}"]))
    terms = sentence("terms", x=x, runs=runs, digits=_DIGITS)
    notes = dict.fromkeys(note for run in runs for note in run.notes)
    said = [*map(as_sentence, source), terms, *map(as_sentence, [*notes, sentence("deviation", x=x)])]
    return tuple(filter(None, said))
