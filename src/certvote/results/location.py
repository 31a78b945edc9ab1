"""Open a results database so that processes starting together cannot break it."""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

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
    """

    uri: str
    artifact_root: str | None
    lock: Path
    ui: str

    @classmethod
    def of(cls, uri: str, artifact_root: str | None = None) -> Location:
        """Resolve a folder (SQLite and artifacts below it) or any MLflow tracking URI.

        Raises
        ------
        TrackingError
            If the URI is of a kind that MLflow does not take.
        """
        if "://" not in uri:
            folder = Path(uri).expanduser().absolute()
            artifacts = artifact_root or (folder / "artifacts").as_uri()
            return cls(f"sqlite:///{folder / 'mlflow.db'}", artifacts, folder / ".lock", UI_ADDRESS)
        if uri.startswith("sqlite:///"):
            folder = Path(uri.removeprefix("sqlite:///")).absolute().parent
            return cls(uri, artifact_root or (folder / "artifacts").as_uri(), folder / ".lock", UI_ADDRESS)
        if not uri.startswith(("http://", "https://", "postgresql", "mysql", "mssql", "databricks")):
            raise TrackingError(
                f"option tracking.uri: expected a folder, sqlite:///…, a database or http(s)://…, got {uri!r}"
            )
        lock = Path(tempfile.gettempdir()) / f"certvote-{hashlib.sha256(uri.encode()).hexdigest()[:16]}.lock"
        return cls(uri, artifact_root, lock, uri.rstrip("/") if uri.startswith("http") else UI_ADDRESS)


@contextmanager
def clear_errors(uri: str, doing: str) -> Iterator[None]:
    """Turn what MLflow, the database or the file system raises into one line that names the option."""
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (MlflowException, SQLAlchemyError, OSError) as error:
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
            return _client_and_experiment(location, experiment)


def _client_and_experiment(location: Location, experiment: str) -> tuple[MlflowClient, str]:
    """Return the client and the id of an experiment, which is made if it is not there."""
    from mlflow.exceptions import MlflowException
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=location.uri)
    found = client.get_experiment_by_name(experiment)
    if found is None:
        try:
            return client, client.create_experiment(experiment, artifact_location=location.artifact_root)
        except MlflowException:  # another machine was faster
            found = client.get_experiment_by_name(experiment)
            if found is None:
                raise
    if found.lifecycle_stage == "deleted":
        raise TrackingError(
            f"option tracking.experiment: {experiment!r} was deleted in {location.uri}; restore it or choose another"
        )
    return client, str(found.experiment_id)
