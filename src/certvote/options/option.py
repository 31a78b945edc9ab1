"""Declare an option as a field of a class: its type, range, shortcut, and whether a result depends on it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from omegaconf import II, MISSING

METADATA = "certvote.option"
"""Key of a field's metadata that holds its :class:`Option`."""

QUANTITIES: Mapping[str, str] = {"n_train": "the number of training examples"}
"""Quantities of the data that a range may refer to, in words."""


@dataclass(frozen=True)
class Option:
    """What an option means.

    Attributes
    ----------
    help : str
        What the value is, for ``run.py --help``.
    least, most : number or None
        Closed range; ``most`` may name a quantity of the data (``"n_train"``), which is then checked once it is known.
    below : number or None
        Open upper end of the range.
    one_of : tuple of str or bool
        The allowed values.
    matters : bool
        Whether the result of a job depends on it (paths, names, numbers of processes do not).
    votes : bool
        Whether votes depend on it; what only a certificate or an election looks at leaves them as they are.
    shortcut : str
        Name under which it is also an option of the root (``k=5`` for ``algo.k=5``), "" for none.
    symbol : str
        How labels call it ("ξ"), "" for an option that labels do not state.
    seed : bool
        Whether it only starts random numbers: reports show runs that differ in seeds alone as their mean, with a band.
    """

    help: str = ""
    least: float | None = None
    most: float | str | None = None
    below: float | None = None
    one_of: tuple[str | bool, ...] = ()
    matters: bool = True
    votes: bool = True
    shortcut: str = ""
    symbol: str = ""
    seed: bool = False

    def check(self, name: str, value: object) -> None:
        """Check that a value is in the range.

        Raises
        ------
        ValueError
            If it is not; the message names the option, its range and the value.
        """
        for one in value if isinstance(value, list | tuple) else [value]:
            if self.one_of and one not in self.one_of:
                words = (str(word).lower() if isinstance(word, bool) else word for word in self.one_of)
                raise ValueError(f"option {name}: expected one of {', '.join(words)}, got {one!r}")
            if isinstance(one, int | float) and not isinstance(one, bool) and not self._holds(one):
                raise ValueError(f"option {name}: expected {self._range(one)}, got {one}")

    def check_against(self, name: str, value: object, quantities: Mapping[str, int]) -> None:
        """Check a value whose largest one is a quantity of the data.

        Raises
        ------
        ValueError
            If it is larger; the message names the option, the quantity and both numbers.
        """
        if isinstance(self.most, str) and isinstance(value, int | float) and value > quantities[self.most]:
            most = f"{QUANTITIES[self.most]}, {quantities[self.most]}"
            raise ValueError(f"option {name}: expected at most {most}, got {value}")

    def _holds(self, value: float) -> bool:
        if not math.isfinite(value):
            return self.least is None and self.most is None and self.below is None
        return (
            (self.least is None or value >= self.least)
            and (not isinstance(self.most, int | float) or value <= self.most)
            and (self.below is None or value < self.below)
        )

    def _range(self, value: float) -> str:
        kind = "an integer" if isinstance(value, int) else "a finite number"
        least = "" if self.least is None else f"{self.least:g}"
        if self.below is not None:
            return f"{kind} from {least} to below {self.below:g}"
        if isinstance(self.most, int | float):
            return f"{kind} from {least} to {self.most:g}"
        return f"{kind} >= {least}"


def option(
    help: str = "",
    *,
    default: Any = MISSING,
    least: float | None = None,
    most: float | str | None = None,
    below: float | None = None,
    one_of: tuple[str | bool, ...] = (),
    matters: bool = True,
    votes: bool = True,
    shortcut: str = "",
    symbol: str = "",
    seed: bool = False,
) -> Any:
    """Declare an option as a field of a choice; see :class:`Option` for what each argument means.

    Without a ``default`` the value comes from ``conf/``, or for an option with a shortcut from the root.
    """
    if default is MISSING and shortcut:
        default = II(shortcut)
    meaning = Option(help, least, most, below, one_of, matters, votes, shortcut, symbol, seed)
    if isinstance(default, list | dict):
        return field(default_factory=lambda: type(default)(default), metadata={METADATA: meaning})
    return field(default=default, metadata={METADATA: meaning})
