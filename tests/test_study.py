"""A study from one command: resumed, partial, and with a page that says what is missing, whatever fails."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from certvote import cli
from certvote import study as module
from certvote.reporting.page import load
from certvote.results import Store
from certvote.study import Where

STUDY = """
title: A study
experiments: [demo]
sections:
  - {title: Neighbors, where: {dataset: digits, attack: poisoning}}
  - {title: Elsewhere, where: {dataset: mnist}}
"""
SMALL = ("dataset.n_train=300", "dataset.n_test=40", "sizes.max=10", "k=20")


@pytest.fixture
def study(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "a study.yaml"
    file.write_text(STUDY)
    return file


@pytest.fixture
def never(monkeypatch):
    """Sweeps that must not start."""

    def fail(arguments):
        raise AssertionError(arguments)

    monkeypatch.setattr(module, "_sweep", fail)


def text_of(page: Path) -> str:
    return re.sub(r"<[^>]+>", "", page.read_text())


def test_a_study_is_run_rendered_and_not_computed_twice(study, tmp_path):
    where = Where(str(tmp_path / "a data base"), "mine", tmp_path / "pages", SMALL)
    page, incomplete = module.run_study(str(study), where=where)
    assert incomplete == []
    assert page == tmp_path / "pages" / "a study" / "index.html"
    text = text_of(page)
    assert "14 runs, 14 finished" in text
    assert f"python -m certvote paper '{study}'" in page.read_text().replace("&#39;", "'")
    assert "Elsewhere" not in text, "sections about other data sets are not of this study"
    assert (tmp_path / "pages" / "demo" / "index.html").is_file(), "every sweep has its own report, too"

    store = Store(where.uri, where.experiment)
    before = {run.id for run in store.read_runs(curves=False)}
    again, incomplete = module.run_study(str(study), where=where)
    assert (again, incomplete) == (page, [])
    assert {run.id for run in store.read_runs(curves=False)} == before
    assert "14 runs, 14 finished" in text_of(again)


def test_what_fails_is_said_on_the_page_and_in_the_exit_status(study, tmp_path, monkeypatch, capsys):
    command = ["certvote", "paper", str(study), "--uri", str(tmp_path / "db"), "--out", str(tmp_path / "pages")]
    monkeypatch.setattr(sys, "argv", [*command, "--set", *SMALL[:-1], "k=400"])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    assert stop.value.code == 1
    out, err = capsys.readouterr()
    page = tmp_path / "pages" / "a study" / "index.html"
    assert str(page) in out
    assert "incomplete: demo is incomplete: 4 runs without a result: ValueError" in err
    text = text_of(page)
    assert "Demo is incomplete: 4 runs" in text
    assert "rNN" in text
    assert "failed: ValueError" in text


def test_an_experiment_that_does_not_start_leaves_the_page(study, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_sweep", lambda arguments: 9)
    page, incomplete = module.run_study(str(study), where=Where(str(tmp_path / "db"), out=tmp_path))
    assert incomplete == ["demo did not start (exit code 9); none of its runs is here"]
    assert "did not start (exit code 9)" in text_of(page)
    assert "No run matches this section." in text_of(page)


def test_an_older_sweep_of_the_same_name_is_not_taken_for_this_one(study, tmp_path, monkeypatch):
    store = Store(str(tmp_path / "db"))
    store.end_sweep(store.start_sweep("demo", command="", title=None, notes=()), "FINISHED")
    monkeypatch.setattr(module, "_sweep", lambda arguments: 1)
    monkeypatch.setattr(module.time, "time", lambda: 4e9)
    _, incomplete = module.run_study(str(study), where=Where(str(tmp_path / "db"), out=tmp_path))
    assert incomplete == ["demo did not start (exit code 1); none of its runs is here"]


def test_data_sets_that_were_not_asked_for_are_left_out_and_said_so(tmp_path, monkeypatch):
    started = []
    monkeypatch.setattr(module, "_sweep", lambda arguments: started.append(arguments[1]) or 1)
    page, _ = module.run_study("jia2022", datasets=["mnist"], where=Where(str(tmp_path / "db"), out=tmp_path))
    assert started == [
        f"experiment={name}" for name in load(module.definition("jia2022")).experiments if "mnist" in name
    ]
    text = text_of(page)
    assert "CIFAR-10 is not on this page, as only MNIST was asked for." in text
    assert "Not measured here: only MNIST was asked for." in text
    assert "python -m certvote paper jia2022 --datasets mnist" in text
    assert "on CIFAR-10" not in text


def test_experiments_are_skipped_by_name_and_the_page_says_so(tmp_path, monkeypatch):
    started = []
    monkeypatch.setattr(module, "_sweep", lambda arguments: started.append(arguments[1]) or 1)
    where = Where(str(tmp_path / "db"), out=tmp_path)
    page, _ = module.run_study("jia2022", datasets=["mnist"], skip=["network", "fig9"], where=where)
    assert len(started) == 7
    assert not [name for name in started if "network" in name or "fig9" in name]
    text = text_of(page)
    assert "Not run, as asked for: jia2022/fig9_mnist, jia2022/fig2_mnist_network, jia2022/fig3_mnist_network." in text
    assert "python -m certvote paper jia2022 --datasets mnist --skip network fig9" in text


@pytest.mark.usefixtures("never")
@pytest.mark.parametrize(
    ("page", "datasets", "message"),
    [
        ("jia2023", [], r"option page: expected a file or one of .*jia2022.*, got jia2023"),
        ("jia2022", ["mnist", "svhn"], "option datasets: expected some of mnist, cifar10, got svhn"),
    ],
)
def test_mistakes_are_named_before_anything_runs(page, datasets, message):
    with pytest.raises(ValueError, match=message):
        module.run_study(page, datasets=datasets)


@pytest.mark.usefixtures("never")
def test_a_part_that_no_name_has_is_no_part():
    with pytest.raises(ValueError, match="option skip: expected a part of an experiment's name, got netwrok"):
        module.run_study("jia2022", skip=["netwrok"])


@pytest.mark.usefixtures("never")
@pytest.mark.parametrize(("key", "message"), [("[]", "expected experiments"), ("[nowhere]", "nowhere")])
def test_a_page_needs_experiments_that_exist(study, key, message):
    study.write_text(STUDY.replace("[demo]", key))
    with pytest.raises(Exception, match=message):
        module.run_study(str(study))


@pytest.mark.parametrize("override", ["tracking.uri=x", "report_root=x", "name=x", "-m"])
def test_options_that_belong_to_the_study_are_refused_for_jobs(override):
    with pytest.raises(ValueError, match="expected options of jobs"):
        Where(overrides=(override,))


def test_places_reach_the_sweep_as_hydra_reads_them():
    assert Where().arguments("a/b") == ["-m", "experiment=a/b"]
    assert Where("it's here", "x", Path("/p q")).arguments("a") == [
        "-m",
        "experiment=a",
        r"tracking.uri='it\'s here'",
        "tracking.experiment=x",
        "report_root='/p q'",
    ]


def test_every_step_of_the_paper_has_a_sweep_of_its_own():
    page = load(module.definition("jia2022"))
    found = module.steps(page)
    assert len({step.sweep for step in found}) == len(found) == 21
    assert {step.dataset for step in found} == {"mnist", "cifar10"}


@pytest.mark.parametrize(
    "name",
    [
        "../../../x",
        "/tmp/x",
        "jia2022/../../x",
        "demo hydra.callbacks.x._target_=os.system",
        "demo,x",
        "${oc.env:HOME}",
        "",
    ],
)
def test_a_page_names_experiments_and_no_paths_or_options(study, never, tmp_path, name):
    outside = tmp_path / "x.yaml"
    outside.write_text("# @package _global_\nhydra: {callbacks: {x: {_target_: os.abort}}}\n")
    study.write_text(f"title: T\nexperiments: [demo, '{name}']\nsections: [{{title: A}}]\n")
    with pytest.raises(ValueError, match=r"page.experiments\[1\]: expected the name of a file below conf/experiment"):
        module.run_study(str(study), where=Where(str(tmp_path / "db")))
