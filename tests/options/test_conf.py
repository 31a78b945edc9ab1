"""The configuration tree: every choice composes into typed settings, every wrong option is named."""

from __future__ import annotations

import itertools

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import ConfigCompositionException
from omegaconf import OmegaConf

from certvote.algorithms.rnn import Rnn
from certvote.options import aliases
from certvote.options import settings as options
from certvote.options.choices import PACKAGES, choices
from certvote.runtime.paths import conf_dir


@pytest.fixture(autouse=True)
def hydra():
    options.register()
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        yield


def load(*overrides: str) -> options.Settings:
    return options.load(compose("config", overrides=aliases.overrides(overrides)))


@pytest.mark.parametrize("group", PACKAGES)
def test_every_file_has_a_class_in_the_module_of_its_name(group):
    own = {name for name, cls in choices(group).items() if cls.__module__ == f"{PACKAGES[group]}.{name}"}
    assert {file.stem for file in (conf_dir() / group).glob("*.yaml")} == own


@pytest.mark.parametrize(("group", "choice"), [(group, choice) for group in PACKAGES for choice in choices(group)])
def test_every_choice_composes_and_knows_its_name(group, choice):
    extra = ["dataset.path=x.npz"] if choice == "arrays" else ["feature.train=x.npz"] if choice == "npy" else []
    extra += ["algo=rnn"] if choice in ("rd", "island", "removal") else []
    extra += ["algo=dpa"] if choice == "parts" else []
    chosen = getattr(load(f"{group}={choice}", *extra), group)
    assert type(chosen) is choices(group)[choice]
    assert chosen.name == choice


