"""What a publication states in words beside what was measured here: the difference, and why where they differ."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from certvote.reporting import labels, tables
from certvote.reporting.plain import PlainTable
from certvote.reporting.query import accuracy_at, finished, select, strongest
from certvote.reporting.result import Result

EXPLANATION = (
    "What the publication states in words, and the same from the runs of this page. Below each statement: the two "
    "certified accuracies, what must be known about them and, where the measured number is off, why."
)
_DIGITS = 2


@dataclass(frozen=True)
class Statement:
    """A number that a publication states: certified accuracy at ``size`` of the runs ``of``, less that of ``minus``.

    ``says`` is what it is about, ``source`` where it stands, ``value`` the number, in points (in percent without
    ``minus``). Of several runs that a filter selects, the one with the highest bound at ``size`` counts. A
    ``tolerance`` says how far off the measured number may be and still be the stated one; ``why`` explains one that
    is not.
    A statement without a ``value`` is not the publication's: it stands below the one before it, for comparison.
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
    """A statement with its two results, as far as there are any, and what is missing otherwise."""

    statement: Statement
    of: Result | None
    minus: Result | None
    missing: str = ""

    @property
    def value(self) -> float:
        """The measured number in points or percent, NaN where a result is missing."""
        if self.missing or self.of is None:
            return math.nan
        size = self.statement.size
        return 100 * (accuracy_at(self.of, size) - (accuracy_at(self.minus, size) if self.minus is not None else 0.0))

    @property
    def difference(self) -> float:
        """Measured less stated; NaN where either is not there."""
        return self.value - (math.nan if self.statement.value is None else self.statement.value)

    @property
    def agrees(self) -> bool:
        return abs(self.difference) <= self.statement.tolerance + 1e-9


def measure(statement: Statement, found: Sequence[Result], absent: Mapping[str, str] | None = None) -> Measured:
    """Look up the results that a statement is about; ``absent`` says why a data set has none, by its name."""
    of, why_not = _chosen(statement.of, statement.size, found, absent or {})
    if why_not or statement.minus is None:
        return Measured(statement, of, None, why_not)
    minus, why_not = _chosen(statement.minus, statement.size, found, absent or {})
    return Measured(statement, of, minus, why_not)


def stated_table(measured: Sequence[Measured]) -> PlainTable:
    """A row per statement, below it the runs, the source and, where it deviates, the reason."""
    units = {_unit(x) for x in measured}
    unit = f" ({units.pop()})" if len(units) == 1 else ""
    rows = []
    for x in measured:
        shown = "" if unit else f" {_unit(x)}"
        value = x.statement.value
        rows.append(
            (
                x.statement.says,
                f"{_stated(value)}{shown}" if value is not None else "–",
                "missing" if x.missing else f"{_fixed(x.value)}{shown}",
                _signed(x.difference),
            )
        )
    head = ("statement", f"stated{unit}", f"measured here{unit}", "difference (points)")
    return PlainTable(head, tuple(rows), frozenset({1, 2, 3}), tuple(map(_details, measured)))


def summary(measured: Sequence[Measured]) -> str:
    """One sentence for an abstract, "" without statements."""
    told = [x for x in measured if x.statement.value is not None]
    if not told:
        return ""
    known = [x for x in told if not x.missing]
    agreeing = [x for x in known if x.agrees]
    numbers = "; ".join(
        f"{_lower(x.statement.says)}: {_stated(x.statement.value)} stated, {_fixed(x.value)} here" for x in known
    )
    text = f"Of {len(told)} number{'s' if len(told) != 1 else ''} that the publication states in words, "
    if not known:
        return f"{text}none was measured here."
    text += f"{_all_of(len(agreeing), len(told))} found here within the tolerance given"
    if len(known) < len(told):
        text += f", and {_all_of(len(told) - len(known), len(told))} not measured"
    return f"{text} ({numbers})."


def _chosen(
    where: Mapping[str, Any], size: int, found: Sequence[Result], absent: Mapping[str, str]
) -> tuple[Result | None, str]:
    """The strongest finished result of a selection, or why there is none."""
    try:
        matching = select(found, where)
    except ValueError:
        matching = []  # a column that no run has: no run of this kind was made
    done = [result for result in finished(matching) if not math.isnan(accuracy_at(result, size))]
    if done:
        return strongest(done, size), ""
    if str(where.get("dataset")) in absent:
        return None, absent[str(where["dataset"])]
    if matching:
        failed = matching[0]
        return None, f"{labels.full(failed)} on {labels.dataset_name(failed.data)}: {tables.problem(failed)}"
    return None, "there is no run of " + ", ".join(f"{key}={_option(value)}" for key, value in where.items())


def _details(x: Measured) -> tuple[str, ...]:
    said = []
    if x.statement.source:
        said.append(labels.sentence(f"stated {x.statement.source}"))
    if x.missing:
        return (*said, labels.sentence(f"not measured here: {x.missing}"))
    assert x.of is not None
    size = f"e = {labels.count(x.statement.size)}"
    place = f"{labels.dataset_name(x.of.data)}, {labels.attack_name(x.of.attack).removeprefix('a ')}, {size}"
    said.append(f"{place}: {_term(x, x.of)}" + (f" less {_term(x, x.minus)}" if x.minus is not None else "") + ".")
    notes = dict.fromkeys(note for result in (x.of, x.minus) if result is not None for note in result.notes)
    said += [labels.sentence(note) for note in notes]
    if x.statement.value is not None and not x.agrees:
        reason, allowed = x.statement.why or "no reason is known", x.statement.tolerance
        points = "point" if allowed == 1 else "points"
        said.append(labels.sentence(f"off by more than {allowed:g} {points}: {reason}"))
    elif x.statement.value is None and x.statement.why:
        said.append(labels.sentence(x.statement.why))
    return tuple(said)


def _term(x: Measured, result: Result) -> str:
    value = labels.percent(accuracy_at(result, x.statement.size), _DIGITS)
    confidence = labels.confidence(result)
    feature = {y.feature for y in (x.of, x.minus) if y is not None and y.feature}
    change = {y.change for y in (x.of, x.minus) if y is not None} - {"any"}
    text = labels.full(result)
    text += f", {labels.feature_name(result.feature)} features" if len(feature) > 1 and result.feature else ""
    text += f", {labels.change_name(result.change)}" if change else ""
    text += f", with confidence {confidence}" if confidence else ""
    return f"{value} % for {text}"


def _unit(x: Measured) -> str:
    return "%" if x.statement.minus is None else "points"


def _stated(number: float | None) -> str:
    """A stated number with the digits that it has, one at least."""
    return f"{number:.1f}" if number is not None and round(number, 1) == number else f"{number:g}"


def _fixed(number: float) -> str:
    return f"{number:.{_DIGITS}f}".replace("-", "−")


def _signed(number: float) -> str:
    return "–" if math.isnan(number) else f"{number:+.{_DIGITS}f}".replace("-", "−")


def _lower(text: str) -> str:
    """The start of a sentence inside of another; names (kNN, CLIP) keep their capitals."""
    first, _, rest = text.partition(" ")
    plain = first[:1].isupper() and first[1:].islower()
    return f"{first.lower()} {rest}".strip() if plain else text


def _all_of(number: int, total: int) -> str:
    if number == 0:
        return "none is"
    if number == total:
        return "it is" if total == 1 else "all are"
    return f"{number} {'is' if number == 1 else 'are'}"


def _option(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
