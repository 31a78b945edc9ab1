"""Ensembles in reports: named, drawn, compared and told with what their numbers depend on."""

from __future__ import annotations

import csv
import dataclasses
import html
import io

import pytest
from matplotlib.colors import to_hex

from certvote.reporting import costs, findings, labels, sections, tables, templates
from certvote.reporting.accuracy_table import GAIN, accuracy_table
from certvote.reporting.default_page import default_page
from certvote.reporting.figures import ca_figure
from certvote.reporting.limits import limits
from certvote.reporting.line_styles import line_styles
from certvote.reporting.query import prepare, select


@pytest.fixture
def found(ensemble_runs):
    return prepare(ensemble_runs)


@pytest.fixture
def any_change(found):
    return select(found, {"change": "any"})


def said_of_limits(found):
    """The section on limits as a reader sees it."""
    text = html.unescape(templates.page("limits.html", limits=limits(found)))
    return text.replace("\N{NO-BREAK SPACE}", " ")


def by_name(table):
    """The rows of a table of ready texts by their heads, each as texts by column."""
    heads = [column.head for column in table.columns[1:]]
    return {row.head.text: dict(zip(heads, (cell.text for cell in row.cells), strict=True)) for row in table.rows}


def with_options(run, options):
    return dataclasses.replace(run, params={**run.params, **options})


def only(found, **where):
    (result,) = select(found, where)
    return result


def test_labels_say_the_papers_symbols(found):
    assert labels.short(found) == [
        "kNN k=5000, individual",
        "kNN k=5000, budget",
        "rNN r=4, individual",
        "rNN r=4, ISLAND",
        "rNN r=4, budget",
        "bagging ξ=20, N=1000",
        "DPA ζ=2500",
        "Finite Aggregation ζ=1250, d=2",
        "Run-Off Election ζ=2500",
        "Run-Off Election on FA ζ=1250, d=2",
        "DPA ζ=2500, insertions only",
    ]
    name = labels.full(only(found, method="roe-fa"))
    assert name == "Run-Off Election on Finite Aggregation (ζ = 1250, d = 2, logistic regression)"


def test_the_best_ensemble_is_not_named_twice(make_run):
    high = make_run("bagging", curve=make_run("knn", "budget").curve)
    sentence = findings.headline(prepare([high, make_run("knn"), make_run("dpa"), make_run("roe")]))
    assert ", bagging (ξ = 20, N = 1000, logistic regression) still classifies at least 68.65 %" in sentence
    assert "for the best other ensemble, " in sentence


def test_learners_are_named_where_they_differ(make_run):
    runs = [make_run("dpa", id=name, params={"learner.name": name}) for name in ("nearest", "network")]
    assert labels.short(prepare([make_run(), *runs])) == [
        "kNN k=5000",
        "DPA ζ=2500, nearest neighbor",
        "DPA ζ=2500, network",
    ]


def test_a_learner_that_an_algorithm_does_not_use_is_not_its_own(make_run):
    (result,) = prepare([make_run("rnn", params={"learner.name": "logistic"})])
    assert result.learner == ""
    assert "logistic" not in labels.full(result)


def test_validation_parts_are_told_from_the_test_set(make_run):
    held = make_run("dpa", id="held", params={"dataset.holdout": "5000", "data.n_test": "5000"})
    found = prepare([make_run("dpa"), held])
    assert labels.short(found) == ["test set", "validation part of 5,000"]
    assert [len(group) for group in findings.settings(found)] == [1, 1]
    assert "of the 5,000 validation images" in findings.headline(select(found, {"holdout": 5000}))
    assert [section.title for section in default_page(found).sections] == [
        "MNIST, data poisoning",
        "MNIST, data poisoning (validation part)",
    ]
    assert "no results on the test set" in said_of_limits(found)
    assert "5,000 validation images" in sections.setting(select(found, {"holdout": 5000}))


def test_elections_on_the_same_voters_are_told_apart_in_figures(any_change):
    drawn = dict(zip((x.method for x in any_change), line_styles(any_change), strict=True))
    assert drawn["dpa"].color.upper() == "#CC79A7"
    assert drawn["roe"].color == drawn["roe-fa"].color == "#56b4e9"
    assert drawn["roe"].fill != drawn["roe-fa"].fill
    lines = [line for line in ca_figure(any_change).axes[0].get_lines() if line.get_gid()]
    assert {to_hex(line.get_color()) for line in lines} >= {"#009e73", "#cc79a7", "#e69f00", "#56b4e9"}
    assert {line.get_marker() for line in lines} == {"o", "s", "^", "D", "P", "X"}


@pytest.mark.parametrize(
    ("change", "axis", "sentence"),
    [
        ("any", "poisoned training examples e", "with 400 of 60,000 training examples poisoned, DPA"),
        ("insert", "added training examples e", "with 400 examples added to 60,000 training examples, DPA"),
        ("delete", "removed training examples e", "with 400 of 60,000 training examples removed, DPA"),
        ("relabel", "relabeled training examples e", "with 400 of 60,000 training examples relabeled, DPA"),
    ],
)
def test_what_e_counts_is_said(make_run, change, axis, sentence):
    found = prepare([make_run("dpa", params={"attack.change": change}), make_run(params={"attack.change": change})])
    assert ca_figure(found).axes[0].get_xlabel() == axis
    cut = [result for result in found if result.algo == "dpa"]
    assert sentence in findings.headline(cut)
    threat = said_of_limits(found)
    for counted, of in (("additions", "insert"), ("removals", "delete"), ("changed labels", "relabel")):
        assert (f"e counts {counted}" in threat) == (change == of)


