"""Hydra finds sweepers in this namespace only; the sweeper itself is ``certvote.sweep``."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.config_store import ConfigStore


@dataclass
class CertvoteSweeperConf:
    """Hold the sweeper's options: those of an experiment, and the rules that the command line gives."""

    _target_: str = "hydra_plugins.certvote_sweeper.CertvoteSweeper"
    max_batch_size: int | None = None
    params: dict[str, str] | None = None
    zip: list[str] = field(default_factory=list)
    exclude: list[str] = field(default_factory=list)
    include: list[str] = field(default_factory=list)
    given: list[str] = field(default_factory=list)


ConfigStore.instance().store(group="hydra/sweeper", name="certvote", node=CertvoteSweeperConf, provider="certvote")


class CertvoteSweeper(BasicSweeper):
    """Hydra's basic sweep, the product of all comma-separated choices, with rules; checked, recorded and reported."""

    def __init__(
        self,
        max_batch_size: int | None,
        params: dict[str, str] | None = None,
        *,
        zip: Sequence[str] = (),
        exclude: Sequence[str] = (),
        include: Sequence[str] = (),
        given: Sequence[str] = (),
    ) -> None:
        super().__init__(max_batch_size, params)
        self._rules = {"zip": tuple(zip), "exclude": tuple(exclude), "include": tuple(include)}
        self._given = list(given)

    def sweep(self, arguments: list[str]) -> Any:
        from hydra.core.override_parser.overrides_parser import OverridesParser

        from certvote.options import aliases
        from certvote.planning.rules import Rules
        from certvote.sweep import sweep

        assert self.config is not None
        assert self.launcher is not None
        assert self.hydra_context is not None
        loader = self.hydra_context.config_loader
        given = aliases.overrides([*self._parse_config(), *arguments])
        overrides = OverridesParser.create(config_loader=loader).parse_overrides(given)
        rules = Rules(**self._rules).with_given(self._given)
        command = [*arguments, *self._given]
        return sweep(self.config, overrides, rules, arguments=command, loader=loader, launcher=self.launcher)
