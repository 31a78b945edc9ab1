"""Record which process writes a run, so that runs whose process died can be told from those at work."""

from __future__ import annotations

import json
import os
import socket

import psutil

PROCESS = "certvote.process"  # tag of every run


def this_process() -> str:
    """Return host, process id and start time of the calling process, as JSON."""
    created = psutil.Process().create_time()
    return json.dumps({"host": socket.gethostname(), "pid": os.getpid(), "created": created})


def died(tag: str | None) -> bool:
    """Return whether the process that a tag names is known to be gone: it ran on this host and does not any more."""
    try:
        process = json.loads(tag or "")
        host, pid, created = process["host"], int(process["pid"]), float(process["created"])
    except (ValueError, TypeError, KeyError):  # no tag, or one that somebody edited
        return False
    if host != socket.gethostname():
        return False
    try:
        return bool(abs(psutil.Process(pid).create_time() - created) > 1)
    except (psutil.NoSuchProcess, ValueError):
        return True
