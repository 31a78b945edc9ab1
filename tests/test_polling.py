"""Ensembles asked from options: the same votes however the work is cut, and outcomes that fit together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hydra import compose, initialize_config_dir

from certvote import polling, stages
from certvote import settings as options
from certvote.certificates.votes import predicted_labels
from certvote.paths import conf_dir
from certvote.types import Election, Votes

COMMON = ["dataset.n_train=300", "dataset.n_test=40", "sizes.max=20", "algo.parts=30"]
CHOICES = ["algo=dpa", "algo=dpa election=runoff", "algo=fa", "algo=fa election=runoff", "algo=fa learner=nearest"]


@pytest.fixture
def job(tmp_path):
    """Settings, split and features of a choice of options."""
    options.register()

    def _job(*overrides: str):
        with initialize_config_dir(str(conf_dir()), version_base="1.3"):
            settings = options.load(compose("config", overrides=[*overrides, f"cache_root={tmp_path}"]))
        split = stages.load_split(settings)
        return settings, split, stages.extract(split, settings)

    return _job


def bagged(*more: str) -> list[str]:
    return ["algo=bagging", "algo.voters=30", *COMMON[:3], *more]


def same(a: Votes | Election, b: Votes | Election) -> bool:
    names = ["counts"] if isinstance(a, Votes) else ["counts", "winner", "parts"]
    return type(a) is type(b) and all(np.array_equal(getattr(a, name), getattr(b, name)) for name in names)


@pytest.mark.parametrize("choice", CHOICES)
def test_the_test_set_may_be_cut_anywhere(job, choice, monkeypatch):
    settings, split, features = job(*choice.split(), *COMMON)
    whole = polling.poll(features, split, settings, {})
    monkeypatch.setattr(polling, "_CHUNK_BYTES", 7 * 60 * 10)
    assert same(whole, polling.poll(features, split, settings, {}))


@pytest.mark.parametrize("choice", CHOICES)
def test_the_order_of_the_training_set_is_irrelevant_to_parts(job, choice):
    settings, split, features = job(*choice.split(), *COMMON)
    order = np.random.default_rng(0).permutation(len(split.train_labels))
    shuffled = replace(split, train=split.train[order], train_labels=split.train_labels[order])
    moved = replace(features, train=features.train[order])
    assert same(polling.poll(features, split, settings, {}), polling.poll(moved, shuffled, settings, {}))


def test_every_voter_votes_once_and_the_time_is_told(job):
    seconds: dict[str, float] = {}
    settings, split, features = job(*bagged())
    votes = polling.poll(features, split, settings, seconds)
    assert (votes.counts.sum(axis=1) == 30).all()
    assert set(seconds) == {"training", "votes"}
    settings, split, features = job("algo=fa", "algo.spread=3", *COMMON)
    outcome = polling.poll(features, split, settings, {})
    assert (outcome.counts.sum(axis=1) == 90).all()
    assert (outcome.winner == predicted_labels(outcome.counts)).all()
    assert (outcome.parts >= 1).all()


def test_finite_aggregation_over_single_parts_is_dpa(job):
    settings, split, features = job("algo=fa", "algo.spread=1", *COMMON)
    outcome = polling.poll(features, split, settings, {})
    settings, split, features = job("algo=dpa", *COMMON)
    votes = polling.poll(features, split, settings, {})
    assert np.array_equal(outcome.counts, votes.counts)


def test_bagging_draws_with_its_seed(job):
    made = [job(*bagged(f"algo.seed={seed}")) for seed in (0, 0, 1)]
    first, again, other = (polling.poll(features, split, settings, {}) for settings, split, features in made)
    assert same(first, again)
    assert not same(first, other)


@pytest.mark.parametrize(
    ("overrides", "named"),
    [
        (["algo=dpa", "algo.parts=301"], "option parts: "),
        (["algo=fa", "algo.parts=151", "algo.spread=2"], r"option parts · algo\.spread"),
        (["algo=bagging", "algo.subsample=301"], "option subsample: "),
    ],
)
def test_more_than_the_training_set_has_is_refused(job, overrides, named):
    settings, split, features = job(*overrides, *COMMON[:3])
    with pytest.raises(ValueError, match=named):
        polling.poll(features, split, settings, {})
