"""Runs whose algorithm or certificate is not known here are named and drawn as their record says, or in grey."""

from __future__ import annotations

import json

import pytest

from certvote.reporting import labels
from certvote.reporting.line_styles import line_styles
from certvote.reporting.query import prepare
from certvote.reporting.render import page_html

STARS = {
    "algo": {
        **{"name": "star vote", "short": "", "order": 9, "color": "#112233", "marker": "*", "fill": "full"},
        **{"dashes": None, "width": 1.4, "key": "stars"},
    },
    "certificate": {
        **{"name": "by stars", "short": "", "order": 9, "color": "#777777", "marker": "o", "fill": "full"},
        **{"dashes": [3.0, 1.0], "width": 2.0, "key": ""},
    },
    "parameters": [["s", "algo.points"]],
}


@pytest.fixture
def stars(make_run):
    def make(recorded: str):
        params = {"algo.name": "stars", "algo.points": "5", "certificate.name": "by-stars"}
        return make_run(id="stars", params=params, tags={"certvote.labels": recorded})

    return make


def test_recorded_labels_name_and_draw_what_is_not_known_here(stars, make_run):
    known, run = prepare([stars(json.dumps(STARS)), make_run()])
    assert labels.full(run) == "star vote (s = 5, by stars certificate)"
    assert run.method == "stars"
    (style,) = line_styles([run])
    assert (style.color, style.marker, style.dashes, style.width) == ("#112233", "*", (3.0, 1.0), 2.0)
    html = page_html([stars(json.dumps(STARS)), make_run()])
    assert "star vote s=5, by stars" in html
    assert style.marker_path in html
    assert known.algo == "knn", "those that are known come first"


@pytest.mark.parametrize(
    "recorded",
    [
        *("", "not JSON", "[]", '{"algo": 3}', '{"algo": {"name": "x"}}', '{"parameters": 3}'),
        json.dumps(STARS | {"algo": STARS["algo"] | {"color": '"/><script>'}}),
        json.dumps(STARS | {"algo": STARS["algo"] | {"marker": "no marker"}}),
        json.dumps(STARS | {"algo": STARS["algo"] | {"dashes": ["x"]}}),
        json.dumps(STARS | {"algo": STARS["algo"] | {"order": "first"}}),
    ],
)
def test_labels_that_somebody_broke_are_grey(stars, recorded):
    (run,) = prepare([stars(recorded)])
    (style,) = line_styles([run])
    assert (labels.name(run, "algo"), style.color, style.marker) == ("stars", "#777777", "o")
    assert '"/><script>' not in page_html([stars(recorded)])
