"""The page of two sets of runs in a real browser: offline, nothing overlaps, curves and differences are drawn."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from certvote.reporting.diff import Side, render_diff
from reporting.test_browser import OVERLAPS, browser  # noqa: F401

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(make_run, tmp_path_factory) -> str:
    """kNN and rNN under both attacks with two seeds, one run without a partner, one curve that is shorter."""
    a, b = [], []
    for attack in ("poisoning", "backdoor"):
        for algo, grouping in (("knn", "none"), ("knn", "budget"), ("rnn", "island"), ("rnn", "budget")):
            a.append(make_run(algo, grouping, attack))
            other = "rnn" if algo == "knn" else "knn"
            curve = make_run(other, "budget").curve
            params, tags = {"dataset.seed": "1"}, {"certvote.data_digest": "aa" * 32}
            id = f"b{attack[0]}{algo}{grouping}"
            b.append(make_run(algo, grouping, attack, id=id, params=params, tags=tags, curve=curve))
    a.append(make_run("rnn", "rd", id="lonely00"))
    out = tmp_path_factory.mktemp("two") / "sides #1"
    long = "params.`dataset.seed` = '1' and tags.`certvote.version` = '0.1.0' and " + "x" * 80
    return render_diff(
        Side("seed 0", a), Side(long, b), name="diff", out_root=out, command=f"report diff {long}"
    ).as_uri()


@pytest.fixture(params=[("light", 1280), ("dark", 1280), ("light", 400), ("dark", 400)], ids=lambda p: f"{p[0]}-{p[1]}")
def page(request, browser, address):  # noqa: F811
    scheme, width = request.param
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True, accept_downloads=True
    )
    opened = context.new_page()
    opened.problems = []
    opened.requested = []
    opened.on("console", lambda message: opened.problems.append(message.text))
    opened.on("pageerror", lambda error: opened.problems.append(str(error)))
    opened.on("request", lambda request: opened.requested.append(request.url))
    opened.goto(address)
    yield opened
    context.close()


def test_opens_offline_without_errors_or_requests(page, address):
    assert page.problems == []
    assert page.requested == [address]


def test_nothing_overlaps_and_the_page_does_not_scroll_sideways(page):
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.evaluate(OVERLAPS) == []
    outside = page.evaluate(
        """() => [...document.querySelectorAll('h1, h2, h3, p, dd, figure, svg text, pre, .downloads a')]
        .map(e => [e.getBoundingClientRect(), e.textContent.slice(0, 40)])
        .filter(([box]) => box.width && (box.left < 0 || box.right > innerWidth + 1)).map(([, text]) => text)"""
    )
    assert outside == []


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
    def content(name: str) -> bytes:
        with page.expect_download() as pending:
            page.click(f'a[download="{name}"]')
        return Path(pending.value.path()).read_bytes()

    assert content("figure-1.pdf").startswith(b"%PDF-")
    assert b"</svg>" in content("figure-2.svg")
    rows = list(csv.DictReader(io.StringIO(content("table-1.csv").decode())))
    assert rows[0]["certified_A"] == "0.8496"
    assert rb"\bottomrule" in content("table-2.tex")


def test_prints_every_pair_whole(browser, address):  # noqa: F811
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
