"""Whatever ends a first run, and whenever: the next one opens the database."""

from __future__ import annotations

import os
import random
import signal
import time

from certvote.results import Store
from faults.campaign import run_campaign, start
from faults.victims import make_database, write_runs

SIGNALS = (signal.SIGKILL, signal.SIGINT, signal.SIGTERM)


def test_a_first_run_that_is_ended_by_a_signal(tmp_path):
    def trial(rng: random.Random) -> None:
        folder = tmp_path / str(rng.random())
        process = start(make_database, folder)
        time.sleep(rng.uniform(0, 2.5))
        os.kill(process.pid, rng.choice(SIGNALS))
        process.join()
        _opens(folder)

    run_campaign("a first run ended by KILL, INT or TERM", trial, few=2)


def test_a_first_run_on_a_full_disk(tmp_path):
    def trial(rng: random.Random) -> None:
        folder = tmp_path / str(rng.random())
        process = start(make_database, folder, rng.randrange(2**20))
        process.join()
        _opens(folder)

    run_campaign("a first run on a full disk", trial, few=1)


def test_first_runs_at_the_same_time(tmp_path):
    def trial(rng: random.Random) -> None:
        folder = tmp_path / str(rng.random())
        processes = [start(write_runs, folder, 3) for _ in range(rng.randint(2, 5))]
        for process in processes:
            process.join()
        assert [process.exitcode for process in processes] == [0] * len(processes)
        assert len(Store(str(folder))._search("")) == 3 * len(processes)

    run_campaign("first runs at the same time", trial, few=1)


def _opens(folder) -> None:
    """Check that a database is opened and written, and that nothing of a dead process is left beside it."""
    store = Store(str(folder))
    run = store.start_run("r", sweep=None, params={}, tags={})
    assert [found.info.run_id for found in store._search("")] == [run]
    assert not list(folder.glob(".mlflow.db-*"))
