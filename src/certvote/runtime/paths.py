"""Find the files that ship beside the code, in the installed package or in the repository."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]


def shipped(in_package: str, in_repository: str) -> Path:
    """Return a folder that ships beside the code.

    Parameters
    ----------
    in_package, in_repository : str
        Its names in an installed package, which is looked at first, and in the repository.

    Raises
    ------
    FileNotFoundError
        If there is neither.
    """
    for folder in (_PACKAGE / in_package, _PACKAGE.parents[1] / in_repository):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"expected {in_package} in {_PACKAGE} or {in_repository} in {_PACKAGE.parents[1]}")


def conf_dir() -> Path:
    """Return the folder of the configuration."""
    return shipped("bundled_conf", "conf")
