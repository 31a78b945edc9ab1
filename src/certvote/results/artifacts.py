"""Find a run's artifacts where its database is now, wherever it was when they were written.

MLflow records artifacts under absolute paths. Those that lie beside a SQLite file move with it.
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from certvote.runtime.digests import file_digest
from certvote.runtime.temporary import temporary_folder

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

    from certvote.results.location import Location

_PLACE, _BESIDE = "certvote.artifacts", "beside the database"  # tag of an experiment


def tags(location: Location) -> dict[str, str]:
    """Return the tags of a new experiment: whether its artifacts lie beside the database."""
    beside = location.beside is not None and location.artifact_root == location.beside.as_uri()
    return {_PLACE: _BESIDE} if beside else {}


def follow(location: Location, experiment: str) -> None:
    """Correct the places that an experiment records, if the folder of its database was moved or copied.

    An experiment without a tag (version 0.1) was moved if artifacts of its runs lie beside the database.
    """
    assert location.beside is not None
    with closing(sqlite3.connect(f"{location.file}", timeout=20)) as connection, connection:
        read = connection.execute
        (recorded,) = read(
            "SELECT artifact_location FROM experiments WHERE experiment_id = ?", (experiment,)
        ).fetchone()
        if recorded == location.beside.as_uri():
            return
        rows = read("SELECT run_uuid FROM runs WHERE experiment_id = ?", (experiment,)).fetchall()
        here = [run for (run,) in rows if (location.beside / run).is_dir()]
        tag = read("SELECT value FROM experiment_tags WHERE experiment_id = ? AND key = ?", (experiment, _PLACE))
        if here or tag.fetchone() == (_BESIDE,):
            place = location.beside.as_uri()
            read("UPDATE experiments SET artifact_location = ? WHERE experiment_id = ?", (place, experiment))
            moved = [(f"{place}/{run}/artifacts", run) for run in here]
            connection.executemany("UPDATE runs SET artifact_uri = ? WHERE run_uuid = ?", moved)


def names(client: MlflowClient, location: Location, run: str, folder: str | None = None) -> list[str]:
    """Return the paths of all artifacts of a run, sorted."""
    if (here := _beside(location, run)) is not None:
        return sorted(path.relative_to(here).as_posix() for path in here.rglob("*") if path.is_file())
    found = client.list_artifacts(run, folder)
    inside = [name for one in found if one.is_dir for name in names(client, location, run, one.path)]
    return sorted([*inside, *(one.path for one in found if not one.is_dir)])


def fetch(client: MlflowClient, location: Location, run: str, name: str, folder: Path) -> Path:
    """Copy one artifact of a run, which exists, into a folder."""
    here = _beside(location, run)
    if here is None or not (here / name).is_file():
        return Path(client.download_artifacts(run, name, str(folder)))
    copy = folder / name
    copy.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(here / name, copy)
    return copy


def digests(client: MlflowClient, location: Location, run: str, *, without: str) -> dict[str, str]:
    """Compute the SHA-256 of every artifact of a run but one, by path."""
    here = _beside(location, run)
    found = [name for name in names(client, location, run) if name != without]
    if here is not None:
        return {name: file_digest(here / name) for name in found}
    with temporary_folder() as folder:
        return {name: file_digest(fetch(client, location, run, name, folder)) for name in found}


def _beside(location: Location, run: str) -> Path | None:
    """Return the folder beside the database that has artifacts of a run, ``None`` where there is none."""
    folder = None if location.beside is None else location.beside / run / "artifacts"
    return folder if folder is not None and folder.is_dir() else None
