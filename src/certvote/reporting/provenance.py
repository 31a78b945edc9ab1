"""Where a page's numbers come from: settings common to all runs and those that differ, digests, versions, links."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from certvote.reporting import labels
from certvote.reporting.query import BOOKKEEPING, Result
from certvote.types import Run

_IN_LABEL = (
    "dataset.name",
    "data.name",
    "feature.name",
    "attack.name",
    "algo.name",
    "algo.k",
    "algo.r",
    "algo.election",
    "attack.change",
    "learner.name",
    "algo.parts",
    "algo.spread",
    "algo.subsample",
    "algo.voters",
    "grouping.name",
)


@dataclass(frozen=True)
class RunRow:
    """One run in the list of runs: what differs from the others, how it went, and where its record is."""

    label: str
    options: str
    state: str
    seconds: str
    id: str
    url: str | None


@dataclass(frozen=True)
class Digest:
    """A digest, and which runs it belongs to if it is not the same for all of them."""

    kind: str
    value: str
    owners: str


def common_options(found: Sequence[Result]) -> list[tuple[str, str]]:
    """Options that have the same value in all runs that have them, by name."""
    set_values = {name: values - {"–"} for name, values in _options(found).items()}
    return [(name, next(iter(values))) for name, values in set_values.items() if len(values) == 1]


def run_rows(found: Sequence[Result]) -> list[RunRow]:
    """One row per run; ``options`` has those in which runs differ and that the label does not say already."""
    names = [name for name, values in _options(found).items() if len(values - {"–"}) > 1 and name not in _IN_LABEL]
    state = {"FINISHED": "finished", "FAILED": "failed", "KILLED": "interrupted", "RUNNING": "not finished"}
    rows = []
    for result, label in zip(found, labels.short(found), strict=True):
        options = ", ".join(f"{name}={_option(result, name)}" for name in names if _option(result, name) != "–")
        seconds = "–" if result.seconds is None else f"{result.seconds:,.1f}"
        said = state.get(result.status, result.status.lower())
        rows.append(RunRow(label, options, said, seconds, result.id, web_link(result.url)))
    return rows


def digests(found: Sequence[Result]) -> list[Digest]:
    """SHA-256 of data, features and code, each value once."""
    listed = []
    for kind, column in (("data", "data_digest"), ("features", "feature_digest"), ("code", "code_digest")):
        values: dict[str, list[Result]] = {}
        for result in found:
            if getattr(result, column):
                values.setdefault(getattr(result, column), []).append(result)
        for value, owners in values.items():
            listed.append(Digest(kind, labels.printable(value), "" if len(values) == 1 else _owners(owners, found)))
    return listed


def versions(runs: Sequence[Run]) -> list[tuple[str, str]]:
    """Versions of the program and what it ran on; several are listed where runs differ."""
    seen: dict[str, dict[str, None]] = {}
    for run in runs:
        if run.tags.get("certvote.version"):
            seen.setdefault("certvote", {})[run.tags["certvote.version"]] = None
        for name, value in _environment(run).items():
            seen.setdefault(name, {})[value] = None
    return [(labels.printable(name), labels.printable(", ".join(values))) for name, values in seen.items()]


def period(found: Sequence[Result]) -> str:
    """When the runs started, as dates in UTC."""
    days = sorted({datetime.fromtimestamp(result.started, UTC).strftime("%Y-%m-%d") for result in found})
    return "" if not days else days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"


def web_link(url: str | None) -> str | None:
    """The address if it leads to a web server: a page must not carry a ``javascript:`` link out of a database."""
    return url if url and urlsplit(url).scheme in ("http", "https") else None


def _environment(run: Run) -> Mapping[str, str]:
    try:
        loaded = json.loads(run.tags.get("certvote.environment", "{}"))
    except json.JSONDecodeError:
        return {}  # somebody edited the tag; versions are information, not evidence
    return {str(name): str(value) for name, value in loaded.items()} if isinstance(loaded, dict) else {}


def _options(found: Sequence[Result]) -> dict[str, set[str]]:
    names = sorted({name for result in found for name in result.params if not name.startswith(BOOKKEEPING)})
    return {name: {_option(result, name) for result in found} for name in names}


def _option(result: Result, name: str) -> str:
    value = result.params.get(name, "None")
    return "–" if value in ("None", "null", "") else labels.printable(value)


def _owners(owners: Sequence[Result], found: Sequence[Result]) -> str:
    """The runs that have a digest, by what sets them apart from all others, else by their labels."""
    names = {"data": labels.dataset_name, "feature": labels.feature_name, "attack": labels.attack_name}
    for number in range(1, len(names) + 1):
        for columns in itertools.combinations(names, number):
            keys = {tuple(getattr(x, column) for column in columns) for x in owners}
            others = [x for x in found if x not in owners and tuple(getattr(x, c) for c in columns) in keys]
            if len(keys) == 1 and not others:
                (key,) = keys
                return ", ".join(names[c](value).removeprefix("a ") for c, value in zip(columns, key, strict=True))
    mine = [label for x, label in zip(found, labels.short(found), strict=True) if x in owners]
    more = f" and {len(mine) - 4} more" if len(mine) > 4 else ""
    return "; ".join(mine[:4]) + more
