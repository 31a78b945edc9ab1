"""Combinations of a sweep: jobs of their own, repetitions of an earlier one, and undefined ones."""

from __future__ import annotations

import itertools

import pytest
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.types import RunMode

from certvote.options import settings as options
from certvote.planning.combinations import combinations
from certvote.runtime.paths import conf_dir


@pytest.fixture(scope="module")
def loader():
    options.register()
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        yield GlobalHydra.instance().config_loader()


def jobs(loader, **choices):
    names = [name.replace("_", ".", 1) for name in choices]
    product = [[f"{x}={y}" for x, y in zip(names, row, strict=True)] for row in itertools.product(*choices.values())]
    base = loader.load_configuration("config", [], RunMode.MULTIRUN)
    return [one.overrides for one in combinations(base, product, loader) if one.is_job]


def test_parameters_of_other_algorithms_do_not_multiply_jobs(loader):
    assert jobs(loader, algo=["knn", "rnn", "dpa"], k=[3, 5], r=[1, 2], parts=[4, 6, 8]) == [
        ["algo=knn", "k=3", "r=1", "parts=4"],
        ["algo=knn", "k=5", "r=1", "parts=4"],
        ["algo=rnn", "k=3", "r=1", "parts=4"],
        ["algo=rnn", "k=3", "r=2", "parts=4"],
        *(["algo=dpa", "k=3", "r=1", f"parts={parts}"] for parts in (4, 6, 8)),
    ]


def test_a_shortcut_that_another_option_refers_to_makes_jobs_of_its_own(loader):
    found = jobs(loader, algo=["dpa"], parts=[4], sizes_max=["${k}"], k=[3, 5])
    assert [job[-1] for job in found] == ["k=3", "k=5"]


def test_views_are_left_out_where_base_classifiers_vote(loader):
    assert jobs(loader, algo=["knn", "dpa"], feature_rotations=["[0]", "[-8,0,8]"]) == [
        ["algo=knn", "feature.rotations=[0]"],
        ["algo=knn", "feature.rotations=[-8,0,8]"],
        ["algo=dpa", "feature.rotations=[0]"],
    ]
