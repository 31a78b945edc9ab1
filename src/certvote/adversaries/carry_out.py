"""Carry out attacks: make a poison for every size, measure the classifier on it, and hold it against the certificate.

What an attacker has computed never counts: the poisoned training set goes through the algorithm's own counting or
training once more, and the accuracy is that of its predictions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from certvote import stages
from certvote.adversaries.base import Target
from certvote.adversaries.poison import Poison
from certvote.algorithms.base import Work
from certvote.certificates.votes import predicted_labels
from certvote.options.identity import code_digest
from certvote.runtime.cache import cached
from certvote.runtime.digests import array_digest
from certvote.runtime.progress import progress_bar
from certvote.types import Attacked, Election

if TYPE_CHECKING:
    from jaxtyping import Int64

    from certvote.options.settings import Settings
    from certvote.types import Curve, Features, Split, Votes

_ROUNDING = 1e-9  # of accuracies, far below one test example


class RefutedError(RuntimeError):
    """Report a certified accuracy that an attack has disproved: a theorem or the code is wrong."""


@dataclass(frozen=True)
class CarriedOut:
    """Hold the accuracy that attacks have left, and the poison of every size above 0."""

    curve: Attacked
    poisons: Mapping[int, Poison]


def carry_out(
    settings: Settings, split: Split, features: Features | None, votes: Votes | Election, certified: Curve
) -> CarriedOut:
    """Attack at every size that the options name, smallest first.

    Attacks that were finished before are taken from the cache, so that an interrupted job goes on where it was.

    Parameters
    ----------
    settings : Settings
        All options.
    split : Split
        The data.
    features : Features or None
        Vectors of the examples; ``None`` for base classifiers that look at images.
    votes : Votes or Election
        Votes on clean data.
    certified : Curve
        What is certified about them.

    Raises
    ------
    RefutedError
        If an attack leaves less than the certified accuracy.
    """
    adversary, target = settings.adversary, target_of(settings, split, features)
    sizes = adversary.chosen_sizes(settings.sizes)
    key = _key(settings, target)
    prepared = None
    accuracy, poisons = [_accuracy(votes, split.test_labels)], dict[int, Poison]()
    best = Poison.none(target.inputs)
    with progress_bar(f"attacks ({adversary.name})", len(sizes), "size") as progress:
        for done, size in enumerate(sizes, start=1):

            def attack(size: int = size) -> dict[str, np.ndarray]:
                nonlocal prepared
                prepared = prepared or adversary.poisoner(target, sizes[-1])
                poison = prepared(size)
                return {**poison.pack(), "accuracy": np.array(measure(poison, target))}

            found = cached(target.work.cache_root, "attacks", {**key, "size": size}, attack)
            poison, left = Poison.unpack(found), float(found["accuracy"])
            assert poison.fits(target.change, size), f"an attack of size {size} changes more examples"
            if left < accuracy[-1]:  # else that of the size before is as good, and no larger
                best = poison
            accuracy.append(min(left, accuracy[-1]))
            poisons[size] = best
            refute(certified, size, accuracy[-1])
            progress(done, len(sizes))
    return CarriedOut(Attacked(np.array([0, *sizes], dtype=np.int64), np.array(accuracy)), poisons)


def refute(certified: Curve, size: int, left: float) -> None:
    """Raise :class:`RefutedError` if an attack leaves less than the certified accuracy, with both numbers."""
    claimed = certified.certified_at(size)
    if claimed > left + _ROUNDING:
        raise RefutedError(
            f"a certified accuracy is wrong: {claimed:.6f} is certified at poisoning size {size}, and an attack of "
            f"this size leaves {left:.6f}"
        )


def target_of(settings: Settings, split: Split, features: Features | None) -> Target:
    """Return what is attacked: classifier, data, and how to compute."""
    return Target(
        algo=settings.algo,
        inputs=stages.inputs_of(features, split),
        test_labels=split.test_labels,
        test_examples=split.test,
        feature=None if features is None else settings.feature,
        change=settings.attack.change,
        work=Work(settings.backend, settings.learner, settings.n_jobs, stages.cache_root(settings)),
    )


def measure(poison: Poison, target: Target) -> float:
    """Measure the accuracy of the classifier on a poisoned training set, by its own counting or training.

    Parameters
    ----------
    poison : Poison
        What is done to the training set.
    target : Target
        The classifier, the clean training set and the test examples.
    """
    outcomes = target.algo.outcomes(poison.apply(target.inputs, target.change), target.work)
    return _accuracy(outcomes[target.algo.decided_by], target.test_labels)


def _accuracy(votes: Votes | Election, labels: Int64[np.ndarray, " m"]) -> float:
    """Return the share of test examples that are classified correctly."""
    predicted = votes.winner if isinstance(votes, Election) else predicted_labels(votes.counts)
    return float(np.mean(predicted == labels))


def _key(settings: Settings, target: Target) -> dict[str, object]:
    """Name all that an attack depends on, its size aside."""
    parts = [getattr(settings, group) for group in settings.groups if group in ("learner", "backend")]
    options = settings.adversary.values_for_votes()
    return {
        "inputs": array_digest(target.inputs.train, target.inputs.test, target.inputs.examples),
        "labels": array_digest(target.inputs.labels, target.test_labels),
        "num_classes": target.inputs.num_classes,
        "change": target.change,
        "largest": max(settings.adversary.chosen_sizes(settings.sizes)),
        "adversary": {name: value for name, value in options.items() if name != "sizes"},
        "algo": settings.algo.values_for_votes() | {"decided_by": settings.algo.decided_by},
        "with": [part.values_for_votes() for part in parts],
        "code": code_digest(
            [__name__, *(type(part).__module__ for part in (settings.adversary, settings.algo, *parts))]
        ),
    }