def test_a_weaker_attackers_bound_is_no_headline(found):
    dpa = select(found, {"algo": "dpa", "method": "dpa"})
    assert "poisoned" in findings.headline(dpa)
    assert "may do nothing else" in sections.setting(dpa)


def test_one_ensemble_stands_for_all_in_a_sentence(any_change):
    sentence = findings.headline(any_change)
    assert sentence.endswith(
        "; its individual certificate guarantees 34.45 %; for rNN (r = 4, budget certificate) the guarantee is "
        "57.17 %; and for the best ensemble, bagging (ξ = 20, N = 1000, logistic regression), the guarantee is "
        "15.50 % (a statement that holds with probability 99.88 %)."
    )


def test_confidence_stands_beside_baggings_numbers(any_change):
    table = accuracy_table(any_change)
    assert [row.head.text for row in table.table.rows if row.head.remark == "with confidence 99.88 %"] == [
        "bagging ξ=20, N=1000"
    ]
    (row,) = [row for row in csv.DictReader(io.StringIO(tables.to_csv(table.table))) if row["algorithm"] == "bagging"]
    assert (row["confidence"], row["learner"], row["change"]) == ("0.9988", "logistic regression", "any")
    assert "confidence 99.88 %" in sections.setting(any_change)
    assert "99.88 % for all test examples together" in said_of_limits(any_change)


def test_every_confidence_is_stated(make_run):
    other = make_run("bagging", id="other", params={"algo.alpha": "0.01"})
    found = prepare([make_run("bagging"), other])
    assert "(99.88 %, 98.8 % for all test examples together)" in said_of_limits(found)
    assert sections.setting(found).count("it holds with confidence") == 2


def test_differences_at_named_sizes(any_change):
    bagging = select(any_change, {"algo": "bagging"})
    table = accuracy_table(any_change, baseline=bagging, gain_sizes=[1000, 500])
    assert table.gain_sizes == (500, 1000)
    assert [column.group for column in table.table.columns[-2:]] == [GAIN, GAIN]
    gains = {row.head.text: [cell.text for cell in row.cells[-2:]] for row in table.table.rows}
    assert gains["rNN r=4, ISLAND"] == ["+9.88", "+25.59"]
    assert gains["bagging ξ=20, N=1000"] == ["–", "–"]
    assert "points above bagging (ξ = 20, N = 1000, logistic regression) at e = 500 and 1,000." in (
        sections.explanation(table, any_change)
    )
    latex = tables.to_latex(table.table, caption="")
    assert r"\multicolumn{2}{c}{gain (points)}" in latex
    assert r"\begin{tabular}{lrrrrrrrr}" in latex


def test_abstentions_stand_beside_errors_and_time_beside_both(any_change, found):
    table = costs.cost_table(any_change, found)
    rows = by_name(table)
    assert list(rows) == [
        "kNN k=5000",
        "rNN r=4",
        "bagging ξ=20, N=1000",
        "DPA ζ=2500",
        "Finite Aggregation ζ=1250, d=2",
        "Run-Off Election ζ=2500",
        "Run-Off Election on FA ζ=1250, d=2",
    ]
    bagging = rows["bagging ξ=20, N=1000"]
    assert [bagging[f"{kind} (%)"] for kind in ("correct", "abstained", "wrong")] == ["88.30", "2.13", "9.57"]
    assert (bagging["training (s)"], bagging["voting (s)"], bagging["examples each"]) == ("6.4", "1.9", "20")
    assert rows["Finite Aggregation ζ=1250, d=2"]["voters"] == "2,500"
    assert rows["kNN k=5000"]["training (s)"] == "–"


def test_times_are_those_of_the_run_that_did_the_work(make_run):
    cached = make_run(
        "dpa", params={"attack.change": "insert"}, metrics={"seconds_training": 0.0, "seconds_votes": 0.1}
    )
    table = costs.cost_table(prepare([cached]), prepare([cached, make_run("dpa")]))
    assert [cell.text for cell in table.rows[0].cells[-2:]] == ["6.4", "1.9"]


def test_no_table_of_costs_without_training(make_run):
    found = prepare([make_run(), make_run("rnn")])
    assert costs.cost_table(found, found) is None


def test_a_classifier_of_images_has_no_features_to_name(any_change):
    network = {"feature.name": "", "learner.name": "network"}
    mixed = [with_options(x, network) if x.method == "dpa" else x for x in any_change]
    table = costs.cost_table(mixed, mixed)
    assert "DPA ζ=2500" in by_name(table)
    assert not any("HOG" in name or name.endswith(",") for name in by_name(table))
    other = [with_options(x, {"feature.name": "pixels"}) if x.method == "bagging" else x for x in mixed]
    assert {"DPA ζ=2500", "bagging ξ=20, N=1000, pixel"} <= set(by_name(costs.cost_table(other, other)))


def test_plain_tables_as_files(any_change, found):
    table = costs.cost_table(any_change, found)
    rows = list(csv.DictReader(io.StringIO(tables.to_csv(table))))
    assert (rows[2]["voters"], rows[0]["training (s)"], rows[0]["base classifier"]) == ("1000", "", "–")
    text = tables.to_latex(table, caption="50 % & more")
    assert r"\caption{50 \% \& more}" in text
    assert r"\begin{tabular}{llrrrrrrr}" in text


def test_every_ensemble_is_explained(any_change):
    names = [name for name, _ in limits(any_change)["meanings"]]
    assert names == ["individual", "ISLAND", "budget", "bagging", "DPA", "Finite Aggregation", "Run-Off Election"]
    assert "Base classifiers are ours (logistic regression)" in said_of_limits(any_change)
