"""Count votes with the backend ``auto``."""

from __future__ import annotations

from certvote.neighbors.backends.base import Backend
from certvote.options.choices import choice


@choice("backend", "auto")
class Auto(Backend):
    """The fastest that this machine has: a CUDA device for big jobs, otherwise compiled code."""
