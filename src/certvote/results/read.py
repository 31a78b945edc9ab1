"""Make runs of MLflow's entities."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float64, Int64

from certvote.results.run import Run
from certvote.types import Attacked, Curve

if TYPE_CHECKING:
    from mlflow.entities import Run as MlflowRun
    from mlflow.tracking import MlflowClient

ATTACKED = "CA_attacked"  # metric with the accuracy that attacks have left, by poisoning size
REUSED = "certvote.reused."  # tag of a sweep, followed by the id of an older run
_HISTORIES = ("CA", "CA_attained", "ASR", ATTACKED)  # metrics with a value for every poisoning size


def read_run(client: MlflowClient, run: MlflowRun, ui: str, *, curve: bool = True) -> Run:
    """Return a run, with its whole curve or, which saves two queries, without it."""
    info, data = run.info, run.data
    tags = dict(data.tags)
    whole = success = attacked = None
    if curve and "CA" in data.metrics:
        try:
            whole = _curve(client, info.run_id)
            success = _values(client, info.run_id, "ASR", whole.sizes)
            attacked = _attacked(client, info.run_id)
        except ValueError as error:  # somebody edited it: the run is shown with the reason in place of its curve
            whole = success = attacked = None
            tags["certvote.error"] = f"its curve is odd: {error}"
    return Run(
        id=info.run_id,
        name=info.run_name or info.run_id,
        status=info.status,
        started=info.start_time / 1000,
        seconds=None if info.end_time is None else (info.end_time - info.start_time) / 1000,
        params=dict(data.params),
        metrics={key: value for key, value in data.metrics.items() if key not in _HISTORIES},
        tags=tags,
        curve=whole,
        success=success,
        attacked=attacked,
        url=f"{ui}/#/experiments/{info.experiment_id}/runs/{info.run_id}",
    )


def noted(run: Run, note: str) -> Run:
    """Return a run with one more note."""
    return replace(run, tags={**run.tags, "certvote.notes": json.dumps([*run.notes, note])})


def _curve(client: MlflowClient, run: str) -> Curve:
    """Read a run's curve from the history of its metrics; raise ``ValueError`` for what is no curve."""
    sizes = np.array(sorted(_history(client, run, "CA")), dtype=np.int64)
    if sizes.size and sizes[0] < 0:
        raise ValueError(f"expected CA at sizes of at least 0, got e = {sizes[0]}")
    certified = _values(client, run, "CA", sizes)
    if certified is None:
        raise ValueError("CA has no history")
    return Curve(sizes, certified, _values(client, run, "CA_attained", sizes))


def _values(
    client: MlflowClient, run: str, metric: str, sizes: Int64[np.ndarray, " s"]
) -> Float64[np.ndarray, " s"] | None:
    """Read a share of the test examples at every poisoning size, ``None`` where a run has none."""
    found = _history(client, run, metric)
    if not found:
        return None
    if odd := found.keys() ^ set(sizes.tolist()):
        raise ValueError(f"CA or {metric} alone has a value at e = {min(odd)}")
    for size, value in found.items():
        if not 0 <= value <= 1:
            raise ValueError(f"expected {metric} from 0 to 1, got {value} at e = {size}")
    return np.array([found[size] for size in sizes.tolist()])


def _attacked(client: MlflowClient, run: str) -> Attacked | None:
    """Read what attacks have left from the history of its metric, ``None`` where a run has none."""
    sizes = np.array(sorted(_history(client, run, ATTACKED)), dtype=np.int64)
    accuracy = _values(client, run, ATTACKED, sizes)
    return None if accuracy is None else Attacked(sizes, accuracy)


def _history(client: MlflowClient, run: str, metric: str) -> dict[int, float]:
    """Read a metric as a mapping from step to value."""
    rows = sorted(client.get_metric_history(run, metric), key=lambda row: row.timestamp)
    return {row.step: row.value for row in rows}
