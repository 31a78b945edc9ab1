"""Ranges of options: what is out of range is refused by name."""

from __future__ import annotations

import math


def at_least(option: str, value: float | None, least: float, *, most: float = math.inf) -> None:
    """Refuse a number below ``least``, above ``most`` or not finite, naming the option."""
    if value is not None and not (least <= value <= most and math.isfinite(value)):
        kind = "an integer" if isinstance(value, int) else "a finite number"
        where = f">= {least:g}" if most == math.inf else f"from {least:g} to {most:g}"
        raise ValueError(f"option {option}: expected {kind} {where}, got {value}")


def one_of(option: str, value: str, choices: tuple[str, ...]) -> None:
    """Refuse a value that is not among the choices, naming the option."""
    if value not in choices:
        raise ValueError(f"option {option}: expected one of {', '.join(choices)}, got {value!r}")
