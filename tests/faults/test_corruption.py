"""Damaged caches are rebuilt; an edit of a record, anywhere, is found."""

from __future__ import annotations

import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from certvote import job
from certvote.results import Store
from certvote.results.audit import audit
from certvote.runtime.cache import cached
from faults.campaign import damage, run_campaign
from faults.victims import config


def test_a_damaged_cache(tmp_path, caplog):
    expected = {"a": np.arange(300.0), "b": np.arange(12, dtype=np.uint8).reshape(3, 4)}

    def trial(rng: random.Random) -> None:
        folder = tmp_path / str(rng.random())
        cached(folder, "stage", {}, lambda: expected)
        (path,) = (folder / "stage").glob("*.npz")
        damage(path, rng)
        again = cached(folder, "stage", {}, lambda: expected)
        assert again.keys() == expected.keys()
        for name, array in expected.items():
            np.testing.assert_array_equal(again[name], array)
        shutil.rmtree(folder)

    run_campaign("a damaged cache", trial, few=50)


@pytest.fixture(scope="module")
def record(tmp_path_factory, database) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("record")
    shutil.copy(database, folder / "mlflow.db")
    return folder, job.run(config(folder), command="python run.py")


def test_an_edited_record(record, tmp_path):
    original, run = record

    def trial(rng: random.Random) -> None:
        folder = tmp_path / str(rng.random())
        shutil.copytree(original, folder)
        if rng.random() < 0.5:
            files = sorted(path for path in (folder / "artifacts").rglob("*") if path.is_file())
            path = rng.choice(files)
            before = path.read_bytes()
            damage(path, rng)
            edited = path.read_bytes() != before
        else:
            edited = edit_database(folder / "mlflow.db", run, rng)
        store = Store(str(folder))
        assert bool(store.differences(run)) == edited
        if edited:
            assert not all(check.holds for check in audit(store, run))
        shutil.rmtree(folder)

    run_campaign("an edited record", trial, few=8)


def edit_database(file: Path, run: str, rng: random.Random) -> bool:
    """Change one cell, or delete one row, of what a run logged; return whether a reader can see it."""
    cells = {
        "params": ("value",),
        "tags": ("value",),
        "metrics": ("value",),
        "latest_metrics": ("value",),
        "runs": ("name", "start_time", "end_time"),
    }
    table = rng.choice(list(cells))
    mine = "AND (key LIKE 'certvote.%')" if table == "tags" else ""
    with closing(sqlite3.connect(file)) as connection, connection:
        rows = connection.execute(f"SELECT rowid FROM {table} WHERE run_uuid = ? {mine}", (run,)).fetchall()
        (row,) = rng.choice(rows)
        if table != "runs" and rng.random() < 0.3:
            connection.execute(f"DELETE FROM {table} WHERE rowid = ?", (row,))
            return True
        column = rng.choice(cells[table])
        (before,) = connection.execute(f"SELECT {column} FROM {table} WHERE rowid = ?", (row,)).fetchone()
        after = f"{before} " if isinstance(before, str) else before + rng.choice([1, -1])
        connection.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (after, row))
        return True
