"""Tell the combinations of a sweep apart: jobs of their own, repetitions of another, and undefined ones."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from certvote.options import settings as options
from certvote.options.composing import Composer
from certvote.options.settings import Settings, UndefinedCombinationError
from certvote.planning.rules import Rules

if TYPE_CHECKING:
    from hydra.core.config_loader import ConfigLoader
    from omegaconf import DictConfig


NO_RULES = Rules()


@dataclass(frozen=True)
class Combination:
    """One combination of a sweep.

    Attributes
    ----------
    overrides : list of str
        Its options on the command line.
    settings : Settings
        All of its options.
    undefined : UndefinedCombinationError or None
        Why no certificate is defined for it; ``None``: one is.
    repeats : int or None
        Place of an earlier combination with the same effective options; ``None``: there is none.
    """

    overrides: list[str]
    settings: Settings
    undefined: UndefinedCombinationError | None = None
    repeats: int | None = None

    @property
    def is_job(self) -> bool:
        """Whether it is a job of its own."""
        return self.undefined is None and self.repeats is None


def combinations(
    config: DictConfig,
    jobs: Sequence[list[str]],
    loader: ConfigLoader,
    *,
    rules: Rules = NO_RULES,
    added: Sequence[list[str]] = (),
) -> list[Combination]:
    """Compose and check every combination of a sweep that no rule leaves out.

    Parameters
    ----------
    config : DictConfig
        The base configuration.
    jobs : sequence of list of str
        Overrides of each combination.
    loader : ConfigLoader
        Hydra's.
    rules : Rules
        Say which of ``jobs`` are left out.
    added : sequence of list of str
        Overrides of further combinations, which no rule leaves out.

    Raises
    ------
    ValueError
        If an option is missing, unknown or out of range, or the rules leave nothing.
    """
    composer = Composer(loader, config)
    seen: dict[str, int] = {}
    found: list[Combination] = []
    for number, overrides in enumerate([*jobs, *added]):
        settings = options.read(composer.compose(overrides))
        if number < len(jobs) and rules.excludes(settings):
            continue
        place = len(found)
        identity = json.dumps(options.flatten(settings), sort_keys=True, default=str)
        earlier = seen.setdefault(identity, place)
        found.append(Combination(overrides, settings, _undefined(settings), None if earlier == place else earlier))
    rules.report()
    if not found:
        raise ValueError(f"rules exclude={list(rules.exclude)}: expected some combinations to stay, got none")
    return found


def _undefined(settings: Settings) -> UndefinedCombinationError | None:
    try:
        options.check_defined(settings)
    except UndefinedCombinationError as error:
        return error
    return None
