"""Tables mark the best, compare with the individual certificate, and survive spreadsheets and LaTeX."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest

from certvote.reporting import tables
from certvote.reporting.accuracy_table import GAIN, GROUP, accuracy_table
from certvote.reporting.query import prepare, select
from certvote.reporting.sections import explanation
from certvote.results.headline import round_sizes
from certvote.types import Curve


@pytest.fixture
def poisoning(mnist_runs):
    return select(prepare(mnist_runs), {"attack": "poisoning"})


def row_of(table, label):
    return next(row for row in table.table.rows if row.head.text == label)


def texts(table, row, group=GROUP):
    """What a row shows in the columns of a group."""
    return [cell.text for column, cell in zip(table.table.columns[1:], row.cells, strict=True) if column.group == group]


def other_side(table, label):
    """What the row below that of a label shows, if it is about the other side of a search."""
    rows = table.table.rows
    following = rows[rows.index(row_of(table, label)) + 1]
    return texts(table, following) if following.kind == "aside" else []


def test_numbers_best_marks_and_gains(poisoning):
    table = accuracy_table(poisoning)
    assert table.sizes == (0, 200, 400, 600, 800, 1000)
    island = row_of(table, "rNN r=4, ISLAND")
    assert texts(table, island) == ["86.84", "76.56", "66.78", "57.38", "49.12", "41.09"]
    assert texts(table, island, GAIN) == ["+15.13"]
    rows = [row for row in table.table.rows if row.kind != "aside"]
    best = {(row.head.text, e) for row in rows for e, c in zip(table.sizes, row.cells, strict=False) if c.best}
    rnn = {row.head.text for row in rows if row.cells and row.head.text.startswith("rNN")}
    assert {label for label, e in best if e == 0} == rnn
    assert [label for label, e in best if e == 1000] == ["kNN k=5000, budget"]


def test_the_other_side_of_a_search_is_stated(poisoning):
    table = accuracy_table(poisoning)
    assert other_side(table, "rNN r=4, budget")[-1] == "57.38"
    assert other_side(table, "rNN r=4, removal budget") == []


def test_a_failed_run_has_its_error_where_its_numbers_would_be(poisoning):
    row = row_of(accuracy_table(poisoning), "rNN r=4.5, ISLAND")
    assert row.cells == ()
    assert row.problem.startswith("failed: MemoryError: expected 3 GB of free memory")


def test_shorter_curves_have_dashes_and_do_not_take_part_there(make_run):
    short = make_run("rnn", "individual", curve=Curve(np.arange(3), np.array([0.99, 0.98, 0.97])))
    table = accuracy_table(prepare([make_run(), short]))
    assert texts(table, table.table.rows[1]) == ["99.00", "–", "–", "–", "–", "–"]
    assert [cell.best for cell in table.table.rows[0].cells[:6]] == [False, True, True, True, True, True]


def test_gains_are_those_at_the_largest_size_that_says_something(make_run):
    e = np.arange(61)
    runs = [make_run("rnn", "individual", curve=Curve(e, np.maximum(0.9 - 0.02 * e, 0.0)))]
    runs += [make_run("rnn", "island", curve=Curve(e, np.maximum(0.9 - 0.0175 * e, 0.0)))]
    table = accuracy_table(prepare(runs))
    assert (table.sizes[-1], table.gain_sizes) == (60, (40,))
    assert [texts(table, row, GAIN) for row in table.table.rows] == [["–"], ["+10.00"]]
    assert "individual certificate at e = 40, the largest size here at which a fifth" in explanation(
        table, prepare(runs)
    )
    assert "at $e = 40$" in tables.to_latex(table.table, caption="")
    custom = accuracy_table(prepare(runs), sizes=[0, 10])
    assert "individual certificate at e = 10." in explanation(custom, prepare(runs))


@pytest.mark.parametrize("sizes", [[-1, 0, 5], []])
def test_sizes_that_no_run_can_have_are_refused(poisoning, sizes):
    with pytest.raises(ValueError, match="option sizes: expected poisoning sizes >= 0, got"):
        accuracy_table(poisoning, sizes=sizes)


def test_sizes_beyond_all_curves_are_dashes(make_run):
    table = accuracy_table(prepare([make_run(), make_run("rnn", "individual")]), sizes=[0, 9999])
    assert [row.cells[1].text for row in table.table.rows] == ["–", "–"]


def test_a_single_row_is_not_called_best(make_run):
    table = accuracy_table(prepare([make_run()]))
    assert not any(cell.best for cell in table.table.rows[0].cells)
    assert table.baseline == ""


def test_zero_is_no_best(make_run):
    curve = Curve(np.arange(3), np.array([0.5, 0.1, 0.0]))
    table = accuracy_table(prepare([make_run(curve=curve), make_run("rnn", curve=curve)]))
    assert [cell.best for cell in table.table.rows[0].cells] == [True, True, False]


def test_another_baseline(poisoning):
    island = select(poisoning, {"certificate": "island", "r": 4})
    table = accuracy_table(poisoning, baseline=island)
    assert texts(table, row_of(table, "rNN r=4, individual"), GAIN) == ["−15.13"]
    assert texts(table, row_of(table, "rNN r=4, ISLAND"), GAIN) == ["–"]
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
    assert round_sizes(largest) == expected


def test_csv_has_full_precision_and_one_line_per_run(poisoning):
    rows = list(csv.DictReader(io.StringIO(tables.to_csv(accuracy_table(poisoning).table))))
    assert len(rows) == len(poisoning)
    assert float(next(row for row in rows if row["label"] == "rNN r=4, budget")["attained_1000"]) == 0.5738
    failed = next(row for row in rows if row["status"] == "FAILED")
    assert failed["CA_0"] == ""
    assert "MemoryError" in failed["problem"]


@pytest.mark.parametrize("start", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_csv_text_is_never_a_formula(make_run, start):
    runs = [make_run(id="x", params={"dataset.name": f"{start} evil"}), make_run()]
    text = tables.to_csv(accuracy_table(prepare(runs)).table)
    for row in csv.reader(io.StringIO(text)):
        for cell in row:
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert "evil" in text


def test_negative_numbers_in_csv_stay_numbers():
    assert tables.csv_text("-1") == "'-1"
    assert tables.csv_text("plain, with comma") == "plain, with comma"


def test_latex_is_booktabs_with_bold_best(poisoning):
    text = tables.to_latex(accuracy_table(poisoning).table, caption="100 % of A_1 & B")
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
    assert [texts(table, row, GAIN) for row in table.table.rows] == [["–"], ["+90.00"]]
    assert "above the individual certificate at e = 13." in explanation(table, prepare(runs))
