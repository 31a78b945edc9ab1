"""Jobs side by side: cores are shared out, one database takes all, and a cluster's way of starting jobs works."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from certvote.results import Store
from certvote.runtime import launchers, threads

SMALL = ["dataset.n_train=300", "dataset.n_test=40", "sizes.max=20"]
PLUGINS = "hydra_plugins.hydra_{}_launcher.{}_launcher.{}"
JOBLIB = PLUGINS.format("joblib", "joblib", "JoblibLauncher")
LOCAL = PLUGINS.format("submitit", "submitit", "LocalLauncher")
SLURM = PLUGINS.format("submitit", "submitit", "SlurmLauncher")


@pytest.mark.parametrize(
    ("launcher", "jobs", "threads"),
    [
        ({"_target_": "hydra._internal.core_plugins.basic_launcher.BasicLauncher"}, 9, None),
        ({"_target_": JOBLIB, "n_jobs": 4}, 9, 4),
        ({"_target_": JOBLIB, "n_jobs": 4}, 2, 8),  # no more at once than there are
        ({"_target_": JOBLIB, "n_jobs": 1}, 9, 16),
        ({"_target_": JOBLIB, "n_jobs": -1}, 9, 1),
        ({"_target_": JOBLIB, "n_jobs": -13}, 9, 4),  # all cores but twelve
        ({"_target_": JOBLIB, "n_jobs": 40}, 90, 1),
        ({"_target_": LOCAL, "cpus_per_task": None}, 3, 5),
        ({"_target_": SLURM, "cpus_per_task": 8}, 3, 8),
        ({"_target_": SLURM, "cpus_per_task": None}, 3, None),
    ],
)
def test_cores_of_each_job(monkeypatch, launcher, jobs, threads):
    monkeypatch.setattr(launchers, "cores", lambda: 16)
    assert launchers.threads_per_job(launcher, jobs) == threads


def test_no_jobs_at_a_time_is_refused_by_name():
    with pytest.raises(ValueError, match=r"option hydra\.launcher\.n_jobs: .* got 0"):
        launchers.threads_per_job({"_target_": JOBLIB, "n_jobs": 0}, 3)


def test_cores_are_those_that_this_process_may_use():
    assert 1 <= threads.cores() <= os.cpu_count()


def sweep(folder, repository, *overrides: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(repository / "run.py"), "-m", *SMALL, *overrides]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)


def test_submitit_starts_jobs_that_share_a_fresh_database_and_the_cores(tmp_path, repository):
    """The local executor: processes of their own, started from a pickle, as on a cluster."""
    done = sweep(tmp_path, repository, "hydra/launcher=submitit_local", "k=10,11,400", "name=cluster")
    assert done.returncode != 0
    assert "1 of 3 jobs failed" in done.stderr
    assert "failed: dataset.n_train=300 dataset.n_test=40 sizes.max=20 k=400" in done.stderr, "not in a log file alone"
    assert "finished: dataset.n_train=300 dataset.n_test=40 sizes.max=20 k=10 name=cluster [run " in done.stderr
    found = {run.params["algo.k"]: run for run in Store(str(tmp_path / "mlruns")).read_runs()}
    assert {k: run.status for k, run in found.items()} == {"10": "FINISHED", "11": "FINISHED", "400": "FAILED"}
    expected = str(max(1, threads.cores() // 3))
    assert {run.params["n_jobs"] for run in found.values()} == {expected}
    assert "k=10" in found["10"].tags["certvote.command"]
    assert "n_jobs" not in found["10"].tags["certvote.command"]
    assert (tmp_path / "reports/html/cluster/index.html").exists()
    again = sweep(tmp_path, repository, "hydra/launcher=submitit_local", "k=10,11", "name=cluster")
    assert again.returncode == 0, again.stderr
    assert len(Store(str(tmp_path / "mlruns")).read_runs()) == 3  # both were there


def test_what_the_user_says_about_cores_holds(tmp_path, repository):
    done = sweep(tmp_path, repository, "hydra/launcher=joblib", "hydra.launcher.n_jobs=2", "k=10,11", "n_jobs=3")
    assert done.returncode == 0, done.stderr
    runs = Store(str(tmp_path / "mlruns")).read_runs()
    assert [run.params["n_jobs"] for run in runs] == ["3", "3"]
    assert all("n_jobs=3" in run.tags["certvote.command"] for run in runs)
