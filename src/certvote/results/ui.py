"""Start the MLflow UI over a local results database."""

from __future__ import annotations

import os
import subprocess
import sys
from urllib.parse import quote, urlencode

from certvote.results.store import Store


def address(store: Store, port: int) -> str:
    """Return the address at which the UI shows an experiment's curves.

    Runs are ordered by name, because the UI nests jobs under their sweep, collapsed and not drawn, when it
    orders by time.
    """
    host = store.location.uri.rstrip("/") if store.location.uri.startswith("http") else f"http://127.0.0.1:{port}"
    view = {
        "searchFilter": "tags.`certvote.kind` = 'run'",
        "orderByKey": "tags.`mlflow.runName`",
        "orderByAsc": "true",
        "compareRunsMode": "CHART",
        "workflowType": "machine_learning",
    }
    return f"{host}/#/experiments/{store.experiment_id}/runs?{urlencode(view, quote_via=quote)}"


def serve(store: Store, port: int) -> int:
    """Run MLflow's server on 127.0.0.1 until it is interrupted, with one worker, and return its exit code.

    Raises
    ------
    ValueError
        If the database is a server already.
    """
    if store.location.uri.startswith("http"):
        raise ValueError(f"option --uri: {store.location.uri} is a server already; open {address(store, port)}")
    server = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", store.location.uri]
    server += ["--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    if store.location.artifact_root is not None:
        server += ["--artifacts-destination", store.location.artifact_root]
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    try:
        return subprocess.call(server, env={**os.environ, **quiet})
    except KeyboardInterrupt:
        return 0
