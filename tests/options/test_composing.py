"""Jobs composed the fast way are those that Hydra composes, and a wrong one has Hydra's error."""

from __future__ import annotations

import time

import pytest
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import OmegaConf, open_dict

from certvote.options import settings
from certvote.options.composing import Composer
from certvote.runtime.paths import conf_dir

JOBS = [
    [],
    ["k=5"],
    ["k=7", "algo=rnn", "r=3"],
    ["algo=rnn", "k=7", "r=4", "k=9"],
    ["algo=dpa", "election=runoff", "parts=20", "algo.parts=30"],
    ["algo=bagging", "learner=nearest", "subsample=7"],
    ["dataset=mnist"],
    ["dataset=mnist", "feature=pixels", "dataset.recommended.k=8"],
    ["experiment=demo", "algo=rnn", "r=2"],
    ["sizes.max=3", "tracking=server", "tracking.uri=here"],
    ["+extra=1", "k=5"],
    ["~plugins", "k=3"],
    ["feature=hog", "feature.rotations=[0,5]"],
]
WRONG = [["k=x"], ["kk=3"], ["algo=svm"], ["algo.parts=3"], ["algo=knn", "sizes.max=x"]]


@pytest.fixture(scope="module")
def loader():
    settings.register()
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        yield GlobalHydra.instance().config_loader()


@pytest.fixture(scope="module")
def base(loader):
    return loader.load_configuration("config", ["sizes.step=2"], RunMode.MULTIRUN)


def by_hydra(loader, base, job):
    config = loader.load_sweep_config(base, list(job))
    with open_dict(config):
        del config["hydra"]
    return config


def test_jobs_are_those_of_hydra_in_any_order(loader, base):
    composer = Composer(loader, base)
    expected = [OmegaConf.to_yaml(by_hydra(loader, base, job)) for job in JOBS]
    for order in (1, -1):  # a job leaves nothing behind for the next one
        composed = [OmegaConf.to_yaml(composer.compose(job)) for job in JOBS[::order]]
        assert composed[::order] == expected


@pytest.mark.parametrize("job", WRONG, ids=" ".join)
def test_a_wrong_job_has_hydras_error(loader, base, job):
    composer = Composer(loader, base)
    with pytest.raises(HydraException) as expected:
        by_hydra(loader, base, job)
    with pytest.raises(HydraException) as got:
        composer.compose(job)
    assert str(got.value) == str(expected.value)
    assert str(got.value.__cause__) == str(expected.value.__cause__)


def test_many_values_of_one_choice_are_composed_quickly(loader, base):
    start = time.process_time()
    composer = Composer(loader, base)
    for k in range(200):
        composer.compose([f"k={k}"])
    assert time.process_time() - start < 4, "0.6 s on an idle machine; Hydra takes 20 s"
