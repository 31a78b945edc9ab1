"""The name of a sweep, which is also the folder of its report."""

from __future__ import annotations

import re

_NAME = re.compile(r"[^\W_][\w .+-]*")
_LONGEST = 255  # bytes that file systems keep of a folder's name


def check_name(name: str) -> None:
    """Raise ``ValueError`` unless ``name`` is a plain folder name, one that leads nowhere else."""
    if not _NAME.fullmatch(name) or name.endswith((".", " ")):
        raise ValueError(f"option name: expected a plain folder name of letters, digits and . _ + -, got {name!r}")
    if len(name.encode()) > _LONGEST:
        raise ValueError(f"option name: expected at most {_LONGEST} bytes, got {len(name.encode())}: {name!r}")


def is_name(name: str) -> bool:
    """Whether ``name`` is a plain folder name."""
    try:
        check_name(name)
    except ValueError:
        return False
    return True
