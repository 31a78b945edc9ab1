"""Check the name of a sweep, which is also the folder of its report."""

from __future__ import annotations

import re

_NAME = re.compile(r"[^\W_][\w .+-]*")
_LONGEST = 255  # bytes: the longest name of a folder in common file systems


def check_name(name: str) -> None:
    """Check that a name is that of a folder, and no path to another one.

    Raises
    ------
    ValueError
        If it is empty, hidden, too long, or has characters other than letters, digits, spaces and ``. _ + -``.
    """
    if not _NAME.fullmatch(name) or name.endswith((".", " ")):
        raise ValueError(f"option name: expected a plain folder name of letters, digits and . _ + -, got {name!r}")
    if len(name.encode()) > _LONGEST:
        raise ValueError(f"option name: expected at most {_LONGEST} bytes, got {len(name.encode())}: {name!r}")


def is_name(name: str) -> bool:
    """Return whether :func:`check_name` accepts a name."""
    try:
        check_name(name)
    except ValueError:
        return False
    return True
