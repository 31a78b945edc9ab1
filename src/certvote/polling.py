"""Ask an ensemble: draw what each voter sees, train, and let all vote, one part of the test set after another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from certvote import stages
from certvote.schema import Bagging, Dpa, FiniteAggregation, Settings
from certvote.types import Election, Features, Split, Votes

if TYPE_CHECKING:
    from certvote.ensembles.learners import Ensemble
    from certvote.ensembles.subsets import Subsets

_CHUNK_BYTES = 256 * 2**20  # of what all voters say about a part of the test set


def poll(features: Features | None, split: Split, settings: Settings, seconds: dict[str, float]) -> Votes | Election:
    """Votes of bagging and of DPA's plurality; the outcome of all other elections.

    ``features`` is ``None`` for a learner that looks at images. Raises ``ValueError`` for more parts or larger
    subsamples than there are training examples.
    """
    from certvote.ensembles import learners

    subsets, buckets = _subsets(split, settings)
    train, test = (split.train, split.test) if features is None else (features.train, features.test)
    options = stages.options_of(settings.learner)
    with (
        stages.timed(seconds, "training"),
        stages.bar(f"training ({settings.learner.name})", len(subsets), "voter") as progress,
    ):
        how: dict[str, Any] = {"num_classes": split.num_classes, "threads": settings.n_jobs, "progress": progress}
        ensemble = learners.train(options.pop("name"), train, split.train_labels, subsets, **how, **options)
    with (
        stages.timed(seconds, "votes"),
        stages.bar(f"votes ({settings.algo.name})", len(test)) as progress,
    ):
        if buckets is None and not _runoff(settings):
            return Votes(counts=ensemble.counts(test, progress=progress))
        rows = max(1, _CHUNK_BYTES // (len(subsets) * (split.num_classes if _runoff(settings) else 1)))
        outcomes = []
        for start in range(0, len(test), rows):
            outcomes.append(_elect(ensemble, test[start : start + rows], buckets, split.num_classes, settings))
            progress(min(start + rows, len(test)), len(test))
    return Election(
        counts=np.concatenate([outcome.counts for outcome in outcomes]),
        winner=np.concatenate([outcome.winner for outcome in outcomes]),
        parts=np.concatenate([outcome.parts for outcome in outcomes]),
    )


def _subsets(split: Split, settings: Settings) -> tuple[Subsets, np.ndarray | None]:
    """What each voter is trained on; for FA also which parts these are."""
    from certvote.ensembles import subsets

    algo = settings.algo
    if isinstance(algo, Bagging):
        drawn = subsets.bootstrap(len(split.train_labels), voters=algo.voters, size=algo.subsample, seed=algo.seed)
        return drawn, None
    if isinstance(algo, FiniteAggregation):
        return subsets.spread(split.train, split.train_labels, parts=algo.parts, spread=algo.spread)
    assert isinstance(algo, Dpa)
    return subsets.partition(split.train, split.train_labels, parts=algo.parts), None


def _runoff(settings: Settings) -> bool:
    return isinstance(settings.algo, Dpa) and settings.algo.election == "runoff"


def _elect(
    ensemble: Ensemble, test: np.ndarray, buckets: np.ndarray | None, num_classes: int, settings: Settings
) -> Election:
    from certvote.certificates import finite_aggregation, runoff

    threads = settings.n_jobs
    if _runoff(settings):
        return runoff.elect(ensemble.rankings(test), num_classes=num_classes, buckets=buckets, threads=threads)
    assert buckets is not None
    return finite_aggregation.elect(ensemble.first_choices(test), buckets, num_classes=num_classes, threads=threads)
