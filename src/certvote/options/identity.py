"""Identify a result: the options that it depends on, the data, and the code that made it.

The code is that of the chosen objects: their modules and whatever these import within their package, so that editing a
network never invalidates a run of nearest neighbors, and no file can be forgotten.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import json
import platform
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_LIBRARIES = ("numpy", "numba", "scikit-image", "scikit-learn", "scipy", "torch", "mlflow")


def code_digest(modules: Iterable[str]) -> str:
    """Compute the SHA-256 of the source of modules and of everything that they import within their packages.

    Parameters
    ----------
    modules : iterable of str
        Names of modules, in any order.
    """
    sha = hashlib.sha256()
    for name in sorted(closure(modules)):
        path = source_file(name)
        assert path is not None
        sha.update(f"{name}\0".encode() + path.read_bytes() + b"\0")
    return sha.hexdigest()


def closure(modules: Iterable[str]) -> frozenset[str]:
    """Return modules with all that they import, directly or not, from their own top-level packages or certvote.

    Imports inside functions count, those for type checkers alone do not. A package that is merely the parent of an
    imported module does not count: its ``__init__`` offers names, it computes nothing.
    """
    found: set[str] = set()
    waiting = [name for name in modules if source_file(name) is not None]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += imports(name) - found
    return frozenset(found)


@functools.cache
def imports(module: str) -> frozenset[str]:
    """Return the modules with a source file that a module imports from its own top-level package or from certvote."""
    path = source_file(module)
    assert path is not None
    packages = {module.partition(".")[0], __name__.partition(".")[0]}
    found = {name for name in _imported(ast.parse(path.read_bytes())) if name.partition(".")[0] in packages}
    return frozenset(name for name in found if source_file(name) is not None)


@functools.cache
def source_file(module: str) -> Path | None:
    """Return the file of a module's source, found without importing it; ``None`` for what is no module with one."""
    top, *rest = module.split(".")
    spec = None if top in sys.builtin_module_names else find_spec(top)
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        return None
    root = Path(spec.origin)
    if not rest:
        return root
    path = root.parent.joinpath(*rest)
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)


def _imported(node: ast.AST) -> Iterable[str]:
    """Yield names of what is imported; of ``from a import b`` both ``a.b`` and ``a``: one of them is the module."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            for other in child.orelse:
                yield from _imported(other)
        elif isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom) and child.level == 0 and child.module:
            submodules = [f"{child.module}.{alias.name}" for alias in child.names]
            yield from (name for name in submodules if source_file(name) is not None)
            if not all(source_file(name) is not None for name in submodules):
                yield child.module
        else:
            yield from _imported(child)


def fingerprint(options: Mapping[str, Any], data_digest: str, code: str) -> str:
    """Compute the SHA-256 that identifies a result: equal fingerprints mean equal results.

    Parameters
    ----------
    options : mapping
        The options that the result depends on, by name.
    data_digest, code : str
        Digests of the data and of the code.
    """
    whole = {"options": dict(options), "data": data_digest, "code": code}
    return hashlib.sha256(json.dumps(whole, sort_keys=True, default=str).encode()).hexdigest()


@functools.cache
def environment() -> Mapping[str, str]:
    """Return the tags that say which versions made a run."""
    versions = {"python": platform.python_version()}
    for name in _LIBRARIES:
        with suppress(PackageNotFoundError):  # some are only in extras
            versions[name] = version(name)
    return {"certvote.version": version("certvote"), "certvote.environment": json.dumps(versions)}
