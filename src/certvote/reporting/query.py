"""Runs of the database → results that reports can sort, filter and label."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from certvote.reporting import styles
from certvote.reporting.datanames import data_names
from certvote.reporting.result import Result, from_run, real
from certvote.types import Curve, Run

__all__ = [
    "BOOKKEEPING",
    "EQUAL",
    "Result",
    "accuracy_at",
    "area",
    "attained_at",
    "common",
    "computed_sizes",
    "finished",
    "individual_of",
    "last_size",
    "results",
    "select",
    "strength",
    "strongest",
    "sweeps",
    "telling_size",
    "tells",
]

# Options about where things are kept and what a run is called: no part of its result.
BOOKKEEPING = ("tracking.", "cache_root", "data_root", "report_root", "name", "title", "rerun", "n_jobs")

EQUAL = 1e-9
"""A difference of two accuracies that is rounding, far below one test example."""

_TELLING = 0.2  # a size at which the best bound keeps less than this part of its accuracy on clean data says little


def results(runs: Sequence[Run]) -> list[Result]:
    """Every job's last word, in a fixed order that does not depend on the order of ``runs``.

    Sweeps (parent runs) are left out. Of several runs with the same fingerprint the newest finished one counts, or
    the newest if none finished: a failure that was repaired later is no longer a missing result.
    """
    latest: dict[str, Run] = {}
    for run in sorted(runs, key=lambda run: (run.status == "FINISHED", run.started, run.id)):
        if run.tags.get("certvote.kind", "run") == "run":
            latest[run.tags.get("certvote.fingerprint") or run.id] = run
    kept = list(latest.values())
    return sorted(map(from_run, kept, data_names(kept)), key=_position)


def sweeps(runs: Sequence[Run]) -> list[Run]:
    """The parent runs, oldest first."""
    return sorted((run for run in runs if run.tags.get("certvote.kind") == "sweep"), key=lambda run: run.started)


def select(found: Sequence[Result], where: Mapping[str, Any]) -> list[Result]:
    """The results whose columns have the wanted value, or one of a list of values.

    A column is a field of ``Result`` (``dataset``, ``algo``, ``k``, …) or the full name of an option
    (``attack.size``). Raises ``ValueError`` for a column that no result has.
    """
    columns = {"method", *(f.name for f in fields(Result))} - {"params", "metrics", "curve", "notes"}
    options = {name for result in found for name in result.params}
    for column in where:
        if found and column not in columns and column not in options:
            raise ValueError(f"expected a filter over one of {', '.join(sorted(columns))}, or an option, got {column}")
    kept = list(found)
    for column, wanted in where.items():
        allowed = wanted if isinstance(wanted, list | tuple) else [wanted]
        kept = [result for result in kept if any(_equal(_column(result, column), value) for value in allowed)]
    return kept


def accuracy_at(result: Result, size: int) -> float:
    """The lower bound of CA at ``size``: of the next larger size if it was not computed, NaN beyond the last one."""
    return _value_at(result.curve, size, upper=False)


def attained_at(result: Result, size: int) -> float:
    """The other side of the certificate's search at ``size``, NaN where it has none or no value."""
    return _value_at(result.curve, size, upper=True)


def strongest(found: Sequence[Result], size: int) -> Result:
    """The result with the highest bound at ``size``; of equal bounds (0, say) the one with the largest area.

    Where that is equal, too, it is that of the strongest certificate.
    """
    return max(
        found, key=lambda result: (round(accuracy_at(result, size), 12), round(area(result), 12), strength(result))
    )


def strength(result: Result) -> int:
    """The place of a result's certificate among all: one is never below those before it. Unknown ones come first."""
    known = list(styles.CERTIFICATES)
    return known.index(result.grouping) if result.grouping in known else -1


