"""The page of two sets of runs: numbers that are right, records that are compared, text that cannot break it."""

from __future__ import annotations

import base64
import csv
import io
import re

import numpy as np
import pytest

from certvote.reporting import diff_figures, diff_words
from certvote.reporting.diff import Side, diff_html, render_diff
from certvote.reporting.diff_table import diff_table
from certvote.reporting.frame import COLUMN, PAGE
from certvote.reporting.pairs import match
from certvote.reporting.tables import to_csv, to_latex
from certvote.types import Curve

from .conftest import CERTIFIED, HOSTILE

COMBINATIONS = [(attack, *kind) for attack in ("poisoning", "backdoor") for kind in CERTIFIED]


@pytest.fixture(scope="module")
def sides(make_run) -> tuple[Side, Side]:
    """Every certificate under both attacks, twice; B has another seed, another code and is two points better."""
    a = [make_run(algo, certificate, attack) for attack, algo, certificate in COMBINATIONS]
    b = []
    for attack, algo, certificate in COMBINATIONS:
        one = make_run(algo, certificate, attack)
        better = Curve(one.curve.sizes, np.minimum(one.curve.certified + 0.02, 1.0))
        tags = {"certvote.data_digest": "aa" * 32, "certvote.code_digest": "cc" * 32, "certvote.version": "0.2.0"}
        id = f"b{one.id}"[:32]
        b.append(make_run(algo, certificate, attack, id=id, params={"dataset.seed": "1"}, tags=tags, curve=better))
    return Side("seed 0", a), Side(f"seed 1 {HOSTILE}", b)


@pytest.fixture(scope="module")
def html(sides) -> str:
    return diff_html(*sides, command="python -m certvote report diff A B")


def heads(table) -> list[str]:
    return [column.head for column in table.columns[2:]]


def test_numbers_of_the_table_are_those_of_the_runs(sides):
    pairs = match(sides[0].runs, sides[1].runs).pairs
    table = diff_table(pairs, [str(i) for i in range(len(pairs))])
    assert heads(table) == ["0", "200", "400", "600", "800", "1,000", "mean"]
    (side_a, *a), (side_b, *b), (side_d, *difference) = ([cell.text for cell in row.cells] for row in table.rows[:3])
    assert (side_a, side_b, side_d) == ("A", "B", "B − A")
    assert (a[0], b[0], difference[0]) == ("84.96", "86.96", "+2.00")
    assert (a[5], b[5]) == ("34.45", "36.45")
    mean = 100 * np.mean(pairs[0].a.curve.certified)
    assert float(a[-1]) == pytest.approx(mean, abs=0.01)
    rows = list(csv.DictReader(io.StringIO(to_csv(table))))
    assert len(rows) == len(pairs) * 6
    assert {round(float(row["difference"]), 12) for row in rows} == {0.02}
    assert {row["run_A"] for row in rows} == {pair.a.id for pair in pairs}
    latex = to_latex(table, caption="x & y")
    assert latex.count(r"\\") == 3 * len(pairs) + 2
    assert "$-$" in latex
    assert r"x \& y" in latex


def test_beyond_the_end_of_a_curve_there_is_no_difference(make_run):
    short = make_run(id="short", params={"dataset.seed": "3"}, curve=Curve(np.arange(601), np.linspace(0.9, 0.3, 601)))
    pairs = match([make_run()], [short]).pairs
    assert heads(diff_table(pairs, ["x"])) == ["0", "200", "400", "600", "mean"], "not beyond what both have"
    assert "one curve is longer" in " ".join(diff_words.warnings(match([make_run()], [short])))


def test_differences_between_records_are_said(sides, make_run):
    said = " ".join(diff_words.warnings(match(sides[0].runs, sides[1].runs)))
    assert "In all 14 pairs A and B were computed on different data; part of the difference" in said
    assert "computed by different code (SHA-256 c0c0c0c0… in A, cccccccc… in B)" in said
    assert "the versions differ: 0.1.0 in A, 0.2.0 in B" in said
    assert "gave different features" not in said

    again = make_run(id="again", tags={"certvote.data_digest": "ee" * 32, "certvote.fingerprint": "again"})
    said = " ".join(diff_words.warnings(match([make_run()], [again])))
    assert "different data, although their options for it are the same" in said
    features = make_run(id="f", tags={"certvote.feature_digest": "ee" * 32, "certvote.fingerprint": "f"})
    said = " ".join(diff_words.warnings(match([make_run()], [features])))
    assert said.startswith("In this pair the same data and options gave different features")

    code = make_run("rnn", "island", id="c", tags={"certvote.code_digest": "cc" * 32})
    assert diff_words.warnings(match([make_run("rnn", "rd")], [code])) == [], "other choices run other code"

    same = make_run(id="same", tags={"certvote.fingerprint": "same"})
    assert diff_words.warnings(match([make_run()], [same])) == []


