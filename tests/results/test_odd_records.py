"""One odd record stops neither a report nor a job: it is shown as odd where it stands."""

from __future__ import annotations

import re
import shutil
import sqlite3
from contextlib import closing

import numpy as np
import pytest

from certvote.reporting import labels
from certvote.reporting.render import page_html
from certvote.results import Store, tables
from certvote.results.process import PROCESS, died
from certvote.types import Curve

PARAMS = {"dataset.name": "digits", "algo.name": "knn", "algo.k": 5, "certificate.name": "individual"}


@pytest.fixture
def store(tmp_path, database) -> Store:
    shutil.copy(database, tmp_path / "mlflow.db")
    return Store(str(tmp_path))


def run_of(store: Store, sweep: str | None = None, **tags: str) -> str:
    run = store.start_run("r", sweep=sweep, params=PARAMS, tags={f"certvote.{name}": tags[name] for name in tags})
    store.log_curve(run, Curve(np.arange(3), np.array([0.9, 0.5, 0.1]), np.array([0.9, 0.6, 0.2])))
    store.finish_run(run)
    return run


@pytest.mark.parametrize("tag", [None, "", "junk", "[1]", "null", '{"host": 1}', '{"host": "x", "pid": "y"}'])
def test_a_junk_process_tag_is_that_of_no_dead_process(tag):
    assert not died(tag)


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (("CA", 0.05, 9), "CA or CA_attained alone has a value at e = 9"),
        (("CA_attained", float("nan"), 1), "expected CA_attained from 0 to 1, got nan at e = 1"),
        (("CA", 7.0, 2), "expected CA from 0 to 1, got 7.0 at e = 2"),
    ],
)
def test_an_odd_curve_is_shown_as_odd_and_the_others_are_drawn(store, edit, reason):
    odd, good = run_of(store, fingerprint="a"), run_of(store, fingerprint="b")
    name, value, step = edit
    store.client.log_metric(odd, name, value, timestamp=2**42, step=step)
    runs = store.read_runs()
    found = {run.id: run for run in runs}
    assert found[odd].curve is None
    assert found[good].curve is not None
    problem = labels.problem(found[odd])
    assert problem.startswith("finished, but its curve is odd: ")
    assert re.search(reason, problem)
    html = page_html(runs)
    assert "its curve is odd" in html
    assert "1 finished" in html


def test_odd_notes_bounds_and_numbers_are_read(store):
    run = run_of(store, notes="not JSON at all", bounds='{"a": "b", "c": 2, "d": null}', labels="[[")
    store.client.log_metric(run, "median_certified_size", float("inf"))
    (read,) = store.read_runs()
    assert read.notes == ("not JSON at all",)
    assert read.bounds == {"c": 2}
    page_html([read])
    assert len(tables.runs(uri=str(store.location.file.parent))) == 1


def test_a_sweep_that_reused_a_run_which_is_gone_says_so(store):
    kept, lost = run_of(store, fingerprint="a"), run_of(store, fingerprint="b")
    sweep = store.start_sweep("s", command="c", title=None, notes=["careful"])
    for run in (kept, lost):
        store.reuse(sweep, run)
    store.end_sweep(sweep, "FINISHED")
    with closing(sqlite3.connect(store.location.file)) as connection, connection:
        for table in ("metrics", "latest_metrics", "params", "tags", "runs"):
            connection.execute(f"DELETE FROM {table} WHERE run_uuid = ?", (lost,))
    runs = store.read_runs(sweep=sweep)
    assert {run.id for run in runs} == {sweep, kept}
    (parent,) = [run for run in runs if run.id == sweep]
    assert parent.notes[0] == "careful"
    assert lost in parent.notes[1]
    assert lost in page_html(runs)


def test_a_junk_process_tag_does_not_stop_a_sweep(store):
    sweep = store.start_sweep("old", command="c", title=None, notes=[])
    store.client.set_tag(sweep, PROCESS, "junk")
    store.start_sweep("next", command="c", title=None, notes=[])
    assert {run.status for run in store.read_runs(sweep=sweep)} == {"RUNNING"}
