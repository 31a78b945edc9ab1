"""Options of what is classified: data set, feature, attack."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from omegaconf import MISSING

from certvote.options.schema.ranges import at_least, one_of


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
        at_least("dataset.n_train", self.n_train, 1)
        at_least("dataset.n_test", self.n_test, 1)
        at_least("dataset.holdout", self.holdout, 1)
        at_least("dataset.seed", self.seed, 0)


@dataclass
class Arrays(Dataset):
    path: str = MISSING


@dataclass
class Feature:
    name: str = MISSING


@dataclass
class Hog(Feature):
    orientations: int = MISSING
    pixels_per_cell: tuple[int, int] = MISSING
    cells_per_block: tuple[int, int] = MISSING

    def __post_init__(self) -> None:
        at_least("feature.orientations", self.orientations, 1)
        for option in ("pixels_per_cell", "cells_per_block"):
            for side in getattr(self, option):
                at_least(f"feature.{option}", side, 1)


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
        one_of("feature.normalize", self.normalize, ("unit", "none"))


@dataclass
class Clip(Feature):
    model: str = MISSING
    weights: str = MISSING
    precision: str = MISSING
    device: str = MISSING
    batch_size: int = MISSING

    def __post_init__(self) -> None:
        one_of("feature.precision", self.precision, ("float32", "bfloat16", "float16"))
        at_least("feature.batch_size", self.batch_size, 1)


@dataclass
class Attack:
    name: str = MISSING
    change: str = MISSING  # what the attacker may do to the training set

    def __post_init__(self) -> None:
        one_of("attack.change", self.change, ("any", "insert", "delete"))


@dataclass
class Backdoor(Attack):
    size: int = MISSING
    position: Any = MISSING  # a corner or center by name, or [row, column] of the square's upper left pixel
    color: Any = MISSING  # one gray level for all channels, or one per channel

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least("attack.size", self.size, 1)
