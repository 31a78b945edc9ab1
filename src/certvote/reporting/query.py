"""Prepare the runs of the database for a report, and choose among them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from certvote.attacks.threats import THREATS
from certvote.options import columns
from certvote.reporting.datanames import data_names
from certvote.results.run import Run, finished, last_words

# What a run has beside its options that a filter may name, and tags of the same kind.
_PROPERTIES = (
    *("id", "name", "status", "dataset", "data", "holdout", "feature", "attack", "change", "algo", "method"),
    *("learner", "certificate", "n_train", "n_test", "num_classes"),
)
_TAGS = ("fingerprint", "version", "data_digest", "feature_digest", "code_digest")


def prepare(runs: Sequence[Run]) -> list[Run]:
    """Return every job's last word, each with the name of its data, in an order that does not depend on ``runs``.

    Sweeps are left out. Of several runs with the same fingerprint the newest finished one counts, or the newest if none
    finished: a failure that was repaired later is no longer a missing result. The curve of an unfinished run is
    dropped: it proves nothing and must not be drawn.
    """
    kept = last_words(runs)
    done = {run.id for run in finished(kept)}
    named = zip(kept, data_names(kept), strict=True)
    return sorted((replace(x, data=name, curve=x.curve if x.id in done else None) for x, name in named), key=_place)


def select(runs: Sequence[Run], where: Mapping[str, Any]) -> list[Run]:
    """Return the runs whose columns have the values wanted.

    Parameters
    ----------
    runs : sequence of Run
        Runs that :func:`prepare` returned.
    where : mapping
        A value, or a list of values, per column: any option by its name on the command line, by an older name, or by
        the last part of its name where only one option of the runs has it; also ``data``, ``method`` and ``change``.

    Raises
    ------
    ValueError
        If there is no such column, or several.
    """
    names = {column: _column(column, runs) for column in where} if runs else {}
    return [run for run in runs if _has_all(_facts(run), {names[column]: where[column] for column in names})]


def check_column(name: str, runs: Sequence[Run]) -> None:
    """Raise ``ValueError`` unless :func:`select` takes a column."""
    _column(name, runs)


def value(run: Run, column: str) -> Any:
    """Return what a run has in a column, ``None`` for nothing."""
    return _facts(run).get(_column(column, [run], strict=False))


def common(runs: Iterable[Run], name: str) -> Any | None:
    """Return the value that all runs share in a property, ``None`` where they differ or there are none."""
    values = {getattr(run, name) for run in runs}
    return values.pop() if len(values) == 1 else None


def _facts(run: Run) -> dict[str, Any]:
    return {
        **run.options,
        **{name: getattr(run, name) for name in _PROPERTIES},
        **{name: run.tag(name) for name in _TAGS},
    }


def _has_all(facts: Mapping[str, Any], where: Mapping[str, Any]) -> bool:
    return all(columns.matches(facts, column, wanted) for column, wanted in where.items())


def _column(name: str, runs: Sequence[Run], *, strict: bool = True) -> str:
    own, there = columns.column(name), {option for run in runs for option in run.options}
    if own in _PROPERTIES or own in _TAGS or own in there or own in columns.known():
        return own
    ending = sorted(option for option in there if option.rpartition(".")[2] == name)
    if len(ending) == 1:
        return ending[0]
    known = any(option.rpartition(".")[2] == name for option in columns.known())
    if strict and (ending or not known):
        several = f", and {' and '.join(ending)} are several" if ending else ""
        raise ValueError(
            f"expected a filter over one of {', '.join(sorted(_PROPERTIES))}, or an option, got {name}{several}"
        )
    return own  # no run has it


def _place(run: Run) -> tuple[Any, ...]:
    """Return where a run comes in lists, tables and legends."""
    threats = list(THREATS)
    return (
        _order(run, "dataset"),
        run.data,
        run.holdout or 0,
        _order(run, "attack"),
        (threats.index(run.change) if run.change in threats else len(threats), run.change),
        (*_order(run, "algo"), run.method),
        tuple(number for _, number in run.parameters),
        _order(run, "learner") if run.learner else (),
        _order(run, "certificate"),
        _order(run, "feature"),
        run.started,
        run.id,
    )


def _order(run: Run, group: str) -> tuple[int, str]:
    label = run.label(group)
    return label.order, label.name
