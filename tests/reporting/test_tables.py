"""Tables mark the best, compare with the individual certificate, and survive spreadsheets and LaTeX."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest

from certvote.reporting import tables
from certvote.reporting.query import prepare, select
from certvote.reporting.sections import table_explanation
from certvote.types import Curve


@pytest.fixture
def poisoning(mnist_runs):
    return select(prepare(mnist_runs), {"attack": "poisoning"})


def row_of(table, label):
    return next(row for row in table.rows if row.label == label)


def test_numbers_best_marks_and_gains(poisoning):
    table = accuracy_table(poisoning)
    assert table.sizes == (0, 200, 400, 600, 800, 1000)
    island = row_of(table, "rNN r=4, ISLAND")
    assert [cell.text for cell in island.cells] == ["86.84", "76.56", "66.78", "57.38", "49.12", "41.09"]
    assert island.gains == ("+15.13",)
    best = {(row.label, e) for row in table.rows for e, c in zip(table.sizes, row.cells, strict=False) if c.best}
    rnn = {row.label for row in table.rows if row.cells and row.result.algo == "rnn"}
    assert {label for label, e in best if e == 0} == rnn
    assert [label for label, e in best if e == 1000] == ["kNN k=5000, budget"]


def test_the_other_side_of_a_search_is_stated(poisoning):
    table = accuracy_table(poisoning)
    assert row_of(table, "rNN r=4, budget").upper[-1] == "57.38"
    assert row_of(table, "rNN r=4, removal budget").upper == ()


def test_a_failed_run_has_its_error_where_its_numbers_would_be(poisoning):
    row = row_of(accuracy_table(poisoning), "rNN r=4.5, ISLAND")
    assert row.cells == ()
    assert row.problem.startswith("failed: MemoryError: expected 3 GB of free memory")


def test_shorter_curves_have_dashes_and_do_not_take_part_there(make_run):
    short = make_run("rnn", "individual", curve=Curve(np.arange(3), np.array([0.99, 0.98, 0.97])))
    table = accuracy_table(prepare([make_run(), short]))
    assert [cell.text for cell in table.rows[1].cells] == ["99.00", "–", "–", "–", "–", "–"]
    assert [cell.best for cell in table.rows[0].cells] == [False, True, True, True, True, True]


def test_gains_are_those_at_the_largest_size_that_says_something(make_run):
    e = np.arange(61)
    runs = [make_run("rnn", "individual", curve=Curve(e, np.maximum(0.9 - 0.02 * e, 0.0)))]
    runs += [make_run("rnn", "island", curve=Curve(e, np.maximum(0.9 - 0.0175 * e, 0.0)))]
    table = accuracy_table(prepare(runs))
    assert (table.sizes[-1], table.gain_sizes) == (60, (40,))
    assert [row.gains for row in table.rows] == [("–",), ("+10.00",)]
    assert "individual certificate at e = 40, the largest size here at which a fifth" in table_explanation(table)
    assert "at $e = 40$" in tables.to_latex(table, caption="")
    custom = accuracy_table(prepare(runs), sizes=[0, 10])
    assert "individual certificate at e = 10." in table_explanation(custom)


@pytest.mark.parametrize("sizes", [[-1, 0, 5], []])
def test_sizes_that_no_run_can_have_are_refused(poisoning, sizes):
    with pytest.raises(ValueError, match="option sizes: expected poisoning sizes >= 0, got"):
        accuracy_table(poisoning, sizes=sizes)


def test_sizes_beyond_all_curves_are_dashes(make_run):
    table = accuracy_table(prepare([make_run(), make_run("rnn", "individual")]), sizes=[0, 9999])
    assert [row.cells[1].text for row in table.rows] == ["–", "–"]


def test_a_single_row_is_not_called_best(make_run):
    table = accuracy_table(prepare([make_run()]))
    assert not any(cell.best for cell in table.rows[0].cells)
    assert table.baseline == ""


def test_zero_is_no_best(make_run):
    curve = Curve(np.arange(3), np.array([0.5, 0.1, 0.0]))
    table = accuracy_table(prepare([make_run(curve=curve), make_run("rnn", curve=curve)]))
    assert [cell.best for cell in table.rows[0].cells] == [True, True, False]


def test_another_baseline(poisoning):
    island = select(poisoning, {"certificate": "island", "r": 4})
    table = accuracy_table(poisoning, baseline=island)
    assert row_of(table, "rNN r=4, individual").gains == ("−15.13",)
    assert row_of(table, "rNN r=4, ISLAND").gains == ("–",)
    assert table.baseline == "rNN (r = 4, ISLAND certificate)"


@pytest.mark.parametrize(
    ("largest", "expected"),
    [
        (0, (0,)),
        (1, (0, 1)),
        (5, (0, 1, 2, 3, 4, 5)),
        (7, (0, 2, 4, 6)),
        (60, (0, 20, 40, 60)),
        (2000, (0, 500, 1000, 1500, 2000)),
    ],
)
def test_round_sizes(largest, expected):
    assert tables.round_sizes(largest) == expected


def test_csv_has_full_precision_and_one_line_per_run(poisoning):
    rows = list(csv.DictReader(io.StringIO(tables.to_csv(accuracy_table(poisoning)))))
    assert len(rows) == len(poisoning)
    assert float(next(row for row in rows if row["label"] == "rNN r=4, budget")["attained_1000"]) == 0.5738
    failed = next(row for row in rows if row["status"] == "FAILED")
    assert failed["CA_0"] == ""
    assert "MemoryError" in failed["problem"]


@pytest.mark.parametrize("start", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_csv_text_is_never_a_formula(make_run, start):
    runs = [make_run(id="x", params={"dataset.name": f"{start} evil"}), make_run()]
    text = tables.to_csv(accuracy_table(prepare(runs)))
    for row in csv.reader(io.StringIO(text)):
        for cell in row:
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert "evil" in text


def test_negative_numbers_in_csv_stay_numbers():
    assert tables.csv_text("-1") == "'-1"
    assert tables.csv_text("plain, with comma") == "plain, with comma"


def test_latex_is_booktabs_with_bold_best(poisoning):
    text = tables.to_latex(accuracy_table(poisoning), caption="100 % of A_1 & B")
    for part in (
        r"\toprule",
        r"\midrule",
        r"\bottomrule",
        r"\textbf{68.65}",
        r"\caption{100 \% of A\_1 \& B}",
        "+34.20",
    ):
        assert part in text
    body = [line for line in text.splitlines() if line.endswith(r"\\") and "multicolumn" not in line]
    assert {line.replace(r"\&", "").count("&") for line in body} == {7}
    assert text.count("{") - text.count(r"\{") == text.count("}") - text.count(r"\}")


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("a_b", r"a\_b"),
        ("50% & #1 {x}", r"50\% \& \#1 \{x\}"),
        ("\\input{x}", r"\textbackslash{}input\{x\}"),
        ("~^$", r"\textasciitilde{}\textasciicircum{}\$"),
        ("<b>", r"\textless{}b\textgreater{}"),
    ],
)
def test_latex_escapes(text, escaped):
    assert tables.latex(text) == escaped


def test_a_gain_is_stated_at_a_size_that_says_something(make_run):
    sizes = np.arange(101)
    runs = [
        make_run("rnn", certificate, curve=Curve(sizes, np.where(sizes <= last, 0.9, 0.0)))
        for certificate, last in (("individual", 5), ("budget", 13))
    ]
    table = accuracy_table(prepare(runs))
    assert table.sizes == (0, 20, 40, 60, 80, 100)
    assert [row.gains for row in table.rows] == [("–",), ("+90.00",)]
    assert "above the individual certificate at e = 13." in table_explanation(table)
