"""Count votes with the backend ``reference``."""

from __future__ import annotations

from certvote.neighbors.backends.base import Backend
from certvote.options.choices import choice


@choice("backend", "reference")
class Reference(Backend):
    """Plain NumPy; the oracle that the others are tested against. Slow."""
