"""Make temporary folders that do not outlive their process for long, however it dies."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PREFIX = "certvote-tmp-"
_YOUNG = 60  # seconds in which a folder may be there and not locked yet


@contextmanager
def temporary_folder(parent: str | Path | None = None) -> Iterator[Path]:
    """Make a folder that is removed at the end of the block, and remove those whose process was killed before it.

    A folder is locked while its process lives; the system releases the lock of one that dies.

    Parameters
    ----------
    parent : path or None
        Where it is made; ``None``: the system's temporary folder.
    """
    where = Path(parent or tempfile.gettempdir())
    sweep(where)
    with tempfile.TemporaryDirectory(prefix=_PREFIX, dir=where, ignore_cleanup_errors=True) as name:
        descriptor = os.open(name, os.O_RDONLY | os.O_DIRECTORY)
        try:
            with suppress(OSError):  # a file system without locks: then nobody else can lock the folder, too
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield Path(name)
        finally:
            os.close(descriptor)


def sweep(where: Path) -> None:
    """Remove temporary folders of processes that died; those of other users are left alone."""
    for folder in where.glob(f"{_PREFIX}*"):
        with suppress(OSError):  # another user's, or gone meanwhile
            if folder.is_symlink() or time.time() - folder.stat().st_mtime < _YOUNG:
                continue
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                if os.fstat(descriptor).st_uid == os.getuid():
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(descriptor)
