"""Hold one statement of an audit."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """State something about a record, and whether it holds."""

    statement: str
    holds: bool
    detail: str = ""
    checked: bool = True

    def __str__(self) -> str:
        state = ("ok" if self.holds else "FAIL") if self.checked else "?"
        return f"{state:4}  {self.statement}" + (f": {self.detail}" if self.detail else "")
