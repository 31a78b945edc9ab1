"""Ask an ensemble: draw what each voter sees, train, and let all vote, one part of the test set after another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from certvote import stages
from certvote.options.schema import Bagging, Dpa, FiniteAggregation, Settings
from certvote.types import Election, Features, Split, Votes

if TYPE_CHECKING:
    from certvote.algorithms.subsets import Subsets
    from certvote.learners.ballots import Progress

_CHUNK_BYTES = 256 * 2**20  # of what all voters say about a part of the test set


def elections(settings: Settings) -> tuple[str, ...]:
    """The elections that are decided once the voters of ``settings`` were asked; bagging's is by plurality.

    Networks take minutes to answer and all elections together seconds, so that no second job has to ask them again.
    """
    if not isinstance(settings.algo, Dpa):
        return ("plurality",)
    return ("plurality", "runoff") if settings.learner.name == "network" else (settings.algo.election,)


def poll(
    features: Features | None, split: Split, settings: Settings, seconds: dict[str, float]
) -> dict[str, Votes | Election]:
    """Votes for plurality of bagging and DPA, the outcome of all other elections; by the name of the election.

    ``features`` is ``None`` for a learner that looks at images. Raises ``ValueError`` for more parts or larger
    subsamples than there are training examples.
    """
    from certvote.learners import ensemble as learners

    subsets, buckets = _subsets(split, settings)
    train, test = (split.train, split.test) if features is None else (features.train, features.test)
    options = stages.options_of(settings.learner)
    with (
        stages.timed(seconds, "training"),
        stages.bar(f"training ({settings.learner.name})", len(subsets), "voter") as progress,
    ):
        how: dict[str, Any] = {"num_classes": split.num_classes, "threads": settings.n_jobs, "progress": progress}
        ensemble = learners.train(options.pop("name"), train, split.train_labels, subsets, **how, **options)
    decided = elections(settings)
    with (
        stages.timed(seconds, "votes"),
        stages.bar(f"votes ({settings.algo.name})", len(test)) as progress,
    ):
        if buckets is None and decided == ("plurality",):
            return {"plurality": Votes(counts=ensemble.counts(test, progress=progress))}
        depth = split.num_classes if "runoff" in decided else 1
        rows = max(1, _CHUNK_BYTES // (len(subsets) * depth))
        parts: dict[str, list[Votes | Election]] = {election: [] for election in decided}
        for start in range(0, len(test), rows):
            ask = ensemble.rankings if "runoff" in decided else ensemble.first_choices
            ballots = ask(test[start : start + rows], progress=_from(start, len(test), progress))
            for election, outcomes in parts.items():
                outcomes.append(_decide(election, ballots, buckets, split.num_classes, settings.n_jobs))
    return {election: _joined(outcomes) for election, outcomes in parts.items()}


def _from(start: int, total: int, progress: Progress) -> Progress:
    """``progress`` of the whole, to be called with that of the part that begins at ``start``."""
    return lambda done, _: progress(start + done, total)


def _subsets(split: Split, settings: Settings) -> tuple[Subsets, np.ndarray | None]:
    """What each voter is trained on; for FA also which parts these are."""
    from certvote.learners import subsets

    algo = settings.algo
    if isinstance(algo, Bagging):
        drawn = subsets.bootstrap(len(split.train_labels), voters=algo.voters, size=algo.subsample, seed=algo.seed)
        return drawn, None
    if isinstance(algo, FiniteAggregation):
        return subsets.spread(split.train, split.train_labels, parts=algo.parts, spread=algo.spread)
    assert isinstance(algo, Dpa)
    return subsets.partition(split.train, split.train_labels, parts=algo.parts), None


def _decide(
    election: str, ballots: np.ndarray, buckets: np.ndarray | None, num_classes: int, threads: int | None
) -> Votes | Election:
    """``ballots``: rankings [m v c], or first choices [m v]."""
    from certvote.certificates import finite_aggregation, runoff
    from certvote.certificates.ballots import count_first

    if election == "runoff":
        return runoff.elect(ballots, num_classes=num_classes, buckets=buckets, threads=threads)
    first = np.ascontiguousarray(ballots[:, :, 0]) if ballots.ndim == 3 else ballots
    if buckets is None:
        return Votes(counts=count_first(first, num_classes, threads))
    return finite_aggregation.elect(first, buckets, num_classes=num_classes, threads=threads)


def _joined(outcomes: list[Votes | Election]) -> Votes | Election:
    """One outcome from those of parts of the test set."""
    counts = np.concatenate([outcome.counts for outcome in outcomes])
    decided = [outcome for outcome in outcomes if isinstance(outcome, Election)]
    if not decided:
        return Votes(counts=counts)
    winner = np.concatenate([outcome.winner for outcome in decided])
    return Election(counts=counts, winner=winner, parts=np.concatenate([outcome.parts for outcome in decided]))
