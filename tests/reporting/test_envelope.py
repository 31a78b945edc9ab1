"""Envelopes: at every size the best of several bounds, never more than any run proves, and the run that gives it."""

from __future__ import annotations

import re

import numpy as np
import pytest

from certvote import study
from certvote.reporting import labels, page, render
from certvote.reporting.envelope import choice_label, envelope, envelopes, joint_confidence
from certvote.reporting.envelope_table import envelope_table
from certvote.reporting.figures import envelope_figure, envelope_styles
from certvote.reporting.query import prepare
from certvote.reporting.tables import to_csv
from certvote.types import Curve


def curve(sizes, certified):
    return Curve(np.array(sizes, dtype=np.int64), np.array(certified, dtype=np.float64))


@pytest.fixture
def frontier(make_run):
    """kNN with a small k is better at first, with a large one later, rNN in between; bagging at the very end."""

    def run(algo, id, certified, sizes=(0, 10, 20, 30), **params):
        return make_run(algo, "individual", id=id, params=params, curve=curve(sizes, certified))

    return prepare(
        [
            run("knn", "small", [0.9, 0.8, 0.0, 0.0], **{"algo.k": "100"}),
            run("knn", "large", [0.8, 0.7, 0.6, 0.1], **{"algo.k": "300"}),
            run("rnn", "radius", [0.7, 0.7, 0.65, 0.0]),
            run("bagging", "bag20", [0.5, 0.4, 0.3, 0.2]),
            run("bagging", "bag50", [0.6, 0.3, 0.0], sizes=(0, 10, 20), **{"algo.subsample": "50"}),
        ]
    )


def of(frontier, *ids):
    return [next(run for run in frontier if run.id == id) for id in ids]


def test_the_largest_bound_at_every_size_and_whose_it_is(frontier):
    best = envelope(frontier)
    assert best.sizes.tolist() == [0, 10, 20, 30]
    assert best.certified.tolist() == [0.9, 0.8, 0.65, 0.2]
    assert [best.runs[j].id for j in best.given_by] == ["small", "small", "radius", "bag20"]
    assert [run.id for run in best.givers] == ["small", "radius", "bag20"]


def test_between_sizes_and_beyond_the_end(frontier):
    best = envelope(of(frontier, "bag50", "small"))
    assert best.at(5) == (0.8, of(frontier, "small")[0]), "the bound at the next computed size holds"
    value, run = best.at(31)
    assert np.isnan(value)
    assert run is None


def test_a_curve_guarantees_nothing_beyond_its_end(frontier):
    short, long = of(frontier, "bag50", "bag20")
    assert envelope([short, long]).at(30) == (0.2, long)


@pytest.mark.parametrize("seed", range(20))
def test_never_above_what_some_run_proves_at_that_size(make_run, seed):
    random = np.random.default_rng(seed)
    runs = []
    for j in range(4):
        sizes = np.unique(np.append(random.integers(1, 40, size=6), 0))
        runs.append(make_run(id=f"r{j}", curve=curve(sizes, np.sort(random.random(len(sizes)))[::-1])))
    best = envelope(prepare(runs))
    for size in range(int(best.sizes[-1]) + 1):
        proven = [x for run in runs if not np.isnan(x := run.curve.certified_at(size))]
        value, giver = best.at(size)
        assert value == giver.curve.certified_at(size) or value < max(proven)
        assert value <= max(proven)
    assert (np.diff(best.certified) <= 0).all()
    exact = [np.nanmax([run.curve.certified_at(size) for run in runs]) for size in best.sizes.tolist()]
    assert best.certified.tolist() == exact


def test_of_equal_bounds_the_better_curve_gives_it(frontier):
    small, large = of(frontier, "small", "large")
    assert envelope([large, small]).at(0)[1] is small
    same = [large, of(frontier, "radius")[0]]
    assert envelope(same).at(10)[1].id == "large", "its mean is larger"


def test_only_runs_that_can_be_compared(make_run):
    with pytest.raises(
        ValueError, match=r"expected runs on one data set.*mnist, backdoor, any and mnist, poisoning, any"
    ):
        envelope(prepare([make_run(), make_run(attack="backdoor")]))
    with pytest.raises(ValueError, match="at least one finished run"):
        envelope(prepare([make_run(status="FAILED", curve=None)]))


def test_one_envelope_per_method(frontier):
    found = envelopes(frontier, ["method"])
    assert [one.label for one in found] == ["kNN", "rNN", "bagging"]
    assert found[0].certified.tolist() == [0.9, 0.8, 0.6, 0.1]
    assert envelopes(frontier, ["feature", "method"])[0].label == "HOG, kNN"


