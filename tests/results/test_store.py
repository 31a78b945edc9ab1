"""The results database: what is written is read back, several processes cannot break it, errors name the option."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from certvote.results import Store, TrackingError
from certvote.results.location import Location, clear_errors
from certvote.results.process import PROCESS
from certvote.types import Curve


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    return Store(str(tmp_path_factory.mktemp("a folder with spaces") / "mlruns"))


def start(store: Store, fingerprint: str = "f", sweep: str | None = None) -> str:
    tags = {"certvote.fingerprint": fingerprint, "certvote.notes": '["careful"]'}
    return store.start_run("digits knn", sweep=sweep, params={"algo.name": "knn", "algo.k": 5}, tags=tags)


def test_a_run_reads_back_as_written(store, tmp_path):
    run = start(store, "reads-back")
    sizes = np.arange(2500, dtype=np.int64)
    curve = Curve(sizes, np.linspace(1, 0, 2500), np.linspace(1, 0.1, 2500))
    store.log_curve(run, curve)
    store.log_metrics(run, {"auc": 0.5})
    (tmp_path / "file.txt").write_text("evidence")
    store.log_artifacts(run, tmp_path)
    store.set_tags(run, {"certvote.feature_digest": "abc"})
    store.end_run(run, "FINISHED")

    (read,) = store.read_runs(run_ids=[run])
    assert (read.status, read.name, read.notes) == ("FINISHED", "digits knn", ("careful",))
    assert read.params == {"algo.name": "knn", "algo.k": "5"}
    assert read.metrics == {"auc": 0.5}
    assert read.tags["certvote.feature_digest"] == "abc"
    assert read.curve is not None
    assert read.curve.attained is not None
    np.testing.assert_array_equal(read.curve.sizes, sizes)
    np.testing.assert_array_equal(read.curve.certified, curve.certified)
    np.testing.assert_array_equal(read.curve.attained, curve.attained)
    assert read.url is not None
    assert run in read.url
    (tmp_path / "back").mkdir()
    assert store.download(run, "file.txt", tmp_path / "back").read_text() == "evidence"


def test_only_a_finished_run_counts_as_finished(store, tmp_path):
    first = start(store, "only-finished")
    assert store.finished("only-finished") is None
    store.fail_run(first, "ValueError: no", "Traceback …")
    assert store.finished("only-finished") is None
    second = start(store, "only-finished")
    for name in ("votes.npz", "certified_sizes.npz", "curve.csv", "config.yaml"):
        (tmp_path / name).write_text("evidence")
    store.log_artifacts(second, tmp_path)
    store.log_curve(second, Curve(np.arange(2), np.array([1.0, 0.5])))
    assert store.finished("only-finished") is None
    store.finish_run(second)
    assert store.finished("only-finished") == second
    (failed,) = store.read_runs(run_ids=[first])
    assert failed.status == "FAILED"
    assert failed.tags["certvote.error"] == "ValueError: no"
    assert failed.curve is None


def dead(store: Store, run: str) -> None:
    """Make a run look as if its process had died."""
    store.client.set_tag(run, PROCESS, json.dumps({"host": socket.gethostname(), "pid": 2**22 + 1, "created": 0}))


def test_dead_runs_are_closed_that_is_what_died_while_running_and_nothing_else(store):
    gone, at_work, other = start(store, "died"), start(store, "died"), start(store, "other")
    dead(store, gone)
    dead(store, other)
    store.close_dead_runs("died")
    found = {run.id: run.status for run in store.read_runs(run_ids=[gone, at_work, other])}
    assert found == {gone: "KILLED", at_work: "RUNNING", other: "RUNNING"}


def test_a_sweep_that_died_is_closed_when_the_next_one_starts(store):
    gone = store.start_sweep("gone", command="c", title=None, notes=[])
    dead(store, gone)
    store.start_sweep("next", command="c", title=None, notes=[])
    assert {run.status for run in store.read_runs(sweep=gone)} == {"KILLED"}


def test_a_sweep_has_its_own_runs_and_those_it_reused(store):
    old = start(store, "old")
    store.end_run(old, "FINISHED")
    sweep = store.start_sweep("s", command="python run.py -m k=1,2", title="T", notes=["careful"])
    new = start(store, "new", sweep)
    start(store, "elsewhere")
    store.reuse(sweep, old)
    store.end_sweep(sweep, "FINISHED")
    parent, *jobs = sorted(store.read_runs(sweep=sweep), key=lambda run: run.tags["certvote.kind"], reverse=True)
    assert {run.id for run in jobs} == {old, new}
    assert (parent.id, parent.name, parent.tags["certvote.title"]) == (sweep, "s", "T")
    assert parent.notes == ("careful",)
    assert store.latest_sweep() == sweep
    assert sweep not in {run.id for run in store.read_runs()}, "a sweep is not a job"


def test_a_sweep_that_ends_leaves_no_job_running(store):
    sweep = store.start_sweep("s", command="c", title=None, notes=[])
    job = start(store, "its worker died", sweep)
    dead(store, job)
    store.end_sweep(sweep, "FAILED")
    (read,) = store.read_runs(run_ids=[job])
    assert read.status == "KILLED"


def test_a_filter_selects_by_option(store):
    runs = store.read_runs(filter="params.`algo.k` = '5'")
    assert runs
    assert {run.params["algo.k"] for run in runs} == {"5"}
    assert store.read_runs(filter="params.`algo.k` = '6'") == []


_OPEN = """
import sys
from certvote.results import Store
store = Store(sys.argv[1])
run = store.start_run("r", sweep=None, params={}, tags={})
store.end_run(run, "FINISHED")
"""


def test_processes_that_start_together_share_one_fresh_database(tmp_path):
    def process(_):
        return subprocess.run(
            [sys.executable, "-c", _OPEN, str(tmp_path / "m")], capture_output=True, text=True, timeout=120
        )

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(process, range(4)))
    assert [one.returncode for one in done] == [0] * 4, done[0].stderr
    assert len(Store(str(tmp_path / "m")).read_runs()) == 4


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(TrackingError, match=r"tracking\.uri.*file"):
        Store(str(tmp_path / "file" / "mlruns"))


def test_a_file_that_is_no_database_is_named(tmp_path):
    (tmp_path / "mlflow.db").write_text("this is no database, it only has its name\n" * 100)
    with pytest.raises(TrackingError, match=r"tracking\.uri"):
        Store(str(tmp_path))


@pytest.mark.parametrize("uri", ["file:///tmp/x", "ftp://x", "s3://bucket"])
def test_a_uri_that_is_no_database_is_refused(uri):
    with pytest.raises(TrackingError, match=r"tracking\.uri"):
        Location.of(uri)


def test_other_uris_are_taken_as_they_are(tmp_path):
    assert Location.of("http://127.0.0.1:8080/").ui == "http://127.0.0.1:8080"
    assert Location.of("postgresql://u@h/db", "/artifacts").artifact_root == "/artifacts"
    location = Location.of(f"sqlite:///{tmp_path}/x.db")
    assert location.artifact_root == (tmp_path / "artifacts").as_uri()


def test_a_run_that_is_not_there_is_named(store):
    with pytest.raises(TrackingError, match="no-such-run"):
        store.read_runs(run_ids=["no-such-run"])


def test_a_deleted_experiment_is_explained(tmp_path):
    store = Store(str(tmp_path), "gone")
    store.client.delete_experiment(store.experiment_id)
    with pytest.raises(TrackingError, match=r"tracking\.experiment.*gone"):
        Store(str(tmp_path), "gone")


def test_a_full_disk_is_an_error_that_names_the_database(tmp_path):
    """A limit on the size of files stands for the full disk: the database cannot grow beyond it."""
    program = (
        "import resource, sys; from certvote.results import Store, TrackingError\n"
        "store = Store(sys.argv[1]); size = __import__('os').path.getsize(sys.argv[1] + '/mlflow.db')\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))\n"
        "try:\n"
        "    for i in range(2000): store.start_run('r' * 1000, sweep=None, params={'p': 'x' * 5000}, tags={})\n"
        "except TrackingError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, timeout=120)
    assert "cannot write to the results database" in done.stdout, done.stderr
    assert "(sqlite3." in done.stdout, "the reason is said"
    assert "Traceback" not in done.stderr, "and nothing else"
    assert "tracking.uri" in done.stdout


def test_a_missing_driver_is_named_with_its_extra():
    with (
        pytest.raises(TrackingError, match=r"tracking\.uri.*psycopg.*certvote\[postgres\]"),
        clear_errors("postgresql://host/database", "open"),
    ):
        raise ModuleNotFoundError("No module named 'psycopg'")
