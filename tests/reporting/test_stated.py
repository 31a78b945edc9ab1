"""Stated beside measured: the difference is that of two runs, and what deviates or is missing says why."""

from __future__ import annotations

import json

import pytest

from certvote.reporting import page, render
from certvote.reporting.query import prepare
from certvote.reporting.stated import Statement, measure, stated_table, summary
from certvote.reporting.tables import Table, to_csv, to_latex

ISLAND = {"dataset": "mnist", "algo": "rnn", "certificate": "island", "change": "any"}
INDIVIDUAL = {**ISLAND, "certificate": "individual"}
JOINT = Statement("Joint certification adds", 1000, ISLAND, INDIVIDUAL, 15.1, "in words", 0.1)
BAGGING = Statement("rNN is above bagging", 1000, ISLAND, {"algo": "bagging"}, 22.9, "", 0.5, "other base classifiers")
CLIP = Statement("CLIP adds", 500, {"dataset": "cifar10", "feature": "clip"}, {"dataset": "cifar10"}, 43.0)


def texts(table: Table) -> list[tuple[str, ...]]:
    return [(row.head.text, *(cell.text for cell in row.cells)) for row in table.rows]


def below(table: Table) -> list[tuple[str, ...]]:
    return [row.below for row in table.rows]


@pytest.fixture
def found(ensemble_runs):
    return prepare(ensemble_runs)


def test_the_papers_difference_is_measured(found):
    (row,) = texts(stated_table([measure(JOINT, found)]))
    assert row == ("Joint certification adds", "15.1", "15.13", "+0.03")
    (details,) = below(stated_table([measure(JOINT, found)]))
    assert details == (
        "Stated in words.",
        "MNIST, data poisoning, e = 1,000: 41.09 % for rNN (r = 4, ISLAND certificate) less 25.96 % for rNN (r = 4, "
        "individual certificate).",
    )


def test_a_deviation_says_why_and_a_probabilistic_term_its_confidence(found):
    measured = measure(BAGGING, found)
    assert not measured.agrees
    (details,) = below(stated_table([measured]))
    assert "15.50 % for bagging (ξ = 20, N = 1000, logistic regression), with confidence 99.88 %." in details[0]
    assert details[1] == "Off by more than 0.5 points: other base classifiers."


def test_a_number_by_itself_is_a_percentage(found):
    table = stated_table([measure(Statement("CA of ISLAND", 1000, ISLAND, value=41.1), found), measure(JOINT, found)])
    assert [row[1:3] for row in texts(table)] == [("41.1 %", "41.09 %"), ("15.1 points", "15.13 points")]
    assert table.columns[1].head == "stated"
    assert stated_table([measure(JOINT, found)]).columns[1].head == "stated (points)"


def test_a_row_for_comparison_states_nothing(found):
    beside = Statement(
        "the same, insertions only", 1000, ISLAND, {"method": "dpa", "change": "insert"}, why="as DPA counts"
    )
    table = stated_table([measure(beside, found)])
    assert texts(table)[0][1:] == ("–", "20.99", "–")
    assert "for DPA (ζ = 2500, logistic regression), insertions only." in below(table)[0][0]
    assert below(table)[0][-1] == "As DPA counts."


def test_what_is_missing_is_said_where_the_number_would_stand(found, make_run):
    absent = measure(CLIP, found, {"cifar10": "only MNIST was asked for"})
    assert texts(stated_table([absent]))[0][2:] == ("missing", "–")
    assert below(stated_table([absent]))[0] == ("Not measured here: only MNIST was asked for.",)
    assert "there is no run of dataset=cifar10, feature=clip" in below(stated_table([measure(CLIP, found)]))[0][0]
    options = {"dataset.name": "cifar10", "feature.name": "clip"}
    failed = make_run(params=options, status="FAILED", curve=None, tags={"certvote.error": "OSError: no weights"})
    (details,) = below(stated_table([measure(CLIP, prepare([failed]))]))
    assert "on CIFAR-10: failed: OSError: no weights." in details[0]


