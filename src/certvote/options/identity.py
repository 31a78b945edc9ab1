"""What identifies a result: the options it depends on, the data, and the code that made it."""

from __future__ import annotations

import functools
import hashlib
import json
import platform
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

# Folders and files of this package that a curve depends on; changing a report or a log line repeats no work.
_STAGES = (
    "attacks",
    "certificates",
    "checks.py",
    "datasets",
    "datasets.py",
    "learners",
    "algorithms",
    "features",
    "neighbors",
    "polling.py",
    "stages.py",
    "runtime",
    "types.py",
)
_LIBRARIES = ("numpy", "numba", "scikit-image", "scikit-learn", "scipy", "torch", "mlflow")


@functools.cache
def code_digest() -> str:
    """SHA-256 of the source of every stage that a curve depends on."""
    package = Path(__file__).parents[1]
    sha = hashlib.sha256()
    for stage in _STAGES:
        path = package / stage
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path] if path.exists() else []:
            sha.update(f"{file.relative_to(package).as_posix()}\0".encode() + file.read_bytes() + b"\0")
    return sha.hexdigest()


def fingerprint(effective: Mapping[str, Any], data_digest: str, code: str | None = None) -> str:
    """SHA-256 of effective options, data and code: equal fingerprints mean equal results."""
    whole = {"options": dict(effective), "data": data_digest, "code": code or code_digest()}
    return hashlib.sha256(json.dumps(whole, sort_keys=True, default=str).encode()).hexdigest()


@functools.cache
def environment() -> Mapping[str, str]:
    """Tags that say which versions made a run."""
    versions = {"python": platform.python_version()}
    for name in _LIBRARIES:
        with suppress(PackageNotFoundError):  # some are only in extras
            versions[name] = version(name)
    return {"certvote.version": version("certvote"), "certvote.environment": json.dumps(versions)}
