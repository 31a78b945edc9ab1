"""Hydra finds sweepers in this namespace only; the sweeper itself is ``certvote.sweep``."""

from dataclasses import dataclass
from typing import Any

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.config_store import ConfigStore


@dataclass
class CertvoteSweeperConf:
    """Hold the sweeper's options; ``params`` are those of an experiment."""

    _target_: str = "hydra_plugins.certvote_sweeper.CertvoteSweeper"
    max_batch_size: int | None = None
    params: dict[str, str] | None = None


ConfigStore.instance().store(group="hydra/sweeper", name="certvote", node=CertvoteSweeperConf, provider="certvote")


class CertvoteSweeper(BasicSweeper):
    """Hydra's basic sweep (the product of all comma-separated choices), checked, recorded and reported as a whole."""

    def sweep(self, arguments: list[str]) -> Any:
        from hydra.core.override_parser.overrides_parser import OverridesParser

        from certvote.options import aliases
        from certvote.sweep import sweep

        assert self.config is not None
        assert self.launcher is not None
        assert self.hydra_context is not None
        loader = self.hydra_context.config_loader
        given = aliases.overrides([*self._parse_config(), *arguments])
        overrides = OverridesParser.create(config_loader=loader).parse_overrides(given)
        (jobs,) = self.split_arguments(overrides, None)
        return sweep(self.config, jobs, arguments=arguments, loader=loader, launcher=self.launcher)