def test_a_size_that_no_curve_reaches_is_missing(found):
    assert measure(Statement("x", 5000, ISLAND, INDIVIDUAL, 1.0), found).missing


def test_of_several_runs_the_strongest_counts(found):
    assert measure(Statement("x", 1000, {"algo": "rnn"}, value=57.17), found).of.certificate == "budget"


def test_notes_on_the_data_stand_beside_the_number(make_run):
    noted = make_run(tags={"certvote.notes": json.dumps(["not the published bytes"])})
    (details,) = below(stated_table([measure(Statement("x", 0, {"algo": "knn"}, value=84.96), prepare([noted]))]))
    assert "Not the published bytes." in details


def test_the_abstract_says_how_many_agree(found):
    measured = [measure(statement, found) for statement in (JOINT, BAGGING, CLIP)]
    assert summary(measured) == (
        "Of 3 numbers that the publication states in words, 1 is found here within the tolerance given, and 1 is not "
        "measured (joint certification adds: 15.1 stated, 15.13 here; rNN is above bagging: 22.9 stated, 25.59 here)."
    )
    assert summary([measure(CLIP, found)]).endswith("none was measured here.")
    assert summary([]) == ""


def test_files_have_the_numbers(found):
    table = stated_table([measure(JOINT, found), measure(CLIP, found)])
    first, second = to_csv(table).splitlines()[1:]
    assert first.startswith("Joint certification adds,15.1,15.13,0.03,")
    assert second.startswith("CLIP adds,43.0,missing,,")
    assert "15.13" in to_latex(table, caption="Stated and measured.")


DEFINITION = {
    "sections": [{"title": "x", "where": {"dataset": "mnist"}}, {"title": "y", "where": {"dataset": "cifar10"}}],
    "stated": [{"says": "a", "size": 1000, "of": ISLAND, "minus": INDIVIDUAL, "value": 15.1, "tolerance": 0.1}],
    "abstract": {"certificate": ["island", "individual"], "change": "any"},
    "experiments": ["one/two"],
}


def test_a_page_with_statements(ensemble_runs, tmp_path):
    text = render(ensemble_runs, out_dir=tmp_path, page=DEFINITION).read_text()
    before, after = text.split('<section id="stated"')
    assert "1 number that the publication states" in before
    assert "ISLAND" in before.split('id="abstract"')[1].split("</section>")[0]
    assert "68.65" not in before.split('id="abstract"')[1].split("</section>")[0], "the abstract is about others"
    assert ">15.13</td>" in after.split('<section id="limits"')[0]


def test_a_page_of_some_data_sets():
    definition = page.load(DEFINITION)
    assert [section.title for section in definition.of_datasets(["mnist"]).sections] == ["x"]
    assert definition.experiments == ("one/two",)
    (statement,) = definition.stated
    assert (statement.value, statement.size) == (15.1, 1000)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"stated": 3}, r"page\.stated: expected a list"),
        ({"stated": [{"size": 1, "of": {}}]}, r"page\.stated\[0\]\.says: expected a text"),
        ({"stated": [{"says": "x", "of": {}}]}, r"page\.stated\[0\]\.size: expected a whole number"),
        ({"stated": [{"says": "x", "size": 1}]}, r"page\.stated\[0\]\.of: expected keys"),
        ({"stated": [{"says": "x", "size": 1, "of": {}, "value": "1"}]}, r"stated\[0\]\.value: expected a number"),
        ({"stated": [{"says": "x", "size": 1, "of": {}, "wy": "1"}]}, r"stated\[0\]: expected keys among .*, got wy"),
        ({"experiments": [1]}, r"page\.experiments\[0\]: expected a text"),
        ({"abstract": []}, r"page\.abstract: expected keys"),
    ],
)
def test_mistakes_are_named(change, message):
    with pytest.raises(ValueError, match=message):
        page.load({**DEFINITION, **change})
