"""Read everything that a run left behind as one record, with one digest over it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from certvote.results import artifacts
from certvote.results.location import clear_errors
from certvote.runtime.digests import file_digest
from certvote.runtime.temporary import temporary_folder

if TYPE_CHECKING:
    from certvote.results.store import Store

_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Record:
    """Hold a run as MLflow has it.

    Attributes
    ----------
    id, name, status, user : str
        MLflow's id, name, status and user.
    started, ended : int
        Milliseconds since the epoch.
    params, tags : mapping of str to str
        Parameters and tags.
    metrics : tuple of (str, float, int, int)
        Every logged value: name, value, time in milliseconds, step; sorted.
    artifacts : mapping of str to str
        Digest of every artifact by its path.
    """

    id: str
    name: str
    status: str
    user: str
    started: int
    ended: int
    params: Mapping[str, str]
    tags: Mapping[str, str]
    metrics: tuple[tuple[str, float, int, int], ...]
    artifacts: Mapping[str, str]

    def text(self) -> str:
        """Return the record as JSON, equal records as equal text."""
        return json.dumps(asdict(self), sort_keys=True, indent=1)

    def digest(self) -> str:
        """Compute the SHA-256 of the record; by their digests it includes the artifacts."""
        return hashlib.sha256(self.text().encode()).hexdigest()

    @classmethod
    def parse(cls, text: str | bytes) -> Record:
        """Read what :meth:`text` wrote.

        Raises
        ------
        ValueError
            If it is no record, or an id or a path in it leads out of the run's folder.
        """
        try:
            values: dict[str, Any] = json.loads(text)
            values["metrics"] = tuple((str(key), float(v), int(t), int(step)) for key, v, t, step in values["metrics"])
            record = cls(**values)
            texts = [record.id, record.name, record.status, record.user, *record.params.values(), *record.tags.values()]
            sound = all(isinstance(one, str) for one in texts) and all(isinstance(one, str) for one in record.artifacts)
        except (TypeError, KeyError, AttributeError, ValueError) as error:
            raise ValueError(f"expected the record of a run, got {error}") from error
        if not (sound and _ID.fullmatch(record.id) and all(map(_inside, record.artifacts))):
            raise ValueError("expected the record of a run, got one with a value, an id or a path that none has")
        return record


def read_record(store: Store, run: str, folder: Path) -> Record:
    """Read a run of a database, and copy its artifacts into an empty folder."""
    with clear_errors(store.location.uri, "read"):
        found = store.client.get_run(run)
        rows = [row for key in found.data.metrics for row in store.client.get_metric_history(run, key)]
        names = artifacts.names(store.client, store.location, run)
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        with temporary_folder(folder.parent) as other:
            store.download(run, name, other).replace(folder / name)  # MLflow leaves out the folders of a name
    info = found.info
    return Record(
        id=info.run_id,
        name=info.run_name or "",
        status=info.status,
        user=info.user_id or "",
        started=info.start_time,
        ended=info.start_time if info.end_time is None else info.end_time,
        params=dict(found.data.params),
        tags=dict(found.data.tags),
        metrics=tuple(sorted((row.key, row.value, row.timestamp, row.step) for row in rows)),
        artifacts=digests(folder),
    )


def digests(folder: Path) -> dict[str, str]:
    """Return the digest of every file below a folder, by its path."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): file_digest(path) for path in files}


def _inside(name: str) -> bool:
    """Return whether a path leads to a file below the folder that it starts from."""
    path = PurePosixPath(name)
    return bool(path.parts) and not path.is_absolute() and ".." not in path.parts and "\\" not in name
