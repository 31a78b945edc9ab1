"""Bring runs of another database into this one: once each, whole or not at all, under the ids that they have.

A run keeps its id, and so everything that names it stays true: its sweep, reports, the digest over its record. MLflow's
interface gives new ids, so rows are written with MLflow's own tables, each run in one transaction after its artifacts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from certvote.results.location import TrackingError, clear_errors
from certvote.results.records import Record, digests
from certvote.runtime.interrupts import check
from certvote.runtime.temporary import temporary_folder

if TYPE_CHECKING:
    from certvote.results.store import Store


class Source(Protocol):
    """Offer runs: a database or an archive."""

    @property
    def ids(self) -> Sequence[str]:
        """Ids of the runs that ended."""

    @property
    def waiting(self) -> Sequence[str]:
        """Ids of the runs that are at work."""

    def read(self, run: str, folder: Path) -> Record:
        """Read a run, and copy its artifacts into an empty folder."""


@dataclass(frozen=True)
class Merged:
    """Hold the ids of runs that were brought, that were there already, and that are still at work."""

    brought: tuple[str, ...]
    there: tuple[str, ...]
    waiting: tuple[str, ...]


def merge(source: Source, store: Store, progress: Callable[[int, int], None] | None = None) -> Merged:
    """Bring the runs of a source into a database; what is there already is left as it is.

    An interrupted merge is completed by the next one.

    Parameters
    ----------
    source : Source
        Where the runs are.
    store : Store
        Where they are to be: a folder or a database, not a server, which gives runs new ids.
    progress : callable or None
        Called with the number of runs looked at and their total.

    Raises
    ------
    ValueError
        If the database is behind a server, or an archive is damaged.
    TrackingError
        If a database cannot be read or written, or what arrived is not what was read.
    """
    sql = _tables(store)
    brought, there = [], []
    for number, run in enumerate(source.ids, start=1):
        check()
        if _exists(sql, store, run):
            there.append(run)
        else:
            with temporary_folder() as folder:
                record = source.read(run, folder)
                with clear_errors(store.location.uri, "write to"):
                    _write(sql, store, record, folder)
            brought.append(run)
        if progress is not None:
            progress(number, len(source.ids))
    return Merged(tuple(brought), tuple(there), tuple(source.waiting))


def _tables(store: Store) -> Any:
    """Return MLflow's store of a database that this process writes itself."""
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    found = store.client._tracking_client.store
    if not isinstance(found, SqlAlchemyStore):
        raise ValueError(
            f"option --into: expected a folder or a database (sqlite, postgresql, mysql), got {store.location.uri}, a "
            "server, which gives runs new ids; name the database behind it"
        )
    return found


def _exists(sql: Any, store: Store, run: str) -> bool:
    """Return whether a database has a run, be it in another experiment or deleted."""
    from mlflow.store.tracking.dbmodels.models import SqlRun

    with clear_errors(store.location.uri, "read"), sql.ManagedSessionMaker(read_only=True) as session:
        return session.get(SqlRun, run) is not None


def _write(sql: Any, store: Store, record: Record, folder: Path) -> None:
    """Write the artifacts of a run, then all else in one transaction; each is read back and compared."""
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
    from mlflow.utils.uri import append_to_uri_path

    root = store.client.get_experiment(store.experiment_id).artifact_location
    place = append_to_uri_path(root, record.id, "artifacts")  # type: ignore[no-untyped-call]
    if record.artifacts:
        artifacts: Any = get_artifact_repository(place)
        artifacts.log_artifacts(str(folder))
        with temporary_folder() as other:
            arrived = digests(Path(artifacts.download_artifacts("", str(other))))
        wrong = sorted(path for path, digest in record.artifacts.items() if arrived.get(path) != digest)
        if wrong:
            raise TrackingError(f"run {record.id}: expected artifacts as they were read, got other {', '.join(wrong)}")
    with sql.ManagedSessionMaker(read_only=False) as session:
        session.add(_row(record, store.experiment_id, place))
        session.flush()
        session.add_all(_parts(record))
        session.flush()
        session.expire_all()
        if _read_back(session, record).digest() != record.digest():
            raise TrackingError(f"run {record.id}: expected rows as they were read, got others")


def _row(record: Record, experiment: str, place: str) -> Any:
    """Make the row of a run."""
    from mlflow.entities import LifecycleStage, SourceType
    from mlflow.store.tracking.dbmodels.models import SqlRun

    return SqlRun(
        run_uuid=record.id,
        name=record.name,
        user_id=record.user,
        status=record.status,
        start_time=record.started,
        end_time=record.ended,
        experiment_id=int(experiment),
        artifact_uri=place,
        lifecycle_stage=LifecycleStage.ACTIVE,
        source_type=SourceType.to_string(SourceType.UNKNOWN),
        source_name="",
        entry_point_name="",
        source_version="",
    )


def _parts(record: Record) -> list[Any]:
    """Make the rows of parameters, tags and metrics; MLflow keeps the last value of each metric a second time."""
    from mlflow.store.tracking.dbmodels.models import SqlLatestMetric, SqlMetric, SqlParam, SqlTag

    def metric(table: Any, key: str, value: float, timestamp: int, step: int) -> Any:
        nan = math.isnan(value)
        number = 0.0 if nan else value
        return table(run_uuid=record.id, key=key, value=number, timestamp=timestamp, step=step, is_nan=nan)

    last = {row[0]: row for row in sorted(record.metrics, key=lambda row: (row[3], row[2], row[1]))}
    return [
        *(SqlParam(run_uuid=record.id, key=key, value=value) for key, value in record.params.items()),
        *(SqlTag(run_uuid=record.id, key=key, value=value) for key, value in record.tags.items()),
        *(metric(SqlMetric, *row) for row in dict.fromkeys(record.metrics)),
        *(metric(SqlLatestMetric, *row) for row in last.values()),
    ]


def _read_back(session: Any, record: Record) -> Record:
    """Return what the database now has of a run."""
    from mlflow.store.tracking.dbmodels.models import SqlMetric, SqlParam, SqlRun, SqlTag

    def rows(table: Any) -> Any:
        return session.query(table).filter(table.run_uuid == record.id).all()

    run = session.get(SqlRun, record.id)
    metrics = ((x.key, math.nan if x.is_nan else x.value, x.timestamp, x.step) for x in rows(SqlMetric))
    return replace(
        record,
        name=run.name,
        status=run.status,
        user=run.user_id,
        started=run.start_time,
        ended=run.end_time,
        params={x.key: x.value for x in rows(SqlParam)},
        tags={x.key: x.value for x in rows(SqlTag)},
        metrics=tuple(sorted(metrics)),
    )
