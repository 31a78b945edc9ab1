"""Compute what a job needs, stage by stage: data, features, votes, certificate; all but the first are cached."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from certvote.algorithms.base import Inputs, Work
from certvote.certificates.base import Problem, VotesOf
from certvote.options.identity import code_digest
from certvote.runtime.cache import cached
from certvote.runtime.digests import array_digest
from certvote.runtime.progress import progress_bar
from certvote.types import Certified, pack, unpack

if TYPE_CHECKING:
    from certvote.options.settings import Settings
    from certvote.types import Election, Features, Split, SuccessRates, Votes


def load_split(settings: Settings, *, download: bool = True) -> Split:
    """Read the data set and carry out the attack on its test images."""
    split = settings.dataset.split(data_root=Path(settings.data_root).absolute(), download=download)
    return settings.attack.apply(split)


def check(settings: Settings, split: Split) -> None:
    """Check options against the data (k ≤ number of training examples, …) before anything is computed.

    Raises
    ------
    ValueError
        If one does not fit; the message names the option, its largest value and the value.
    """
    for part in settings.chosen():
        part.check_data({"n_train": len(split.train_labels)})
    if "learner" in settings.groups:
        settings.learner.check(split)
    if "backend" in settings.groups:
        settings.backend.check()


def extract(split: Split, settings: Settings) -> Features:
    """Compute feature vectors on the exact grid, or take them from the cache."""
    return settings.feature.extract(split, cache_root=cache_root(settings), n_jobs=settings.n_jobs)


def inputs_of(features: Features | None, split: Split) -> Inputs:
    """Return what an algorithm sees: feature vectors, or the examples themselves where there are none."""
    train, test = (split.train, split.test) if features is None else (features.train, features.test)
    return Inputs(train, split.train_labels, test, split.num_classes, split.train)


def count_votes(
    features: Features | None, split: Split, settings: Settings, seconds: dict[str, float]
) -> Votes | Election:
    """Collect the votes of every test example, or take them from the cache, where another certificate needed them.

    Parameters
    ----------
    features : Features or None
        Vectors of the examples; ``None`` for base classifiers that look at images.
    split : Split
        The examples themselves, and their labels.
    settings : Settings
        All options.
    seconds : dict
        Receives how long training and voting took, when they were done.
    """
    algo = settings.algo
    inputs = inputs_of(features, split)
    window = algo.window(settings.certificate, settings.sizes.all(), settings.attack.change)
    folder = cache_root(settings)

    def count() -> dict[str, np.ndarray]:
        work = Work(settings.backend, settings.learner, settings.n_jobs, folder, window)
        outcomes = algo.outcomes(inputs, work)
        packed = {f"{election}_{name}": a for election, votes in outcomes.items() for name, a in pack(votes).items()}
        return packed | {f"seconds_{stage}": np.array(taken) for stage, taken in work.seconds.items()}

    asked = [getattr(settings, group) for group in settings.groups if group in ("learner", "backend")]
    key = {
        "inputs": array_digest(inputs.train, inputs.test),
        "labels": array_digest(split.train_labels),
        # which member sees an example follows from the example itself, not from its features
        "examples": array_digest(split.train),
        "num_classes": split.num_classes,
        "algo": {**algo.values_for_votes(), "window": window, "elections": algo.elections(settings.learner)},
        "with": [part.values_for_votes() for part in asked],
        "code": code_digest([__name__, *(type(part).__module__ for part in (algo, *asked))]),
    }
    arrays = cached(folder, "votes", key, count)
    seconds |= {stage: float(taken) for stage, taken in _with_prefix("seconds_", arrays).items()}
    return unpack(_with_prefix(f"{algo.decided_by}_", arrays))


def certify(votes: Votes | Election, labels: np.ndarray, n_train: int, settings: Settings) -> Certified:
    """Turn votes into the curve CA(e) and the certified size of every test example."""
    problem = Problem(votes, labels, settings.sizes.all(), n_train, settings.attack.change)
    alone = settings.algo.certified_sizes(problem)
    with progress_bar(f"certificate ({settings.certificate.name})", len(problem.sizes)) as progress:
        curve = settings.certificate.curve(problem, alone, progress)
    return Certified(curve, alone, settings.algo.abstains(problem), _success_rates(problem, settings))


def _success_rates(problem: Problem, settings: Settings) -> SuccessRates | None:
    """Bound the attack success rate, for attacks that have a target and test examples of other classes.

    Joint certificates of nearest neighbors do so for all test examples together, others for each on its own
    (docs/certificates.md, Theorems 20 and 21).
    """
    some = np.unique(problem.labels)
    targets = [t for t in settings.attack.targets(problem.votes.counts.shape[1]) if (some != t).any()]
    if not targets:
        return None
    from certvote.certificates.success import individual_success_rates, success_rates

    labels, sizes = problem.labels, problem.sizes
    if not settings.certificate.joint or settings.algo.votes_of is VotesOf.MEMBERS:
        return individual_success_rates(settings.algo.sizes_against(problem), labels, sizes, targets=targets)
    with progress_bar("attack success rate", len(targets)) as progress:
        how: dict[str, Any] = {"targets": targets, "change": problem.change, "progress": progress}
        return success_rates(problem.counted_votes, labels, sizes, **how)


def cache_root(settings: Settings) -> Path:
    """Return the folder of what was computed before."""
    return Path(settings.cache_root).absolute()


def _with_prefix(prefix: str, arrays: Mapping[str, Any]) -> dict[str, Any]:
    """Select the arrays whose name starts with a prefix, and strip it."""
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