def test_server_takes_the_uri_from_the_environment(monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    assert load("tracking=server").tracking.uri == "http://127.0.0.1:1"


@pytest.mark.parametrize(
    ("dataset", "feature", "k", "r", "largest", "trigger"),
    [("mnist", "gradient", 3000, 30.0, 1000, 5), ("cifar10", "hog", 5000, 20.0, 1000, 10)],
)
def test_a_dataset_brings_what_it_recommends(dataset, feature, k, r, largest, trigger):
    settings = load(f"dataset={dataset}", "attack=backdoor")
    assert (settings.feature.name, settings.algo.k, settings.r) == (feature, k, r)
    assert (settings.sizes.max, settings.attack.size) == (largest, trigger)
    assert load(f"dataset={dataset}", "algo=rnn").algo.r == r


def test_the_user_overrules_what_a_dataset_recommends():
    settings = load("dataset=mnist", "feature=pixels", "k=7", "sizes.max=20", "attack=backdoor", "attack.size=2")
    assert (settings.feature.name, settings.algo.k, settings.sizes.max, settings.attack.size) == ("pixels", 7, 20, 2)


@pytest.mark.parametrize(
    "experiment",
    [p.relative_to(conf_dir() / "experiment") for p in (conf_dir() / "experiment").rglob("*.yaml")],
    ids=str,
)
def test_every_experiment_composes(experiment):
    assert load(f"experiment={experiment.with_suffix('')}")


@pytest.mark.parametrize("experiment", ["mnist", "cifar10", "jia2022/fig2_mnist", "jia2022/fig8_cifar10"])
def test_experiments_of_the_paper_name_what_it_used(experiment):
    settings = load(f"experiment={experiment}")
    assert (settings.feature.name, settings.algo.k) == ("hog", 5000)


@pytest.mark.parametrize("algo", ["rnn", "dpa"])
@pytest.mark.parametrize("dataset", [name for name in choices("dataset") if name != "arrays"])
def test_every_algorithm_takes_the_recommended_feature(dataset, algo):
    assert load(f"dataset={dataset}", f"algo={algo}")


@pytest.mark.parametrize(
    ("override", "named"),
    [
        ("k=0", "option k"),
        ("algo=rnn r=-1", "option r"),
        ("algo=rnn r=nan", "option r"),
        ("algo=rnn r=inf", "option r"),
        ("sizes.max=-1", "sizes.max"),
        ("sizes.step=0", "sizes.step"),
        ("n_jobs=0", "n_jobs"),
        ("dataset.n_train=0", "dataset.n_train"),
        ("dataset.seed=-1", "dataset.seed"),
        ("dataset.holdout=0", "dataset.holdout"),
        ("attack.change=some", "attack.change"),
        ("attack=backdoor attack.change=none", "attack.change"),
        ("attack=backdoor attack.size=0", "attack.size"),
        ("algo.ranking=random", "algo.ranking"),
        ("algo=bagging algo.voters=1", "algo.voters"),
        ("algo=bagging subsample=0", "option subsample"),
        ("algo=bagging algo.alpha=0", "algo.alpha"),
        ("algo=bagging algo.alpha=1", "algo.alpha"),
        ("algo=bagging algo.alpha=nan", "algo.alpha"),
        ("algo=dpa parts=1", "option parts"),
        ("algo=fa algo.spread=0", "algo.spread"),
        ("algo=dpa election=random", "option election"),
        ("algo=dpa learner.l2=0", "learner.l2"),
        ("algo=dpa learner.steps=0", "learner.steps"),
        ("algo=dpa learner=network learner.stretch=1000", "learner.stretch"),
        ("algo=dpa learner=network learner.rotation=1e9", "learner.rotation"),
        ("algo=dpa learner=network learner.shift=inf", "learner.shift"),
        ("algo=dpa learner=network learner.rate=2", "learner.rate"),
        ("algo=bagging algo.voters=1000000000000", "algo.voters"),
        ("algo=bagging algo.alpha=1e-300", "algo.alpha"),
        ("feature=vectors feature.low=2", "feature.low"),
        ("feature=hog feature.orientations=0", "feature.orientations"),
        ("feature=clip feature.precision=half", "feature.precision"),
        ("feature=clip feature.batch_size=0", "feature.batch_size"),
        ("feature=npy feature.train=x.npz feature.normalize=max", "feature.normalize"),
        ("feature=npy feature.train=x.npz feature.low=1", "feature.low"),
        ("feature=hog feature.pixels_per_cell=[0,8]", "feature.pixels_per_cell"),
        ("grouping=budget grouping.bound=dull", "certificate.bound"),
        ("grouping=budget grouping.tolerance=nan", "certificate.tolerance"),
    ],
)
def test_a_value_out_of_range_is_named(override, named):
    with pytest.raises(ValueError, match=named):
        load(*override.split())


@pytest.mark.parametrize("override", ["certificate.name=x", "attack.name=backdoor", "algo.name=rnn", "dataset.name=x"])
def test_a_choice_cannot_be_renamed(override):
    with pytest.raises(ConfigCompositionException, match=r"Could not override '\w+\.name'"):
        load(*override.split())


@pytest.mark.parametrize(
    ("override", "named"), [("+foo=3", "foo"), ("+algo.foo=3", r"algo\.foo"), ("+sizes.a=1", r"sizes\.a")]
)
def test_an_option_that_nothing_reads_is_refused(override, named):
    with pytest.raises(ValueError, match=f"option {named}: there is no such option"):
        load(override)


@pytest.mark.parametrize(
    ("override", "named"),
    [
        ("dataset=arrays", r"dataset\.path"),
        ("feature=npy", r"feature\.train"),
        ("tracking=server", r"tracking\.uri"),
    ],
)
def test_a_missing_value_is_named(override, named, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with pytest.raises(ValueError, match=f"option {named}: expected a"):
        load(override)


@pytest.mark.parametrize("grouping", ["rd", "island", "removal"])
def test_no_joint_certificate_in_groups_for_knn(grouping):
    with pytest.raises(options.UndefinedCombinationError, match=f"certificate={grouping}"):
        load("algo=knn", f"grouping={grouping}")


@pytest.mark.parametrize("algo", ["bagging", "dpa", "fa"])
@pytest.mark.parametrize("grouping", ["rd", "island", "removal", "budget"])
def test_no_joint_certificate_for_ensembles(algo, grouping):
    with pytest.raises(options.UndefinedCombinationError, match=f"algo={algo} certificate={grouping}"):
        load(f"algo={algo}", f"grouping={grouping}")


@pytest.mark.parametrize("grouping", ["rd", "island", "removal"])
def test_certificates_that_share_removals_say_nothing_about_insertions(grouping):
    with pytest.raises(options.UndefinedCombinationError, match=r"attack\.change=insert"):
        load("algo=rnn", f"grouping={grouping}", "attack.change=insert")
    assert load("algo=rnn", f"grouping={grouping}", "attack.change=delete")


@pytest.mark.parametrize(
    ("refused", "remedy"),
    [
        (("algo=knn", "algo.ranking=hash"), "choose algo.ranking=index"),
        (("algo=dpa",), "choose partition_by=input"),
        (("algo=fa", "partition_by=example"), "choose partition_by=input"),
    ],
)
def test_changed_labels_need_ranks_and_parts_that_do_not_look_at_them(refused, remedy):
    assert load(*refused, "attack.change=any")
    with pytest.raises(options.UndefinedCombinationError, match=rf"attack\.change=relabel {refused[0]}.*{remedy}"):
        load(*refused, "attack.change=relabel")
    assert load(*refused, "attack.change=relabel", remedy.removeprefix("choose "))


@pytest.mark.parametrize("certificate", ["individual", "rd", "island", "removal", "budget"])
def test_changed_labels_have_every_certificate_of_radius_neighbors(certificate):
    assert load("algo=rnn", f"certificate={certificate}", "attack.change=relabel")


def test_changed_labels_are_not_certified_for_algorithms_that_do_not_say_that_they_ignore_them(monkeypatch):
    assert load("algo=rnn", "attack.change=relabel")
    monkeypatch.setattr(Rnn, "ignores_labels", False)
    with pytest.raises(options.UndefinedCombinationError, match=r"attack\.change=relabel algo=rnn: no certificate"):
        load("algo=rnn", "attack.change=relabel")


def test_options_that_the_classifier_does_not_use_tell_no_runs_apart():
    same = [("algo=knn",), ("algo=knn", "learner=nearest"), ("algo=knn", "election=runoff")]
    assert len({str(options.flatten(load(*overrides))) for overrides in same}) == 1
    same = [("algo=dpa",), ("algo=dpa", "backend=numba"), ("algo=dpa", "k=3")]
    assert len({str(options.flatten(load(*overrides))) for overrides in same}) == 1
    assert options.flatten(load("algo=dpa"))["learner.name"] == "logistic"


def test_flatten_leaves_shortcuts_out_and_effective_only_what_matters():
    settings = load("algo=rnn", "name=x", "tracking.experiment=other", "data_root=/elsewhere", "n_jobs=2")
    flat = options.flatten(settings)
    assert "k" not in flat
    assert "dataset.recommended.k" not in flat
    assert flat["algo.r"] == settings.r
    assert options.effective(settings) == options.effective(load("algo=rnn"))


@pytest.mark.parametrize(
    "change",
    [
        "k=3",
        "sizes.max=5",
        "dataset.seed=1",
        "attack=backdoor",
        "grouping=budget",
        "algo.ranking=hash",
        "feature=hog",
        "backend=numba",
    ],
)
def test_what_matters_is_in_effective(change):
    assert options.effective(load(change)) != options.effective(load())


@pytest.mark.parametrize(
    "overrides",
    [
        ["feature=hog", "attack=backdoor"],
        ["dataset=arrays", "dataset.path=x.npz"],
        ["algo=rnn", "certificate=budget"],
        ["algo=dpa", "parts=7"],
    ],
)
def test_recorded_settings_are_restored(overrides):
    settings = load(*overrides)
    GlobalHydra.instance().clear()  # an audit is no part of a Hydra program
    restored = options.restore(options.plain(settings))
    assert options.flatten(restored) == options.flatten(settings)


def test_settings_of_another_version_are_restored_with_todays_defaults():
    recorded = options.plain(load("algo=rnn", "r=3"))
    del recorded["attack"]["change"]
    recorded["algo"]["gone"] = 1
    GlobalHydra.instance().clear()
    restored = options.restore(recorded)
    assert (restored.attack.change, restored.algo.r) == ("any", 3)


def test_a_recorded_choice_that_is_not_there_is_named():
    recorded = options.plain(load())
    recorded["algo"]["name"] = "svm"
    with pytest.raises(ValueError, match=r"option algo: expected one of .*knn.*, got 'svm'"):
        options.restore(recorded)


def test_plain_settings_survive_yaml():
    for overrides in itertools.product(
        ["feature=hog"], ["attack=backdoor", "attack=poisoning"], ["algo=rnn", "algo=knn"]
    ):
        settings = load(*overrides)
        assert OmegaConf.create(OmegaConf.to_yaml(OmegaConf.create(options.plain(settings)))) == options.plain(settings)


def test_options_of_a_classifier_are_any_and_are_restored():
    settings = load("algo=dpa", "learner=sklearn", "learner.options={max_depth: 3, max_features: 2}")
    assert settings.learner.options == {"max_depth": 3, "max_features": 2}
    GlobalHydra.instance().clear()  # restoring composes anew
    assert options.restore(options.plain(settings)).learner == settings.learner
