"""A plan says what then runs, and writes nothing."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.types import RunMode

from certvote import job
from certvote.options import settings as options
from certvote.options.settings import Tracking
from certvote.planning.combinations import combinations
from certvote.planning.plan import Entry, _lines, as_data, plan
from certvote.results import Store
from certvote.runtime.paths import conf_dir


@pytest.fixture
def project(tmp_path, database) -> Path:
    """A folder with an empty database."""
    shutil.copy(database, tmp_path / "mlflow.db")
    options.register()
    return tmp_path


def places(folder: Path) -> list[str]:
    small = ["dataset.n_train=300", "dataset.n_test=40", "sizes.max=20"]
    return [f"tracking.uri={folder}", f"cache_root={folder}/cache", *small]


def planned(folder: Path, *jobs: str) -> list[Entry]:
    """Plan jobs, each given as its overrides."""
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        loader = GlobalHydra.instance().config_loader()
        base = loader.load_configuration("config", ["plan=true"], RunMode.MULTIRUN)
        found = combinations(base, [[*text.split(), "plan=true", *places(folder)] for text in jobs], loader)
    tracking = Tracking(uri=str(folder), experiment="certvote", artifact_root=None, sweep=None)
    return plan(found, tracking)


def run(folder: Path, overrides: list[str]) -> str:
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        config = compose("config", overrides=[*overrides, *places(folder)])
    return job.run(config, command="python run.py")


def content(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


JOBS = ["algo=knn k=5", "algo=knn k=10", "algo=knn k=301", "algo=rnn k=5", "algo=rnn k=10"]
JOBS += ["algo=knn k=5 certificate=island"]


def test_a_plan_is_what_then_runs(project):
    done = run(project, JOBS[0].split())
    before = content(project)
    entries = planned(project, *JOBS)
    assert content(project) == before
    assert [entry.state for entry in entries] == ["done", "run", "refused", "run", "repeated", "undefined"]
    assert entries[0].run == done
    assert entries[4].repeats == 3
    assert "option k: expected at most the number of training examples, 300, got 301" in entries[2].reason
    assert "algo=knn certificate=island" in entries[5].reason
    assert entries[1].estimate is not None, "another kNN on the same data is done"
    assert entries[1].estimate.runs == 1
    assert entries[1].estimate.memory_mb is None or entries[1].estimate.memory_mb > 1
    assert entries[3].estimate is None, "no rNN is done"

    store = Store(str(project))
    for entry, text in zip(entries, JOBS, strict=True):
        before_it = {run.id for run in store.read_runs(curves=False)}
        if entry.state in ("undefined", "refused"):
            with pytest.raises(ValueError, match=r"expected at most the number|no certificate is defined"):
                run(project, text.split())
        else:
            id = run(project, text.split())
            assert (id not in before_it) == (entry.state == "run")
            assert entry.run in (None, id)
            (record,) = store.read_runs(run_ids=[id], curves=False)
            assert record.name == entry.name
    assert [entry.state for entry in planned(project, *JOBS)][:2] == ["done", "done"]


def test_without_a_database_everything_would_run_and_none_is_made(tmp_path):
    options.register()
    (entry,) = planned(tmp_path / "absent", "algo=knn k=5")
    assert (entry.state, entry.run, entry.estimate) == ("run", None, None)
    assert list(tmp_path.iterdir()) == []


def test_a_job_that_another_process_does_is_running_and_a_dead_one_is_not(project):
    store = Store(str(project))
    run(project, ["algo=knn", "k=5"])
    (record,) = store.read_runs(curves=False)
    tags = {"certvote.fingerprint": record.tag("fingerprint")}
    store.client.delete_run(record.id)
    at_work = store.start_run("n", sweep=None, params={}, tags=tags)
    (entry,) = planned(project, "algo=knn k=5")
    assert (entry.state, entry.run) == ("running", at_work)
    gone = json.loads(store.client.get_run(at_work).data.tags["certvote.process"]) | {"created": 0}
    store.client.set_tag(at_work, "certvote.process", json.dumps(gone))
    (entry,) = planned(project, "algo=knn k=5")
    assert entry.state == "run"


def test_done_is_run_again_with_rerun(project):
    done = run(project, ["algo=knn", "k=5"])
    (entry,) = planned(project, "algo=knn k=5 rerun=true")
    assert entry.state == "run"
    assert done in entry.reason


def test_data_that_is_not_here_is_not_downloaded(project):
    (entry,) = planned(project, f"dataset=mnist data_root={project}/data")
    assert entry.state == "run"
    assert "not at hand" in entry.reason
    assert not (project / "data").exists()


def test_both_forms_have_every_combination(project):
    entries = planned(project, *JOBS)
    data = json.loads(json.dumps(as_data(entries)))
    assert [one["state"] for one in data["jobs"]] == [entry.state for entry in entries]
    assert sum(data["total"][state] for state in ("done", "run", "refused", "repeated", "undefined")) == len(JOBS)
    *lines, summary, costs = _lines(entries)
    assert len(lines) == len(JOBS)
    assert lines[1].split() == ["to", "run", "algo=knn", "k=10", "no", "estimate"]
    assert lines[4].endswith("the same as algo=rnn k=5")
    assert summary == "6 combinations: 3 to run, 1 refused, 1 undefined, 1 repeated"
    assert costs == "to run: no estimate"
