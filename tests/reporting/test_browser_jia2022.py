"""The paper's whole page in a real browser: every figure has its data, downloads work, nothing overlaps."""

from __future__ import annotations

import csv
import io
import re

import pytest

from certvote import study as paper
from certvote.reporting import render
from certvote.reporting.page import load
from reporting.browsing import OUTSIDE, OVERLAPS, downloaded, look, opened
from reporting.study import study_runs

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def definition():
    return load(paper.definition("jia2022"))


@pytest.fixture(scope="module")
def address(make_run, definition, tmp_path_factory) -> str:
    """The page with a run that failed, as on a machine that has no weights for CLIP."""
    runs = study_runs(make_run, definition.experiments)
    clip = next(run for run in runs if run.params["feature.name"] == "clip")
    failed = make_run(
        id="noclip",
        params=clip.params,
        status="FAILED",
        curve=None,
        tags={"certvote.error": "ValueError: option feature.weights: expected a file or a tag that can be downloaded"},
    )
    kept = [run for run in runs if run.params["feature.name"] != "clip"]
    note = "jia2022/fig7_cifar10 is incomplete: 2 runs without a result: no weights"
    folder = tmp_path_factory.mktemp("the paper")
    command = "python -m certvote paper jia2022"
    return render([*kept, failed], out_dir=folder, page=definition, command=command, notes=[note]).as_uri()


@pytest.fixture(scope="module", params=[("light", 1280), ("dark", 400)], ids=look)
def page(request, browser, address):
    with opened(browser, address, *request.param) as shown:
        yield shown


def test_opens_offline_without_errors_or_requests(page, address):
    assert page.problems == []
    assert page.requested == [address]


def test_nothing_overlaps_or_sticks_out(page):
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.evaluate(OVERLAPS) == []
    assert page.evaluate(OUTSIDE) == []


def test_every_figure_has_its_curves_and_words_that_can_be_read(page, definition):
    shown = page.evaluate(
        """() => [...document.querySelectorAll('figure > div > svg')]
        .filter(svg => svg.getBoundingClientRect().width > 0)
        .map(svg => [...svg.querySelectorAll('[id*=curve-] > path')].map(path => path.getBoundingClientRect().width))"""
    )
    assert len(shown) == len(definition.sections)
    assert min(map(len, shown)) >= 2
    assert max(map(len, shown)) == 10
    assert min(width for curves in shown for width in curves) > 100
    heights = page.evaluate(
        """() => [...document.querySelectorAll('figure > div > svg text')]
        .map(e => e.getBoundingClientRect().height).filter(height => height > 0)"""
    )
    assert min(heights) >= 10


def test_colors_are_the_curves_own_in_figure_and_table(page):
    """Styles that figures share are classes; a class must not change a color."""
    drawn = page.evaluate(
        """() => [...document.querySelectorAll('#figure-1 svg')].filter(svg => svg.getBoundingClientRect().width > 0)
        .flatMap(svg => [...svg.querySelectorAll('[id*=curve-] > path')].map(path => getComputedStyle(path).stroke))"""
    )
    sampled = page.evaluate(
        "() => [...document.querySelectorAll('#table-1 svg.sample line')].map(line => getComputedStyle(line).stroke)"
    )
    assert drawn == sampled
    assert "rgb(0, 158, 115)" in drawn


def test_downloads_work(page):
    for number in (1, 19):
        assert downloaded(page, f"figure-{number}.pdf").startswith(b"%PDF-")
    rows = list(csv.DictReader(io.StringIO(downloaded(page, "table-1.csv").decode())))
    assert {row["algorithm"] for row in rows} >= {"kNN", "rNN", "bagging", "DPA", "Finite Aggregation"}
    assert rb"\bottomrule" in downloaded(page, "table-1b.tex")
    stated = list(csv.DictReader(io.StringIO(downloaded(page, "table-stated.csv").decode())))
    assert [row["stated (points)"] for row in stated] == ["15.1", "22.9", "40.8", "", "43.0", ""]
    assert stated[-2]["measured here (points)"] == "missing", "no weights of CLIP are at hand"


def test_what_is_missing_is_said_where_it_would_stand(page):
    assert "fig7_cifar10 is incomplete" in page.locator("#abstract").inner_text()
    assert "option feature.weights" in page.locator("#section-19").inner_text()
    assert "option feature.weights" in page.locator("#stated").inner_text()


def test_prints_with_every_section_on_a_new_page(browser, address, definition):
    context = browser.new_context(offline=True)
    page = context.new_page()
    page.goto(address)
    printed = page.pdf(format="A4")
    pages = len(re.findall(rb"/Type\s*/Page\b", printed))
    assert len(definition.sections) < pages < 3 * len(definition.sections)
    page.emulate_media(media="print")
    breaks = page.evaluate(
        "() => [...document.querySelectorAll('main > section[id^=section-]')].map(e => getComputedStyle(e).breakBefore)"
    )
    assert breaks == ["page"] * len(definition.sections)
    context.close()
