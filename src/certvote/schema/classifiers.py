"""Options of who votes: nearest neighbors, and ensembles with their base classifiers."""

from __future__ import annotations

from dataclasses import dataclass

from omegaconf import MISSING

from certvote.schema.ranges import above, at_least, one_of


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
        at_least("algo.voters", self.voters, 2)
        at_least("subsample", self.subsample, 1)
        if not 0 < self.alpha < 1:
            raise ValueError(f"option algo.alpha: expected a number between 0 and 1, got {self.alpha}")
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
    """Base classifiers of a voting ensemble."""

    name: str = MISSING


@dataclass
class Logistic(Learner):
    l2: float = MISSING
    root: bool = MISSING
    steps: int = MISSING

    def __post_init__(self) -> None:
        above("learner.l2", self.l2, 0)
        at_least("learner.steps", self.steps, 1)


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

    def __post_init__(self) -> None:
        for option in ("width", "steps", "batch", "copies"):
            at_least(f"learner.{option}", getattr(self, option), 1)
        above("learner.rate", self.rate, 0)
        for option in ("decay", "shift", "rotation", "stretch"):
            at_least(f"learner.{option}", getattr(self, option), 0)
