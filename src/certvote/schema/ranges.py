"""Ranges of options: what is out of range is refused by name."""

from __future__ import annotations

import math


def at_least(option: str, value: float | None, least: float) -> None:
    """Refuse a number below ``least`` or not finite, naming the option."""
    if value is not None and not (value >= least and math.isfinite(value)):
        kind = "an integer" if isinstance(value, int) else "a finite number"
        raise ValueError(f"option {option}: expected {kind} >= {least:g}, got {value}")


def above(option: str, value: float, limit: float) -> None:
    """Refuse a number that is not above ``limit``, naming the option."""
    if not (value > limit and math.isfinite(value)):
        raise ValueError(f"option {option}: expected a finite number > {limit:g}, got {value}")


def one_of(option: str, value: str, choices: tuple[str, ...]) -> None:
    """Refuse a value that is not among the choices, naming the option."""
    if value not in choices:
        raise ValueError(f"option {option}: expected one of {', '.join(choices)}, got {value!r}")
