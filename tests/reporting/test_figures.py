"""Figures draw exactly the runs' curves, in the colors and lines that the rest of the report uses."""

from __future__ import annotations

import dataclasses
import itertools
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.colors import to_hex, to_rgb

from certvote.options.choices import find
from certvote.reporting import vector
from certvote.reporting.figures import ca_figure, curve_svg
from certvote.reporting.frame import COLUMN, PAGE
from certvote.reporting.line_styles import line_styles
from certvote.reporting.query import prepare, select
from certvote.types import Curve


@pytest.fixture
def poisoning(mnist_runs):
    return select(prepare(mnist_runs), {"attack": "poisoning"})


def lines(figure):
    return [line for line in figure.axes[0].get_lines() if str(line.get_gid()).startswith("curve-")]


@pytest.mark.parametrize("layout", [PAGE, COLUMN])
def test_every_point_is_the_runs_and_steps_hold_up_to_their_size(poisoning, layout):
    figure = ca_figure(poisoning, layout=layout)
    drawn = [result for result in poisoning if result.curve is not None]
    assert len(lines(figure)) == len(drawn) == 7
    for line, result in zip(lines(figure), drawn, strict=True):
        x, y = line.get_xdata(), line.get_ydata()
        assert (x[0], x[-1]) == (0, 1000)
        assert len(x) > 300
        np.testing.assert_array_equal(y, 100 * result.curve.certified[x])
        assert line.get_drawstyle() == "steps-pre"


def test_few_sizes_are_all_drawn(make_run):
    curve = Curve(np.arange(51), np.linspace(0.9, 0.1, 51))
    (line,) = lines(ca_figure(prepare([make_run(curve=curve)])))
    np.testing.assert_array_equal(line.get_xdata(), curve.sizes)
    np.testing.assert_array_equal(line.get_ydata(), 100 * curve.certified)


def test_colors_markers_and_lines(poisoning):
    drawn = [result for result in poisoning if result.curve is not None]
    by_kind = {(x.algo, x.certificate): line for x, line in zip(drawn, lines(ca_figure(poisoning)), strict=True)}
    for (algo, _), line in by_kind.items():
        assert to_hex(line.get_color()).upper() == {"knn": "#0072B2", "rnn": "#D55E00"}[algo]
        assert line.get_marker() == {"knn": "o", "rnn": "s"}[algo]
    assert by_kind["rnn", "budget"].get_linewidth() > 2 * by_kind["rnn", "removal"].get_linewidth()
    assert by_kind["rnn", "budget"].get_linestyle() == by_kind["rnn", "removal"].get_linestyle() == "-"
    dashed = [look.dashes for look in line_styles(drawn) if look.dashes]
    assert len(set(dashed)) == 3


def test_the_band_reaches_up_to_what_was_attained(poisoning):
    axes = ca_figure(poisoning).axes[0]
    bands = [part for part in axes.collections if str(part.get_gid()).startswith("band-")]
    assert len(bands) == 2
    assert max(path.vertices[:, 1].max() for path in bands[1].get_paths()) == pytest.approx(86.84)


def test_variations_differ_in_lightness(make_run):
    found = prepare([make_run(id=k, params={"algo.k": k}) for k in ("1000", "3000", "5000", "7000")])
    drawn = line_styles(found)
    grey = [np.dot([0.299, 0.587, 0.114], to_rgb(look.color)) for look in drawn]
    assert all(b - a > 0.05 for a, b in itertools.pairwise(grey))
    assert len({look.fill for look in drawn}) == 4
    assert line_styles(found[:1])[0].color.upper() == find("algo", "knn").label.color


def test_axes_start_at_zero_and_end_at_the_largest_size(poisoning):
    figure = ca_figure(poisoning)
    figure.draw_without_rendering()
    axes = figure.axes[0]
    assert axes.get_xlim() == (0, 1000)
    assert axes.get_ylim() == (0, 100)
    (share,) = axes.child_axes
    assert share.get_xlim() == pytest.approx((0, 100 / 60))


