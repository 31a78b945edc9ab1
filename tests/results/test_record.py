"""One digest covers everything that a run logged: every edit is found and named, and what is gone is done again."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from certvote.results import Store
from certvote.types import Curve


@pytest.fixture(scope="module")
def sealed(tmp_path_factory, database) -> tuple[Path, str]:
    """A database with one finished run."""
    folder = tmp_path_factory.mktemp("sealed")
    shutil.copy(database, folder / "mlflow.db")
    store = Store(str(folder))
    tags = {"certvote.fingerprint": "f", "certvote.command": "python run.py", "certvote.feature_digest": "aa"}
    run = store.start_run("digits knn", sweep=None, params={"algo.k": 5, "data.n_train": 300}, tags=tags)
    store.log_curve(run, Curve(np.arange(3), np.array([0.9, 0.5, 0.1]), np.array([0.9, 0.6, 0.2])))
    store.log_metrics(run, {"CA_0": 0.9, "seconds_votes": 1.5})
    files = folder / "draft"
    files.mkdir()
    (files / "deeper").mkdir()
    for name in ("votes.npz", "certified_sizes.npz", "curve.svg", "config.yaml", "deeper/more.txt"):
        (files / name).write_text(name)
    (files / "curve.csv").write_text("poisoning_size,certified_accuracy,attained,attained_by\n0,0.9,0.9,search\n")
    store.log_artifacts(run, files)
    store.finish_run(run)
    return folder, run


@pytest.fixture
def copy(sealed, tmp_path) -> tuple[Path, str]:
    folder, run = sealed
    shutil.copytree(folder, tmp_path / "m")
    return tmp_path / "m", run


def sql(folder: Path, *statements: str) -> None:
    with closing(sqlite3.connect(folder / "mlflow.db")) as connection, connection:
        for statement in statements:
            assert connection.execute(statement).rowcount > 0


def in_database(*statements: str):
    return lambda folder, run: sql(folder, *statements)


def in_file(name: str, old: str, new: str):
    def change(folder: Path, run: str) -> None:
        path = folder / "artifacts" / run / "artifacts" / name
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))

    return change


def gone(name: str):
    return lambda folder, run: (folder / "artifacts" / run / "artifacts" / name).unlink()


EDITS = {
    "metric CA_attained": [
        in_database("DELETE FROM metrics WHERE key = 'CA_attained'"),
        in_database("DELETE FROM latest_metrics WHERE key = 'CA_attained'"),
        in_database("UPDATE metrics SET value = 0.5 WHERE key = 'CA_attained' AND step = 1"),
    ],
    "metric CA": [
        in_database("UPDATE metrics SET value = 0.91 WHERE key = 'CA' AND step = 0"),
        in_database("DELETE FROM metrics WHERE key = 'CA' AND step = 2"),
    ],
    "metric CA_0": [in_database("UPDATE latest_metrics SET value = 0.91 WHERE key = 'CA_0'")],
    "metric seconds_votes": [in_database("UPDATE latest_metrics SET value = 0.1 WHERE key = 'seconds_votes'")],
    "param data.n_train": [in_database("UPDATE params SET value = '400' WHERE key = 'data.n_train'")],
    "param algo.k": [in_database("DELETE FROM params WHERE key = 'algo.k'")],
    "tag certvote.command": [in_database("UPDATE tags SET value = 'rm' WHERE key = 'certvote.command'")],
    "tag certvote.feature_digest": [in_database("DELETE FROM tags WHERE key = 'certvote.feature_digest'")],
    "tag certvote.notes": [
        lambda folder, run: Store(str(folder)).set_tags(run, {"certvote.notes": '["all is well"]'}),
    ],
    "started": [in_database("UPDATE runs SET start_time = start_time - 1000")],
    "ended": [in_database("UPDATE runs SET end_time = end_time + 1")],
    "name": [in_database("UPDATE runs SET name = 'another'")],
    "artifact curve.csv": [in_file("curve.csv", ",search", ",exact"), gone("curve.csv")],
    "artifact curve.svg": [in_file("curve.svg", "c", "C"), gone("curve.svg")],
    "artifact deeper/more.txt": [in_file("deeper/more.txt", "e", "E")],
    "artifact record.json": [
        in_file("record.json", "300", "301"),
        gone("record.json"),
        in_file("record.json", "{", ""),
    ],
    "tag certvote.record_digest": [in_database("DELETE FROM tags WHERE key = 'certvote.record_digest'")],
}


def test_an_untouched_record_is_what_it_was(sealed):
    folder, run = sealed
    assert Store(str(folder)).differences(run) == []


@pytest.mark.parametrize(("name", "edit"), [(name, edit) for name, edits in EDITS.items() for edit in edits])
def test_every_edit_is_found_and_named(copy, name, edit):
    folder, run = copy
    edit(folder, run)
    assert Store(str(folder)).differences(run) == [name]


def test_two_edits_are_both_named(copy):
    folder, run = copy
    in_file("record.json", "300", "301")(folder, run)
    in_file("curve.svg", "c", "C")(folder, run)
    assert Store(str(folder)).differences(run) == ["the record", "artifact record.json"]


def test_tags_of_users_are_theirs(copy):
    folder, run = copy
    store = Store(str(folder))
    store.set_tags(run, {"paper": "figure 2", "mlflow.note.content": "the best one"})
    assert store.differences(run) == []


def test_a_run_without_a_digest_says_so(copy):
    folder, run = copy
    sql(folder, "DELETE FROM tags WHERE key = 'certvote.record_digest'")
    gone("record.json")(folder, run)
    assert Store(str(folder)).differences(run) is None


@pytest.mark.parametrize(
    "loss",
    [
        gone("votes.npz"),
        gone("deeper/more.txt"),
        gone("record.json"),
        lambda folder, run: shutil.rmtree(folder / "artifacts" / run),
        in_database("DELETE FROM metrics WHERE key = 'CA'"),
        in_database("DELETE FROM latest_metrics WHERE key = 'CA_0'"),
    ],
)
def test_a_run_that_has_lost_something_is_not_reused(copy, loss, caplog):
    folder, run = copy
    assert Store(str(folder)).finished("f") == run
    loss(folder, run)
    assert Store(str(folder)).finished("f") is None
    assert f"run {run} is not used" in caplog.text
