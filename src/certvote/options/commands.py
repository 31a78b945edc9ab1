"""Write the command line that reproduces a run, as it stands in the database and in reports."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from itertools import takewhile


def run_command(overrides: Sequence[str], *, multirun: bool = False) -> str:
    """Return ``python run.py …`` for Hydra overrides, quoted for a shell, without what the sweeper added at the end."""
    mine = list(takewhile(lambda override: not override.startswith("tracking.sweep="), overrides))
    return shlex.join(["python", "run.py", *(["-m"] if multirun else []), *mine])
