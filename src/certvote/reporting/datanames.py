"""Name the data of each run: a data set's name, or as much of a file's path as tells it from other files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

from certvote.options.choices import choices
from certvote.results.run import Run


@dataclass
class _File:
    """Describe one content: the paths that it was read from, and its digests, one per attack and subset."""

    paths: set[str] = field(default_factory=set)
    digests: set[str] = field(default_factory=set)


def data_names(runs: Sequence[Run]) -> list[str]:
    """Return one name per run, equal exactly for runs on the same data set or the same file.

    Two files with the same name and different content get the folders that tell them apart; two paths of the same
    content are one file. A file that is called like a data set (``mnist.npz``) is not taken for it.
    """
    files: dict[str, list[_File]] = {}
    for run in runs:
        if _path(run):
            _add(files.setdefault(_name(run), []), _path(run), run.tag("data_digest"))
    return [_shown(run, files.get(_name(run), [])) for run in runs]


def _add(files: list[_File], path: str, digest: str) -> None:
    """Add a run's file, and join what turns out to be the same file."""
    new = _File({path}, {digest} - {""})
    for file in [file for file in files if file.paths & new.paths or file.digests & new.digests]:
        files.remove(file)
        new.paths |= file.paths
        new.digests |= file.digests
    files.append(new)


def _shown(run: Run, files: Sequence[_File]) -> str:
    name = _name(run)
    if not _path(run):
        return name
    others = [file for file in files if _path(run) not in file.paths]
    mine = next(file for file in files if _path(run) in file.paths)
    shown = _tail(min(mine.paths), [path for file in others for path in file.paths]) if others else name
    return f"{shown} ({run.dataset})" if shown in choices("dataset") and shown != run.dataset else shown


def _tail(path: str, others: Sequence[str]) -> str:
    """Return the shortest end of a path that none of the other paths has."""
    parts = PurePath(path).with_suffix("").parts
    for length in range(1, len(parts) + 1):
        if not any(PurePath(other).with_suffix("").parts[-length:] == parts[-length:] for other in others):
            return "/".join(parts[-length:]).replace("//", "/")
    return path


def _name(run: Run) -> str:
    # A run that failed before it had read its data recorded no name for it: the file's stem is what it would be.
    return str(run.option("data.name") or PurePath(_path(run)).stem or run.dataset)


def _path(run: Run) -> str:
    return str(run.option("dataset.path") or "")
