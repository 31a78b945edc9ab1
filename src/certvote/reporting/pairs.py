"""Match two sets of runs, A and B, by the options that they share; what differs between them is named, not matched."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float64, Int64

from certvote.options import columns
from certvote.reporting import labels
from certvote.reporting.accuracy import last_size
from certvote.reporting.datanames import data_names
from certvote.reporting.query import prepare
from certvote.reporting.wording import listed, printable
from certvote.results.run import Run, jobs

Options = Mapping[str, columns.Value]


@dataclass(frozen=True)
class Pair:
    """Hold a run of A and one of B with the same options but for those that differ.

    ``shared`` is A's run with the options that both have alike: for labels and line styles, it has no curve.
    """

    a: Run
    b: Run
    shared: Run

    @property
    def sizes(self) -> Int64[np.ndarray, " s"]:
        """Every size that either curve was computed at, up to the end of the shorter one."""
        end = min(last_size(self.a), last_size(self.b))
        both: Any = np.union1d(_sizes(self.a), _sizes(self.b))
        return np.asarray(both[both <= end], dtype=np.int64)

    def certified(self, run: Run) -> Float64[np.ndarray, " s"]:
        """Return the lower bounds of one of the two at ``sizes``: at one not computed, that of its next larger size."""
        assert run.curve is not None
        places = np.searchsorted(run.curve.sizes, self.sizes)
        return np.asarray(run.curve.certified[places], dtype=np.float64)

    @property
    def points(self) -> Float64[np.ndarray, " s"]:
        """B − A at ``sizes``, in percentage points."""
        return np.asarray(100 * (self.certified(self.b) - self.certified(self.a)))


@dataclass(frozen=True)
class Lone:
    """Describe a run of side A or B that is in no pair, and why."""

    side: str
    label: str
    id: str
    reason: str


@dataclass(frozen=True)
class Change:
    """Describe an option that differs: its values in A and in B ("–": not set), and in how many pairs."""

    option: str
    a: str
    b: str
    pairs: int


@dataclass(frozen=True)
class Matching:
    """Hold pairs in the order of reports, runs without one, and what differs within pairs."""

    pairs: tuple[Pair, ...]
    lone: tuple[Lone, ...]
    changes: tuple[Change, ...]


def match(a: Sequence[Run], b: Sequence[Run]) -> Matching:
    """Match the runs of A with those of B by all options but those whose values in A and in B have nothing in common.

    Of runs of one side with equal options the newest counts.

    Raises
    ------
    ValueError
        If no pair comes out, or A and B are the same runs.
    """
    sides = _prepared(a, b)
    options = {run.id: _options(run) for side in sides for run in side}
    kept, lone = [], list[Lone]()
    for name, side in zip("AB", sides, strict=True):
        newest, older = _newest(side, options)
        kept.append(newest)
        lone += _lone(name, older, side, "a newer run has the same options")
    ignored = _systematic(*([options[run.id] for run in side] for side in kept))
    keys = {name: _key(values, ignored) for name, values in options.items()}
    pairs: list[Pair] = []
    for name, mine, others in (("A", kept[0], kept[1]), ("B", kept[1], kept[0])):
        for run in mine:
            partners = [other for other in others if keys[other.id] == keys[run.id]]
            rivals = [other for other in mine if keys[other.id] == keys[run.id]]
            reason = _reason(run, rivals, partners, others, name, options, ignored)
            if reason:
                lone += _lone(name, [run], mine, reason)
            elif name == "A":
                pairs.append(Pair(run, partners[0], _shared(run, partners[0])))
    if not pairs:
        raise ValueError(f"expected runs of A and B that share options, got none: {_first_reason(lone)}")
    if all(pair.a.id == pair.b.id for pair in pairs):
        raise ValueError("expected two different sets of runs, got the same runs as A and as B")
    return Matching(tuple(pairs), tuple(lone), tuple(_changes(pairs, options)))


def runs_of(pairs: Sequence[Pair]) -> list[Run]:
    """Return every run of the pairs once, A before B."""
    return list({run.id: run for pair in pairs for run in (pair.a, pair.b)}.values())


def _prepared(a: Sequence[Run], b: Sequence[Run]) -> tuple[list[Run], list[Run]]:
    """Return the last words of both sides, with files named alike where they are the same file."""
    together = {run.id: run for run in jobs([*a, *b])}
    names = dict(zip(together, data_names(list(together.values())), strict=True))
    first, second = ([replace(x, data=names[x.id]) for x in prepare(side)] for side in (a, b))
    return first, second


def _options(run: Run) -> Options:
    """Return the options that a result depends on; of a user's file, what it is called instead of where it lies."""
    own = {name: value for name, value in run.options.items() if not name.startswith(("data.", "backend"))}
    return own | ({"dataset.path": run.data} if own.get("dataset.path") is not None else {})


