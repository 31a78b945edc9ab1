"""Seal a run's record: one digest over everything that the run logged.

The digest tells an edited record from the one that the run left. It is no signature: who may write to the database can
compute another one. A digest that is kept elsewhere (a paper, a repository) is a proof against that, too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from certvote.results import artifacts
from certvote.runtime.temporary import temporary_folder

if TYPE_CHECKING:
    from mlflow.entities import Run as MlflowRun
    from mlflow.tracking import MlflowClient

    from certvote.results.location import Location

DIGEST = "certvote.record_digest"  # tag of a finished run
CONTENT = "record.json"  # artifact with what the digest is over, so that a difference can be named

_NEEDED = ("votes.npz", "certified_sizes.npz", "curve.csv", "config.yaml")  # by every run, also of version 0.1


def seal(client: MlflowClient, location: Location, run: str, ended: int) -> None:
    """Read back everything that a run has logged, and log the digest over it.

    Parameters
    ----------
    client, location
        The database.
    run : str
        Id of a run that is about to end as FINISHED.
    ended : int
        When it ends, in milliseconds since the epoch.
    """
    content = _content(client, location, client.get_run(run)) | {"status": "FINISHED", "ended": ended}
    client.log_text(run, _text(content).decode(), CONTENT)
    client.set_tag(run, DIGEST, _digest(_text(content)))


def differences(client: MlflowClient, location: Location, run: str) -> list[str] | None:
    """Return what is not as it was when a run ended: names of parameters, metrics, tags, artifacts, times.

    ``None`` where the run has no digest: it is older than this version.
    """
    now = client.get_run(run)
    sealed = now.data.tags.get(DIGEST)
    if sealed is None:
        return [f"tag {DIGEST}"] if CONTENT in artifacts.names(client, location, run) else None
    content = _content(client, location, now)
    stored = _stored(client, location, run)
    if _digest(stored) != sealed:
        return [*([] if _digest(_text(content)) == sealed else ["the record"]), f"artifact {CONTENT}"]
    then = json.loads(stored)
    return sorted({name for name, _ in _named(then).items() ^ _named(content).items()})


def missing(client: MlflowClient, location: Location, run: MlflowRun) -> list[str]:
    """Return the metrics and artifacts that a finished run should have and has not."""
    names, metrics = _NEEDED, ("CA",)
    stored = _stored(client, location, run.info.run_id)
    if stored and _digest(stored) == run.data.tags.get(DIGEST):
        then = json.loads(stored)
        names, metrics = tuple(then["artifacts"]), tuple(then["metrics"])
    sealed = (CONTENT,) if DIGEST in run.data.tags else ()
    there = set(artifacts.names(client, location, run.info.run_id))
    gone = [name for name in (*names, *sealed) if name not in there]
    gone += [name for name in metrics if name not in run.data.metrics]
    return gone or ([] if client.get_metric_history(run.info.run_id, "CA") else ["CA"])


def _content(client: MlflowClient, location: Location, run: MlflowRun) -> dict[str, Any]:
    """Return everything that a run has logged; tags of others than this program belong to their users."""
    info, data = run.info, run.data
    mine = {
        key: value for key, value in data.tags.items() if key.startswith("certvote.") or key == "mlflow.parentRunId"
    }
    return {
        "name": info.run_name,
        "status": info.status,
        "started": info.start_time,
        "ended": info.end_time,
        "params": dict(data.params),
        "tags": {key: value for key, value in mine.items() if key != DIGEST},
        "metrics": {key: _metric(client, info.run_id, key, value) for key, value in data.metrics.items()},
        "artifacts": artifacts.digests(client, location, info.run_id, without=CONTENT),
    }


def _metric(client: MlflowClient, run: str, key: str, shown: float) -> str:
    """Compute the digest of a metric: the value that tables show, and the last value at every step."""
    rows = sorted(client.get_metric_history(run, key), key=lambda row: (row.timestamp, row.value))
    return _digest(_text({"shown": shown, "steps": {row.step: row.value for row in rows}}))


def _stored(client: MlflowClient, location: Location, run: str) -> bytes:
    """Read what the digest of a run was computed from, nothing where it is not there."""
    if CONTENT not in artifacts.names(client, location, run):
        return b""
    with temporary_folder() as folder:
        return artifacts.fetch(client, location, run, CONTENT, folder).read_bytes()


def _named(content: Mapping[str, Any]) -> dict[str, str]:
    """Return a record as one mapping, with names for a reader: ``param algo.k``, ``artifact votes.npz``."""
    flat: dict[str, str] = {}
    for part, value in content.items():
        if isinstance(value, Mapping):
            flat |= {f"{part.removesuffix('s')} {name}": json.dumps(one) for name, one in value.items()}
        else:
            flat[part] = json.dumps(value)
    return flat


def _text(content: Mapping[str, Any]) -> bytes:
    """Return a record as text, always the same for the same record."""
    return json.dumps(content, indent=1, sort_keys=True).encode()


def _digest(text: bytes) -> str:
    """Compute a SHA-256, in hexadecimal."""
    return hashlib.sha256(text).hexdigest()
