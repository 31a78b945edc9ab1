"""A job that is killed, or runs into a full disk, is done by the next call, with the same result."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from certvote import job
from certvote.results import Store
from certvote.results.audit import audit
from faults.campaign import run_campaign, start
from faults.victims import config, do_job


@pytest.fixture(scope="module")
def expected(tmp_path_factory, database) -> np.ndarray:
    """The curve of the job, undisturbed."""
    return _result(_folder(tmp_path_factory.mktemp("expected"), database))


def _folder(folder: Path, database: Path) -> Path:
    folder.mkdir(exist_ok=True)
    shutil.copy(database, folder / "mlflow.db")
    return folder


def _result(folder: Path) -> np.ndarray:
    """Do the job here, or find it done; check the whole record, and that no run looks alive or finished by mistake."""
    run = job.run(config(folder), command="python run.py")
    store = Store(str(folder))
    assert all(check.holds for check in audit(store, run))
    assert {found.status for found in store.read_runs()} <= {"FINISHED", "KILLED", "FAILED"}
    (read,) = store.read_runs(run_ids=[run])
    assert read.curve is not None
    return read.curve.certified


def test_a_job_that_is_killed(tmp_path, database, expected):
    def trial(rng: random.Random) -> None:
        folder = _folder(tmp_path / str(rng.random()), database)
        process = start(do_job, folder)
        time.sleep(rng.uniform(0, 2))
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        np.testing.assert_array_equal(_result(folder), expected)

    run_campaign("a job that is killed, then done again", trial, few=2)


def test_a_job_on_a_full_disk(tmp_path, database, expected):
    def trial(rng: random.Random) -> None:
        folder = _folder(tmp_path / str(rng.random()), database)
        size = (folder / "mlflow.db").stat().st_size
        process = start(do_job, folder, rng.choice([rng.randrange(2**16), size + rng.randrange(2**15)]))
        process.join()
        np.testing.assert_array_equal(_result(folder), expected)

    run_campaign("a job on a full disk, then done again", trial, few=1)
