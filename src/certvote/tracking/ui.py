"""The MLflow UI over a local results database."""

from __future__ import annotations

import os
import subprocess
import sys

from certvote.tracking.store import Store


def experiment_path(experiment_id: str) -> str:
    """The part of an address that opens an experiment's curves, not MLflow's start page."""
    return f"/#/experiments/{experiment_id}/runs?compareRunsMode=CHART&workflowType=machine_learning"


def command(uri: str, port: int) -> list[str]:
    """MLflow's server on 127.0.0.1, with one worker: it is one user's."""
    server = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", uri]
    return [*server, "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]


def serve(uri: str, experiment: str, port: int) -> int:
    """Show the database until interrupted; the server's exit code."""
    store = Store(uri, experiment)
    if store.location.uri.startswith("http"):
        print(f"{store.location.uri}{experiment_path(store.experiment_id)}")
        return 0
    print(f"curves and runs: http://127.0.0.1:{port}{experiment_path(store.experiment_id)}", flush=True)
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    try:
        return subprocess.call(command(store.location.uri, port), env={**os.environ, **quiet})
    except KeyboardInterrupt:
        return 0
