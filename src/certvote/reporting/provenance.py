"""Collect where a page's numbers come from: options, commands, digests, versions, links."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from certvote.reporting import labels
from certvote.reporting.wording import printable
from certvote.results.run import Run, sweeps


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


def further_options(runs: Sequence[Run]) -> list[str]:
    """Return for every run the options in which runs differ and that its label does not say already."""
    differing = [name for name, values in _options(runs).items() if len(values - {"–"}) > 1]
    names = [name for name in differing if not any(labels.says(run, name) for run in runs)]
    shown = [[(name, labels.value_of(run, name)) for name in names] for run in runs]
    return [", ".join(f"{name}={value}" for name, value in options if value != "–") for options in shown]


def digests(runs: Sequence[Run]) -> dict[str, list[tuple[str, str]]]:
    """Return the SHA-256 of data, features and code, each value once, with the runs that it is of ("all")."""
    found = {}
    for kind, tag in (("data", "data_digest"), ("features", "feature_digest"), ("code", "code_digest")):
        values: dict[str, list[Run]] = {}
        for run in runs:
            if run.tag(tag):
                values.setdefault(run.tag(tag), []).append(run)
        several = len(values) > 1
        found[kind] = [(printable(x), _owners(owners, runs) if several else "all") for x, owners in values.items()]
    return {kind: listed for kind, listed in found.items() if listed}


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


def _environment(run: Run) -> Mapping[str, str]:
    try:
        loaded = json.loads(run.tag("environment") or "{}")
    except json.JSONDecodeError:
        return {}  # somebody edited the tag; versions are information, not evidence
    return {str(name): str(value) for name, value in loaded.items()} if isinstance(loaded, dict) else {}


def _options(runs: Sequence[Run]) -> dict[str, set[str]]:
    names = sorted({name for run in runs for name in run.options})
    return {name: {labels.value_of(run, name) for run in runs} for name in names}


def _owners(owners: Sequence[Run], runs: Sequence[Run]) -> str:
    """Return the runs that have a digest, by what sets them apart from all others, else by their labels."""
    ids = {run.id for run in owners}
    names = {run.id: _names(run) for run in runs}
    places = range(len(names[owners[0].id]))
    for chosen in itertools.chain.from_iterable(itertools.combinations(places, number) for number in places):
        said = {id: ", ".join(filter(None, (name[j] for j in chosen))) for id, name in names.items()}
        mine = {said[id] for id in ids}
        if len(mine) == 1 and "" not in mine and not any(said[id] in mine for id in said.keys() - ids):
            return mine.pop()
    listed = [label for run, label in zip(runs, labels.short(runs), strict=True) if run.id in ids]
    more = f" and {len(listed) - 4} more" if len(listed) > 4 else ""
    return "; ".join(listed[:4]) + more


def _names(run: Run) -> tuple[str, ...]:
    """Return the names of what a run chose."""
    named = labels.data_name(run), labels.name(run, "feature"), labels.attack_name(run, article=False)
    return (*named, *(labels.name(run, group) for group in ("algo", "learner", "certificate")))