def test_no_second_scale_where_training_sets_differ(make_run):
    other = make_run(id="x", params={"data.n_train": "100"})
    assert ca_figure(prepare([make_run(), other])).axes[0].child_axes == []


def overlapping(figure):
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in figure.texts]
    return [(i, j) for i in range(len(boxes)) for j in range(i) if boxes[i].overlaps(boxes[j])]


@pytest.mark.parametrize("layout", [PAGE, COLUMN])
@pytest.mark.parametrize("number", [1, 2, 7, 16, 30])
def test_labels_do_not_overlap_nor_leave_the_figure(make_run, layout, number):
    runs = [make_run(id=f"{k:04}", params={"algo.k": str(k)}) for k in range(1000, 1000 + number)]
    figure = ca_figure(prepare(runs), layout=layout)
    assert len(figure.texts) == (number if number > 1 else 0)
    assert overlapping(figure) == []
    outer = figure.bbox
    for text in figure.texts:
        box = text.get_window_extent()
        assert outer.x0 <= box.x0
        assert box.x1 <= outer.x1
        assert outer.y0 <= box.y0
        assert box.y1 <= outer.y1


def test_sizes_of_the_paper_figure(poisoning):
    figure = ca_figure(poisoning, layout=COLUMN)
    assert figure.get_figwidth() == pytest.approx(3.3)
    texts = [*figure.texts, figure.axes[0].xaxis.label, *figure.axes[0].get_xticklabels()]
    assert {text.get_fontsize() for text in texts} == {8.0}


def test_labels_are_text_not_formulas(make_run):
    hostile = "$\\frac{1}{0$ _hidden <script> " + "long " * 50
    runs = [make_run(id="a", params={"dataset.name": hostile}), make_run(id="_b")]
    figure = ca_figure(prepare(runs))
    assert any("$\\frac{1}{0$ _hidden <script>" in text.get_text() for text in figure.texts)
    assert "<script>" not in vector.svg(figure)


@pytest.mark.parametrize("sizes", [[0], [0, 1], [0, 500]])
def test_very_few_sizes(make_run, sizes):
    curve = Curve(np.array(sizes), np.linspace(0.5, 0.2, len(sizes)))
    root = ElementTree.fromstring(vector.svg(ca_figure(prepare([make_run(curve=curve)]))))
    curve_part = next(e for e in root.iter() if e.get("id") == "curve-0")
    assert any(e.tag.endswith("}use") for e in curve_part.iter()), "a single point shows its marker"


def test_nothing_to_draw(make_run):
    with pytest.raises(ValueError, match="expected at least one finished run"):
        ca_figure(prepare([make_run(status="FAILED", curve=None)]))


def test_the_figure_of_one_run(make_run):
    text = curve_svg(make_run().curve, make_run().params)
    root = ElementTree.fromstring(text)
    assert root.tag.endswith("}svg")
    assert "#0072b2" in text.lower()
    assert len(text) < 100_000


def test_figures_leave_matplotlibs_settings_alone(poisoning):
    import matplotlib

    with matplotlib.rc_context({"svg.fonttype": "path", "font.size": 31}):
        before = dict(matplotlib.rcParams)
        vector.page_svg(ca_figure(poisoning), prefix="p-", title="t", description="d", hints={})
        assert dict(matplotlib.rcParams) == before


def test_same_runs_same_bytes(poisoning):
    again = [dataclasses.replace(result) for result in poisoning]
    for write in (vector.svg, lambda f: vector.pdf(f, title="t")):
        assert write(ca_figure(poisoning)) == write(ca_figure(again))


@pytest.mark.parametrize("layout", [PAGE, COLUMN])
def test_labels_that_have_no_room_are_cut(make_run, layout):
    runs = [make_run(id=name, params={"dataset.name": f"{name} {'W' * 50}"}) for name in "ab"]
    figure = ca_figure(prepare(runs), layout=layout)
    figure.draw_without_rendering()
    for text in figure.texts:
        assert text.get_window_extent().x1 <= figure.bbox.x1
        assert text.get_text().endswith("…") == (layout is COLUMN), "there is room on a page"
