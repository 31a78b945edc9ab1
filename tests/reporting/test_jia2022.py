"""The paper's page over the runs that its experiments leave: every figure has its curves, every statement its runs."""

from __future__ import annotations

import pytest
from hydra import compose, initialize_config_dir

from certvote import study as paper
from certvote.options import settings as options
from certvote.reporting import render
from certvote.reporting.default_page import CROWDED
from certvote.reporting.page import load
from certvote.reporting.query import prepare, select
from certvote.reporting.stated import measure
from certvote.results.run import finished
from certvote.runtime.paths import conf_dir
from reporting.study import study_runs


@pytest.fixture(scope="module")
def definition():
    return load(paper.definition("jia2022"))


@pytest.fixture(scope="module")
def study(make_run, definition):
    return study_runs(make_run, definition.experiments)


def test_every_figure_of_the_paper_is_an_experiment_of_the_page(definition):
    files = {f"jia2022/{file.stem}" for file in (conf_dir() / "experiment" / "jia2022").glob("fig*.yaml")}
    assert set(definition.experiments) == files
    figures = {name.split("/fig")[1].split("_")[0] for name in files}
    assert figures == {str(number) for number in range(2, 11)}


@pytest.mark.parametrize(
    ("experiment", "k", "r", "parts", "subsample", "trigger"),
    [
        ("fig2_mnist", 5000, 4.0, 2500, 20, 5),
        ("fig3_mnist", 5000, 4.0, 2500, 20, 5),
        ("fig4_mnist", 5000, 4.0, 2500, 20, 5),
        ("fig2_cifar10", 5000, 21.0, 500, 300, 10),
        ("fig3_cifar10", 5000, 21.0, 500, 300, 10),
        ("fig8_cifar10", 5000, 20.0, 500, 300, 10),
    ],
)
def test_parameters_are_the_papers(experiment, k, r, parts, subsample, trigger):
    options.register()
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        config = compose("config", overrides=[f"experiment=jia2022/{experiment}", "algo=bagging"])
    known = config.dataset.recommended
    assert (config.k, config.r, known.parts, config.algo.subsample, known.trigger) == (k, r, parts, subsample, trigger)
    assert (config.algo.voters, config.algo.alpha) == (1000, 0.001)


def test_every_section_has_the_curves_of_its_figure(definition, study):
    found = prepare(study)
    for section in definition.sections:
        chosen = finished(section.chosen(found))
        assert 4 <= len(chosen) <= CROWDED + 1, section.title
        assert len({(x.dataset, x.attack, x.change) for x in chosen}) == 1, section.title
        if section.baseline:
            assert len(select(chosen, section.baseline)) == 1, section.title
    shown = {x.id for section in definition.sections for x in section.chosen(found)}
    left_out = {(x.algo, x.certificate) for x in found if x.id not in shown and not x.is_ensemble}
    assert left_out <= {("rnn", "individual")}, "individual curves at other radii would crowd the figure"
    kinds = {(x.data, x.attack, x.change, x.method) for x in found if x.id in shown}
    for x in found:
        assert (x.data, x.attack, x.change, x.method) in kinds, "of every ensemble the best base classifier is shown"


def test_every_statement_is_about_runs_that_there_are(definition, study):
    for statement in definition.stated:
        measured = measure(statement, prepare(study))
        assert not measured.missing
        for result, where in ((measured.of, statement.of), (measured.minus, statement.minus)):
            alike = select(prepare(study), where)
            assert len({(x.method, x.certificate, x.change, x.parameters) for x in alike}) == 1, (
                "base classifiers may differ"
            )
            assert result.dataset == where["dataset"]


def test_the_whole_page_is_one_small_file(definition, study, tmp_path):
    page = render(study, out_dir=tmp_path, page=definition)
    assert page.stat().st_size < 2_000_000
    html = page.read_text()
    assert html.count('<figure class="wide" id="figure-') == len(definition.sections)
    assert "No run matches" not in html


def test_the_page_of_one_data_set_has_all_of_its_figures(definition, study, tmp_path):
    mnist = [run for run in study if run.params["dataset.name"] == "mnist"]
    html = render(mnist, out_dir=tmp_path, page=definition.of_datasets(["mnist"])).read_text()
    assert "No run matches" not in html
    assert html.count('<figure class="wide" id="figure-') == sum("MNIST" in x.title for x in definition.sections)
