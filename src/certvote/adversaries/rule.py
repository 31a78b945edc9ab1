"""Say who votes, for attackers who compute distances themselves."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """Say who votes: the ``k`` nearest training examples, or all within the distance ``r``; the other is ``None``."""

    k: int | None = None
    r: float | None = None
    ranking: str = "index"
