"""Collect where a page's numbers come from: options, commands, digests, versions, links."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from certvote.reporting import labels
from certvote.reporting.wording import printable, seconds
from certvote.results.run import Run, sweeps


@dataclass(frozen=True)
class RunRow:
    """Describe one run in the list of runs: in what it differs from others, how it went, and where its record is."""

    label: str
    options: str
    state: str
    seconds: str
    id: str
    url: str | None


@dataclass(frozen=True)
class Digest:
    """Hold a digest, and which runs it belongs to if it is not the same for all of them."""

    kind: str
    value: str
    owners: str


def provenance(runs: Sequence[Run], found: Sequence[Run], command: str | Sequence[str] | None = None) -> dict[str, Any]:
    """Return what the last sections of a page show.

    Parameters
    ----------
    runs : sequence of Run
        Runs as they were read, sweeps among them.
    found : sequence of Run
        The jobs on the page.
    command : str, sequence of str or None
        What reproduces all of them; ``None``: the commands of the sweeps.
    """
    given = [run.tag("command") for run in sweeps(runs)] if command is None else command
    commands = [given] if isinstance(given, str) else given
    return {
        "common_options": common_options(found),
        "commands": [printable(line) for line in dict.fromkeys(commands) if line],
        "run_commands": list(dict.fromkeys(printable(x.tag("command")) for x in found if x.tag("command"))),
        "digests": digests(found),
        "versions": versions(found),
    }


def common_options(runs: Sequence[Run]) -> list[tuple[str, str]]:
    """Return the options that have the same value in all runs that have them, by name."""
    set_values = {name: values - {"–"} for name, values in _options(runs).items()}
    return [(name, next(iter(values))) for name, values in set_values.items() if len(values) == 1]


def run_rows(runs: Sequence[Run]) -> list[RunRow]:
    """Describe every run; ``options`` has those in which runs differ and that the label does not say already."""
    differing = [name for name, values in _options(runs).items() if len(values - {"–"}) > 1]
    names = [name for name in differing if not any(labels.says(run, name) for run in runs)]
    rows = []
    for run, label in zip(runs, labels.short(runs), strict=True):
        options = ", ".join(f"{name}={_option(run, name)}" for name in names if _option(run, name) != "–")
        state = labels.STATES.get(run.status, run.status.lower())
        rows.append(RunRow(label, options, state, seconds(run.seconds), run.id, web_link(run.url)))
    return rows


def digests(runs: Sequence[Run]) -> list[Digest]:
    """Return the SHA-256 of data, features and code, each value once."""
    listed = []
    for kind, tag in (("data", "data_digest"), ("features", "feature_digest"), ("code", "code_digest")):
        values: dict[str, list[Run]] = {}
        for run in runs:
            if run.tag(tag):
                values.setdefault(run.tag(tag), []).append(run)
        for value, owners in values.items():
            listed.append(Digest(kind, printable(value), "" if len(values) == 1 else _owners(owners, runs)))
    return listed


def versions(runs: Sequence[Run]) -> list[tuple[str, str]]:
    """Return the versions of the program and what it ran on; several are listed where runs differ."""
    seen: dict[str, dict[str, None]] = {}
    for run in runs:
        program = {"certvote": run.tag("version")} if run.tag("version") else {}
        for name, value in {**program, **_environment(run)}.items():
            seen.setdefault(name, {})[value] = None
    return [(printable(name), printable(", ".join(values))) for name, values in seen.items()]


def period(runs: Sequence[Run]) -> str:
    """Return when the runs started, as dates in UTC."""
    days = sorted({datetime.fromtimestamp(run.started, UTC).strftime("%Y-%m-%d") for run in runs})
    return " to ".join(dict.fromkeys([*days[:1], *days[-1:]]))


def links(runs: Sequence[Run], given: Mapping[str, str] | None) -> list[tuple[str, str]]:
    """Return the names and addresses of sweeps and of what else a page was given."""
    named = [(f"sweep {run.name}", run.url) for run in sweeps(runs)] + list((given or {}).items())
    return [(printable(name), url) for name, url in named if url and web_link(url)]


def web_link(url: str | None) -> str | None:
    """Return the address if it leads to a web server: no ``javascript:`` link may come out of a database."""
    return url if url and urlsplit(url).scheme in ("http", "https") else None


def _environment(run: Run) -> Mapping[str, str]:
    try:
        loaded = json.loads(run.tag("environment") or "{}")
    except json.JSONDecodeError:
        return {}  # somebody edited the tag; versions are information, not evidence
    return {str(name): str(value) for name, value in loaded.items()} if isinstance(loaded, dict) else {}


def _options(runs: Sequence[Run]) -> dict[str, set[str]]:
    names = sorted({name for run in runs for name in run.options})
    return {name: {_option(run, name) for run in runs} for name in names}


def _option(run: Run, name: str) -> str:
    value = run.options.get(name)
    return "–" if value is None else printable(str(value))


def _owners(owners: Sequence[Run], runs: Sequence[Run]) -> str:
    """Return the runs that have a digest, by what sets them apart from all others, else by their labels."""
    names: tuple[Callable[[Run], str], ...] = (
        labels.data_name,
        labels.feature_name,
        lambda run: labels.attack_name(run, article=False),
    )
    ids = {run.id for run in owners}
    for number in range(1, len(names) + 1):
        for chosen in itertools.combinations(names, number):
            said_of = {run.id: ", ".join(filter(None, (name(run) for name in chosen))) for run in runs}
            mine = {said_of[id] for id in ids}
            if len(mine) == 1 and "" not in mine and not any(said_of[id] in mine for id in said_of.keys() - ids):
                return mine.pop()
    said = [label for run, label in zip(runs, labels.short(runs), strict=True) if run.id in ids]
    more = f" and {len(said) - 4} more" if len(said) > 4 else ""
    return "; ".join(said[:4]) + more
