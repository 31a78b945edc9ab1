"""From a composed configuration to the settings of a job: checked, flattened, told apart by what has an effect."""

from __future__ import annotations

from dataclasses import asdict, fields, is_dataclass
from typing import Any

from certvote.options.schema import SCHEMAS, Settings, register


class UndefinedCombinationError(ValueError):
    """Options that are fine one by one, for which no certificate is defined together (kNN in groups, say)."""

    def __init__(self, combination: str, remedy: str) -> None:
        super().__init__(f"options {combination}: no certificate is defined for this combination; {remedy}")
        self.combination = combination


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
    _check_learner(settings)
    _check_defined(settings)
    return settings


def _check_defined(settings: Settings) -> None:
    """Refuse options together for which there is no certificate."""
    algo, grouping, change = settings.algo.name, settings.grouping.name, settings.attack.change
    grouped = grouping in ("rd", "island", "removal")
    if settings.voters and grouping != "none":
        raise UndefinedCombinationError(f"algo={algo} grouping={grouping}", f"for algo={algo} choose grouping=none")
    if algo == "knn" and grouped:
        raise UndefinedCombinationError(
            f"algo=knn grouping={grouping}", "for kNN choose grouping=none or grouping=budget"
        )
    if change == "insert" and grouped:
        raise UndefinedCombinationError(
            f"attack.change=insert grouping={grouping}",
            "these certificates share removals; choose grouping=none or grouping=budget",
        )


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


def _check_learner(settings: Settings) -> None:
    from certvote.learners.ensemble import check_options

    options = asdict(settings.learner)
    check_options(options.pop("name"), options)


def flatten(settings: object, prefix: str = "") -> dict[str, Any]:
    """Every option under its dotted name, without the shortcuts and recommendations that other options consume.

    Groups that the chosen classifier has no use for are left out: the learner of one without voters, say.
    """
    assert is_dataclass(settings)
    flat: dict[str, Any] = {}
    idle = {"k", "r", "subsample", "parts", "election", "dataset.recommended"}
    if isinstance(settings, Settings):
        idle |= {"backend"} if settings.voters else {"learner"}
        idle |= set() if settings.looks_at_features else {"feature"}
    for item in fields(settings):
        value, name = getattr(settings, item.name), prefix + item.name
        if name in idle:
            continue
        flat |= flatten(value, f"{name}.") if is_dataclass(value) else {name: value}
    return flat


# Files that count by what they hold (certvote.features.sources), and how many images are under way at once.
_OF_FEATURES = ("feature.train", "feature.test", "feature.test_backdoor", "feature.batch_size")
# What a result does not depend on: where things lie, how it is called, how many processes worked on it.
_WITHOUT_EFFECT = (
    "name",
    "title",
    "rerun",
    "data_root",
    "cache_root",
    "report_root",
    "n_jobs",
    "dataset.path",
    "backend.address",
    "backend.workers",
    "backend.memory",
)


def effective(settings: Settings) -> dict[str, Any]:
    """The options that a job's result depends on; with the data and the code they identify it."""
    return {
        name: value
        for name, value in flatten(settings).items()
        if name not in (*_WITHOUT_EFFECT, *_OF_FEATURES) and not name.startswith("tracking.")
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
