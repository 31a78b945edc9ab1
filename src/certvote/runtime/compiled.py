"""Find a folder in which Numba keeps compiled code, where neither the package nor the home folder can be written."""

from __future__ import annotations

import logging
import os
import tempfile
from pathlib import Path

log = logging.getLogger(__name__)

_PACKAGE = Path(__file__).resolve().parents[1]


def keep_compiled_code() -> None:
    """Let Numba keep compiled code in the temporary folder if its usual places cannot be written.

    Without any place Numba ends with an error. The folder belongs to this user alone: compiled code that it reads there
    is run.
    """
    if "NUMBA_CACHE_DIR" in os.environ or any(map(_can_be_written, (_PACKAGE, Path.home() / ".cache" / "numba"))):
        return
    folder = Path(tempfile.gettempdir()) / f"certvote-compiled-{os.getuid()}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        status = folder.lstat()
        mine = status.st_uid == os.getuid() and status.st_mode & 0o077 == 0 and not folder.is_symlink()
    except OSError:
        mine = False
    if not mine:
        folder = Path(tempfile.mkdtemp(prefix="certvote-compiled-"))
    os.environ["NUMBA_CACHE_DIR"] = str(folder)
    log.warning(
        "compiled code is kept in %s, as neither the package's folder nor the home folder can be written", folder
    )


def _can_be_written(folder: Path) -> bool:
    """Return whether files can be made in a folder, which may still have to be made."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)
