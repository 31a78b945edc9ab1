"""Pages, figures and tables over seeds: a mean with its band, and sentences that stay true for every seed."""

from __future__ import annotations

import csv
import io
import json
import re
from html import unescape

import numpy as np
import pytest

from certvote.reporting.figures import ca_figure
from certvote.reporting.query import prepare
from certvote.reporting.readings import figure_data
from certvote.reporting.render import page_html
from certvote.reporting.save import table_text
from certvote.results.seeds import by_seed
from certvote.types import Curve
from reporting.browsing import opened

HEIGHTS = (0.8, 0.6, 0.7)


@pytest.fixture(scope="module")
def runs(make_run):
    e = np.arange(101)
    seeds = [
        make_run("bagging", id=f"bag{i}", params={"algo.seed": str(i)}, curve=Curve(e, height * (1 - e / 200)))
        for i, height in enumerate(HEIGHTS)
    ]
    return [*seeds, make_run("knn", curve=Curve(e, 0.65 * (1 - e / 150)))]


def test_a_sweep_over_seeds_is_one_curve_and_says_what_is_certified(runs):
    text = unescape(re.sub(r"<script.*?</script>|<[^>]+>", " ", page_html(runs), flags=re.DOTALL)).replace("\xa0", " ")
    text = " ".join(text.split())
    assert "bagging (ξ = 20, N = 1000, logistic regression, each of 3 seeds) still classifies at least 30.00 %" in text
    assert "the mean only describes them" in text
    assert "bagging ξ=20, N=1000, mean of 3 seeds" in text
    assert "70.00 ± 10.00" in text
    assert "1,000 20 70.00 2.13 27.87" in text, "means without an attack add up"
    assert "bag2" in text, "every seed is in the list of runs"


def test_the_page_without_over_shows_every_seed(runs):
    shown = page_html(runs, page={"sections": [{"title": "x"}]})
    assert "seeds" not in shown.split("<script>")[0]
    assert "mean of 3 seeds" in page_html(runs, page={"over": "algo.seed", "sections": [{"title": "x"}]})
    with pytest.raises(ValueError, match=r"over: expected seeds among .*, got algo.k"):
        page_html(runs, page={"over": ["k"], "sections": [{"title": "x"}]})


def test_the_line_is_the_mean_and_the_band_goes_from_lowest_to_highest(runs):
    figure = ca_figure(by_seed(prepare(runs)))
    data = json.loads(figure_data({"w-": figure}, digits=2))
    first = {curve["gid"]: int(re.match(r"[+]\d+", curve["values"])[0]) for curve in data["curves"]}
    assert first == {"curve-0": 6500, "curve-1": 7000, "band-1": 8000, "low-1": 6000}
    (band,) = figure.axes[0].collections
    extents = band.get_datalim(figure.axes[0].transData)
    assert (extents.y0, extents.y1) == (pytest.approx(30), pytest.approx(80))


def test_files_have_every_side(runs):
    rows = list(csv.DictReader(io.StringIO(table_text(runs, sizes=[0, 100], format="csv"))))
    bagging = next(row for row in rows if row["algorithm"] == "bagging")
    found = [float(bagging[f"{name}_0"]) for name in ("CA", "lowest", "highest", "deviation")]
    assert found == pytest.approx([0.7, 0.6, 0.8, 0.1])
    assert bagging["run"].split() == ["bag0", "bag1", "bag2"]
    assert r"70.00 $\pm$ 10.00" in table_text(runs, sizes=[0], format="latex")


@pytest.mark.browser
def test_a_reader_sees_mean_and_both_ends(browser, runs, tmp_path):
    file = tmp_path / "index.html"
    file.write_text(page_html(runs))
    with opened(browser, file.as_uri(), "light", 1280) as page:
        page.locator("#figure-1 input").fill("0")
        assert page.locator("#figure-1 .number").all_inner_texts() == ["65.00 %", "70.00 (60.00–80.00) %"]
        assert page.locator("#table-1 td.read").all_inner_texts() == ["65.00", "70.00"]
        assert page.problems == []
