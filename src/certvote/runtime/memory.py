"""Measure the memory that is free and that work took, and refuse work that does not fit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psutil

_GROUPS = Path("/sys/fs/cgroup")
_SELF = Path("/proc/self/cgroup")
_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def available() -> int:
    """Return the bytes that this process may still take, within the limits of its control groups."""
    return min([psutil.virtual_memory().available, *_left_in_groups()])


def refuse_above_free(needed: int, what: str, remedy: str) -> None:
    """Refuse work that needs more memory than is free, before it begins.

    Parameters
    ----------
    needed : int
        Bytes.
    what, remedy : str
        Beginning and end of the message: what needs them, and what to do about it.

    Raises
    ------
    ValueError
        If more bytes are needed than are free.
    """
    if needed > (free := available()):
        raise ValueError(
            f"{what}: expected at least {megabytes(needed)} of free memory, got {megabytes(free)}; {remedy}"
        )


class PeakMemory:
    """Measure the largest resident memory of this process from now on; processes that it starts do not count."""

    def __init__(self) -> None:
        try:
            _CLEAR.write_text("5")  # the kernel then measures anew
            self._measures = True
        except OSError:
            self._measures = False

    def bytes(self) -> int | None:
        """Return the peak so far, ``None`` on a system that does not measure it."""
        if not self._measures:
            return None
        lines = [line for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM:")]
        return int(lines[0].split()[1]) * 1024 if lines else None


def megabytes(size: int) -> str:
    """Format a number of bytes for a message."""
    return f"{max(size, 0) / 1e6:,.0f} MB"


def _left_in_groups() -> Iterator[int]:
    """Yield what the limit of each control group around this process leaves.

    File pages that the system can drop count as free.
    """
    try:
        lines = _SELF.read_text().splitlines()
    except OSError:
        return  # not Linux
    for line in lines:
        number, controllers, path = line.split(":", 2)
        if number == "0" and not controllers:
            base, names = _GROUPS, ("memory.max", "memory.current", "inactive_file ")
        elif "memory" in controllers.split(","):
            base, names = _GROUPS / "memory", ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file ")
        else:
            continue
        # inside a container the group may be mounted as the root of what is seen
        own = base / path.lstrip("/")
        for folder in {base, own, *(parent for parent in own.parents if base in parent.parents)}:
            limit, used = (_number(folder / name) for name in names[:2])
            if limit is not None and used is not None:
                yield max(0, limit - used + _dropped(folder / "memory.stat", names[2]))


def _number(path: Path) -> int | None:
    """Read a number from a file; return ``None`` if there is no such file or it says that there is no limit."""
    try:
        text = path.read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None


def _dropped(stat: Path, name: str) -> int:
    """Read the bytes of file pages that can be dropped from a control group's statistics."""
    try:
        lines = stat.read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.removeprefix(name)) for line in lines if line.startswith(name)), 0)
