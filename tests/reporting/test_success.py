"""Reports show attack success rates of backdoor attacks: upper bounds, rounded up, for the worst target."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from certvote.reporting.figures import ca_figure, success_figure
from certvote.reporting.query import prepare
from certvote.reporting.render import page_html
from certvote.reporting.success import success_at, success_table


@pytest.fixture
def aimed(make_run):
    """Two runs with a target: the second one is bounded jointly."""
    runs = []
    for id, certificate, last in (("a", "individual", 0.75123), ("b", "budget", 0.5)):
        run = make_run("knn", certificate, "backdoor", id=id, params={"attack.target": "None"})
        sizes = run.curve.sizes
        rates = {"3": {str(sizes[0]): 0.01, str(sizes[-1]): last}, "1": {str(sizes[-1]): 0.2}}
        tags = {**run.tags, "certvote.targets": json.dumps(rates)}
        runs.append(replace(run, success=np.linspace(0.01, last, len(sizes)), tags=tags))
    return prepare(runs)


def test_rates_are_rounded_up_and_the_lowest_is_marked(aimed):
    last = int(aimed[0].curve.sizes[-1])
    table = success_table(aimed, [0, last])
    assert [[cell.text for cell in row.cells] for row in table.rows] == [["1.00", "75.13"], ["1.00", "50.00"]]
    assert [row.cells[1].best for row in table.rows] == [False, True]
    assert table.records[0] == ("label", "target", "run", "ASR_0", f"ASR_{last}")
    assert table.records[1][1] == "worst"
    assert float(table.records[1][4]) == 0.75123


def test_a_single_run_shows_its_targets(aimed):
    last = int(aimed[0].curve.sizes[-1])
    rows = success_table(aimed[:1], [0, last]).rows[1:]
    assert [(row.head.text, [cell.text for cell in row.cells]) for row in rows] == [
        ("target 3", ["1.00", "75.13"]),
        ("target 1", ["–", "20.00"]),
    ]


def test_the_bound_between_two_sizes_is_that_of_the_larger(aimed):
    run, sizes = aimed[0], aimed[0].curve.sizes
    assert success_at(run, int(sizes[-1]) + 1) != success_at(run, int(sizes[-1]) + 1)  # not a number
    thinned = replace(run, curve=replace(run.curve, sizes=3 * sizes))
    assert success_at(thinned, 1) == run.success[1]


def test_the_figure_draws_what_is_bounded_from_above(aimed):
    axes = success_figure(aimed).axes[0]
    assert axes.get_ylabel() == "attack success rate ASR(e) (%)"
    line = next(line for line in axes.get_lines() if line.get_gid() == "curve-0")
    assert max(line.get_ydata()) == pytest.approx(75.123)
    assert ca_figure(aimed).axes[0].get_ylabel() == "certified accuracy CA(e) (%)"


def test_pages_have_a_figure_and_a_table_of_success_and_say_what_it_is(aimed, make_run):
    page = page_html(aimed)
    assert "Attack success rate" in page
    assert "Its numbers are upper bounds" in page
    assert "Figure 2" in page
    assert "Figure 3" not in page
    without = page_html([make_run()])
    assert "uccess rate" not in without
