"""Do the options fit the data? What can be told before anything is computed is told then."""

from __future__ import annotations

from certvote.options.schema import Bagging, Dpa, FiniteAggregation, Knn, Settings, Torch
from certvote.types import Split


def check(settings: Settings, split: Split) -> None:
    """Raise ``ValueError`` that names the option, its largest value and the value."""
    n, algo = len(split.train_labels), settings.algo
    _at_most("sizes.max", settings.sizes.max, n)
    if isinstance(algo, Knn):
        _at_most("k", algo.k, n)
    elif isinstance(algo, Bagging):
        _at_most("subsample", algo.subsample, n)
    elif isinstance(algo, FiniteAggregation):
        _at_most("parts · algo.spread", algo.parts * algo.spread, n)
    elif isinstance(algo, Dpa):
        _at_most("parts", algo.parts, n)
    if settings.voters:
        _check_learner(settings.learner.name, split)
    elif isinstance(settings.backend, Torch):
        from certvote import neighbors

        neighbors.Torch(settings.backend.memory).check()


def _at_most(option: str, value: int, n: int) -> None:
    if value > n:
        raise ValueError(f"option {option}: expected at most the number of training examples, {n}, got {value}")


def _check_learner(name: str, split: Split) -> None:
    from certvote.learners import LEARNERS

    if LEARNERS[name].takes == "images" and split.train.ndim != 4:
        raise ValueError(
            f"option learner: learner={name} looks at images, got vectors of {split.train.shape[1]} numbers; "
            "choose learner=nearest or learner=logistic"
        )
