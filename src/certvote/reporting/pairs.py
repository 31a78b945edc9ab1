"""Two sets of runs, A and B, matched by the options they share; what differs between them is named, not matched."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from jaxtyping import Float64, Int64

from certvote.reporting import labels
from certvote.reporting.datanames import data_names
from certvote.reporting.query import Result, last_size, results
from certvote.reporting.tables import problem
from certvote.results import columns
from certvote.types import Run

Options = Mapping[str, columns.Value]

# Fields of a result that say which run it is, not what was run.
_RECORD = {"id", "name", "status", "started", "seconds", "fingerprint", "data_digest", "feature_digest", "code_digest"}
_RECORD |= {"version", "command", "error", "notes", "url", "params", "metrics", "curve", "stride", "alpha"}


@dataclass(frozen=True)
class Pair:
    """A run of A and one of B with the same options but for those that differ; ``shared`` is what they have in common.

    ``shared`` is A's result without what B has otherwise: for labels and looks, it has no curve of its own.
    """

    a: Result
    b: Result
    shared: Result

    @property
    def sizes(self) -> Int64[np.ndarray, " s"]:
        """Every size that either curve was computed at, up to the end of the shorter one."""
        end = min(last_size(self.a), last_size(self.b))
        both: Any = np.union1d(_curve_sizes(self.a), _curve_sizes(self.b))
        return np.asarray(both[both <= end], dtype=np.int64)

    def certified(self, which: Result) -> Float64[np.ndarray, " s"]:
        """The lower bound of one of the two at ``sizes``: at one not computed, that of its next larger size."""
        assert which.curve is not None
        places = np.searchsorted(which.curve.sizes, self.sizes)
        return np.asarray(which.curve.certified[places], dtype=np.float64)

    @property
    def points(self) -> Float64[np.ndarray, " s"]:
        """B − A at ``sizes``, in percentage points."""
        return np.asarray(100 * (self.certified(self.b) - self.certified(self.a)))


@dataclass(frozen=True)
class Lone:
    """A run that is in no pair, of side A or B, and why."""

    side: str
    label: str
    id: str
    reason: str


@dataclass(frozen=True)
class Change:
    """An option with its values in A and in B, and in how many pairs it has these; "–" is an option that is not set."""

    option: str
    a: str
    b: str
    pairs: int


@dataclass(frozen=True)
class Matching:
    """Pairs in the order of reports, runs without one, and what differs within pairs."""

    pairs: tuple[Pair, ...]
    lone: tuple[Lone, ...]
    changes: tuple[Change, ...]


def match(a: Sequence[Run], b: Sequence[Run]) -> Matching:
    """Match the runs of A with those of B by all options but those whose values in A and in B have nothing in common.

    Of runs of one side with equal options the newest counts. Raises ``ValueError`` when no pair comes out, or when A
    and B are the same runs.
    """
    sides = _results(a, b)
    options = {result.id: _options(result) for side in sides for result in side}
    kept, lone = [], list[Lone]()
    for name, side in zip("AB", sides, strict=True):
        newest, older = _newest(side, options)
        kept.append(newest)
        lone += _lone(name, older, side, lambda _: "a newer run has the same options")
    ignored = _systematic(*([options[result.id] for result in side] for side in kept))
    keys = {name: _key(values, ignored) for name, values in options.items()}
    pairs: list[Pair] = []
    for name, mine, others in (("A", kept[0], kept[1]), ("B", kept[1], kept[0])):
        for result in mine:
            partners = [other for other in others if keys[other.id] == keys[result.id]]
            rivals = [other for other in mine if keys[other.id] == keys[result.id]]
            reason = _reason(result, rivals, partners, others, name, options, ignored)
            if reason:
                lone += _lone(name, [result], mine, lambda _, reason=reason: reason)
            elif name == "A":
                pairs.append(_pair(result, partners[0], options))
    if not pairs:
        raise ValueError(f"expected runs of A and B that share options, got none: {_first_reason(lone)}")
    if all(pair.a.id == pair.b.id for pair in pairs):
        raise ValueError("expected two different sets of runs, got the same runs as A and as B")
    return Matching(tuple(pairs), tuple(lone), tuple(_changes(pairs, options)))


def _results(a: Sequence[Run], b: Sequence[Run]) -> tuple[list[Result], list[Result]]:
    """Both sides' results, with files named alike where they are the same file."""
    together = {run.id: run for run in [*a, *b] if run.tags.get("certvote.kind", "run") == "run"}
    names = dict(zip(together, data_names(list(together.values())), strict=True))
    first, second = ([replace(x, data=names[x.id]) for x in results(side)] for side in (a, b))
    return first, second


