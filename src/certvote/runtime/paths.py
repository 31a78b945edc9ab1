"""Where the files that ship beside the code lie: in the installed package, or in the repository."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]


def shipped(in_package: str, in_repository: str) -> Path:
    """The folder as a wheel bundles it, or else as the repository has it."""
    for folder in (_PACKAGE / in_package, _PACKAGE.parents[1] / in_repository):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"expected {in_package} in {_PACKAGE} or {in_repository} in {_PACKAGE.parents[1]}")


def conf_dir() -> Path:
    """The configuration tree."""
    return shipped("bundled_conf", "conf")
