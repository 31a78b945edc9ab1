"""Finding what a results database has, without making what it has not: a reader must not leave a database behind."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from certvote.results.location import Location, TrackingError, clear_errors, import_mlflow
from certvote.results.store import Store

DEFAULT_URI, DEFAULT_EXPERIMENT = "mlruns", "certvote"  # where run.py writes unless told otherwise

_ID = re.compile(r"[0-9a-f]{6,32}")


def existing(uri: str = DEFAULT_URI, experiment: str = DEFAULT_EXPERIMENT) -> Store:
    """The database and experiment of these names; ``ValueError`` where there is none."""
    names = experiments(uri)
    if experiment not in names:
        raise ValueError(
            f"experiment (--experiment): expected one of {', '.join(names) or '(none)'} in {uri}, got {experiment!r}"
        )
    return Store(uri, experiment)


def experiments(uri: str = DEFAULT_URI) -> list[str]:
    """The names of a database's experiments; ``ValueError`` where there is no database."""
    location = Location.of(uri)
    file = Path(location.uri.removeprefix("sqlite:///"))
    if location.uri.startswith("sqlite:///") and not file.is_file():
        raise ValueError(f"uri (--uri): expected a results database, got {uri}, where there is none")
    import_mlflow()
    from mlflow.tracking import MlflowClient

    with clear_errors(location.uri, "read"):
        return sorted(str(found.name) for found in MlflowClient(tracking_uri=location.uri).search_experiments())


def sweep_id(store: Store, name: str) -> str | None:
    """The id of the sweep with this id, the beginning of it, or this name; of several the newest."""
    for sweep in store.sweeps():
        if name in (sweep.id, sweep.name) or (_ID.fullmatch(name) and sweep.id.startswith(name)):
            return sweep.id
    return None


def run_ids(store: Store, names: Sequence[str]) -> list[str | None]:
    """The ids of the jobs with these ids or beginnings of ids; ``ValueError`` where several begin so."""
    ids = [run.id for run in store.read_runs(curves=False)] if any(map(_ID.fullmatch, names)) else []
    return [_beginning(name, ids) for name in names]


def _beginning(name: str, ids: Sequence[str]) -> str | None:
    found = [id for id in ids if id.startswith(name)] if _ID.fullmatch(name) else []
    if len(found) > 1:
        raise ValueError(f"expected the id of one run, got {name}, with which {len(found)} begin")
    return found[0] if found else None


def download(uri: str, run: str, artifact: str, folder: Path) -> Path:
    """Copy one artifact of a run of any experiment into ``folder``; ``ValueError`` where there is no such run."""
    import_mlflow()
    from mlflow.exceptions import MlflowException
    from mlflow.tracking import MlflowClient

    experiments(uri)  # says so where there is no database
    location = Location.of(uri)
    client = MlflowClient(tracking_uri=location.uri)
    try:
        client.get_run(run)
    except MlflowException as error:
        raise ValueError(f"run: expected the id of a run in {uri}, got {run!r}") from error
    try:
        return Path(client.download_artifacts(run, artifact, str(folder)))
    except (MlflowException, OSError) as error:
        raise TrackingError(f"run {run} has no artifact {artifact}: {str(error).splitlines()[0]}") from error
