"""End a worker process whose parent is gone: after ``kill -9`` nobody else would."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time

_EVERY = 1.0  # seconds between two looks
_GRACE = 5.0  # seconds for an orderly end
_watched = False


def end_with_parent() -> None:
    """Watch the parent of a worker process (joblib's) from now on, and end the worker when its parent is gone.

    A program that a user started is none: it may outlive its terminal.
    """
    global _watched
    if not _watched and multiprocessing.current_process().name != "MainProcess":
        _watched = True
        threading.Thread(target=_watch, args=(os.getppid(),), daemon=True, name="certvote-parent").start()


def _watch(parent: int) -> None:
    """Wait until another process has become the parent, then end: first as on a request (SIGTERM), then for certain."""
    while os.getppid() == parent:
        time.sleep(_EVERY)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_GRACE)
    os.kill(os.getpid(), signal.SIGKILL)