def test_words_say_what_the_curves_do(make_run):
    def told(values: np.ndarray) -> tuple[str, str, str]:
        sizes = np.arange(11)
        a = make_run(curve=Curve(sizes, np.full(11, 0.5)), params={"data.n_test": "100"})
        b = make_run(id="b", curve=Curve(sizes, values), params={"dataset.seed": "1", "data.n_test": "100"})
        matching = match([a], [b])
        (pair,) = matching.pairs
        return diff_words.finding(pair), diff_words.course(pair), diff_words.verdict([pair], ["x"])

    finding, course, verdict = told(np.linspace(0.6, 0.4, 11))
    assert finding.replace("\N{NO-BREAK SPACE}", " ") == "At e = 10, A guarantees 50.0 %, B 40.0 %: −10.0 points."
    assert course == "The difference goes from −10.0 points at e = 10 to +10.0 points at e = 0."
    assert verdict == f"{finding} {course}"
    assert told(np.full(11, 0.5))[1] == "The curves are equal at every size."
    assert told(np.linspace(0.7, 0.5, 11))[1] == "B is never below A, and furthest above it at e = 0, by 20.0 points."
    assert told(np.linspace(0.5, 0.3, 11))[1] == "B is never above A, and furthest below it at e = 10, by 20.0 points."


def test_sides_and_title_are_named_after_what_differs(make_run):
    hog, pixels = make_run(), make_run(id="p", params={"feature.name": "pixels"})
    matching = match([hog], [pixels])
    assert diff_words.side_names(matching) == ("A: hog", "B: pixels")
    assert diff_words.question(matching) == "What does feature=pixels instead of hog change, all else being equal?"
    assert diff_words.title(matching, ("one", "two")) == "one and two, side by side"
    assert diff_words.title(matching, ("x" * 40, "two")) == "feature: hog and pixels, side by side"
    seeds = match([hog], [make_run(id="s", params={"dataset.seed": "1"})])
    assert diff_words.side_names(seeds) == ("A: seed=0", "B: seed=1")
    both = match([hog], [make_run(id="t", params={"dataset.seed": "1", "feature.name": "pixels"})])
    assert diff_words.side_names(both) == ("A", "B")
    assert diff_words.title(both, ("x" * 40, "two")) == "Two sets of runs, side by side"
    same = match([hog], [make_run(id="u", tags={"certvote.fingerprint": "u"})])
    assert diff_words.question(same) == "Two sets of runs with the same options: do their guarantees agree?"
    assert diff_words.sides_differ(same) == "The two runs have the same options."


def test_figures_draw_both_curves_and_their_difference(sides):
    pairs = match(sides[0].runs, sides[1].runs).pairs
    figure = diff_figures.pair_figure(pairs[0], ("A", "B"), layout=PAGE)
    lower, upper = figure.axes
    lines = {line.get_gid(): line for axes in (lower, upper) for line in axes.lines}
    np.testing.assert_allclose(lines["difference"].get_ydata(), 2.0)
    assert lines["curve-1"].get_ydata()[0] == pytest.approx(86.96)
    assert lower.get_ylim()[0] <= 0 <= lower.get_ylim()[1]
    assert np.diff(lower.get_ylim()) >= diff_figures.LEAST_SPAN
    assert lower.get_xlim() == upper.get_xlim()
    together = diff_figures.differences_figure(pairs[:7], [f"pair {i}" for i in range(7)], layout=COLUMN)
    drawn = [line for line in together.axes[0].lines if (line.get_gid() or "").startswith("curve-")]
    assert len(drawn) == 7


def test_curves_of_one_kind_can_be_told_apart(make_run):
    def pair(*b: str, **params: object):
        return match([make_run()], [make_run(*b, id="b", params=params)]).pairs[0]

    a, b = diff_figures.pair_styles(pair(**{"dataset.seed": "1"}))
    assert a.color == "#0072b2", "as everywhere"
    assert (a.color, a.fill) != (b.color, b.fill)
    assert a.color != b.color
    assert a.dashes == b.dashes
    a, b = diff_figures.pair_styles(pair("rnn"))
    assert (a.color, b.color) == ("#0072b2", "#d55e00")