def telling_size(found: Sequence[Result], sizes: Sequence[int]) -> int:
    """The largest of ``sizes`` at which the best bound still says something.

    Where there is none, it is the largest size of any curve at which it does, else the smallest that leaves a bound
    above 0, else 0. Sizes that all of ``found``, which have finished, have a value for go before others.
    """
    positive = [size for size in sizes if size > 0]
    shared = [size for size in positive if all(size <= last_size(result) for result in found)]
    end = max(shared or positive, default=0)
    smaller = [size for size in computed_sizes(found) if size <= end]
    for some in (shared or positive, smaller):
        telling = next((size for size in sorted(some, reverse=True) if tells(found, size)), 0)
        if telling:
            return telling
    return next((size for size in smaller[:1] if _best(found, size) > EQUAL), 0)


def tells(found: Sequence[Result], size: int) -> bool:
    """Whether the best bound at ``size`` still says something: it keeps a fifth of its accuracy on clean data."""
    return _best(found, size) >= max(_TELLING * _best(found, 0), EQUAL)


def computed_sizes(found: Sequence[Result]) -> list[int]:
    """Every poisoning size above 0 that any of the curves was computed at, in order."""
    return sorted({int(e) for result in found if result.curve is not None for e in result.curve.sizes if e > 0})


def area(result: Result) -> float:
    """Mean certified accuracy over the computed sizes, NaN without a curve."""
    return float(np.mean(result.curve.certified)) if result.curve is not None else float("nan")


def last_size(result: Result) -> int:
    """The largest poisoning size of the curve, 0 without one."""
    return int(result.curve.sizes[-1]) if result.curve is not None else 0


def finished(found: Sequence[Result]) -> list[Result]:
    return [result for result in found if result.curve is not None]


def common(found: Sequence[Result], column: str) -> Any | None:
    """The value that all results share in a column, or ``None`` where they differ or there are none."""
    values = {getattr(result, column) for result in found}
    return values.pop() if len(values) == 1 else None


def individual_of(result: Result, found: Sequence[Result]) -> Result | None:
    """The individual certificate of the same classifier on the same data, if it is among the results."""
    mine = _classifier_options(result)
    return next((x for x in found if x.grouping == "none" and _classifier_options(x) == mine), None)


def _classifier_options(result: Result) -> list[tuple[str, str]]:
    kinds = ("algo.", "learner.", "dataset.", "feature.", "attack.")
    return sorted((name, value) for name, value in result.params.items() if name.startswith(kinds))


def _best(found: Sequence[Result], size: int) -> float:
    return max((x for result in found if not math.isnan(x := accuracy_at(result, size))), default=0.0)


def _value_at(curve: Curve | None, size: int, *, upper: bool) -> float:
    values = None if curve is None else curve.attained if upper else curve.certified
    if curve is None or values is None:
        return float("nan")
    # CA falls with e, so the bound at the next larger size also holds here; the search's other side does so only
    # at its own size.
    index = int(np.searchsorted(curve.sizes, size))
    if index == len(curve.sizes) or (upper and curve.sizes[index] != size):
        return float("nan")
    return float(values[index])


def _position(result: Result) -> tuple[Any, ...]:
    return (
        styles.order(styles.DATASETS, result.dataset),
        result.data,
        result.holdout or 0,
        styles.order(styles.ATTACKS, result.attack),
        styles.order(styles.CHANGES, result.change),
        styles.order(styles.ALGORITHMS, result.method),
        tuple(value for _, value in result.parameters),
        styles.order(styles.LEARNERS, result.learner),
        styles.order(styles.CERTIFICATES, result.grouping),
        result.feature,
        result.started,
        result.id,
    )


def _column(result: Result, column: str) -> Any:
    return result.params.get(column) if column in result.params else getattr(result, column, None)


def _equal(actual: Any, wanted: Any) -> bool:
    if actual is None or wanted is None:
        return actual is wanted
    left, right = real(str(actual)), real(str(wanted))
    return left == right if left is not None and right is not None else str(actual) == str(wanted)