def test_options_are_named_where_they_differ(make_run, frontier):
    small, large = of(frontier, "small", "large")
    assert choice_label(small, (small, large)) == "k=100"
    assert choice_label(small, (small,)) == ""
    options = {"algo.k": "100", "feature.rotations": "[-12.0, 0.0, 12.0]", "feature.mirror": "True"}
    turned = prepare([make_run(params=options)])[0]
    assert turned.views == 6
    assert choice_label(turned, (small, turned)) == "6 views"
    assert labels.short(prepare([small, turned]))[0].endswith(("1 view", "6 views"))
    learners = prepare([make_run("dpa", id=name, params={"learner.name": name}) for name in ("logistic", "nearest")])
    assert {choice_label(run, learners) for run in learners} == {"logistic", "nearest neighbor"}


def test_of_several_probabilistic_certificates_all_hold_with_less_confidence(frontier):
    one, two = of(frontier, "bag20", "bag50")
    assert joint_confidence([one]) == pytest.approx(one.confidence)
    assert joint_confidence([one, two]) == pytest.approx(1 - (1 - one.confidence) - (1 - two.confidence))
    assert joint_confidence(of(frontier, "small", "large")) == 1


def test_the_table_says_which_options_give_each_bound(frontier):
    found = envelopes(frontier, ["method"])
    table = envelope_table(found, envelope_styles(found), [0, 20, 30])
    texts = {row.head.text: [cell.text for cell in row.cells] for row in table.rows if row.kind != "aside"}
    assert texts["kNN"] == ["90.00", "60.00", "10.00"]
    assert texts["best of all"] == ["90.00", "65.00", "20.00"]
    asides = [[cell.text for cell in row.cells] for row in table.rows if row.kind == "aside"]
    assert asides == [["k=100", "k=300", "k=300"], ["ξ=50", "ξ=20", "ξ=20"], ["kNN", "rNN", "bagging"]]
    best = {row.head.text: [cell.best for cell in row.cells] for row in table.rows if any(c.best for c in row.cells)}
    assert best == {"kNN": [True, False, False], "rNN": [False, True, False], "bagging": [False, False, True]}
    lines = to_csv(table).splitlines()
    assert lines[0] == "method,size,certified,options,certificate,confidence,run"
    assert "kNN,20,0.6,k=300,individual,,large" in lines


def test_the_figure_has_a_line_per_method_and_the_best_of_all(frontier):
    found = envelopes(frontier, ["method"])
    figure = envelope_figure(found)
    lines = {line.get_gid(): line for line in figure.axes[0].lines}
    assert {"curve-0", "curve-1", "curve-2", "best"} <= lines.keys()
    assert max(lines["best"].get_ydata()) == pytest.approx(90)
    assert "best" not in {line.get_gid() for line in envelope_figure(found[:1]).axes[0].lines}


def test_a_page_says_that_no_single_classifier_has_the_curve(frontier, tmp_path):
    definition = {"sections": [{"title": "The frontier", "envelope": ["method"], "sizes": [0, 20, 30]}]}
    html = render(frontier, out_dir=tmp_path, page=definition).read_text()
    text = re.sub(r"\s+", " ", html.replace("\N{NO-BREAK SPACE}", " "))
    assert "no single classifier has this curve, each e has its own best" in text
    assert "All 2 curves of bagging hold together, and so does the best of them, with confidence 99.76 %." in text
    assert "best of all" in text


@pytest.mark.parametrize("other", [{"best_per": ["algo"]}, {"baseline": {"algo": "knn"}}, {"gain_sizes": [3]}])
def test_an_envelope_has_neither_best_runs_nor_gains(other):
    with pytest.raises(ValueError, match=f"section 'x': expected envelope without {next(iter(other))}"):
        page.load({"sections": [{"title": "x", "envelope": ["method"], **other}]})


def test_the_frontier_page_has_its_experiments_and_claims_that_are_marked(make_run, tmp_path):
    definition = page.load(study.definition("frontier"))
    assert [step.dataset for step in study.steps(definition)] == ["mnist", "mnist", "cifar10", "cifar10"]
    runs = [
        make_run(algo, certificate, id=f"{algo}{feature}", params={"feature.name": feature})
        for feature in ("gradient", "hog")
        for algo, certificate in (("knn", "budget"), ("rnn", "budget"), ("dpa", "individual"))
    ]
    html = render(runs, out_dir=tmp_path, page=definition.of_datasets(["mnist"])).read_text()
    assert html.count("no single classifier has this curve") == 2
    assert "a claim of theirs: at least 50 % against more than 500" in html.replace("\N{NO-BREAK SPACE}", " ")
