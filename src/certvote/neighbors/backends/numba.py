"""Count votes with the backend ``numba``."""

from __future__ import annotations

from certvote.neighbors.backends.base import Backend
from certvote.options.choices import choice


@choice("backend", "numba")
class Numba(Backend):
    """Compiled for this machine's cores."""
