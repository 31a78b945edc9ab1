"""The typed options of a job: one dataclass per choice in ``conf/``, with their ranges.

Hydra composes ``conf/`` against these dataclasses, so that a wrong name or type is an error there. Values live in
``conf/``, only types and ranges live here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from omegaconf import MISSING

if TYPE_CHECKING:
    import numpy as np


def _at_least(option: str, value: float | None, least: float) -> None:
    if value is not None and not (value >= least and math.isfinite(value)):
        kind = "an integer" if isinstance(value, int) else "a finite number"
        raise ValueError(f"option {option}: expected {kind} >= {least:g}, got {value}")


def _above(option: str, value: float, limit: float) -> None:
    if not (value > limit and math.isfinite(value)):
        raise ValueError(f"option {option}: expected a finite number > {limit:g}, got {value}")


def _one_of(option: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f"option {option}: expected one of {', '.join(choices)}, got {value!r}")


# --- dataset -------------------------------------------------------------------------------------------------------


@dataclass
class Recommended:
    """What a dataset brings for options that the user leaves open."""

    k: int = MISSING
    r: float = MISSING
    subsample: int = MISSING  # examples per voter of bagging
    parts: int = MISSING  # parts of the training set for DPA and FA
    max_size: int = MISSING  # largest poisoning size of the curve
    trigger: int = MISSING  # side of the backdoor's square, in pixels


@dataclass
class Dataset:
    name: str = MISSING
    n_train: int | None = MISSING
    n_test: int | None = MISSING
    holdout: int | None = MISSING
    seed: int = MISSING
    recommended: Recommended = MISSING

    def __post_init__(self) -> None:
        _at_least("dataset.n_train", self.n_train, 1)
        _at_least("dataset.n_test", self.n_test, 1)
        _at_least("dataset.holdout", self.holdout, 1)
        _at_least("dataset.seed", self.seed, 0)


@dataclass
class Arrays(Dataset):
    path: str = MISSING


# --- feature -------------------------------------------------------------------------------------------------------


@dataclass
class Feature:
    name: str = MISSING


@dataclass
class Hog(Feature):
    orientations: int = MISSING
    pixels_per_cell: tuple[int, int] = MISSING
    cells_per_block: tuple[int, int] = MISSING

    def __post_init__(self) -> None:
        _at_least("feature.orientations", self.orientations, 1)
        for option in ("pixels_per_cell", "cells_per_block"):
            for side in getattr(self, option):
                _at_least(f"feature.{option}", side, 1)


@dataclass
class Vectors(Feature):
    low: float = MISSING
    high: float = MISSING

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise ValueError(
                f"options feature.low, feature.high: expected finite low < high, got {self.low}, {self.high}"
            )


@dataclass
class Npy(Vectors):
    train: str = MISSING
    test: str | None = MISSING
    test_backdoor: str | None = MISSING
    normalize: str = MISSING

    def __post_init__(self) -> None:
        super().__post_init__()
        _one_of("feature.normalize", self.normalize, ("unit", "none"))


@dataclass
class Clip(Feature):
    model: str = MISSING
    weights: str = MISSING
    precision: str = MISSING
    device: str = MISSING
    batch_size: int = MISSING

    def __post_init__(self) -> None:
        _one_of("feature.precision", self.precision, ("float32", "bfloat16", "float16"))
        _at_least("feature.batch_size", self.batch_size, 1)


# --- attack --------------------------------------------------------------------------------------------------------


@dataclass
class Attack:
    name: str = MISSING
    change: str = MISSING  # what the attacker may do to the training set

    def __post_init__(self) -> None:
        _one_of("attack.change", self.change, ("any", "insert", "delete"))


@dataclass
class Backdoor(Attack):
    size: int = MISSING
    position: Any = MISSING  # a corner or center by name, or [row, column] of the square's upper left pixel
    color: Any = MISSING  # one gray level for all channels, or one per channel

    def __post_init__(self) -> None:
        super().__post_init__()
        _at_least("attack.size", self.size, 1)


# --- algo ----------------------------------------------------------------------------------------------------------


@dataclass
class Algo:
    name: str = MISSING


@dataclass
class Knn(Algo):
    k: int = MISSING
    ranking: str = MISSING

    def __post_init__(self) -> None:
        _at_least("k", self.k, 1)
        _one_of("algo.ranking", self.ranking, ("index", "hash"))


@dataclass
class Rnn(Algo):
    r: float = MISSING

    def __post_init__(self) -> None:
        _at_least("r", self.r, 0)


@dataclass
class Bagging(Algo):
    voters: int = MISSING
    subsample: int = MISSING
    alpha: float = MISSING
    seed: int = MISSING

    def __post_init__(self) -> None:
        _at_least("algo.voters", self.voters, 2)
        _at_least("subsample", self.subsample, 1)
        if not 0 < self.alpha < 1:
            raise ValueError(f"option algo.alpha: expected a number between 0 and 1, got {self.alpha}")
        _at_least("algo.seed", self.seed, 0)


@dataclass
class Dpa(Algo):
    parts: int = MISSING
    election: str = MISSING

    def __post_init__(self) -> None:
        _at_least("parts", self.parts, 2)
        _one_of("election", self.election, ("plurality", "runoff"))


@dataclass
class FiniteAggregation(Dpa):
    spread: int = MISSING

    def __post_init__(self) -> None:
        super().__post_init__()
        _at_least("algo.spread", self.spread, 1)


# --- learner -------------------------------------------------------------------------------------------------------


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
        _above("learner.l2", self.l2, 0)
        _at_least("learner.steps", self.steps, 1)


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
            _at_least(f"learner.{option}", getattr(self, option), 1)
        _above("learner.rate", self.rate, 0)
        for option in ("decay", "shift", "rotation", "stretch"):
            _at_least(f"learner.{option}", getattr(self, option), 0)


# --- grouping ------------------------------------------------------------------------------------------------------


@dataclass
class Grouping:
    name: str = MISSING


@dataclass
class RandomDivision(Grouping):
    seed: int = MISSING

    def __post_init__(self) -> None:
        _at_least("grouping.seed", self.seed, 0)


@dataclass
class Budget(Grouping):
    bound: str = MISSING
    tolerance: float = MISSING
    seconds: float = MISSING
    stride: int | None = MISSING

    def __post_init__(self) -> None:
        _one_of("grouping.bound", self.bound, ("plain", "sharp"))
        _at_least("grouping.tolerance", self.tolerance, 0)
        _at_least("grouping.seconds", self.seconds, 0)
        _at_least("grouping.stride", self.stride, 1)


# --- the rest ------------------------------------------------------------------------------------------------------


@dataclass
class Backend:
    name: str = MISSING


@dataclass
class Dask(Backend):
    address: str | None = MISSING
    workers: int | None = MISSING
    memory: str = MISSING

    def __post_init__(self) -> None:
        _at_least("backend.workers", self.workers, 1)


@dataclass
class Tracking:
    uri: str = MISSING
    experiment: str = MISSING
    artifact_root: str | None = MISSING
    sweep: str | None = MISSING  # id of the parent run; the sweeper sets it

    def __post_init__(self) -> None:
        if not self.uri:
            raise ValueError(
                "option tracking.uri: expected a tracking URI, here or in the environment variable "
                "MLFLOW_TRACKING_URI, got none"
            )


@dataclass
class Sizes:
    max: int = MISSING
    step: int = MISSING

    def __post_init__(self) -> None:
        _at_least("sizes.max", self.max, 0)
        _at_least("sizes.step", self.step, 1)

    def all(self) -> np.ndarray:
        """Every poisoning size of the curve, ``i64[s]``."""
        import numpy as np

        return np.arange(0, self.max + 1, self.step, dtype=np.int64)


@dataclass
class Settings:
    """Every option of a job."""

    dataset: Dataset = MISSING
    feature: Feature = MISSING
    attack: Attack = MISSING
    algo: Algo = MISSING
    learner: Learner = MISSING
    grouping: Grouping = MISSING
    backend: Backend = MISSING
    tracking: Tracking = MISSING
    sizes: Sizes = MISSING
    k: int = MISSING
    r: float = MISSING
    subsample: int = MISSING
    parts: int = MISSING
    election: str = MISSING
    name: str | None = MISSING
    title: str | None = MISSING
    rerun: bool = MISSING
    data_root: str = MISSING
    cache_root: str = MISSING
    report_root: str = MISSING
    n_jobs: int | None = MISSING

    def __post_init__(self) -> None:
        _at_least("n_jobs", self.n_jobs, 1)

    @property
    def voters(self) -> bool:
        """Whether the classifier is an ensemble of trained voters."""
        return isinstance(self.algo, Bagging | Dpa)

    @property
    def looks_at_features(self) -> bool:
        """Whether the classifier looks at features; if not, at images."""
        return not (self.voters and self.learner.name == "network")


SCHEMAS: Mapping[str, Mapping[str, type]] = {
    "dataset": {"digits": Dataset, "mnist": Dataset, "cifar10": Dataset, "arrays": Arrays},
    "feature": {"pixels": Feature, "hog": Hog, "clip": Clip, "vectors": Vectors, "npy": Npy},
    "attack": {"poisoning": Attack, "backdoor": Backdoor},
    "algo": {"knn": Knn, "rnn": Rnn, "bagging": Bagging, "dpa": Dpa, "fa": FiniteAggregation},
    "learner": {"nearest": Learner, "logistic": Logistic, "network": Network},
    "grouping": {"none": Grouping, "rd": RandomDivision, "island": Grouping, "removal": Grouping, "budget": Budget},
    "backend": {**dict.fromkeys(("auto", "reference", "numba", "faiss", "torch"), Backend), "dask": Dask},
    "tracking": {"local": Tracking, "server": Tracking},
}


def register() -> None:
    """Make the schemas known to Hydra, as ``schema/<group>_<choice>``; safe to call twice."""
    from hydra.core.config_store import ConfigStore

    store = ConfigStore.instance()
    store.store(name="schema", node=Settings)
    for group, choices in SCHEMAS.items():
        for choice, schema in choices.items():
            store.store(group="schema", name=f"{group}_{choice}", node=schema)
