"""Download files from the first of several mirrors that serves them with the expected digest."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from filelock import FileLock

_PARTIAL = ".download-"
_TIMEOUT = (10, 60)  # seconds to connect, and between two pieces of the answer

logger = logging.getLogger(__name__)


class DownloadError(OSError):
    """Say that no mirror served the file with the expected digest."""


@contextlib.contextmanager
def exclusive(folder: Path, data_root: str | Path, mirrors: Sequence[str]) -> Iterator[None]:
    """Create a folder and hold its lock, so that parallel jobs download a file once.

    What an interrupted download left behind is removed. Without mirrors nothing can be downloaded, and nothing is made.

    Parameters
    ----------
    folder : path
        Folder of a data set's files.
    data_root : path
        Folder of data sets, named in errors.
    mirrors : sequence of str
        Base addresses.

    Raises
    ------
    OSError
        If the folder cannot be written.
    """
    if not mirrors:
        yield
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / ".download.lock")
        lock.acquire()
    except OSError as error:
        raise _unwritable(folder, data_root, error) from error
    try:
        for leftover in folder.glob(f"{_PARTIAL}*"):
            shutil.rmtree(leftover, ignore_errors=True)
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def verified(
    name: str,
    *,
    mirrors: Sequence[str],
    digest: str,
    folder: Path,
    data_root: str | Path,
    holds: str = "it",
    progress: bool = True,
) -> Iterator[Path]:
    """Download a file into a temporary folder that is gone after the block, and check its digest.

    The caller moves what it needs into place with :func:`put`, so that an interruption at any moment leaves nothing
    that looks complete.

    Parameters
    ----------
    name : str
        Name of the file.
    mirrors : sequence of str
        Base addresses, tried in turn.
    digest : str
        ``md5:…`` or ``sha256:…`` of the file.
    folder : path
        Folder of the data set's files; the temporary one is inside of it.
    data_root : path
        Folder of data sets, named in errors.
    holds : str
        What of the file belongs into the folder, for errors.
    progress : bool
        Whether to show a progress bar.

    Yields
    ------
    path
        The downloaded file.

    Raises
    ------
    DownloadError
        If no mirror serves a file with this digest; the message names file, mirrors and ``data_root``.
    OSError
        If the folder cannot be written.
    """
    import pooch
    import requests

    pooch.get_logger().setLevel("WARNING")  # the line below says the same
    failures: list[str] = []
    if not mirrors:
        raise _not_downloaded(name, failures, holds, folder, data_root)
    try:
        partial = tempfile.TemporaryDirectory(prefix=_PARTIAL, dir=folder)
    except OSError as error:
        raise _unwritable(folder, data_root, error) from error
    with partial:
        for mirror in mirrors:
            url = f"{mirror.rstrip('/')}/{name}"
            logger.info("downloading %s to %s", url, folder)
            try:
                path = pooch.retrieve(
                    url,
                    known_hash=digest,
                    fname=name,
                    path=partial.name,
                    downloader=pooch.HTTPDownloader(progressbar=progress, timeout=_TIMEOUT, chunk_size=1 << 16),
                )
            except (requests.RequestException, ValueError) as error:  # ValueError: pooch on a wrong checksum
                failures.append(f"{url}: {_reason(error)}")
                continue
            except OSError as error:
                raise _unwritable(folder, data_root, error) from error
            yield Path(path)
            return
    raise _not_downloaded(name, failures, holds, folder, data_root)


def put(source: Path, target: Path, data_root: str | Path) -> None:
    """Move a complete file to its place in one step; it is on disk before it has its name.

    Raises
    ------
    OSError
        If the folder of ``target`` cannot be written; the message names ``data_root``.
    """
    try:
        with source.open("rb+") as file:
            os.fsync(file.fileno())
        source.replace(target)
    except OSError as error:
        raise _unwritable(target.parent, data_root, error) from error


def _not_downloaded(
    name: str, failures: Sequence[str], holds: str, folder: Path, data_root: str | Path
) -> DownloadError:
    return DownloadError(
        f"could not download {name} ({'; '.join(failures) or 'no mirror is given'}); put {holds} into {folder} "
        f"yourself, or set data_root (now {data_root}) to a folder that has it"
    )


def _reason(error: Exception) -> str:
    """Say what went wrong, without the chain of exceptions that requests wraps around it."""
    import requests

    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"{error.response.status_code} {error.response.reason}"
    if not isinstance(error, requests.RequestException):
        return "the content is not the published one"
    innermost = error.args[0] if error.args else error
    innermost = getattr(innermost, "reason", None) or innermost
    return str(innermost).split(": ", 1)[-1]


def _unwritable(folder: Path, data_root: str | Path, error: OSError) -> OSError:
    return OSError(error.errno, f"cannot write to {folder}: {error.strerror or error}; set data_root (now {data_root})")
