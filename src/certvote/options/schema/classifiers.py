"""Options of who votes: nearest neighbors, and ensembles with their base classifiers."""

from __future__ import annotations

from dataclasses import dataclass

from omegaconf import MISSING

from certvote.checks import LEAST_ALPHA
from certvote.options.schema.ranges import at_least, one_of


@dataclass
class Algo:
    name: str = MISSING


@dataclass
class Knn(Algo):
    k: int = MISSING
    ranking: str = MISSING

    def __post_init__(self) -> None:
        at_least("k", self.k, 1)
        one_of("algo.ranking", self.ranking, ("index", "hash"))


@dataclass
class Rnn(Algo):
    r: float = MISSING

    def __post_init__(self) -> None:
        at_least("r", self.r, 0)


@dataclass
class Bagging(Algo):
    voters: int = MISSING
    subsample: int = MISSING
    alpha: float = MISSING
    seed: int = MISSING

    def __post_init__(self) -> None:
        at_least("algo.voters", self.voters, 2, most=10**6)
        at_least("subsample", self.subsample, 1)
        if not LEAST_ALPHA <= self.alpha < 1:
            raise ValueError(f"option algo.alpha: expected a number from {LEAST_ALPHA:g} to below 1, got {self.alpha}")
        at_least("algo.seed", self.seed, 0)


@dataclass
class Dpa(Algo):
    parts: int = MISSING
    election: str = MISSING

    def __post_init__(self) -> None:
        at_least("parts", self.parts, 2)
        one_of("election", self.election, ("plurality", "runoff"))


@dataclass
class FiniteAggregation(Dpa):
    spread: int = MISSING

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least("algo.spread", self.spread, 1)


@dataclass
class Learner:
    """Base classifiers of a voting ensemble; the ranges of their options are in ``certvote.learners.ensemble``."""

    name: str = MISSING


@dataclass
class Logistic(Learner):
    l2: float = MISSING
    root: bool = MISSING
    steps: int = MISSING


@dataclass
class Network(Learner):
    width: int = MISSING
    steps: int = MISSING
    batch: int = MISSING
    rate: float = MISSING
    decay: float = MISSING
    copies: int = MISSING
    shift: float = MISSING
    rotation: float = MISSING
    stretch: float = MISSING
    flip: bool = MISSING
