"""Options of how it is certified, computed and recorded: certificate, backend, results database, poisoning sizes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from omegaconf import MISSING

from certvote.options.schema.ranges import at_least, one_of

if TYPE_CHECKING:
    import numpy as np


@dataclass
class Grouping:
    name: str = MISSING


@dataclass
class RandomDivision(Grouping):
    seed: int = MISSING

    def __post_init__(self) -> None:
        at_least("grouping.seed", self.seed, 0)


@dataclass
class Budget(Grouping):
    bound: str = MISSING
    tolerance: float = MISSING
    seconds: float = MISSING

    def __post_init__(self) -> None:
        one_of("grouping.bound", self.bound, ("plain", "sharp"))
        at_least("grouping.tolerance", self.tolerance, 0)
        at_least("grouping.seconds", self.seconds, 0)


@dataclass
class Backend:
    name: str = MISSING


@dataclass
class Torch(Backend):
    memory: str | None = MISSING


@dataclass
class Dask(Backend):
    address: str | None = MISSING
    workers: int | None = MISSING
    memory: str = MISSING

    def __post_init__(self) -> None:
        at_least("backend.workers", self.workers, 1)


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
        at_least("sizes.max", self.max, 0)
        at_least("sizes.step", self.step, 1)

    def all(self) -> np.ndarray:
        """Every poisoning size of the curve, ``i64[s]``."""
        import numpy as np

        return np.arange(0, self.max + 1, self.step, dtype=np.int64)
