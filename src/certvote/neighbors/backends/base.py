"""Define what a backend is: what counts the votes of the nearest neighbors.

A new backend is a class ``@choice("backend", …)`` in a module of its own and a file ``conf/backend/….yaml``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from certvote.options.choices import Choice


@dataclass
class Backend(Choice):
    """Count votes; all backends return the same bits."""

    def check(self) -> None:
        """Check that the backend can work on this machine, before anything is computed.

        Raises
        ------
        ValueError
            If a device or a library is missing, or an option cannot be used; the message names it.
        """

    def counter(self, cache_root: Path) -> Any:
        """Return what ``certvote.neighbors.knn_votes`` takes as ``backend``."""
        return self.name
