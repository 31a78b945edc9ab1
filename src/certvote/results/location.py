"""Open a results database so that processes starting together cannot break it."""

from __future__ import annotations

import hashlib
import logging
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from certvote.results import artifacts, database

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

UI_ADDRESS = "http://127.0.0.1:5000"


class TrackingError(RuntimeError):
    """Report that the results database cannot be opened, read or written."""


@dataclass(frozen=True)
class Location:
    """Hold a tracking URI with what belongs to it.

    Attributes
    ----------
    uri : str
        MLflow tracking URI.
    artifact_root : str or None
        Where artifacts of new experiments go; ``None``: the server decides.
    lock : Path
        File that is locked while the database or an experiment is made.
    ui : str
        Address of the MLflow UI.
    file : Path or None
        The SQLite file; ``None``: a server.
    """

    uri: str
    artifact_root: str | None
    lock: Path
    ui: str
    file: Path | None

    @classmethod
    def of(cls, uri: str, artifact_root: str | None = None) -> Location:
        """Resolve a folder (SQLite and artifacts below it) or any MLflow tracking URI.

        Raises
        ------
        TrackingError
            If the URI is of a kind that MLflow does not take.
        """
        if "://" not in uri:
            return cls._of_file(Path(uri).expanduser().absolute() / "mlflow.db", uri, artifact_root)
        if uri.startswith("sqlite:///"):
            name = uri.removeprefix("sqlite:///")
            if name in ("", ":memory:") or name.startswith("file:"):
                raise TrackingError(
                    f"option tracking.uri: expected a file, which keeps results, got {uri!r}, a database in memory"
                )
            return cls._of_file(Path(name).absolute(), uri, artifact_root)
        if not uri.startswith(("http://", "https://", "postgresql", "mysql", "mssql", "databricks")):
            raise TrackingError(
                f"option tracking.uri: expected a folder, sqlite:///…, a database or http(s)://…, got {uri!r}"
            )
        # one lock for each user: a file of one in the temporary folder cannot be opened by another
        name = f"certvote-{os.getuid()}-{hashlib.sha256(uri.encode()).hexdigest()[:16]}.lock"
        lock = Path(tempfile.gettempdir()) / name
        return cls(uri, artifact_root, lock, uri.rstrip("/") if uri.startswith("http") else UI_ADDRESS, None)

    @classmethod
    def _of_file(cls, file: Path, uri: str, artifact_root: str | None) -> Location:
        """Resolve a SQLite file."""
        if "?" in str(file):
            raise TrackingError(f"option tracking.uri: expected a path without a question mark, got {uri!r}")
        root = artifact_root or (file.parent / "artifacts").as_uri()
        return cls(f"sqlite:///{file}", root, file.parent / ".lock", UI_ADDRESS, file)

    @property
    def beside(self) -> Path | None:
        """The folder beside a database file, in which artifacts lie unless told otherwise; ``None`` for a server."""
        return None if self.file is None else self.file.parent / "artifacts"


@contextmanager
def clear_errors(uri: str, doing: str) -> Iterator[None]:
    """Turn what MLflow, the database or the file system raises into one line that names the option."""
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except ImportError as error:
        raise TrackingError(
            f"cannot {doing} the results database {uri} (option tracking.uri, --uri): {error}; PostgreSQL needs the "
            "extra postgres: pip install 'certvote[postgres]'"
        ) from error
    except (MlflowException, SQLAlchemyError, sqlite3.Error, OSError) as error:
        raise TrackingError(
            f"cannot {doing} the results database {uri} (option tracking.uri, --uri): {_reason(error)}"
        ) from error


def _reason(error: Exception) -> str:
    """Return the line of an error that says what happened: that of the database driver, or the first."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    return next((line for line in lines if line.startswith(("(sqlite3.", "(psycopg", "(pymysql"))), lines[0])


def import_mlflow() -> None:
    """Import MLflow quietly: no telemetry, no bars, no migration log, no endless retries."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")  # seconds
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    import mlflow.tracking  # noqa: F401

    for name in ("alembic", "mlflow"):
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in ("mlflow.store", "urllib3"):  # they log, at length, what they raise as well
        logging.getLogger(name).setLevel(logging.CRITICAL)


def open_client(location: Location, experiment: str) -> tuple[MlflowClient, str]:
    """Open a database and an experiment; a fresh one of either is made by one process only.

    Returns
    -------
    tuple of MlflowClient and str
        The client, and the id of the experiment.

    Raises
    ------
    TrackingError
        If the database cannot be opened, or the experiment was deleted.
    """
    import_mlflow()
    with clear_errors(location.uri, "open"):
        location.lock.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(location.lock, timeout=120):
            if location.file is not None:
                assert location.artifact_root is not None
                if database.is_absent(location.file):
                    database.make(location.file, location.artifact_root)
                database.check(location.file)
            return _client_and_experiment(location, experiment)


def read_client(uri: str) -> tuple[Location, MlflowClient]:
    """Open a database that is there, without writing anything to it or beside it.

    Raises
    ------
    ValueError
        If there is no database.
    TrackingError
        If it cannot be opened.
    """
    location = Location.of(uri)
    if location.file is not None and not location.file.exists():
        raise ValueError(f"uri (--uri): expected a results database, got {uri}, where there is none")
    import_mlflow()
    from mlflow.tracking import MlflowClient

    with clear_errors(location.uri, "open"):
        if location.file is not None:
            database.check(location.file)
        return location, MlflowClient(tracking_uri=location.uri)


def _client_and_experiment(location: Location, experiment: str) -> tuple[MlflowClient, str]:
    """Return the client and the id of an experiment, which is made if it is not there."""
    from mlflow.exceptions import MlflowException
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=location.uri)
    found = client.get_experiment_by_name(experiment)
    if found is None:
        try:
            return client, client.create_experiment(
                experiment, artifact_location=location.artifact_root, tags=artifacts.tags(location)
            )
        except MlflowException:  # another machine was faster
            found = client.get_experiment_by_name(experiment)
            if found is None:
                raise
    if found.lifecycle_stage == "deleted":
        raise TrackingError(
            f"option tracking.experiment: {experiment!r} was deleted in {location.uri}; restore it or choose another"
        )
    if location.beside is not None:
        artifacts.follow(location, str(found.experiment_id))
    return client, str(found.experiment_id)
