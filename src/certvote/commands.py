"""The command line that reproduces a run, as it stands in the database and in reports."""

from __future__ import annotations

import shlex
from collections.abc import Sequence


def run_command(overrides: Sequence[str], *, multirun: bool = False) -> str:
    """``python run.py …`` for Hydra overrides, quoted for a shell; what the sweeper added for itself is left out."""
    mine = [override for override in overrides if not override.startswith("tracking.sweep=")]
    return shlex.join(["python", "run.py", *(["-m"] if multirun else []), *mine])
