"""Compose the jobs of a sweep, the same as Hydra does, but reading ``conf/`` once per combination of choices.

Hydra spends nearly all of its time on reading files and on the defaults list, which depend on the chosen groups alone.
Values (``k=50``) are set afterwards, in a copy.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig, OmegaConf, open_dict

if TYPE_CHECKING:
    from hydra.core.config_loader import ConfigLoader
    from hydra.core.override_parser.types import Override


class Composer:
    """Compose jobs from their overrides.

    Parameters
    ----------
    loader : ConfigLoader
        Hydra's.
    base : DictConfig
        The configuration that the jobs override.
    """

    def __init__(self, loader: ConfigLoader, base: DictConfig) -> None:
        assert isinstance(loader, ConfigLoaderImpl)
        self._loader, self._base = loader, base
        self._parser = OverridesParser.create(config_loader=loader)
        self._parsed: dict[str, Override] = {}
        self._composed: dict[tuple[str, ...], DictConfig] = {}

    def compose(self, overrides: Sequence[str]) -> DictConfig:
        """Return the configuration of one job, without Hydra's own part."""
        parsed = [self._parse(text) for text in overrides]
        values = [one for one in parsed if self._is_value(one)]
        # What is added or deleted may depend on the order of all overrides: Hydra does such a job in one piece.
        simple = all(one in values or self._is_group(one) for one in parsed)
        first = tuple(text for text, one in zip(overrides, parsed, strict=True) if not (simple and one in values))
        if first not in self._composed:
            self._composed[first] = self._compose(first)
        config = copy.deepcopy(self._composed[first])
        if simple:
            ConfigLoaderImpl._apply_overrides_to_config(values, config)
        OmegaConf.copy_cache(from_config=self._base, to_config=config)
        return config

    def _compose(self, overrides: Sequence[str]) -> DictConfig:
        config = self._loader.load_sweep_config(self._base, list(overrides))
        with open_dict(config):
            del config["hydra"]
        return config

    def _parse(self, text: str) -> Override:
        if text not in self._parsed:
            (self._parsed[text],) = self._parser.parse_overrides([text])
        return self._parsed[text]

    def _is_group(self, override: Override) -> bool:
        return bool(self._loader.repository.group_exists(override.key_or_group))

    def _is_value(self, override: Override) -> bool:
        """Return whether an override sets one option that exists and does nothing else."""
        adds = override.is_add() or override.is_force_add() or override.is_delete()
        other = override.is_hydra_override() or override.package is not None or self._is_group(override)
        return not (adds or other)
