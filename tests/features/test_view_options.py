"""Views of a test image as options of a feature: what is extracted, and who may use them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hydra import compose, initialize_config_dir

from certvote import stages
from certvote.datasets import digits
from certvote.features.views import mirrored, rotated
from certvote.options import settings as options
from certvote.runtime.paths import conf_dir


def load(*overrides: str) -> options.Settings:
    options.register()
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        return options.load(compose("config", overrides=[*overrides, "dataset.n_train=50", "dataset.n_test=12"]))


@pytest.fixture(scope="module")
def split():
    whole = digits()
    return replace(whole, train=whole.train[:50], test=whole.test[:12])


def test_one_view_is_a_matrix(split):
    assert load().feature.extract(split).test.shape == (12, 64)


@pytest.mark.parametrize(
    ("overrides", "views"),
    [
        (["feature.rotations=[-8,0,8]"], lambda x: [rotated(x, -8), x, rotated(x, 8)]),
        (["feature.mirror=true"], lambda x: [x, mirrored(x)]),
        (
            ["feature.rotations=[0,90]", "feature.mirror=true"],
            lambda x: [x, rotated(x, 90), mirrored(x), mirrored(rotated(x, 90))],
        ),
    ],
)
@pytest.mark.parametrize("feature", ["pixels", "gradient"])
def test_every_view_is_the_feature_of_the_transformed_image(split, feature, overrides, views):
    chosen = load(f"feature={feature}", *overrides).feature
    found = chosen.extract(split)
    expected = [chosen.compute(view, n_jobs=1, progress=False) for view in views(split.test)]
    assert chosen.num_views == len(expected)
    assert np.array_equal(found.test, np.stack(expected, axis=1))
    assert np.array_equal(found.train, chosen.compute(split.train, n_jobs=1, progress=False))


def test_a_cached_view_is_shared(split, tmp_path):
    load("feature=gradient").feature.extract(split, cache_root=tmp_path)
    before = len(list(tmp_path.rglob("*.npz")))
    load("feature=gradient", "feature.rotations=[0,8]").feature.extract(split, cache_root=tmp_path)
    assert len(list(tmp_path.rglob("*.npz"))) == before + 1


@pytest.mark.parametrize("rotations", ["[]", "[8,8]", "[0,0.0]"])
def test_rotations_must_differ(rotations):
    with pytest.raises(ValueError, match=r"option feature.rotations: expected different angles, at least one"):
        load(f"feature.rotations={rotations}")


def test_base_classifiers_look_at_one_view():
    with pytest.raises(options.UndefinedCombinationError, match=r"algo=dpa with 2 views.*feature.mirror=false"):
        load("algo=dpa", "parts=5", "feature.mirror=true")
    assert load("algo=dpa", "learner=network", "feature.mirror=true"), "networks look at images, not at features"


def test_more_views_bring_more_neighbors_within_a_radius(tmp_path):
    counts = []
    for rotations in ("[0]", "[-10,0,10]"):
        settings = load("algo=rnn", "r=8", f"feature.rotations={rotations}", f"cache_root={tmp_path}", "sizes.max=5")
        whole = stages.load_split(settings)
        votes = stages.count_votes(stages.extract(whole, settings), whole, settings, {})
        counts.append(votes.counts.sum(axis=1))
    assert (counts[1] >= counts[0]).all()
    assert (counts[1] > counts[0]).any()
