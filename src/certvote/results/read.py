"""Make runs of MLflow's entities."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from certvote.results.run import Run
from certvote.types import Curve

if TYPE_CHECKING:
    from mlflow.entities import Run as MlflowRun
    from mlflow.tracking import MlflowClient

REUSED = "certvote.reused."  # tag of a sweep, followed by the id of an older run


def read_run(client: MlflowClient, run: MlflowRun, ui: str, *, curve: bool = True) -> Run:
    """Return a run, with its whole curve or, which saves two queries, without it."""
    info, data = run.info, run.data
    tags = dict(data.tags)
    whole = None
    if curve and "CA" in data.metrics:
        try:
            whole = _curve(client, info.run_id)
        except ValueError as error:  # somebody edited it: the run is shown with the reason in place of its curve
            tags["certvote.error"] = f"its curve is odd: {error}"
    return Run(
        id=info.run_id,
        name=info.run_name or info.run_id,
        status=info.status,
        started=info.start_time / 1000,
        seconds=None if info.end_time is None else (info.end_time - info.start_time) / 1000,
        params=dict(data.params),
        metrics={key: value for key, value in data.metrics.items() if key not in ("CA", "CA_attained")},
        tags=tags,
        curve=whole,
        url=f"{ui}/#/experiments/{info.experiment_id}/runs/{info.run_id}",
    )


def noted(run: Run, note: str) -> Run:
    """Return a run with one more note."""
    return replace(run, tags={**run.tags, "certvote.notes": json.dumps([*run.notes, note])})


def _curve(client: MlflowClient, run: str) -> Curve:
    """Read a run's curve from the history of its metrics; raise ``ValueError`` for what is no curve."""
    certified = _history(client, run, "CA")
    attained = _history(client, run, "CA_attained")
    for name, values in (("CA", certified), ("CA_attained", attained or certified)):
        if values.keys() != certified.keys():
            size = min(values.keys() ^ certified.keys())
            raise ValueError(f"CA or CA_attained alone has a value at e = {size}")
        for size, value in values.items():
            if not (0 <= value <= 1) or size < 0:
                raise ValueError(f"expected {name} from 0 to 1 at sizes of at least 0, got {value} at e = {size}")
    sizes = np.array(sorted(certified), dtype=np.int64)
    return Curve(
        sizes,
        np.array([certified[size] for size in sizes.tolist()]),
        np.array([attained[size] for size in sizes.tolist()]) if attained else None,
    )


def _history(client: MlflowClient, run: str, metric: str) -> dict[int, float]:
    """Read a metric as a mapping from step to value."""
    rows = sorted(client.get_metric_history(run, metric), key=lambda row: row.timestamp)
    return {row.step: row.value for row in rows}
