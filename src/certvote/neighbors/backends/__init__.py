"""Backends: objects that count the votes of a job. One backend, one module; importing this package registers them all.

Modules here are light: a backend imports its libraries when it counts, not before.
"""

from importlib import import_module
from pkgutil import iter_modules

from certvote.neighbors.backends.base import Backend, backend_named, backend_names

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

__all__ = ["Backend", "backend_named", "backend_names"]
