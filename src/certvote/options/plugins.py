"""Import modules from outside that declare choices of their own.

A plugin is Python code and runs as such: name only files that you trust.
"""

from __future__ import annotations

import functools
import importlib
import os
import sys
from collections.abc import Sequence
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

ENTRY_POINTS = "certvote.plugins"
"""Group of entry points by which installed packages announce their plugins."""


def load(names: Sequence[str]) -> None:
    """Import plugins, each a Python file or an importable module, and those that installed packages announce.

    A file's folder joins the module search path, here and in processes that are started later, so that jobs on other
    cores find the module by its name.

    Raises
    ------
    ValueError
        If there is no such file or module, or the file has the name of an installed module.
    """
    _load_installed()
    for name in names:
        _load_file(Path(name).expanduser()) if name.endswith(".py") else _load_module(name)


def from_arguments(arguments: Sequence[str]) -> list[str]:
    """Return the plugins that Hydra overrides name (``plugins=[a.py,b.py]``), before Hydra sees them."""
    given = [text.partition("=")[2] for text in arguments if text.lstrip("+").startswith("plugins=")]
    return [name.strip("'\" ") for name in given[-1].strip("[] ").split(",") if name.strip("'\" ")] if given else []


@functools.cache
def _load_installed() -> None:
    for entry in entry_points(group=ENTRY_POINTS):
        entry.load()


def _load_file(path: Path) -> None:
    if not path.is_file():
        raise ValueError(f"option plugins: expected a Python file or a module, got {path}, where there is no file")
    folder, name = str(path.resolve().parent), path.stem
    loaded = sys.modules.get(name)
    if loaded is not None and Path(loaded.__file__ or "").resolve() == path.resolve():
        return
    spec = None if folder in sys.path else find_spec(name)
    if loaded is not None or spec is not None:
        raise ValueError(f"option plugins: expected a file whose name is not that of another module, got {path}")
    if folder not in sys.path:
        sys.path.append(folder)
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), folder]))
    _load_module(name)


def _load_module(name: str) -> None:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise ValueError(f"option plugins: expected a Python file or an installed module, got {name!r}") from error
