"""Make the file of a local results database whole or not at all, and recognize one that is not whole."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path


def make(file: Path, artifact_root: str) -> None:
    """Make a database with MLflow's tables under another name, and give it its own name when it is complete.

    MLflow's migrations are not atomic: a database in which they were interrupted can never be opened again. The caller
    holds the database's lock, so drafts that lie beside it belong to processes that died.

    Parameters
    ----------
    file : Path
        The database; an empty file is replaced.
    artifact_root : str
        Where artifacts of experiments go unless told otherwise.
    """
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    for left in file.parent.glob(f".{file.name}-*"):
        left.unlink()
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")
    os.close(descriptor)
    draft = Path(name)
    try:
        SqlAlchemyStore(f"sqlite:///{draft}", artifact_root).engine.dispose()  # type: ignore[no-untyped-call]
        draft.chmod(0o644)  # a draft starts out readable by its owner alone
        draft.replace(file)
        _sync(file.parent)
    finally:
        for left in (draft, Path(f"{draft}-journal")):
            left.unlink(missing_ok=True)


def is_absent(file: Path) -> bool:
    """Return whether nothing is there, or an empty file, which is as good as none."""
    return not file.exists() or (file.is_file() and file.stat().st_size == 0)


def check(file: Path) -> None:
    """Check that a database was made to its end: MLflow creates the first experiment last of all.

    Raises
    ------
    OSError
        If the file is a folder, no SQLite database, or a database without experiments.
    """
    if not file.is_file():
        raise OSError(f"expected a file, got {file}, which is none")
    try:
        # rw: what a killed process left half-written is rolled back; without write access the file is only read
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=rw", uri=True)) as connection:
            (tables,) = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'experiments'").fetchone()
            if tables and connection.execute("SELECT 1 FROM experiments LIMIT 1").fetchone():
                return
    except sqlite3.Error as error:
        raise OSError(f"(sqlite3.{type(error).__name__}) {error}") from error
    raise OSError(
        f"{file} holds no experiment: a first run was interrupted while it made the database. Nothing is lost; "
        "delete the file and start again"
    )


def _sync(folder: Path) -> None:
    """Write a folder's entries to the disk, so that a new name survives a power failure."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
