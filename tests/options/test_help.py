"""The help of run.py: what it lists is what its options take."""

from __future__ import annotations

from hydra import compose, initialize_config_dir

from certvote.options import settings
from certvote.options.help import help_text
from certvote.runtime.paths import conf_dir


def test_experiments_are_listed_by_the_names_that_work():
    settings.register()
    text = help_text([])
    listed = text.partition("  experiment  ")[2].partition("\n\n")[0].split()
    assert {"demo", "jia2022/fig10_cifar10"} <= set(listed)
    assert len(listed) == len(list((conf_dir() / "experiment").rglob("*.yaml")))
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        compose("config", overrides=[f"experiment={listed[-1]}"])
    assert max(map(len, text.splitlines())) <= 120


def test_choices_and_options_are_listed_with_their_meanings():
    settings.register()
    text = help_text(["algo=bagging", "k=7"])
    assert "* bagging" in text
    assert "* knn" not in text
    assert "ISLAND" not in text
    assert "algo.voters=1000" in text
    assert "number of base classifiers" in text
    assert "k=7" in text
