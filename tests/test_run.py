"""The program as a user runs it: ``run.py`` and ``python -m certvote`` in processes of their own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from certvote.results import Store

SMALL = ["dataset.n_train=300", "dataset.n_test=40", "sizes.max=20"]


@pytest.fixture
def empty(tmp_path) -> Path:
    """A working folder with a space in its name, and nothing in it."""
    folder = tmp_path / "a project"
    folder.mkdir()
    return folder


@pytest.fixture
def project(empty, database) -> Path:
    """A working folder with a database that has its tables already, which saves seconds per test."""
    (empty / "mlruns").mkdir()
    shutil.copy(database, empty / "mlruns" / "mlflow.db")
    return empty


def call(arguments: list[str], cwd: Path, **kwargs) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COLUMNS": "200", **kwargs.pop("env", {})}
    return subprocess.run(
        [sys.executable, *arguments], cwd=cwd, capture_output=True, text=True, timeout=300, env=environment, **kwargs
    )


@pytest.fixture
def run(project, repository):
    def _run(*overrides: str, **kwargs) -> subprocess.CompletedProcess[str]:
        return call([str(repository / "run.py"), *overrides, *SMALL], project, **kwargs)

    return _run


def runs(project: Path):
    return Store(str(project / "mlruns")).read_runs()


def test_help_is_quick_and_imports_nothing_heavy(empty, repository):
    start = time.perf_counter()
    done = call(["-X", "importtime", str(repository / "run.py"), "--help"], empty)
    seconds = time.perf_counter() - start
    assert done.returncode == 0
    assert "  algo          bagging" in done.stdout
    assert "* knn" in done.stdout
    imported = {line.rsplit("|", 1)[-1].strip() for line in done.stderr.splitlines()}
    heavy = {"mlflow", "torch", "numba", "skimage", "matplotlib", "pandas", "faiss", "sklearn"}
    assert not imported & heavy
    assert seconds < 10, "2 s on an idle machine; tests share theirs"


def test_one_run_leaves_a_record_that_holds(project, run):
    done = run()
    assert done.returncode == 0, done.stderr
    (record,) = runs(project)
    assert record.status == "FINISHED"
    assert record.params["algo.k"] == "100"
    assert record.params["data.n_train"] == "300"
    assert {name for name in record.params if "." not in name} == {"n_jobs"}, "where things are kept is no parameter"
    assert not [name for name in record.params if name.startswith("tracking.")]
    assert record.metrics["CA_0"] == pytest.approx(record.curve.certified[0])
    assert record.curve.sizes.tolist() == list(range(21))
    assert json.loads(record.tags["certvote.environment"])["numpy"] == np.__version__
    assert {"certvote.data_digest", "certvote.feature_digest", "certvote.code_digest"} <= set(record.tags)
    assert record.tags["certvote.command"] == f"python run.py {' '.join(SMALL)}"
    assert record.id in done.stderr

    audit = call(["-m", "certvote", "audit", record.id], project)
    assert audit.returncode == 0, audit.stdout + audit.stderr
    assert "the record holds" in audit.stdout

    again = run()
    assert again.returncode == 0
    assert f"finished already, as run {record.id}" in again.stderr
    assert len(runs(project)) == 1
    forced = run("rerun=true")
    assert forced.returncode == 0
    assert len(runs(project)) == 2


def test_no_torch_for_neighbors(project, repository):
    start = f"import sys; sys.argv = ['run.py', *{SMALL!r}]; from certvote.cli import run; run(); "
    program = start + "assert 'torch' not in sys.modules"
    done = call(["-c", program], project)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("overrides", "named"),
    [
        (["k=abc"], "k=abc"),
        (["kk=3"], "kk"),
        (["algo=svm"], "algo/svm"),
        (["k=0"], "option k"),
        (["k=2000"], "option k"),
        (["algo=dpa", "parts=2000"], "option parts"),
        (["dataset=arrays", "dataset.path=gone.npz"], "gone.npz"),
        (["dataset=arrays"], "dataset.path"),
        (["-m", "k=5,0"], "option k"),
        (["-m", "k=5,x"], "k=x"),
        (["-m", "algo=knn", "certificate=rd,island"], "certificate=rd"),
        (["-m", "k=5", "name=../up"], "option name"),
        (["-m", "k=5", "report_root=/dev/null/x"], "option report_root"),
        (["--help", "kk=3"], "kk"),
    ],
)
def test_a_wrong_option_is_one_line_and_leaves_nothing_behind(empty, repository, overrides, named):
    done = call([str(repository / "run.py"), *overrides], empty)
    assert done.returncode != 0
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("error:")]
    assert named in line
    assert "Traceback" not in done.stderr
    assert list(empty.iterdir()) == []


@pytest.mark.parametrize("override", ["k=301", "sizes.max=301"])
def test_an_option_that_does_not_fit_the_data_leaves_nothing_behind(project, repository, override):
    small = [option for option in SMALL if option.split("=")[0] != override.split("=")[0]]
    done = call([str(repository / "run.py"), override, *small], project)
    assert done.returncode != 0
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("error:")]
    assert f"{override.split('=')[0]}: expected at most the number of training examples, 300, got 301" in line
    assert runs(project) == []


def test_a_sweep_does_its_work_once_and_reports(project, run):
    done = run("-m", "name=first", "algo=knn,rnn", "k=10,15")
    assert done.returncode == 0, done.stderr
    assert len(runs(project)) == 3, "two k, and one rNN, which does not depend on k"
    assert len({record.tags["mlflow.parentRunId"] for record in runs(project)}) == 1
    page = (project / "reports/html/first/index.html").read_text()
    assert all(record.id in page for record in runs(project))

    more = run("-m", "name=second", "algo=knn,rnn", "k=10,20")
    assert more.returncode == 0, more.stderr
    assert more.stderr.count("finished already") == 2
    assert len(runs(project)) == 4
    store = Store(str(project / "mlruns"))
    sweep = store.latest_sweep()
    jobs = [run for run in store.read_runs(sweep=sweep) if run.tags["certvote.kind"] == "run"]
    assert len(jobs) == 3
    assert store.download(sweep, "report/index.html", project).is_file()


def test_a_sweep_goes_on_after_a_failed_job_and_says_so(project, run):
    done = run("-m", "name=partly", "k=10,301")
    assert done.returncode != 0
    assert "1 of 2 jobs failed" in done.stderr
    assert sorted(record.status for record in runs(project)) == ["FAILED", "FINISHED"]
    assert "301" in (project / "reports/html/partly/index.html").read_text()


def test_combinations_without_a_certificate_are_left_out_of_a_sweep(project, run):
    done = run("-m", "algo=knn,rnn", "certificate=individual,island")
    assert done.returncode == 0, done.stderr
    assert "algo=knn certificate=island" in done.stderr
    assert sorted((r.params["algo.name"], r.params["certificate.name"]) for r in runs(project)) == [
        ("knn", "individual"),
        ("rnn", "individual"),
        ("rnn", "island"),
    ]


def test_ensembles_are_compared_in_one_sweep(project, run):
    done = run(
        "-m", "algo=knn,bagging,dpa,fa", "election=plurality,runoff", "parts=20", "certificate=individual,budget"
    )
    assert done.returncode == 0, done.stderr
    assert "algo=dpa certificate=budget" in done.stderr
    found = runs(project)
    assert sorted((r.params["algo.name"], r.params.get("algo.election", "")) for r in found) == [
        ("bagging", ""),
        ("dpa", "plurality"),
        ("dpa", "runoff"),
        ("fa", "plurality"),
        ("fa", "runoff"),
        ("knn", ""),
        ("knn", ""),
    ]
    assert all("seconds_training" in r.metrics for r in found if r.params["algo.name"] != "knn")
    (bagging,) = [r for r in found if r.params["algo.name"] == "bagging"]
    assert 0 < bagging.metrics["abstained"] < 1 - bagging.metrics["CA_0"]


@pytest.mark.parametrize(
    ("overrides", "named"),
    [
        ("algo=dpa parts=301", "option parts: expected at most the number of training examples, 300, got 301"),
        ("algo=bagging subsample=301", "option subsample: expected at most the number of training examples, 300"),
        ("algo=fa parts=200", "option parts · algo.spread: expected at most the number of training examples, 300"),
    ],
)
def test_more_voters_than_examples_are_refused(project, run, overrides, named):
    done = run(*overrides.split())
    assert done.returncode != 0
    assert named in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 2
    assert runs(project) == []


def test_parallel_jobs_and_two_sweeps_at_once_share_one_fresh_database(empty, repository):
    def start(*overrides: str) -> subprocess.Popen[str]:
        command = [
            sys.executable,
            str(repository / "run.py"),
            "-m",
            *SMALL,
            "hydra/launcher=joblib",
            "hydra.launcher.n_jobs=2",
            *overrides,
        ]
        return subprocess.Popen(command, cwd=empty, stderr=subprocess.PIPE, text=True)

    sweeps = [start("k=10,11,12", "name=one"), start("k=12,13", "name=two")]
    for sweep in sweeps:
        _, errors = sweep.communicate(timeout=300)
        assert sweep.returncode == 0, errors
    assert sorted(record.params["algo.k"] for record in runs(empty)) == ["10", "11", "12", "13"]
    assert {record.status for record in runs(empty)} == {"FINISHED"}


def test_a_killed_sweep_goes_on_where_it_stopped(project, repository, run):
    """Killed without warning while it works; started again it does only what is missing."""
    command = [sys.executable, str(repository / "run.py"), "-m", *SMALL, "k=10,11,12,13,14,15", "name=killed"]
    sweep = subprocess.Popen(command, cwd=project, stderr=subprocess.PIPE, text=True)
    assert sweep.stderr is not None
    for line in sweep.stderr:
        if "k=11" in line and "run " in line:
            break
    sweep.send_signal(signal.SIGKILL)
    sweep.wait()
    before = [record for record in runs(project) if record.status == "FINISHED"]
    assert 2 <= len(before) < 6

    done = run("-m", "k=10,11,12,13,14,15", "name=killed")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("finished already") == len(before)
    finished = [record for record in runs(project) if record.status == "FINISHED"]
    assert sorted(record.params["algo.k"] for record in finished) == ["10", "11", "12", "13", "14", "15"]
    assert "RUNNING" not in {record.status for record in runs(project)}


def test_a_sweep_that_is_told_to_end_says_so_in_the_database(project, repository):
    command = [sys.executable, str(repository / "run.py"), "-m", *SMALL, "k=10,11,12,13,14,15", "name=ended"]
    sweep = subprocess.Popen(command, cwd=project, stderr=subprocess.PIPE, text=True)
    assert sweep.stderr is not None
    for line in sweep.stderr:
        if "k=11" in line and "run " in line:
            break
    sweep.send_signal(signal.SIGTERM)
    rest = sweep.stderr.read()
    assert sweep.wait() == 130
    assert "error: interrupted" in rest
    assert "Traceback" not in rest
    store = Store(str(project / "mlruns"))
    assert [run.status for run in store.sweeps()] == ["KILLED"]
    assert {run.status for run in runs(project)} <= {"FINISHED", "KILLED"}


def test_a_report_over_any_runs(project, run):
    assert run().returncode == 0
    (record,) = runs(project)
    done = call(["-m", "certvote", "report", "--runs", record.id, "--name", "mine", "--title", "A <b> title"], project)
    assert done.returncode == 0, done.stderr
    page = (project / "reports/html/mine/index.html").read_text()
    assert "A &lt;b&gt; title" in page
    none = call(["-m", "certvote", "report", "--filter", "params.`algo.name` = 'none'"], project)
    assert none.returncode != 0
    assert "--filter" in none.stderr
