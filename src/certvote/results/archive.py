"""Write runs as one portable file, and read them back: a ZIP archive with a record and the artifacts of each run."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from certvote.results.location import TrackingError
from certvote.results.process import PROCESS, died
from certvote.results.records import Record, digests, read_record
from certvote.results.run import Run
from certvote.results.store import Store
from certvote.runtime.temporary import temporary_folder

_FORMAT, _CONTENT = 1, "certvote.json"


class Database:
    """Offer the runs of a results database to :func:`certvote.results.merge.merge`.

    Parameters
    ----------
    store : Store
        The database.
    runs : sequence of Run or None
        The runs to offer; ``None``: all, sweeps included.
    """

    def __init__(self, store: Store, runs: Sequence[Run] | None = None) -> None:
        chosen = [*store.read_runs(curves=False), *store.sweeps()] if runs is None else runs
        self._store = store
        self._runs = {run.id: run for run in sorted(chosen, key=lambda run: not run.is_job)}  # sweeps after their jobs

    @property
    def ids(self) -> list[str]:
        """Ids of the runs that ended, jobs first."""
        return [id for id, run in self._runs.items() if not self._at_work(run)]

    @property
    def waiting(self) -> list[str]:
        """Ids of the runs that are at work, as far as this machine can tell."""
        return [id for id, run in self._runs.items() if self._at_work(run)]

    def read(self, run: str, folder: Path) -> Record:
        """Read a run, and copy its artifacts into an empty folder; one whose process died was killed.

        Raises
        ------
        TrackingError
            If a job that finished has no artifacts: only a part of its folder is here.
        """
        record = read_record(self._store, run, folder)
        if record.status == "FINISHED" and self._runs[run].is_job and not record.artifacts:
            raise TrackingError(
                f"run {run}: expected the artifacts of a finished run, got none; is its folder complete?"
            )
        return replace(record, status="KILLED") if record.status == "RUNNING" else record

    @staticmethod
    def _at_work(run: Run) -> bool:
        return run.status == "RUNNING" and not died(run.tags.get(PROCESS))


class Archive:
    """Offer the runs of an archive to :func:`certvote.results.merge.merge`.

    Raises
    ------
    ValueError
        If the file is no archive of runs.
    """

    waiting: Sequence[str] = ()

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            with zipfile.ZipFile(path) as archive:
                content = json.loads(archive.read(_CONTENT))
            self._digests: Mapping[str, str] = content["runs"]
            self.ids = list(self._digests)
            known = content["format"] == _FORMAT
        except (zipfile.BadZipFile, KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{path}: expected an archive that certvote export wrote, got {error}") from error
        if not known:
            raise ValueError(f"{path}: expected an archive of format {_FORMAT}, got {content['format']!r}")

    def read(self, run: str, folder: Path) -> Record:
        """Read a run, and extract its artifacts into an empty folder.

        Raises
        ------
        ValueError
            If its content is not that of its digest.
        """
        try:
            with zipfile.ZipFile(self._path) as archive:
                record = Record.parse(archive.read(f"runs/{run}/record.json"))
                for name in record.artifacts:
                    (folder / name).parent.mkdir(parents=True, exist_ok=True)
                    with archive.open(f"runs/{run}/artifacts/{name}") as source, (folder / name).open("wb") as target:
                        shutil.copyfileobj(source, target)
        except (zipfile.BadZipFile, KeyError, ValueError, EOFError) as error:
            raise ValueError(f"{self._path}: run {run} is damaged: {error}") from error
        if record.id != run or record.digest() != self._digests[run] or digests(folder) != record.artifacts:
            raise ValueError(f"{self._path}: run {run} is damaged: its content does not match its digest")
        return record


def export(source: Database, path: Path) -> int:
    """Write the runs of a database that ended into one file, whole or not at all, and return how many they are."""
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            runs = {}
            for run in source.ids:
                with temporary_folder() as folder:
                    record = source.read(run, folder)
                    archive.writestr(f"runs/{run}/record.json", record.text())
                    for artifact in record.artifacts:
                        archive.write(folder / artifact, f"runs/{run}/artifacts/{artifact}")
                    runs[run] = record.digest()
            archive.writestr(_CONTENT, json.dumps({"format": _FORMAT, "runs": runs}, indent=1))
        Path(draft).chmod(0o644)
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
    return len(runs)
