"""Find what a results database has, without making what it has not: reading leaves no database behind."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from certvote.results import artifacts
from certvote.results.location import TrackingError, clear_errors, read_client
from certvote.results.store import Store

DEFAULT_URI, DEFAULT_EXPERIMENT = "mlruns", "certvote"  # where run.py writes unless told otherwise

_ID = re.compile(r"[0-9a-f]{6,32}")


def existing(uri: str = DEFAULT_URI, experiment: str = DEFAULT_EXPERIMENT) -> Store:
    """Open a database and an experiment that are there.

    Raises
    ------
    ValueError
        If there is no such database or experiment; the message lists what there is.
    """
    return Store.reading(uri, experiment)


def experiments(uri: str = DEFAULT_URI) -> list[str]:
    """Return the names of a database's experiments.

    Raises
    ------
    ValueError
        If there is no database.
    """
    location, client = read_client(uri)
    with clear_errors(location.uri, "read"):
        return sorted(str(found.name) for found in client.search_experiments())


def sweep_id(store: Store, name: str) -> str | None:
    """Return the id of the newest sweep with an id, the beginning of one, or a name; ``None`` for none."""
    for sweep in store.sweeps():
        if name in (sweep.id, sweep.name) or (_ID.fullmatch(name) and sweep.id.startswith(name)):
            return sweep.id
    return None


def run_ids(store: Store, names: Sequence[str]) -> list[str | None]:
    """Return the ids of the jobs with these ids or beginnings of ids, ``None`` for each that is not there.

    Raises
    ------
    ValueError
        If several ids begin so.
    """
    ids = [run.id for run in store.read_runs(curves=False)] if any(map(_ID.fullmatch, names)) else []
    return [_beginning(name, ids) for name in names]


def _beginning(name: str, ids: Sequence[str]) -> str | None:
    """Return the one id that begins with a text, ``None`` for none."""
    found = [id for id in ids if id.startswith(name)] if _ID.fullmatch(name) else []
    if len(found) > 1:
        raise ValueError(f"expected the id of one run, got {name}, with which {len(found)} begin")
    return found[0] if found else None


def download(uri: str, run: str, artifact: str, folder: Path) -> Path:
    """Copy one artifact of a run of any experiment into a folder.

    Raises
    ------
    ValueError
        If there is no such run.
    TrackingError
        If the run has no such artifact.
    """
    location, client = read_client(uri)
    from mlflow.exceptions import MlflowException

    try:
        client.get_run(run)
    except MlflowException as error:
        raise ValueError(f"run: expected the id of a run in {uri}, got {run!r}") from error
    try:
        return artifacts.fetch(client, location, run, artifact, folder)
    except (MlflowException, OSError) as error:
        raise TrackingError(f"run {run} has no artifact {artifact}: {str(error).splitlines()[0]}") from error
