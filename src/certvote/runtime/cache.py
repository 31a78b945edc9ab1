"""Keep arrays on disk: computed once per key, written atomically, verified whenever they are read."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout

from certvote.runtime.archives import damage_as_one_error
from certvote.runtime.digests import array_digest

_DIGEST, _KEY = "__digest__", "__key__"  # names of our own entries in the file

logger = logging.getLogger(__name__)


class CacheError(OSError):
    """Report a cache folder that cannot be read or written."""


def cached(
    root: str | Path | None,
    stage: str,
    key_parts: Mapping[str, Any],
    compute: Callable[[], Mapping[str, np.ndarray]],
) -> dict[str, np.ndarray]:
    """Read arrays from ``root/stage/<key>.npz``, or compute and write them.

    A damaged file is reported with a warning and rebuilt. Processes that need the same key compute it once.

    Parameters
    ----------
    root : path or None
        Folder of the cache; ``None``: compute, and keep nothing.
    stage : str
        Folder below it.
    key_parts : mapping
        All that the result depends on, in values that JSON can hold: digests of the input, options, versions.
    compute : callable
        Returns the arrays by name.

    Returns
    -------
    dict
        The arrays by name.

    Raises
    ------
    CacheError
        If the folder cannot be read or written; the message names it.
    """
    if root is None:
        return dict(compute())
    key_text = json.dumps({"stage": stage, **key_parts}, sort_keys=True, separators=(",", ":"), allow_nan=False)
    key = hashlib.sha256(key_text.encode()).hexdigest()
    root = Path(root).expanduser()
    path = root / stage / f"{key}.npz"
    arrays = _read(path, key, root)
    if arrays is not None:
        return arrays
    with _exclusive(root, key):
        arrays = _read(path, key, root, warn=False)  # another process may have computed it meanwhile
        if arrays is None:
            arrays = dict(compute())
            _write(path, key, key_text, arrays, root)
    return arrays


def _digest(key: str, arrays: Mapping[str, np.ndarray]) -> str:
    """Compute the digest of key, names and content: a file under another name is as wrong as an altered one."""
    names = sorted(arrays)
    listed = json.dumps([key, names, array_digest(*(arrays[name] for name in names))])
    return hashlib.sha256(listed.encode()).hexdigest()


def _read(path: Path, key: str, root: Path, *, warn: bool = True) -> dict[str, np.ndarray] | None:
    """Read the arrays of an intact file; return ``None`` if there is none."""
    try:
        with damage_as_one_error(), path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files if name not in (_DIGEST, _KEY)}
            if str(archive[_DIGEST]) == _digest(key, arrays):
                return arrays
            reason = "its content does not match its digest"
    except FileNotFoundError:
        return None
    except (ValueError, MemoryError) as error:
        reason = str(error) or type(error).__name__
    except OSError as error:
        raise _failed("read", root, error) from error
    if warn:
        logger.warning("cache file %s is damaged (%s): rebuilding it", path, reason)
    return None


def _write(path: Path, key: str, key_text: str, arrays: Mapping[str, np.ndarray], root: Path) -> None:
    """Write arrays with their digest to a partial file, then give it its name."""
    for name, array in arrays.items():
        assert name not in (_DIGEST, _KEY), f"{name} is an entry of the cache itself"
        assert not array.dtype.hasobject, f"{name} holds Python objects"
    entries: dict[str, Any] = {**arrays, _DIGEST: np.array(_digest(key, arrays)), _KEY: np.array(key_text)}
    partial = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for leftover in path.parent.glob(
            f".{key}-*.partial"
        ):  # of a process that was killed: this process has the lock
            leftover.unlink()
        descriptor, partial = tempfile.mkstemp(prefix=f".{key}-", suffix=".partial", dir=path.parent)
        with os.fdopen(descriptor, "wb") as file:
            np.savez(file, **entries)
            file.flush()
            os.fsync(file.fileno())
        Path(partial).replace(path)
        partial = None
    except OSError as error:
        raise _failed("write", root, error) from error
    finally:
        if partial is not None:
            with contextlib.suppress(OSError):
                Path(partial).unlink()


@contextlib.contextmanager
def _exclusive(root: Path, key: str) -> Iterator[None]:
    """Hold the key's lock; the system releases it if the process dies."""
    try:
        (root / ".locks").mkdir(parents=True, exist_ok=True)
        lock = FileLock(root / ".locks" / f"{key}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            logger.info("waiting for another process that computes the same (%s)", key[:16])
            lock.acquire()
    except OSError as error:
        raise _failed("write", root, error) from error
    try:
        yield
    finally:
        lock.release()


def _failed(action: str, root: Path, error: OSError) -> CacheError:
    """Return the error for a cache folder that cannot be read or written."""
    return CacheError(
        error.errno, f"cannot {action} the cache in {root}: {error.strerror or error}; set cache_root to another folder"
    )
