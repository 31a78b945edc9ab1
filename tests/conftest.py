"""Fixtures that many tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def repository() -> Path:
    return REPOSITORY


@pytest.fixture(scope="session")
def data_root() -> Path:
    """Folder with real MNIST and CIFAR-10, for full-size checks."""
    root = os.environ.get("CERTVOTE_DATA_ROOT")
    if not root or not (Path(root) / "MNIST").is_dir():
        pytest.skip("CERTVOTE_DATA_ROOT names no folder with MNIST in it")
    return Path(root).absolute()


@pytest.fixture(scope="session")
def database(tmp_path_factory) -> Path:
    """A results database with its tables and nothing in them."""
    from certvote.results.location import Location, import_mlflow

    import_mlflow()
    from mlflow.tracking import MlflowClient

    folder = tmp_path_factory.mktemp("database")
    MlflowClient(tracking_uri=Location.of(str(folder)).uri).search_experiments()
    return folder / "mlflow.db"
