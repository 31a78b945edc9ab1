"""The page of two sets of runs in a real browser: offline, nothing overlaps, curves and differences are drawn."""

from __future__ import annotations

import csv
import io

import pytest

from certvote.reporting.diff import Side, render_diff
from reporting.browsing import LOOKS, OUTSIDE, OVERLAPS, downloaded, look, opened

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(make_run, tmp_path_factory) -> str:
    """kNN and rNN under both attacks with two seeds, one run without a partner, one curve that is shorter."""
    a, b = [], []
    for attack in ("poisoning", "backdoor"):
        for algo, certificate in (("knn", "individual"), ("knn", "budget"), ("rnn", "island"), ("rnn", "budget")):
            a.append(make_run(algo, certificate, attack))
            other = "rnn" if algo == "knn" else "knn"
            curve = make_run(other, "budget").curve
            params, tags = {"dataset.seed": "1"}, {"certvote.data_digest": "aa" * 32}
            id = f"b{attack[0]}{algo}{certificate}"
            b.append(make_run(algo, certificate, attack, id=id, params=params, tags=tags, curve=curve))
    a.append(make_run("rnn", "rd", id="lonely00"))
    out = tmp_path_factory.mktemp("two") / "sides #1"
    long = "params.`dataset.seed` = '1' and tags.`certvote.version` = '0.1.0' and " + "x" * 80
    return render_diff(
        Side("seed 0", a), Side(long, b), name="diff", out_root=out, command=f"report diff {long}"
    ).as_uri()


@pytest.fixture(params=LOOKS, ids=look)
def page(request, browser, address):
    with opened(browser, address, *request.param) as shown:
        yield shown


def test_opens_offline_without_errors_or_requests(page, address):
    assert page.problems == []
    assert page.requested == [address]


def test_nothing_overlaps_and_the_page_does_not_scroll_sideways(page):
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.evaluate(OVERLAPS) == []
    assert page.evaluate(OUTSIDE) == []


def test_every_pair_shows_both_curves_and_their_difference(page):
    shown = page.evaluate(
        """() => [...document.querySelectorAll('figure.pair svg:not(.sample)')].map(svg =>
        ['curve-0', 'curve-1', 'difference'].map(id => {
          const path = svg.querySelector(`[id$="${id}"] > path`);
          return path ? path.getBoundingClientRect().width : 0; }))"""
    )
    assert len(shown) == 8
    assert min(width for widths in shown for width in widths) > 100
    together = page.evaluate(
        """() => [...document.querySelectorAll('figure:not(.pair) > div > svg')]
        .filter(svg => svg.getBoundingClientRect().width > 0)
        .map(svg => svg.querySelectorAll('[id*=curve-] > path').length)"""
    )
    assert together == [4, 4]


def test_the_zero_line_is_inside_every_difference(page):
    """A difference is read against zero: its tick label must be there, once per lower panel."""
    zeros = page.evaluate(
        """() => [...document.querySelectorAll('figure.pair svg:not(.sample)')].map(svg =>
        [...svg.querySelectorAll('text')].filter(text => text.textContent.trim() === '0').length)"""
    )
    assert all(number >= 2 for number in zeros), "on the x axis, and on the axis of the difference"


def test_words_in_figures_can_be_read(page):
    sizes = page.evaluate(
        """() => [...document.querySelectorAll('figure svg text')]
        .map(e => e.getBoundingClientRect().height).filter(height => height > 0)"""
    )
    assert min(sizes) >= 10


def test_downloads_work(page):
    assert downloaded(page, "figure-1.pdf").startswith(b"%PDF-")
    assert b"</svg>" in downloaded(page, "figure-2.svg")
    rows = list(csv.DictReader(io.StringIO(downloaded(page, "table-1.csv").decode())))
    assert rows[0]["certified_A"] == "0.8496"
    assert rb"\bottomrule" in downloaded(page, "table-2.tex")


def test_prints_every_pair_whole(browser, address):
    context = browser.new_context(color_scheme="dark", offline=True)
    page = context.new_page()
    page.goto(address)
    assert page.pdf(format="A4").startswith(b"%PDF-")
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(254, 254, 253)"
    breaks = page.evaluate("[...document.querySelectorAll('figure.pair')].map(e => getComputedStyle(e).breakInside)")
    assert set(breaks) == {"avoid"}
    assert not page.is_visible(".downloads")
    context.close()
