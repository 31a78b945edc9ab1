"""Make runs of MLflow's entities."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float64, Int64

from certvote.results.run import Run
from certvote.types import Curve

if TYPE_CHECKING:
    from mlflow.entities import Run as MlflowRun
    from mlflow.tracking import MlflowClient

REUSED = "certvote.reused."  # tag of a sweep, followed by the id of an older run


_HISTORIES = ("CA", "CA_attained", "ASR")  # metrics with a value for every poisoning size


def read_run(client: MlflowClient, run: MlflowRun, ui: str, *, curve: bool = True) -> Run:
    """Return a run, with its whole curve or, which saves two queries, without it."""
    info, data = run.info, run.data
    found = _curve(client, info.run_id) if curve and "CA" in data.metrics else None
    return Run(
        id=info.run_id,
        name=info.run_name or info.run_id,
        status=info.status,
        started=info.start_time / 1000,
        seconds=None if info.end_time is None else (info.end_time - info.start_time) / 1000,
        params=dict(data.params),
        metrics={key: value for key, value in data.metrics.items() if key not in _HISTORIES},
        tags=dict(data.tags),
        curve=found,
        success=_values(client, info.run_id, "ASR", found.sizes)
        if found is not None and "ASR" in data.metrics
        else None,
        url=f"{ui}/#/experiments/{info.experiment_id}/runs/{info.run_id}",
    )


def _curve(client: MlflowClient, run: str) -> Curve:
    """Read a run's curve from the history of its metrics."""
    certified = _history(client, run, "CA")
    sizes = np.array(sorted(certified), dtype=np.int64)
    return Curve(
        sizes, np.array([certified[size] for size in sizes.tolist()]), _values(client, run, "CA_attained", sizes)
    )


def _values(
    client: MlflowClient, run: str, metric: str, sizes: Int64[np.ndarray, " s"]
) -> Float64[np.ndarray, " s"] | None:
    """Read a metric at every poisoning size, ``None`` where a run has none."""
    found = _history(client, run, metric)
    return np.array([found[size] for size in sizes.tolist()]) if found else None


def _history(client: MlflowClient, run: str, metric: str) -> dict[int, float]:
    """Read a metric as a mapping from step to value."""
    return {row.step: row.value for row in client.get_metric_history(run, metric)}