def test_the_page_is_self_contained(html):
    assert len(html) < 2_000_000
    assert not re.search(r'(?:src|href)="(?!#|data:|http://127\.0\.0\.1:5000/)', html)
    assert len(re.findall("<script(?! type=.application/json)", html)) == 1
    assert "&lt;script&gt;" in html, "what the user typed is text"
    assert html.count('class="pair"') == 14
    assert html.count('id="figure-') == 16
    assert "dataset.seed" in html


def test_the_same_runs_give_the_same_bytes(make_run, tmp_path):
    sides = Side("a", [make_run()]), Side("b", [make_run(id="b", params={"dataset.seed": "1"})])
    page = render_diff(*sides, name="a page", out_root=tmp_path, command="x")
    assert page == tmp_path / "a page" / "index.html"
    assert page.read_text() == diff_html(*sides, command="x")
    assert [path.name for path in page.parent.iterdir()] == ["index.html"]


def test_downloads_hold_what_the_page_shows(html):
    (address,) = re.findall(r'download="table-1\.csv" href="data:[^,]*,([^"]*)"', html)
    rows = list(csv.DictReader(io.StringIO(base64.b64decode(address).decode())))
    assert rows[0]["certified_A"] == "0.8496"
    assert float(rows[0]["certified_B"]) == pytest.approx(0.8696)
    assert len(re.findall(r'download="figure-\d+\.(?:svg|pdf)"', html)) == 2 * 16


def test_runs_without_a_partner_are_listed(make_run):
    lone = make_run("rnn", "individual", id="lonely00", params={"algo.r": "9"})
    a, b = Side("a", [make_run(), lone]), Side("b", [make_run(id="b", params={"dataset.seed": "1"})])
    html = diff_html(a, b)
    assert "Runs without a partner" in html
    assert "B has no run with algo=rnn" in html
    assert "Runs without a partner" not in diff_html(Side("a", [make_run()]), b)


def test_one_pair_has_a_figure_as_wide_as_the_page(make_run):
    html = diff_html(Side("a", [make_run()]), Side("b", [make_run(id="b", params={"dataset.seed": "1"})]))
    assert html.count('class="pair"') == 0
    assert html.count('id="figure-') == 1
    assert "The two runs share all options but dataset.seed." in html


def test_many_pairs_stay_readable_and_small(make_run):
    curve = make_run().curve

    def runs(seed: int) -> list:
        params = [{"algo.k": str(k), "dataset.seed": str(seed)} for k in range(1000, 3600, 100)]
        return [make_run(id=f"k{seed}{i}", params=given, curve=curve) for i, given in enumerate(params)]

    html = diff_html(Side("a", runs(0)), Side("b", runs(1)))
    assert len(html) < 2_000_000
    assert html.count('class="pair"') == 26
    assert html.count('id="figure-') == 26, "all differences in one figure could not be read"


def test_a_bad_name_or_folder_is_named(make_run, tmp_path):
    sides = Side("a", [make_run()]), Side("b", [make_run(id="b", params={"dataset.seed": "1"})])
    with pytest.raises(ValueError, match="option name"):
        render_diff(*sides, name="../up", out_root=tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="option --out"):
        render_diff(*sides, name="x", out_root=tmp_path / "file")


def test_sizes_at_which_nothing_is_guaranteed_are_not_told(make_run):
    sizes = np.arange(101)

    def pair(k: str, last: int):
        curves = [Curve(sizes, np.where(sizes <= end, 0.9, 0.0)) for end in (last, max(last - 2, 0))]
        params = {"algo.k": k}
        a = make_run(id=f"a{k}", curve=curves[0], params=params)
        b = make_run(id=f"b{k}", curve=curves[1], params={**params, "dataset.seed": "1"})
        return match([a], [b]).pairs[0]

    said = diff_words.finding(pair("5", 13))
    assert said.replace("\N{NO-BREAK SPACE}", " ") == "At e = 13, A guarantees 90.00 %, B 0.00 %: −90.00 points."
    both = [pair("5", 13), pair("1", 0)]
    assert diff_words.verdict(both, ["k=5", "k=1"]).startswith("At e = 13, B guarantees more than A in none of 2 pairs")
