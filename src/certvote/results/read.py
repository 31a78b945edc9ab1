"""Make runs of MLflow's entities."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from certvote.results.run import Run
from certvote.types import Attacked, Curve

if TYPE_CHECKING:
    from mlflow.entities import Run as MlflowRun
    from mlflow.tracking import MlflowClient

ATTACKED = "CA_attacked"  # metric with the accuracy that attacks have left, by poisoning size
REUSED = "certvote.reused."  # tag of a sweep, followed by the id of an older run


def read_run(client: MlflowClient, run: MlflowRun, ui: str, *, curve: bool = True) -> Run:
    """Return a run, with its whole curve or, which saves two queries, without it."""
    info, data = run.info, run.data
    return Run(
        id=info.run_id,
        name=info.run_name or info.run_id,
        status=info.status,
        started=info.start_time / 1000,
        seconds=None if info.end_time is None else (info.end_time - info.start_time) / 1000,
        params=dict(data.params),
        metrics={key: value for key, value in data.metrics.items() if key not in ("CA", "CA_attained", ATTACKED)},
        tags=dict(data.tags),
        curve=_curve(client, info.run_id) if curve and "CA" in data.metrics else None,
        attacked=_attacked(client, info.run_id) if curve and ATTACKED in data.metrics else None,
        url=f"{ui}/#/experiments/{info.experiment_id}/runs/{info.run_id}",
    )


def _curve(client: MlflowClient, run: str) -> Curve:
    """Read a run's curve from the history of its metrics."""
    certified = _history(client, run, "CA")
    attained = _history(client, run, "CA_attained")
    sizes = np.array(sorted(certified), dtype=np.int64)
    return Curve(
        sizes,
        np.array([certified[size] for size in sizes.tolist()]),
        np.array([attained[size] for size in sizes.tolist()]) if attained else None,
    )


def _attacked(client: MlflowClient, run: str) -> Attacked:
    """Read what attacks have left from the history of its metric."""
    accuracy = _history(client, run, ATTACKED)
    sizes = np.array(sorted(accuracy), dtype=np.int64)
    return Attacked(sizes, np.array([accuracy[size] for size in sizes.tolist()]))


def _history(client: MlflowClient, run: str, metric: str) -> dict[int, float]:
    """Read a metric as a mapping from step to value."""
    return {row.step: row.value for row in client.get_metric_history(run, metric)}