def _options(result: Result) -> Options:
    """The options that a result depends on; of a user's file, what it is called instead of where it lies."""
    typed = columns.typed(result.params)
    own = {name: value for name, value in typed.items() if not name.startswith(("data.", "backend"))}
    return own | ({"dataset.path": result.data} if own.get("dataset.path") is not None else {})


def _newest(side: Sequence[Result], options: Mapping[str, Options]) -> tuple[list[Result], list[Result]]:
    """Of results with equal options the newest that finished, and the others."""
    last: dict[Any, Result] = {}
    for result in sorted(side, key=lambda result: (result.curve is not None, result.started, result.id)):
        last[_key(options[result.id], frozenset())] = result
    ids = {result.id for result in last.values()}
    return [x for x in side if x.id in ids], [x for x in side if x.id not in ids]


def _systematic(a: Sequence[Options], b: Sequence[Options]) -> frozenset[str]:
    """Options whose values in A and in B have nothing in common."""
    names = {name for one in [*a, *b] for name in one}
    return frozenset(name for name in names if not _values(a, name) & _values(b, name))


def _values(options: Sequence[Options], name: str) -> set[columns.Value]:
    return {one[name] for one in options if name in one}


def _key(options: Options, ignored: frozenset[str]) -> frozenset[tuple[str, columns.Value]]:
    return frozenset((name, value) for name, value in options.items() if name not in ignored)


def _reason(
    result: Result,
    rivals: Sequence[Result],
    partners: Sequence[Result],
    others: Sequence[Result],
    side: str,
    options: Mapping[str, Options],
    ignored: frozenset[str],
) -> str:
    """Why a result is in no pair, "" if it is in one."""
    other = "B" if side == "A" else "A"
    if not partners:
        return f"{other} has no run with {_missing(result, others, options, ignored)}"
    if len(rivals) > 1 or len(partners) > 1:
        names = [name for name in ignored if len(_values([options[x.id] for x in [*rivals, *partners]], name)) > 1]
        return (
            f"{len(rivals)} of {side} and {len(partners)} of {other} differ only in "
            f"{labels.listed(columns.ordered(names))}; choose one of each"
        )
    if result.curve is None:
        return problem(result)
    if partners[0].curve is None:
        return f"its partner in {other} has no result ({problem(partners[0])})"
    return ""


def _missing(result: Result, others: Sequence[Result], options: Mapping[str, Options], ignored: frozenset[str]) -> str:
    """The options of a result that the most similar one of the other side has not."""
    mine = _key(options[result.id], ignored)
    lacking = min((mine - _key(options[other.id], ignored) for other in others), key=len, default=mine)
    return _said(dict(lacking)) or "these options only"


def _pair(a: Result, b: Result, options: Mapping[str, Options]) -> Pair:
    differing: dict[str, Any] = {}
    for field in fields(Result):
        value = getattr(a, field.name)
        if field.name not in _RECORD and value != getattr(b, field.name):
            differing[field.name] = "" if isinstance(value, str) else None
    equal = _key(options[a.id], frozenset()) & _key(options[b.id], frozenset())
    params = {name: str(value) for name, value in equal}
    return Pair(a, b, replace(a, params=params, curve=None, **differing))


def _changes(pairs: Sequence[Pair], options: Mapping[str, Options]) -> list[Change]:
    counted: dict[tuple[str, str, str], int] = {}
    for pair in pairs:
        a, b = options[pair.a.id], options[pair.b.id]
        for name in columns.ordered({*a, *b}):
            if a.get(name) != b.get(name):
                change = name, _text(a.get(name)), _text(b.get(name))
                counted[change] = counted.get(change, 0) + 1
    places = {name: place for place, name in enumerate(columns.ordered({name for name, _, _ in counted}))}
    listed = sorted(counted.items(), key=lambda item: places[item[0][0]])
    return [Change(*change, number) for change, number in listed]


def _lone(side: str, chosen: Sequence[Result], among: Sequence[Result], reason: Any) -> list[Lone]:
    names = dict(zip((x.id for x in among), labels.short(among), strict=True))
    return [Lone(side, names[x.id], x.id, reason(x)) for x in chosen]


def _first_reason(lone: Iterable[Lone]) -> str:
    return next((f"{one.label} of {one.side}: {one.reason}" for one in lone), "there are no runs")


def _said(options: Options) -> str:
    return ", ".join(f"{name}={_text(options[name])}" for name in columns.ordered(options))


def _text(value: columns.Value) -> str:
    return "–" if value is None else f"{value:g}" if isinstance(value, float) else labels.printable(str(value))


def _curve_sizes(result: Result) -> Int64[np.ndarray, " s"]:
    assert result.curve is not None
    return result.curve.sizes
