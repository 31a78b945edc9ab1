"""What the processes do that the campaigns kill."""

from __future__ import annotations

import os
import resource
from pathlib import Path

import mlflow.store.tracking.sqlalchemy_store
import mlflow.tracking  # noqa: F401
from hydra import compose, initialize_config_dir

from certvote import job
from certvote.options import settings
from certvote.results import Store
from certvote.results.location import import_mlflow
from certvote.runtime.paths import conf_dir

JOB = ["algo=knn", "certificate=individual", "k=15", "dataset.n_train=300", "dataset.n_test=40", "sizes.max=20"]


def config(folder: Path):
    """Compose a small job whose database and cache lie in a folder."""
    settings.register()
    places = [f"tracking.uri={folder}", f"cache_root={folder}/cache"]
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        return compose("config", overrides=[*JOB, *places])


def _quiet(limit: int | None) -> None:
    """Say nothing, and let no file grow beyond a size: a full disk."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    import_mlflow()
    if limit is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))


def make_database(folder: Path, limit: int | None = None) -> None:
    """Open a database that is not there."""
    _quiet(limit)
    Store(str(folder))


def do_job(folder: Path, limit: int | None = None) -> None:
    """Do a job."""
    _quiet(limit)
    job.run(config(folder), command="python run.py")


def write_runs(folder: Path, number: int) -> None:
    """Write runs into a database that may not be there."""
    _quiet(None)
    store = Store(str(folder))
    for _ in range(number):
        store.end_run(store.start_run("r", sweep=None, params={"p": 1}, tags={}), "KILLED")
