"""Estimate what a job will cost from runs of similar jobs."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from certvote.results.run import Run

if TYPE_CHECKING:
    from certvote.options.settings import Settings
    from certvote.types import Split

PEAK_MEMORY = "peak_memory_mb"  # metric of a run: megabytes (10^6 bytes) of resident memory, of its process alone

_SIMILAR = ("dataset", "feature", "algo", "learner")
_Key = tuple[str | int | None, ...]


@dataclass(frozen=True)
class Estimate:
    """Hold what similar runs took.

    Attributes
    ----------
    seconds : float
        Median of their durations.
    least_seconds, most_seconds : float
        The shortest and the longest; runs that found features or votes in the cache are the short ones.
    memory_mb : float or None
        Their largest peak of resident memory in megabytes; ``None`` where no run measured it.
    runs : int
        How many they are.
    """

    seconds: float
    least_seconds: float
    most_seconds: float
    memory_mb: float | None
    runs: int


class Estimator:
    """Estimate jobs from the finished runs of a database.

    Runs are similar if they have the same data set, of the same size, feature, algorithm and learner. Those that also
    have the same certificate are preferred.
    """

    def __init__(self, runs: Sequence[Run]) -> None:
        self._similar: dict[_Key, list[Run]] = {}
        for run in runs:
            if run.is_job and run.status == "FINISHED" and run.seconds is not None:
                names = {group: str(run.options[group]) for group in _SIMILAR if run.options.get(group)}
                key = _key(names, run.n_train, run.n_test)
                for one in (key, (*key, run.certificate)):
                    self._similar.setdefault(one, []).append(run)

    def estimate(self, settings: Settings, split: Split) -> Estimate | None:
        """Return the costs of similar runs, ``None`` if there are none."""
        names = {group: getattr(settings, group).name for group in _SIMILAR if group in settings.groups}
        key = _key(names, len(split.train_labels), len(split.test_labels))
        runs = self._similar.get((*key, settings.certificate.name)) or self._similar.get(key)
        if runs is None:
            return None
        seconds = [run.seconds for run in runs if run.seconds is not None]
        memory = [run.metrics[PEAK_MEMORY] for run in runs if PEAK_MEMORY in run.metrics]
        peak = max(memory, default=None)
        return Estimate(statistics.median(seconds), min(seconds), max(seconds), peak, len(runs))


def _key(names: Mapping[str, str], n_train: int | None, n_test: int | None) -> _Key:
    return (*(names.get(group) for group in _SIMILAR), n_train, n_test)
