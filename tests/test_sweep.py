"""Sweeps are planned by composing few of their jobs: those that differ in what nothing reads are one job."""

from __future__ import annotations

import itertools

import pytest
from hydra import compose, initialize_config_dir

from certvote import sweep
from certvote.options import settings as options
from certvote.runtime.paths import conf_dir


class Loader:
    """Compose configurations as Hydra does for the jobs of a sweep, and count them."""

    def __init__(self) -> None:
        self.composed = 0

    def load_sweep_config(self, _config, overrides):
        self.composed += 1
        return compose("config", overrides=overrides, return_hydra_config=True)


@pytest.fixture(autouse=True)
def hydra(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    options.register()
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        yield


def planned(**choices):
    loader = Loader()
    names = [name.replace("_", ".", 1) for name in choices]
    jobs = [[f"{x}={y}" for x, y in zip(names, values, strict=True)] for values in itertools.product(*choices.values())]
    return sweep._plan(None, jobs, loader).jobs, loader.composed


def test_parameters_of_other_algorithms_do_not_multiply_jobs():
    jobs, composed = planned(algo=["knn", "rnn", "dpa"], k=[3, 5], r=[1, 2], parts=[4, 6, 8])
    assert jobs == [
        ["algo=knn", "k=3", "r=1", "parts=4"],
        ["algo=knn", "k=5", "r=1", "parts=4"],
        ["algo=rnn", "k=3", "r=1", "parts=4"],
        ["algo=rnn", "k=3", "r=2", "parts=4"],
        *(["algo=dpa", "k=3", "r=1", f"parts={parts}"] for parts in (4, 6, 8)),
    ]
    assert composed == len(jobs)


def test_a_shortcut_that_another_option_refers_to_makes_jobs_of_its_own():
    jobs, _ = planned(algo=["dpa"], parts=[4], sizes_max=["${k}"], k=[3, 5])
    assert [job[-1] for job in jobs] == ["k=3", "k=5"]


def test_views_are_left_out_where_base_classifiers_vote():
    jobs, _ = planned(algo=["knn", "dpa"], feature_rotations=["[0]", "[-8,0,8]"])
    assert jobs == [
        ["algo=knn", "feature.rotations=[0]"],
        ["algo=knn", "feature.rotations=[-8,0,8]"],
        ["algo=dpa", "feature.rotations=[0]"],
    ]
