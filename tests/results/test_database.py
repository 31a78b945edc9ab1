"""A database is made whole or not at all, moves with its folder, and is read without being written."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy

from certvote.results import Store, TrackingError, lookup
from certvote.results.location import Location, import_mlflow


def interrupt_at(statement: int):
    """Raise ``KeyboardInterrupt`` at the n-th statement that any database gets; return a function that ends it."""
    count = 0

    def listener(*_):
        nonlocal count
        count += 1
        if count == statement:
            raise KeyboardInterrupt

    sqlalchemy.event.listen(sqlalchemy.Engine, "before_cursor_execute", listener)
    return lambda: sqlalchemy.event.remove(sqlalchemy.Engine, "before_cursor_execute", listener)


def test_a_first_run_that_is_interrupted_leaves_nothing_behind(tmp_path):
    import_mlflow()
    for statement in (10, 150, 450):
        end = interrupt_at(statement)
        with pytest.raises(KeyboardInterrupt):
            Store(str(tmp_path))
        end()
        assert {path.name for path in tmp_path.iterdir()} <= {".lock"}
    (tmp_path / ".mlflow.db-killed").write_text("what kill -9 leaves")
    (tmp_path / "mlflow.db").write_text("")
    store = Store(str(tmp_path))
    assert store.read_runs() == []
    assert {path.name for path in tmp_path.iterdir()} <= {".lock", "mlflow.db"}


def half_made(folder: Path) -> Path:
    """Interrupt the making of a database as version 0.1 made it, in its place."""
    import_mlflow()
    from mlflow.tracking import MlflowClient

    file = folder / "mlflow.db"
    end = interrupt_at(200)
    with pytest.raises(KeyboardInterrupt):
        MlflowClient(tracking_uri=f"sqlite:///{file}").search_experiments()
    end()
    return file


def test_a_half_made_database_is_named_with_its_remedy(tmp_path):
    file = half_made(tmp_path)
    before = file.read_bytes()
    for opened in (lambda: Store(str(tmp_path)), lambda: lookup.existing(str(tmp_path))):
        with pytest.raises(TrackingError, match=r"interrupted while it made the database.*delete the file") as error:
            opened()
        assert str(file) in str(error.value)
    assert file.read_bytes() == before


def test_a_database_that_is_a_folder_is_refused_at_once(tmp_path):
    (tmp_path / "mlflow.db").mkdir()
    begun = time.monotonic()
    for opened in (lambda: Store(str(tmp_path)), lambda: lookup.existing(str(tmp_path))):
        with pytest.raises(TrackingError, match=r"tracking\.uri.*expected a file"):
            opened()
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize(
    "uri", ["sqlite:///", "sqlite://", "sqlite:///:memory:", "sqlite:///file:x?mode=memory&uri=true"]
)
def test_a_database_in_memory_is_refused(uri):
    with pytest.raises(TrackingError, match=r"tracking\.uri: expected a f"):
        Location.of(uri)


def test_a_transaction_that_a_killed_process_left_is_rolled_back(tmp_path, database):
    """Copies of a database and its journal in the middle of a transaction are what a kill leaves."""
    for name in ("working", "killed"):
        (tmp_path / name).mkdir()
    file = tmp_path / "working" / "mlflow.db"
    shutil.copy(database, file)
    rows = [(f"k{i}", "v" * 3000) for i in range(500)]
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA cache_size = 1")
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO experiment_tags VALUES (?, ?, 0)", rows)
        for path in file.parent.iterdir():
            shutil.copy(path, tmp_path / "killed")
        connection.execute("ROLLBACK")
    assert (tmp_path / "killed" / "mlflow.db-journal").stat().st_size > 0
    lookup.experiments(str(tmp_path / "killed"))
    with closing(sqlite3.connect(tmp_path / "killed" / "mlflow.db")) as connection:
        assert connection.execute("SELECT count(*) FROM experiment_tags").fetchone() == (0,)


def test_a_path_with_a_question_mark_is_refused_as_it_ends_there_in_a_uri(tmp_path):
    with pytest.raises(TrackingError, match=r"tracking\.uri.*question mark"):
        Location.of(str(tmp_path / "what?"))


def write(store: Store, folder: Path, content: str) -> str:
    """Write a run with one artifact."""
    run = store.start_run("r", sweep=None, params={}, tags={})
    folder.mkdir(exist_ok=True)
    (folder / "file.txt").write_text(content)
    store.log_artifacts(run, folder)
    store.end_run(run, "FINISHED")
    return run


@pytest.mark.parametrize("move", [shutil.move, shutil.copytree])
@pytest.mark.parametrize("tagged", [True, False], ids=["new", "of version 0.1"])
def test_a_moved_folder_takes_its_artifacts_along(tmp_path, database, move, tagged):
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    shutil.copy(database, old / "mlflow.db")
    store = Store(str(old))
    if not tagged:
        store.client.delete_experiment_tag(store.experiment_id, "certvote.artifacts")
    first = write(store, tmp_path / "draft", "first")
    move(old, new)
    if move is shutil.copytree:
        shutil.rmtree(old / "artifacts" / first)  # what is read must be the copy

    reader = lookup.existing(str(new))
    (tmp_path / "back").mkdir()
    assert reader.download(first, "file.txt", tmp_path / "back").read_text() == "first"
    assert lookup.download(str(new), first, "file.txt", tmp_path / "back").read_text() == "first"

    store = Store(str(new))
    second = write(store, tmp_path / "draft", "second")
    assert (new / "artifacts" / second / "artifacts" / "file.txt").read_text() == "second"
    assert not (old / "artifacts" / second).exists()
    for run in (first, second):  # MLflow itself, and so its UI, finds them too
        assert str(new) in store.client.get_run(run).info.artifact_uri
        assert [one.path for one in store.client.list_artifacts(run)] == ["file.txt"]


def test_artifacts_that_were_put_elsewhere_stay_there(tmp_path, database):
    shutil.copy(database, tmp_path / "mlflow.db")
    root = (tmp_path / "big disk").as_uri()
    store = Store(str(tmp_path), "elsewhere", root)
    run = write(store, tmp_path / "draft", "x")
    write(Store(str(tmp_path)), tmp_path / "draft", "y")  # another experiment, beside the database
    store = Store(str(tmp_path), "elsewhere")
    assert store.client.get_experiment(store.experiment_id).artifact_location == root
    (tmp_path / "back").mkdir()
    assert store.download(run, "file.txt", tmp_path / "back").read_text() == "x"


def test_reading_needs_no_write_access(tmp_path, database):
    folder = tmp_path / "m"
    folder.mkdir()
    shutil.copy(database, folder / "mlflow.db")
    write(Store(str(folder)), tmp_path / "draft", "x")
    (folder / ".lock").unlink(missing_ok=True)
    before = {path: path.stat().st_mtime_ns for path in (folder, *folder.rglob("*"))}
    for path in before:
        path.chmod(0o555 if path.is_dir() else 0o444)
    program = (
        "import sys, tempfile; from pathlib import Path; from certvote.results import lookup\n"
        "assert not __import__('os').access(sys.argv[1], 2)\n"
        "store = lookup.existing(sys.argv[1]); (run,) = store.read_runs()\n"
        "with tempfile.TemporaryDirectory() as name: print(store.download(run.id, 'file.txt', Path(name)).read_text())"
    )
    # root may write everything, unless it gives that up
    drop = ["setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner"] if os.geteuid() == 0 else []
    command = [*drop, sys.executable, "-c", program, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.stdout == "x\n", done.stderr
    assert before == {path: path.stat().st_mtime_ns for path in (folder, *folder.rglob("*"))}
