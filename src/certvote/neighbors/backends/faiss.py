"""Count votes with the backend ``faiss``."""

from __future__ import annotations

from certvote.neighbors.backends.base import Backend
from certvote.options.choices import choice


@choice("backend", "faiss")
class Faiss(Backend):
    """FAISS distances, on CPU or GPU, whichever faiss package is installed."""
