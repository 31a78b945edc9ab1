"""Rules say which combinations are jobs, and which rule and option is wrong."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.types import RunMode

from certvote.options import settings
from certvote.planning.combinations import combinations
from certvote.planning.rules import Rules, from_arguments
from certvote.runtime.paths import conf_dir


def jobs(overrides: str, rules: Rules) -> list[str]:
    """Return the jobs of a sweep as texts, composed and checked."""
    settings.register()
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        loader = GlobalHydra.instance().config_loader()
        base = loader.load_configuration("config", [], RunMode.MULTIRUN)
        chosen, added = rules.jobs(OverridesParser.create().parse_overrides(overrides.split()))
        found = combinations(base, chosen, loader, rules=rules, added=added)
    return [" ".join(one.overrides) for one in found]


def test_without_rules_a_sweep_is_a_product():
    assert jobs("algo=knn,rnn k=5,6", Rules()) == ["algo=knn k=5", "algo=knn k=6", "algo=rnn k=5", "algo=rnn k=6"]


def test_zipped_options_take_their_values_side_by_side():
    rules = Rules(zip=("k=5,6,7 sizes.max=10,12,14",))
    assert jobs("certificate=individual,budget", rules)[:3] == [
        "certificate=individual k=5 sizes.max=10",
        "certificate=individual k=6 sizes.max=12",
        "certificate=individual k=7 sizes.max=14",
    ]
    assert len(jobs("certificate=individual,budget k=1,2", rules)) == 6, "a zipped option has no other values"


def test_excluded_combinations_are_left_out_whatever_names_their_options():
    rules = Rules(exclude=("algo=knn k=6,7", "dataset=digits algo=rnn", "dataset=mnist"))
    assert jobs("algo=knn,rnn k=5,6,7", rules) == ["algo=knn k=5"]
    assert jobs("algo=rnn r=3,4", Rules(exclude=("r=3.0",))) == ["algo=rnn r=4"]


def test_an_undefined_combination_can_be_excluded():
    assert jobs("algo=knn,rnn certificate=island", Rules(exclude=("algo=knn certificate=rd,island",))) == [
        "algo=rnn certificate=island"
    ]


def test_included_jobs_are_added_after_what_is_excluded():
    rules = Rules(exclude=("k=6",), include=("algo=dpa parts=20,30", "k=6"))
    assert jobs("algo=knn k=5,6 sizes.max=9", rules) == [
        "algo=knn k=5 sizes.max=9",
        "algo=dpa sizes.max=9 parts=20",
        "algo=dpa sizes.max=9 parts=30",
        "algo=knn sizes.max=9 k=6",
    ]


def test_where_nothing_else_varies_included_jobs_are_all():
    assert jobs("sizes.max=9", Rules(include=("algo=knn k=5", "algo=rnn r=3,4"))) == [
        "sizes.max=9 algo=knn k=5",
        "sizes.max=9 algo=rnn r=3",
        "sizes.max=9 algo=rnn r=4",
    ]


def test_ranges_are_those_of_hydra():
    assert jobs("", Rules(include=("k=range(5,9,2)",))) == ["k=5", "k=7"]


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        (Rules(zip=("k=5,6 r=1",)), r"rule zip='k=5,6 r=1', option r: expected as many values as of k, 2, got 1"),
        (Rules(zip=("k=5,6",)), r"rule zip='k=5,6': expected at least two options, got k"),
        (Rules(zip=("k=5,6 r=1,2", "k=5,6 parts=1,2")), r"option k: expected an option of no other zip rule"),
        (Rules(exclude=("kk=5",)), r"rule exclude='kk=5': expected options as .*got 'kk'"),
        (Rules(include=("algos=knn",)), r"rule include='algos=knn': expected options .*did you mean algo"),
        (Rules(exclude=("",)), r"rule exclude='': expected options"),
        (Rules(exclude=("algo",)), r"rule exclude='algo': expected option=value, got 'algo'"),
        (Rules(include=("k=5 k=6",)), r"rule include='k=5 k=6': expected option k once"),
        (Rules(include=("k=[5",)), r"rule include='k=\[5', option k"),
        (Rules(exclude=("algo=knn",)), r"exclude=\['algo=knn'\]: expected some combinations to stay, got none"),
    ],
)
def test_a_wrong_rule_is_named_with_its_option(rules, message):
    with pytest.raises(ValueError, match=message):
        jobs("algo=knn k=5,6", rules)


def test_rules_of_the_command_line_come_to_those_of_the_experiment():
    rules = Rules(exclude=("k=5",)).with_given(["exclude=k=6", "zip=a=1 b=2"])
    assert rules == Rules(zip=("a=1 b=2",), exclude=("k=5", "k=6"))
    assert from_arguments(["-m", "k=5", "exclude=name='a b'"]) == [
        "-m",
        "k=5",
        "hydra.sweeper.given=['exclude=name=\\'a b\\'']",
    ]
    assert from_arguments(["k=5"]) == ["k=5"]
    with pytest.raises(ValueError, match=r"rule exclude=k=5: expected a sweep \(-m\)"):
        from_arguments(["exclude=k=5"])


def test_an_experiment_and_the_command_line_give_rules(tmp_path, repository):
    (tmp_path / "conf" / "experiment").mkdir(parents=True)
    (tmp_path / "conf" / "experiment" / "mine.yaml").write_text(
        "# @package _global_\n"
        "hydra:\n  sweeper:\n    params: {algo: 'knn,rnn', certificate: 'individual,island'}\n"
        "    exclude: [algo=knn certificate=island]\n"
    )
    command = [str(repository / "run.py"), "--config-dir", "conf", "-m", "experiment=mine", "plan=true"]
    done = subprocess.run(
        [sys.executable, *command, "exclude=algo=rnn certificate=individual", "zip=k=5,6 sizes.max=7,8"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.split()[2:6] for line in lines[:2]] == [
        ["algo=knn", "certificate=individual", "k=5", "sizes.max=7"],
        ["algo=knn", "certificate=individual", "k=6", "sizes.max=8"],
    ]
    assert lines[-2].startswith("4 combinations: 4 to run")
    assert sorted(path.name for path in Path(tmp_path).iterdir()) == ["conf"]
