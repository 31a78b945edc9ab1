"""Write and read runs: one per job, grouped under one per sweep, never a half-written one that looks finished."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from certvote.results import artifacts, record
from certvote.results.location import Location, TrackingError, clear_errors, open_client, read_client
from certvote.results.process import PROCESS, died, this_process
from certvote.results.read import REUSED, noted, read_run
from certvote.results.run import KIND, Run
from certvote.types import Curve

if TYPE_CHECKING:
    from mlflow.entities import Run as MlflowRun

    from certvote.options.settings import Tracking

log = logging.getLogger(__name__)

_BATCH = 1000  # MLflow takes at most this many metrics at once, 100 parameters and 100 tags
_MAX_PARAM = 6000


class Store:
    """Write to and read from one experiment of a results database: an MLflow tracking server or database.

    Parameters
    ----------
    uri : str
        Folder or MLflow tracking URI; a database that is not there is made.
    experiment : str
        Name of the MLflow experiment.
    artifact_root : str or None
        Where artifacts of a new experiment go; ``None``: beside a local database, or where a server decides.

    Raises
    ------
    TrackingError
        If the database cannot be opened.
    """

    def __init__(self, uri: str, experiment: str = "certvote", artifact_root: str | None = None) -> None:
        self.location = Location.of(uri, artifact_root)
        self.experiment = experiment
        self.client, self.experiment_id = open_client(self.location, experiment)

    @classmethod
    def reading(cls, uri: str, experiment: str) -> Store:
        """Open a database and an experiment that are there, without writing anything.

        Raises
        ------
        ValueError
            If there is no such database or experiment; the message lists what there is.
        TrackingError
            If the database cannot be opened.
        """
        store = cls.__new__(cls)
        store.experiment = experiment
        store.location, store.client = read_client(uri)
        with clear_errors(store.location.uri, "read"):
            there = {str(one.name): str(one.experiment_id) for one in store.client.search_experiments()}
        if experiment not in there:
            names = ", ".join(sorted(there)) or "(none)"
            raise ValueError(f"experiment (--experiment): expected one of {names} in {uri}, got {experiment!r}")
        store.experiment_id = there[experiment]
        return store

    @classmethod
    def open(cls, tracking: Tracking) -> Store:
        """Open the database that the options name; it is made when it is not there."""
        return cls(tracking.uri, tracking.experiment, tracking.artifact_root)

    # --- sweeps ------------------------------------------------------------------------------------------------

    def start_sweep(self, name: str, *, command: str, title: str | None, notes: Sequence[str]) -> str:
        """Create a sweep's parent run and return its id; earlier sweeps whose process died are marked as KILLED."""
        self._close_dead("tags.`certvote.kind` = 'sweep'")
        tags = {
            KIND: "sweep",
            "certvote.command": command,
            "certvote.title": title or "",
            "certvote.notes": json.dumps(list(notes)),
            "mlflow.note.content": "A sweep. Its report is the artifact `report/index.html`.",
        }
        return self._create(name, tags)

    def end_sweep(self, sweep: str, status: str) -> None:
        """Close a parent run as FINISHED, FAILED or KILLED; jobs of it that died with their process are KILLED."""
        self._close_dead(f"tags.`mlflow.parentRunId` = '{sweep}'")
        with clear_errors(self.location.uri, "write to"):
            self.client.set_terminated(sweep, status)

    def log_report(self, sweep: str, page: Path) -> None:
        """Keep a rendered page with its sweep, where the MLflow UI shows it."""
        with clear_errors(self.location.uri, "write to"):
            self.client.log_artifact(sweep, str(page), "report")

    def reuse(self, sweep: str, run: str) -> None:
        """Record that a sweep needed the result of an older ``run`` and did not compute it again."""
        with clear_errors(self.location.uri, "write to"):
            self.client.set_tag(sweep, f"{REUSED}{run}", "1")

    # --- jobs --------------------------------------------------------------------------------------------------

    def finished(self, fingerprint: str) -> str | None:
        """Return the id of the newest finished run with a fingerprint, ``None`` for none.

        A run whose metrics or artifacts are gone does not count.
        """
        for run in self._search(f"tags.`certvote.fingerprint` = '{fingerprint}' and attributes.status = 'FINISHED'"):
            with clear_errors(self.location.uri, "read"):
                gone = record.missing(self.client, self.location, run)
            if not gone:
                return str(run.info.run_id)
            log.warning("run %s is not used, as %s of it is gone", run.info.run_id, ", ".join(gone))
        return None

    def close_dead_runs(self, fingerprint: str) -> None:
        """Mark runs with this fingerprint that still say RUNNING as KILLED if their process died."""
        self._close_dead(f"tags.`certvote.fingerprint` = '{fingerprint}'")

    def start_run(self, name: str, *, sweep: str | None, params: Mapping[str, object], tags: Mapping[str, str]) -> str:
        """Create a job's run with its options and tags, and return its id."""
        from mlflow.entities import Param

        parent = {"mlflow.parentRunId": sweep} if sweep else {}
        run = self._create(name, {KIND: "run", **tags, **parent})
        rows = [Param(key, str(value)[:_MAX_PARAM]) for key, value in params.items()]
        with clear_errors(self.location.uri, "write to"):
            for start in range(0, len(rows), 100):
                self.client.log_batch(run, params=rows[start : start + 100])
        return run

    def log_curve(self, run: str, curve: Curve) -> None:
        """Log certified (and attained) accuracy at every poisoning size, with the size as the step."""
        rows = list(zip(curve.sizes.tolist(), curve.certified.tolist(), strict=True))
        self._log_metrics(run, (("CA", value, size) for size, value in rows))
        if curve.attained is not None:
            attained = zip(curve.sizes.tolist(), curve.attained.tolist(), strict=True)
            self._log_metrics(run, (("CA_attained", value, size) for size, value in attained))

    def log_metrics(self, run: str, metrics: Mapping[str, float]) -> None:
        """Log single numbers."""
        self._log_metrics(run, ((key, value, 0) for key, value in metrics.items()))

    def set_tags(self, run: str, tags: Mapping[str, str]) -> None:
        """Add or replace tags."""
        from mlflow.entities import RunTag

        with clear_errors(self.location.uri, "write to"):
            self.client.log_batch(run, tags=[RunTag(key, value) for key, value in tags.items()])

    def log_artifacts(self, run: str, folder: Path) -> None:
        """Keep every file of ``folder`` with the run."""
        with clear_errors(self.location.uri, "write to"):
            self.client.log_artifacts(run, str(folder))

    def finish_run(self, run: str) -> None:
        """Close a run as FINISHED, with one digest over everything that it logged."""
        ended = int(time.time() * 1000)
        with clear_errors(self.location.uri, "write to"):
            record.seal(self.client, self.location, run, ended)
            self.client.set_terminated(run, "FINISHED", ended)

    def end_run(self, run: str, status: str) -> None:
        """Close a run that did not finish, as KILLED or FAILED."""
        with clear_errors(self.location.uri, "write to"):
            self.client.set_terminated(run, status)

    def fail_run(self, run: str, error: str, traceback: str) -> None:
        """Close a run as FAILED, with the reason as a tag and the traceback as an artifact."""
        self.set_tags(run, {"certvote.error": error[:5000]})
        with clear_errors(self.location.uri, "write to"):
            self.client.log_text(run, traceback, "traceback.txt")
        self.end_run(run, "FAILED")

    # --- reading -----------------------------------------------------------------------------------------------

    def read_runs(
        self,
        *,
        sweep: str | None = None,
        run_ids: Iterable[str] | None = None,
        filter: str = "",
        curves: bool = True,
    ) -> list[Run]:
        """Read jobs, oldest first: by id, by an MLflow filter, or those of a sweep.

        Parameters
        ----------
        sweep : str or None
            Id of a sweep: its parent run, its jobs, and the older runs whose results it reused.
        run_ids : iterable of str or None
            Ids of runs.
        filter : str
            An MLflow filter, "" for all jobs.
        curves : bool
            Whether to read the curves, which takes two queries a run.
        """
        if sweep is not None:
            parent = self._get(sweep)
            names = [key.removeprefix(REUSED) for key in parent.data.tags if key.startswith(REUSED)]
            reused = {name: self._find(name) for name in names}
            gone = [name for name, run in reused.items() if run is None]
            own = self._search(f"tags.`mlflow.parentRunId` = '{sweep}'")
            found = [parent, *own, *(run for run in reused.values() if run is not None)]
        elif run_ids is not None:
            found = [self._get(run) for run in run_ids]
        else:
            found = [run for run in self._search(filter) if run.data.tags.get(KIND) == "run"]
        with clear_errors(self.location.uri, "read"):
            runs = [read_run(self.client, run, self.location.ui, curve=curves) for run in found]
        if sweep is not None and gone:
            note = f"left out, as they are not in the database any more: runs {', '.join(gone)}, which the sweep reused"
            runs = [noted(run, note) if run.id == sweep else run for run in runs]
        return sorted(runs, key=lambda run: run.started)

    def latest_sweep(self) -> str | None:
        """Return the id of the sweep that started last, ``None`` for none."""
        runs = self._search("tags.`certvote.kind` = 'sweep'", 1)
        return runs[0].info.run_id if runs else None

    def sweeps(self) -> list[Run]:
        """Read the parent runs, newest first."""
        return [
            read_run(self.client, run, self.location.ui, curve=False)
            for run in self._search("tags.`certvote.kind` = 'sweep'")
        ]

    def download(self, run: str, artifact: str, folder: Path) -> Path:
        """Copy one artifact of a run into ``folder``."""
        with clear_errors(self.location.uri, "read"):
            return artifacts.fetch(self.client, self.location, run, artifact, folder)

    def differences(self, run: str) -> list[str] | None:
        """Return what of a run is not as it was at its end, by name; ``None`` if there is no digest to compare with."""
        with clear_errors(self.location.uri, "read"):
            return record.differences(self.client, self.location, run)

    # --- inside ------------------------------------------------------------------------------------------------

    def _create(self, name: str, tags: Mapping[str, str]) -> str:
        """Create a run with the tag of this process, and return its id."""
        with clear_errors(self.location.uri, "write to"):
            run = self.client.create_run(self.experiment_id, run_name=name, tags={**tags, PROCESS: this_process()})
        return str(run.info.run_id)

    def _close_dead(self, filter: str) -> None:
        """Mark running runs that pass a filter as KILLED if their process died."""
        running = self._search(f"{filter} and attributes.status = 'RUNNING'")
        with clear_errors(self.location.uri, "write to"):
            for run in running:
                if died(run.data.tags.get(PROCESS)):
                    self.client.set_terminated(run.info.run_id, "KILLED")

    def _get(self, run: str) -> MlflowRun:
        """Return a run of this experiment."""
        with clear_errors(self.location.uri, "read"):
            found = self.client.get_run(run)
        if found.info.experiment_id != self.experiment_id:
            raise TrackingError(f"expected a run of experiment {self.experiment!r}, got {run} of another one")
        return found

    def _find(self, run: str) -> MlflowRun | None:
        """Return a run of this experiment, ``None`` where there is none with this id."""
        try:
            return self._get(run)
        except TrackingError as error:
            code = getattr(error.__cause__, "error_code", None if error.__cause__ else "RESOURCE_DOES_NOT_EXIST")
            if code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                return None
            raise

    def _search(self, filter: str, limit: int | None = None) -> list[MlflowRun]:
        """Return all runs that pass a filter, newest first."""
        found: list[MlflowRun] = []
        token = None
        with clear_errors(self.location.uri, "read"):
            while True:
                page = self.client.search_runs(
                    [self.experiment_id],
                    filter,
                    max_results=limit or _BATCH,
                    order_by=["attributes.start_time DESC"],
                    page_token=token,
                )
                found += page
                token = page.token
                if not token or limit:
                    return found

    def _log_metrics(self, run: str, rows: Iterable[tuple[str, float, int]]) -> None:
        """Log metrics in batches as large as MLflow takes."""
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        metrics = [Metric(key, value, now, step) for key, value, step in rows]
        with clear_errors(self.location.uri, "write to"):
            for start in range(0, len(metrics), _BATCH):
                self.client.log_batch(run, metrics=metrics[start : start + _BATCH])
