"""Attacks of a job: recorded, resumed, audited; a certificate that claims too much stops the run."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from hydra import compose, initialize_config_dir

from certvote import job
from certvote.adversaries import carry_out as module
from certvote.adversaries.carry_out import RefutedError, refute
from certvote.options import settings as options
from certvote.reporting import render_report
from certvote.results import Store, curves
from certvote.results.audit import audit
from certvote.runtime.paths import conf_dir
from certvote.types import Attacked, Curve

CURVE = Curve(np.array([0, 10, 20]), np.array([0.9, 0.8, 0.7]))


def test_a_certificate_above_an_attack_is_refused_with_both_numbers():
    refute(CURVE, 10, 0.8)
    refute(CURVE, 15, 0.7)  # certified at 15 is what is certified at 20
    with pytest.raises(RefutedError, match=r"0\.800000 is certified at poisoning size 10.* leaves 0\.790000"):
        refute(CURVE, 10, 0.79)


def test_between_attacked_sizes_the_smaller_one_counts():
    attacked = Attacked(np.array([0, 10, 20]), np.array([0.9, 0.85, 0.8]))
    assert [attacked.at(e) for e in (0, 9, 10, 19, 25)] == [0.9, 0.9, 0.85, 0.85, 0.8]


@pytest.fixture(scope="module")
def place(tmp_path_factory, database):
    folder = tmp_path_factory.mktemp("attacks")
    shutil.copy(database, folder / "mlflow.db")
    return folder


def compose_job(folder, *overrides: str):
    options.register()
    common = ["dataset.n_train=300", "dataset.n_test=40", "sizes.max=20", "k=15", "n_jobs=1"]
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        places = [f"tracking.uri={folder}", f"cache_root={folder}/cache"]
        return compose("config", overrides=[*places, *common, "adversary=feature_space", *overrides])


@pytest.fixture(scope="module")
def record(place):
    return Store(str(place)), job.run(compose_job(place), command="python run.py")


def test_a_record_holds_and_says_what_attacks_left(record):
    store, run = record
    (read,) = store.read_runs(run_ids=[run])
    assert read.attacked is not None
    assert read.attacked.sizes.tolist() == list(range(0, 21, 2))
    assert (np.diff(read.attacked.accuracy) <= 0).all()
    assert read.metrics["attacked_20"] == read.attacked.accuracy[-1] < read.attacked.accuracy[0]
    assert [str(check) for check in audit(store, run) if not check.holds] == []
    table = curves(uri=store.location.uri)
    assert table["attacked"].notna().sum() == 11
    assert (table["certified"] <= table["attacked"].fillna(1)).all()


def test_an_altered_poison_is_found(record, tmp_path):
    store, run = record
    path = store.download(run, "poison.npz", tmp_path)
    kept = path.read_bytes()
    with np.load(path) as file:
        arrays = dict(file)
    np.savez_compressed(path, **(arrays | {"20_added": np.zeros_like(arrays["20_added"])}))
    store.client.log_artifact(run, str(path))
    found = [check.statement for check in audit(store, run) if not check.holds]
    path.write_bytes(kept)
    store.client.log_artifact(run, str(path))
    assert found == [
        "the record is what it was when the run ended",
        "the poisoned training sets leave the accuracy that the record says",
    ]


def test_finished_attacks_are_not_made_again(record, place, monkeypatch):
    store, run = record
    monkeypatch.setattr(module, "measure", None)
    again = job.run(compose_job(place, "rerun=true", "certificate=budget"), command="python run.py")
    first, second = (store.read_runs(run_ids=[one])[0].attacked for one in (run, again))
    assert first is not None
    assert second is not None
    assert np.array_equal(first.accuracy, second.accuracy)


def test_added_images_have_the_vectors_of_the_record(place, tmp_path):
    store = Store(str(place))
    run = job.run(compose_job(place, "adversary=images", "adversary.sizes=[15]"), command="python run.py")
    assert [str(check) for check in audit(store, run) if not check.holds] == []
    with np.load(store.download(run, "poison.npz", tmp_path)) as file:
        assert file["15_images"].shape == (15, 8, 8, 1)


def test_attacks_on_labels_change_labels_alone(place, tmp_path):
    store = Store(str(place))
    run = job.run(compose_job(place, "attack.change=relabel", "adversary.sizes=[20]"), command="python run.py")
    (read,) = store.read_runs(run_ids=[run])
    assert read.attacked is not None
    assert read.attacked.accuracy[1] < read.attacked.accuracy[0]
    assert [str(check) for check in audit(store, run) if not check.holds] == []
    page = render_report([read], name="relabeled", title=None, out_root=tmp_path, page=None)
    text = " ".join(page.read_text().split())
    assert "carried out by changing labels" in text
    assert "carried out in feature space" not in text

    path = store.download(run, "poison.npz", tmp_path)
    with np.load(path) as file:
        arrays = dict(file)
    np.savez_compressed(path, **(arrays | {"20_added": np.zeros_like(arrays["20_added"])}))
    store.client.log_artifact(run, str(path))
    found = [check.detail for check in audit(store, run) if not check.holds]
    assert any("more is changed than labels" in detail for detail in found)


def test_a_violation_stops_the_run(place, monkeypatch):
    monkeypatch.setattr("certvote.algorithms.knn.Knn.certified_sizes", lambda self, problem: np.full(40, 100))
    with pytest.raises(RefutedError, match="certified at poisoning size"):
        job.run(compose_job(place, "algo.ranking=hash"), command="python run.py")


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["adversary.sizes=[21]"], r"option adversary\.sizes: expected at most sizes\.max, 20, got 21"),
        (["algo=dpa", "algo.parts=40"], "algo=dpa adversary=feature_space: no attack is .* adversary=none or parts"),
    ],
)
def test_what_does_not_fit_is_named(place, overrides, message):
    with pytest.raises(ValueError, match=message):
        job.run(compose_job(place, *overrides), command="python run.py")


def test_a_report_states_both_numbers(record, tmp_path):
    store, run = record
    page = render_report(store.read_runs(run_ids=[run]), name="attacked", title=None, out_root=tmp_path, page=None)
    text = " ".join(page.read_text().split())
    assert "(certified) and" in text
    assert "(attack carried out) of the 40 test images are classified correctly" in text
    assert "carried out in feature space" in text
    assert 'attack-0"' in text
    assert 'between-0"' in text
