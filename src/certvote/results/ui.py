"""Start the MLflow UI over a local results database."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import quote, urlencode

from certvote.results.store import Store
from certvote.runtime.interrupts import interruptible

_GRACE = 10  # seconds for an orderly end


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
    """Run MLflow's server on 127.0.0.1 until it or this process is told to end, and return its exit code.

    Raises
    ------
    ValueError
        If the database is a server already, or the port cannot be used.
    """
    if store.location.uri.startswith("http"):
        raise ValueError(f"option --uri: {store.location.uri} is a server already; open {address(store, port)}")
    check_port(port)
    server = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", store.location.uri]
    server += ["--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    if store.location.artifact_root is not None:
        server += ["--artifacts-destination", store.location.artifact_root]
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    return run_until_interrupted(server, {**os.environ, **quiet})


def check_port(port: int) -> None:
    """Check that a server can listen on a port of this machine.

    Raises
    ------
    ValueError
        If there is no such port, or something else listens there.
    """
    if not 1 <= port < 2**16:
        raise ValueError(f"option --port: expected 1 to 65535, got {port}")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise ValueError(f"option --port: expected a free port, got {port}: {error.strerror}") from error


def run_until_interrupted(command: list[str], environment: Mapping[str, str]) -> int:
    """Run a program and the processes that it starts; end them all on Ctrl-C and SIGTERM, and return the exit code."""
    process = None
    try:
        with interruptible():
            process = subprocess.Popen(command, env=environment, start_new_session=True)
            return process.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        if process is not None:
            for number in (signal.SIGTERM, signal.SIGKILL):
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, number)
                with suppress(subprocess.TimeoutExpired):
                    process.wait(_GRACE)
