"""An audit finds whatever was altered in a record, and nothing in one that was not."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from hydra import compose, initialize_config_dir

from certvote import job
from certvote.options import settings as options
from certvote.results import Store, TrackingError
from certvote.results.audit import _election_checks, audit
from certvote.runtime.paths import conf_dir
from certvote.types import Election


@pytest.fixture(
    scope="module",
    params=[
        "algo=knn",
        "algo=rnn certificate=island",
        "algo=knn certificate=budget attack.change=delete",
        "algo=knn certificate=budget attack.change=relabel attack=backdoor",
        "algo=bagging algo.voters=50",
        "algo=dpa algo.parts=40",
        "algo=fa algo.parts=40 election=runoff",
    ],
)
def record(request, tmp_path_factory, database):
    """Store and id of a finished run."""
    folder = tmp_path_factory.mktemp("audit")
    shutil.copy(database, folder / "mlflow.db")
    options.register()
    places = [f"tracking.uri={folder}", f"cache_root={folder}/cache", "dataset.n_train=300", "sizes.max=20"]
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        config = compose("config", overrides=[*request.param.split(), *places, "k=15", "dataset.n_test=40"])
    return Store(str(folder)), job.run(config, command="python run.py")


CHANGED = "the record is what it was when the run ended"


def failed(store: Store, run: str) -> list[str]:
    return [check.statement for check in audit(store, run) if not check.holds]


def test_a_record_that_nobody_touched_holds(record):
    assert failed(*record) == []


def test_what_cannot_be_checked_is_said(record):
    store, run = record
    (read,) = store.read_runs(run_ids=[run])
    unchecked = [check.statement for check in audit(store, run) if not check.checked]
    assert unchecked == ["the margins follow from the ballots"] * (read.params["algo.name"] == "fa")


@pytest.mark.parametrize("runoff", [False, True])
def test_a_winner_that_the_votes_do_not_allow_is_found(runoff):
    counts = np.array([[5, 3, 3], [5, 3, 3], [5, 3, 3]], np.int32)  # label 2 comes before 1
    for winner, allowed in ([0, 0, 0], True), ([0, 2, 0], runoff), ([0, 1, 0], False):
        election = Election(counts, np.array(winner), np.ones(3, np.int64))
        assert [check.holds for check in _election_checks(election, runoff)] == [allowed, True]


@pytest.fixture
def altered(record, tmp_path):
    """Replace an artifact by what ``change`` makes of it, and put it back after the test."""
    store, run = record
    kept: list = []

    def alter(name: str, change) -> None:
        path = store.download(run, name, tmp_path)
        kept.append((name, path.read_bytes()))
        change(path)
        store.client.log_artifact(run, str(path))

    yield alter
    for name, content in kept:
        (tmp_path / name).write_bytes(content)
        store.client.log_artifact(run, str(tmp_path / name))


def _one_vote_more(path):
    with np.load(path) as file:
        arrays = dict(file)
    arrays["counts"] = arrays["counts"] + np.eye(*arrays["counts"].shape, dtype=arrays["counts"].dtype)
    np.savez_compressed(path, **arrays)


@pytest.mark.parametrize(
    ("name", "change", "statement"),
    [
        ("votes.npz", _one_vote_more, "the votes are those that were counted"),
        ("votes.npz", lambda path: path.write_bytes(path.read_bytes()[:100]), "the record can be read to its end"),
        ("certified_sizes.npz", lambda path: np.savez(path, certified_sizes=np.zeros(40, np.int64)), "certified sizes"),
        ("curve.csv", lambda path: path.write_text(path.read_text().replace("\n20,", "\n21,")), "logged curve"),
        ("config.yaml", lambda path: path.write_text(path.read_text().replace("max: 20", "max: 19")), "parameters"),
    ],
)
def test_an_altered_artifact_is_found(record, altered, name, change, statement):
    altered(name, change)
    found = failed(*record)
    assert CHANGED in found
    assert any(statement in line for line in found)


def test_a_missing_artifact_is_found(record, monkeypatch):
    monkeypatch.setattr("certvote.results.audit._ARTIFACTS", ("votes.npz", "gone.npz"))
    assert failed(*record) == ["every artifact is there"]


def test_an_altered_metric_is_found(record):
    store, run = record
    (read,) = store.read_runs(run_ids=[run])
    store.client.log_metric(run, "CA_10", 0.99)
    assert failed(store, run) == [CHANGED, "the headline numbers are those of the curve"]
    store.client.log_metric(run, "CA_10", read.metrics["CA_10"])
    store.client.log_metric(run, "CA", 0.99, step=20)
    assert "the logged curve is that of curve.csv" in failed(store, run)
    store.client.log_metric(run, "CA", float(read.curve.certified[20]), step=20)
    assert failed(store, run) == []


def test_altered_success_rates_are_found(record, altered):
    store, run = record
    (read,) = store.read_runs(run_ids=[run])
    if read.success is None:
        assert "ASR_10" not in read.metrics
        return
    assert read.metrics["ASR_20"] == read.success[20] == max(rates["20"] for rates in read.targets.values())
    store.client.log_metric(run, "ASR_10", 0.0)
    sealed = "the record is what it was when the run ended"
    assert failed(store, run) == [sealed, "the headline numbers are those of the curve"]
    store.client.log_metric(run, "ASR_10", read.metrics["ASR_10"])
    statement = "the attack success rates follow from the votes"
    store.client.log_metric(run, "ASR", 0.0, step=20)
    assert statement in failed(store, run)
    store.client.log_metric(run, "ASR", float(read.success[20]), step=20)
    assert failed(store, run) == []
    altered("success.csv", lambda path: path.write_text(path.read_text().replace("\n20,", "\n21,")))
    assert failed(store, run) == [sealed, statement]


def test_data_that_changed_since_is_found_and_missing_data_is_said(tmp_path, database):
    shutil.copy(database, tmp_path / "mlflow.db")
    rng = np.random.default_rng(0)
    data = {"x_train": rng.random((60, 4)), "y_train": np.arange(60) % 3, "x_test": rng.random((9, 4))}
    np.savez(tmp_path / "mine.npz", **data, y_test=np.arange(9) % 3)
    options.register()
    places = [f"tracking.uri={tmp_path}", f"cache_root={tmp_path}/cache", f"dataset.path={tmp_path}/mine.npz"]
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        choice = ["dataset=arrays", "feature=vectors", "k=9", "sizes.max=5"]
        run = job.run(compose("config", overrides=[*choice, *places]), command="python run.py")
    store = Store(str(tmp_path))
    assert failed(store, run) == []
    np.savez(tmp_path / "mine.npz", **data, y_test=(np.arange(9) + 1) % 3)
    assert failed(store, run) == ["the data is what it was"]
    (tmp_path / "mine.npz").unlink()
    (unchecked,) = [check for check in audit(store, run) if not check.checked]
    assert unchecked.statement == "the data is what it was"
    assert "mine.npz" in str(unchecked)


def test_only_a_finished_job_can_be_audited(record):
    store, _ = record
    sweep = store.start_sweep("s", command="", title=None, notes=[])
    store.end_sweep(sweep, "FINISHED")
    with pytest.raises(ValueError, match="expected a finished run"):
        audit(store, sweep)
    with pytest.raises(TrackingError, match="no-such"):
        audit(store, "no-such")
