"""The typed options of a job: one dataclass per choice in ``conf/``, with their ranges.

Hydra composes ``conf/`` against these dataclasses (a wrong name or type is an error there); ``load`` turns the
result into plain dataclasses and checks ranges and combinations. Values live in ``conf/``, only types live here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass
from typing import Any

from omegaconf import MISSING

ALL_SIZES, SEARCHES = 100, 20
"""The budget certificate searches at every size of a curve up to the first, at about so many of a longer one."""


class UndefinedCombinationError(ValueError):
    """Options that are fine one by one, for which no certificate is defined together (kNN in groups, say)."""

    def __init__(self, combination: str, remedy: str) -> None:
        super().__init__(f"options {combination}: no certificate is defined for this combination; {remedy}")
        self.combination = combination


def _at_least(option: str, value: float | None, least: float) -> None:
    if value is not None and not (value >= least and math.isfinite(value)):
        kind = "an integer" if isinstance(value, int) else "a finite number"
        raise ValueError(f"option {option}: expected {kind} >= {least:g}, got {value}")


def _one_of(option: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f"option {option}: expected one of {', '.join(choices)}, got {value!r}")


# --- dataset -------------------------------------------------------------------------------------------------------


@dataclass
class Recommended:
    """What a dataset brings for options that the user leaves open."""

    k: int = MISSING
    r: float = MISSING
    max_size: int = MISSING  # largest poisoning size of the curve
    trigger: int = MISSING  # side of the backdoor's square, in pixels


@dataclass
class Dataset:
    name: str = MISSING
    n_train: int | None = MISSING
    n_test: int | None = MISSING
    seed: int = MISSING
    recommended: Recommended = MISSING

    def __post_init__(self) -> None:
        _at_least("dataset.n_train", self.n_train, 1)
        _at_least("dataset.n_test", self.n_test, 1)
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


# --- attack --------------------------------------------------------------------------------------------------------


@dataclass
class Attack:
    name: str = MISSING


@dataclass
class Backdoor(Attack):
    size: int = MISSING
    position: Any = MISSING  # a corner or center by name, or [row, column] of the square's upper left pixel
    color: Any = MISSING  # one gray level for all channels, or one per channel

    def __post_init__(self) -> None:
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


@dataclass
class Settings:
    """Every option of a job."""

    dataset: Dataset = MISSING
    feature: Feature = MISSING
    attack: Attack = MISSING
    algo: Algo = MISSING
    grouping: Grouping = MISSING
    backend: Backend = MISSING
    tracking: Tracking = MISSING
    sizes: Sizes = MISSING
    k: int = MISSING
    r: float = MISSING
    name: str | None = MISSING
    title: str | None = MISSING
    rerun: bool = MISSING
    data_root: str = MISSING
    cache_root: str = MISSING
    report_root: str = MISSING
    n_jobs: int | None = MISSING

    def __post_init__(self) -> None:
        _at_least("n_jobs", self.n_jobs, 1)


SCHEMAS: Mapping[str, Mapping[str, type]] = {
    "dataset": {"digits": Dataset, "mnist": Dataset, "cifar10": Dataset, "arrays": Arrays},
    "feature": {"pixels": Feature, "hog": Hog, "vectors": Vectors},
    "attack": {"poisoning": Attack, "backdoor": Backdoor},
    "algo": {"knn": Knn, "rnn": Rnn},
    "grouping": {"none": Grouping, "rd": RandomDivision, "island": Grouping, "removal": Grouping, "budget": Budget},
    "backend": dict.fromkeys(("auto", "reference", "numba", "faiss", "torch"), Backend),
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


def load(config: Any) -> Settings:
    """Plain, range-checked settings of a composed configuration (``DictConfig``).

    Raises ``ValueError`` that names the option, its range and the value; ``UndefinedCombinationError`` where no
    certificate is defined.
    """
    from omegaconf import OmegaConf

    missing = sorted(OmegaConf.missing_keys(config))
    if missing:
        raise ValueError(f"option {missing[0]}: expected a value, got none")
    settings = OmegaConf.to_object(config)
    if not isinstance(settings, Settings):
        raise TypeError(f"expected a configuration made from conf/config.yaml, got {type(settings).__name__}")
    _check_names(settings)
    _check_known(config, settings)
    if isinstance(settings.algo, Knn) and settings.grouping.name in ("rd", "island", "removal"):
        raise UndefinedCombinationError(
            f"algo=knn grouping={settings.grouping.name}", "for kNN choose grouping=none or grouping=budget"
        )
    if isinstance(settings.grouping, Budget) and settings.grouping.stride is None:
        settings.grouping.stride = 1 if settings.sizes.max <= ALL_SIZES else settings.sizes.max // SEARCHES
    return settings


def _check_names(settings: Settings) -> None:
    """A choice is made by ``group=choice``; its name cannot be changed to that of another one, or of none."""
    for group, choices in SCHEMAS.items():
        chosen = getattr(settings, group)
        name = getattr(chosen, "name", None)
        if name is not None and choices.get(name) is not type(chosen):
            raise ValueError(
                f"option {group}.name: choose {group}=… instead, one of {', '.join(choices)}; got {name!r}"
            )


def _check_known(config: Any, settings: object, prefix: str = "") -> None:
    """Refuse what ``+option=value`` added and no option of that name reads."""
    names = {item.name for item in fields(settings)}  # type: ignore[arg-type]
    for key in config:
        if key not in names:
            raise ValueError(f"option {prefix}{key}: there is no such option")
        value = getattr(settings, key)
        if is_dataclass(value):
            _check_known(config[key], value, f"{prefix}{key}.")


def flatten(settings: object, prefix: str = "") -> dict[str, Any]:
    """Every option under its dotted name, without the shortcuts and recommendations that other options consume."""
    assert is_dataclass(settings)
    flat: dict[str, Any] = {}
    for item in fields(settings):
        value, name = getattr(settings, item.name), prefix + item.name
        if name in ("k", "r", "dataset.recommended"):
            continue
        flat |= flatten(value, f"{name}.") if is_dataclass(value) else {name: value}
    return flat


# What a result does not depend on: where things lie, how it is called, how many processes worked on it.
_WITHOUT_EFFECT = ("name", "title", "rerun", "data_root", "cache_root", "report_root", "n_jobs", "dataset.path")


def effective(settings: Settings) -> dict[str, Any]:
    """The options that a job's result depends on; with the data and the code they identify it."""
    return {
        name: value
        for name, value in flatten(settings).items()
        if name not in _WITHOUT_EFFECT and not name.startswith("tracking.")
    }


def plain(settings: Settings) -> dict[str, Any]:
    """The settings as nested built-in types, for YAML."""
    return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(settings).items()}


__all__ = [
    "SCHEMAS",
    "Settings",
    "UndefinedCombinationError",
    "asdict",
    "effective",
    "flatten",
    "load",
    "plain",
    "register",
]
