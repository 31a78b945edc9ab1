"""Ensembles made from options: the same votes however the work is cut, and outcomes that fit together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hydra import compose, initialize_config_dir

from certvote import stages
from certvote.algorithms import ensemble
from certvote.algorithms.base import Inputs, Work
from certvote.certificates.votes import predicted_labels
from certvote.options import settings as options
from certvote.runtime.paths import conf_dir
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


def poll(settings, split, features, seconds=None) -> Votes | Election:
    """Return the outcome of the only election that was decided."""
    train, test = (split.train, split.test) if features is None else (features.train, features.test)
    inputs = Inputs(train, split.train_labels, test, split.num_classes, split.train)
    work = Work(settings.backend, settings.learner, settings.n_jobs, settings.cache_root)
    outcomes = settings.algo.outcomes(inputs, work)
    if seconds is not None:
        seconds |= work.seconds
    assert tuple(outcomes) == settings.algo.elections(settings.learner)
    (outcome,) = outcomes.values()
    return outcome


def bagged(*more: str) -> list[str]:
    return ["algo=bagging", "algo.voters=30", *COMMON[:3], *more]


def same(a: Votes | Election, b: Votes | Election) -> bool:
    names = ["counts"] if isinstance(a, Votes) else ["counts", "winner", "parts"]
    return type(a) is type(b) and all(np.array_equal(getattr(a, name), getattr(b, name)) for name in names)


@pytest.mark.parametrize("choice", CHOICES)
def test_the_test_set_may_be_cut_anywhere(job, choice, monkeypatch):
    settings, split, features = job(*choice.split(), *COMMON)
    whole = poll(settings, split, features)
    monkeypatch.setattr(ensemble, "_CHUNK_BYTES", 7 * 60 * 10)
    assert same(whole, poll(settings, split, features))


@pytest.mark.parametrize("choice", CHOICES)
def test_the_order_of_the_training_set_is_irrelevant_to_parts(job, choice):
    settings, split, features = job(*choice.split(), *COMMON)
    order = np.random.default_rng(0).permutation(len(split.train_labels))
    shuffled = replace(split, train=split.train[order], train_labels=split.train_labels[order])
    moved = replace(features, train=features.train[order])
    assert same(poll(settings, split, features), poll(settings, shuffled, moved))


def test_every_voter_votes_once_and_the_time_is_told(job):
    seconds: dict[str, float] = {}
    settings, split, features = job(*bagged())
    votes = poll(settings, split, features, seconds)
    assert (votes.counts.sum(axis=1) == 30).all()
    assert set(seconds) == {"training", "votes"}
    settings, split, features = job("algo=fa", "algo.spread=3", *COMMON)
    outcome = poll(settings, split, features)
    assert (outcome.counts.sum(axis=1) == 90).all()
    assert (outcome.winner == predicted_labels(outcome.counts)).all()
    assert (outcome.parts >= 1).all()


def test_finite_aggregation_over_single_parts_is_dpa(job):
    settings, split, features = job("algo=fa", "algo.spread=1", *COMMON)
    outcome = poll(settings, split, features)
    settings, split, features = job("algo=dpa", *COMMON)
    votes = poll(settings, split, features)
    assert np.array_equal(outcome.counts, votes.counts)


def test_bagging_draws_with_its_seed(job):
    made = [job(*bagged(f"algo.seed={seed}")) for seed in (0, 0, 1)]
    first, again, other = (poll(settings, split, features) for settings, split, features in made)
    assert same(first, again)
    assert not same(first, other)


@pytest.mark.parametrize("algo", ["dpa", "fa"])
def test_networks_are_asked_once_for_all_elections(job, algo, monkeypatch):
    few = ["dataset.n_train=60", "dataset.n_test=20", "sizes.max=4", "algo.parts=6", "learner=network"]
    jobs = {
        election: job(f"algo={algo}", f"election={election}", *few, "learner.steps=3")
        for election in ("plurality", "runoff")
    }
    alone = {}
    for election, (settings, split, _) in jobs.items():
        with monkeypatch.context() as patched:
            patched.setattr(type(settings.algo), "elections", lambda algo, learner: (algo.election,))
            alone[election] = poll(settings, split, None)
    asked = []
    ask = ensemble.EnsembleAlgorithm.outcomes
    monkeypatch.setattr(ensemble.EnsembleAlgorithm, "outcomes", lambda *given: asked.append(1) or ask(*given))
    for election, (settings, split, _) in jobs.items():
        seconds = {}
        assert same(stages.count_votes(None, split, settings, seconds), alone[election])
        assert set(seconds) == {"training", "votes"}
    assert len(asked) == 1
    assert np.array_equal(alone["plurality"].counts, alone["runoff"].counts)


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
        poll(settings, split, features)
