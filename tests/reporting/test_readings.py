"""Values that readers of a page read off figures: exact, rounded as tables round them, with the scales' places."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from certvote.reporting.accuracy import accuracy_at, attained_at
from certvote.reporting.accuracy_table import accuracy_table
from certvote.reporting.figures import ca_figure
from certvote.reporting.frame import COLUMN, PAGE
from certvote.reporting.query import prepare, select
from certvote.reporting.readings import Reading, encode, figure_data
from certvote.reporting.render import page_html
from certvote.reporting.wording import percent
from certvote.results.run import finished


def decode(text):
    """Read what ``encode`` wrote, independently of the page's script."""
    numbers, last = [], 0
    for step, times in re.findall(r"([a-zA-Z]|[+-]\d+)(?:\*(\d+))?", text):
        by = int(step) if step[0] in "+-" else ord("a") - ord(step) if step.islower() else ord(step) - ord("@")
        for _ in range(int(times or 1)):
            last += by
            numbers.append(last)
    return numbers


@given(st.lists(st.integers(-200, 200) | st.integers(-(10**9), 10**9) | st.just(7)))
def test_numbers_come_back(numbers):
    assert decode(encode(numbers)) == numbers


def test_a_falling_curve_takes_a_character_a_size():
    assert len(encode(np.arange(9000, 0, -9))) < 12, "equal steps are written once"
    falling = 9000 - np.cumsum(np.random.default_rng(0).integers(0, 20, 1000))
    assert len(encode(falling)) < 1100


def test_values_are_those_of_the_table(mnist_runs):
    chosen = select(prepare(mnist_runs), {"attack": "poisoning"})
    data = json.loads(figure_data({"w-": ca_figure(chosen)}, digits=2))
    curves = {curve["gid"]: curve for curve in data["curves"]}
    table = accuracy_table(chosen)
    done = {f"curve-{j}": run for j, run in enumerate(finished(chosen))}
    assert {row.reads for row in table.table.rows if row.cells} == set(curves)
    for gid, curve in curves.items():
        run, band = done[gid.replace("band", "curve")], gid.startswith("band")
        values = dict(zip(decode(curve["sizes"]), decode(curve["values"]), strict=True))
        read = attained_at if band else accuracy_at
        assert [f"{values[e] / 100:.2f}" for e in range(1001)] == [
            percent(read(run, e), 2, up=band) for e in range(1001)
        ]
        (row,) = (row for row in table.table.rows if row.reads == gid)
        assert [f"{values[e] / 100:.2f}" for e in table.sizes] == [cell.text for cell in row.cells[: len(table.sizes)]]
    assert curves["curve-0"]["name"] == "kNN k=5000, individual"
    assert {curve["unit"] for curve in curves.values()} == {"%"}


@pytest.mark.parametrize("layout", [PAGE, COLUMN])
def test_scales_are_where_the_drawing_has_them(make_run, layout):
    figure = ca_figure(prepare([make_run(), make_run("rnn")]), layout=layout)
    view = json.loads(figure_data({"w-": figure}, digits=2))["views"]["w-"]
    height = 72 * figure.get_figheight()
    low, high, bottom, top = view["scales"][0]
    for e, value, x, y in ((0, low, view["x"][0], bottom), (view["largest"], high, view["x"][1], top)):
        drawn = figure.axes[0].transData.transform((e, value)) * 72 / figure.dpi
        assert (x, height - y) == pytest.approx(tuple(drawn), abs=0.1)
    assert bool(view["legend"]) == (layout is COLUMN), "labels are below the scales, and can be cut off"


def test_rounding_never_claims_more():
    values = np.array([0.029999, 12.345, 99.99999999999])
    for kind, expected in (
        ("bound", [2, 1234, 10000]),
        ("ceiling", [3, 1235, 10000]),
        ("difference", [3, 1234, 10000]),
    ):
        assert Reading("curve-0", np.arange(3), values, kind).rounded(2).tolist() == expected


def test_a_single_curve_is_called_as_its_scale(make_run):
    (curve,) = json.loads(figure_data({"w-": ca_figure(prepare([make_run()]))}, digits=2))["curves"]
    assert (curve["name"], curve["unit"]) == ("certified accuracy CA(e)", "%")


def test_names_cannot_end_the_script(make_run):
    hostile = "</script><script>alert(1)</script>"
    html = page_html([make_run(), make_run(id="b", params={"feature.name": hostile})])
    assert hostile not in html
    texts = re.findall(r'<script type="application/json">(.*?)</script>', html)
    assert any(hostile[:20] in curve["name"] for text in texts for curve in json.loads(text)["curves"])