def _newest(side: Sequence[Run], options: Mapping[str, Options]) -> tuple[list[Run], list[Run]]:
    """Return of runs with equal options the newest that finished, and the others."""
    last: dict[Any, Run] = {}
    for run in sorted(side, key=lambda run: (run.curve is not None, run.started, run.id)):
        last[_key(options[run.id], frozenset())] = run
    ids = {run.id for run in last.values()}
    return [x for x in side if x.id in ids], [x for x in side if x.id not in ids]


def _systematic(a: Sequence[Options], b: Sequence[Options]) -> frozenset[str]:
    """Return the options whose values in A and in B have nothing in common."""
    names = {name for one in [*a, *b] for name in one}
    return frozenset(name for name in names if not _values(a, name) & _values(b, name))


def _values(options: Sequence[Options], name: str) -> set[columns.Value]:
    return {one[name] for one in options if name in one}


def _key(options: Options, ignored: frozenset[str]) -> frozenset[tuple[str, columns.Value]]:
    return frozenset((name, value) for name, value in options.items() if name not in ignored)


def _reason(
    run: Run,
    rivals: Sequence[Run],
    partners: Sequence[Run],
    others: Sequence[Run],
    side: str,
    options: Mapping[str, Options],
    ignored: frozenset[str],
) -> str:
    """Return why a run is in no pair, "" if it is in one."""
    other = "B" if side == "A" else "A"
    if not partners:
        return f"{other} has no run with {_missing(run, others, options, ignored)}"
    if len(rivals) > 1 or len(partners) > 1:
        names = [name for name in ignored if len(_values([options[x.id] for x in [*rivals, *partners]], name)) > 1]
        return (
            f"{len(rivals)} of {side} and {len(partners)} of {other} differ only in {listed(columns.ordered(names))}; "
            "choose one of each"
        )
    if run.curve is None:
        return labels.problem(run)
    if partners[0].curve is None:
        return f"its partner in {other} has no result ({labels.problem(partners[0])})"
    return ""


def _missing(run: Run, others: Sequence[Run], options: Mapping[str, Options], ignored: frozenset[str]) -> str:
    """Return the options of a run that the most similar one of the other side has not."""
    mine = _key(options[run.id], ignored)
    missing = (mine - _key(options[other.id], ignored) for other in others)
    lacking = min(missing, key=len, default=mine)
    values = dict(lacking)
    said = ", ".join(f"{name}={_text(values[name])}" for name in columns.ordered(values))
    return said or "these options only"


def _shared(a: Run, b: Run) -> Run:
    params = {name: str(value) for name, value in a.options.items() if b.options.get(name, ...) == value}
    return replace(a, params=params, curve=None, data=a.data if a.data == b.data else "")


def _changes(pairs: Sequence[Pair], options: Mapping[str, Options]) -> list[Change]:
    counted: dict[tuple[str, str, str], int] = {}
    for pair in pairs:
        a, b = options[pair.a.id], options[pair.b.id]
        for name in columns.ordered({*a, *b}):
            if a.get(name) != b.get(name):
                change = name, _text(a.get(name)), _text(b.get(name))
                counted[change] = counted.get(change, 0) + 1
    places = {name: place for place, name in enumerate(columns.ordered({name for name, _, _ in counted}))}
    ordered = sorted(counted.items(), key=lambda item: places[item[0][0]])
    return [Change(*change, number) for change, number in ordered]


def _lone(side: str, chosen: Sequence[Run], among: Sequence[Run], reason: str) -> list[Lone]:
    names = dict(zip((x.id for x in among), labels.short(among), strict=True))
    return [Lone(side, names[x.id], x.id, reason) for x in chosen]


def _first_reason(lone: Iterable[Lone]) -> str:
    return next((f"{one.label} of {one.side}: {one.reason}" for one in lone), "there are no runs")


def _text(value: columns.Value) -> str:
    return "–" if value is None else f"{value:g}" if isinstance(value, float) else printable(str(value))


def _sizes(run: Run) -> Int64[np.ndarray, " s"]:
    assert run.curve is not None
    return run.curve.sizes
