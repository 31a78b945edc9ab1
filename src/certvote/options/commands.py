"""The command line that reproduces a run, as it stands in the database and in reports."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from itertools import takewhile


def run_command(overrides: Sequence[str], *, multirun: bool = False) -> str:
    """``python run.py …`` for Hydra overrides, quoted for a shell, without what the sweeper added at the end."""
    mine = list(takewhile(lambda override: not override.startswith("tracking.sweep="), overrides))
    return shlex.join(["python", "run.py", *(["-m"] if multirun else []), *mine])


def diff_command(a: str, b: str, *, uri: str, experiment: str, sweep: str | None) -> str:
    """``python -m certvote report diff …``, quoted for a shell; of the database only what is not the default."""
    from certvote.results import lookup

    given = {"--sweep": sweep}
    given |= {"--uri": None if uri == lookup.DEFAULT_URI else uri}
    given |= {"--experiment": None if experiment == lookup.DEFAULT_EXPERIMENT else experiment}
    options = [part for option, value in given.items() if value is not None for part in (option, value)]
    return shlex.join(["python", "-m", "certvote", "report", "diff", a, b, *options])
