"""Read the runs of several results databases together."""

from __future__ import annotations

from collections.abc import Sequence

from certvote.results.lookup import DEFAULT_EXPERIMENT, existing
from certvote.results.run import Run
from certvote.results.store import Store


def read_all(
    uris: Sequence[str], experiment: str = DEFAULT_EXPERIMENT
) -> tuple[list[Run], dict[str, tuple[str, Store]]]:
    """Return the jobs of databases, and by the id of each run the database that has it: its address, and its store.

    A run that several databases have, as after a merge, is read from the first of them.

    Raises
    ------
    ValueError
        If there is no such database, or it has no such experiment.
    """
    runs: dict[str, Run] = {}
    where: dict[str, tuple[str, Store]] = {}
    for uri in dict.fromkeys(uris):
        store = existing(uri, experiment)
        for run in store.read_runs():
            if run.id not in runs:
                runs[run.id], where[run.id] = run, (uri, store)
    return list(runs.values()), where
