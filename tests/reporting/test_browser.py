"""The page in a real browser: offline, without errors, nothing overlaps, light and dark, on screen and on paper."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest

from certvote.reporting import render
from reporting.browsing import LOOKS, OUTSIDE, OVERLAPS, downloaded, look, opened

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(mnist_runs, tmp_path_factory) -> str:
    folder = tmp_path_factory.mktemp("a page") / "größe #1"
    command = "python run.py -m " + " ".join(f"option_{i}=value,{i}" for i in range(30))
    return render(mnist_runs, out_dir=folder, command=command).as_uri()


@pytest.fixture(params=LOOKS, ids=look)
def page(request, browser, address):
    with opened(browser, address, *request.param) as shown:
        yield shown


def test_opens_offline_without_errors_or_requests(page, address):
    assert page.title() == "Certified accuracy on MNIST"
    assert page.problems == []
    assert page.requested == [address]


def test_nothing_overlaps_and_the_page_does_not_scroll_sideways(page):
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.evaluate(OVERLAPS) == []
    assert page.evaluate(OUTSIDE) == []


def test_overlaps_would_be_found(page):
    page.add_style_tag(content="figcaption { margin-top: -3rem !important; } svg text { font-size: 24px !important; }")
    assert {name.split("-")[0] for name, *_ in page.evaluate(OVERLAPS)} >= {"page", "f1w" if is_wide(page) else "f1n"}


def test_a_table_that_is_cut_shows_it_and_scrolls_to_its_end(page):
    region, gain = page.locator("#table-1 .scroll"), page.locator("#table-1 td.gain").first
    visible = "e => e.getBoundingClientRect().right <= e.closest('.scroll').getBoundingClientRect().right + 1"
    assert gain.evaluate(visible) == is_wide(page), "this table fits into a wide window only"

    def backgrounds() -> tuple[bytes, bytes]:
        """What is behind the table at its start and at its end."""
        shots = []
        for end in ("0", "e.scrollWidth"):
            region.evaluate(f"e => {{ e.scrollLeft = {end}; }}")
            shots.append(region.screenshot())
        return shots[0], shots[1]

    page.add_style_tag(content="#table-1 table, #table-1 table * { visibility: hidden; }")
    start, end = backgrounds()
    assert gain.evaluate(visible)
    assert (start == end) == is_wide(page), "shades at the right edge first, at the left edge in the end"
    page.add_style_tag(content=":root { --shade: transparent !important; }")
    start, end = backgrounds()
    assert start == end


def is_wide(page) -> bool:
    return page.viewport_size["width"] > 640


def test_every_figure_shows_its_curves(page):
    shown = page.evaluate(
        """() => [...document.querySelectorAll('figure > div > svg')]
        .filter(svg => svg.getBoundingClientRect().width > 0)
        .map(svg => [...svg.querySelectorAll('[id*=curve-] > path')].map(path => path.getBoundingClientRect().width))"""
    )
    assert [len(curves) for curves in shown] == [7, 8]
    assert min(width for curves in shown for width in curves) > 100


def test_words_in_figures_can_be_read(page):
    sizes = page.evaluate(
        """() => [...document.querySelectorAll('figure > div > svg text')]
        .map(e => e.getBoundingClientRect().height).filter(height => height > 0)"""
    )
    assert min(sizes) >= 10


def test_text_stands_out_from_the_background_in_both_schemes(page):
    contrast = page.evaluate(
        """() => {
        const light = color => { const [r, g, b] = color.match(/[\\d.]+/g).map(Number)
          .map(c => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
          return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
        const paper = light(getComputedStyle(document.documentElement).backgroundColor);
        const of = (e, property) => { const ink = light(getComputedStyle(e)[property]);
          return (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05); };
        const all = [...document.querySelectorAll('p, th, td, figcaption, li, a, dt, dd')].map(e => of(e, 'color'));
        return Math.min(...all, ...[...document.querySelectorAll('figure > div > svg text')].map(e => of(e, 'fill')));
        }"""
    )
    assert contrast >= 4.5


def test_downloads_work(page):
    assert downloaded(page, "figure-1.pdf").startswith(b"%PDF-")
    assert b"</svg>" in downloaded(page, "figure-2.svg")
    rows = list(csv.DictReader(io.StringIO(downloaded(page, "table-1.csv").decode())))
    assert {len(row) for row in rows} == {len(rows[0])}
    assert rows[0]["CA_1000"] == "0.3445"
    assert rb"\bottomrule" in downloaded(page, "table-2.tex")


def test_contents_lead_to_their_sections(page):
    page.click("nav a[href='#limits']")
    page.wait_for_function(
        "() => { const box = document.querySelector('#limits').getBoundingClientRect();"
        " return box.top >= -1 && box.top < innerHeight / 2; }",
        timeout=5000,
    )
    assert page.problems == []


@pytest.mark.parametrize("paper", ["A4", "Letter"])
def test_prints(browser, address, paper):
    context = browser.new_context(color_scheme="dark", offline=True)
    page = context.new_page()
    page.goto(address)
    printed = page.pdf(format=paper)
    assert printed.startswith(b"%PDF-")
    pages = len(re.findall(rb"/Type\s*/Page\b", printed))
    assert 3 <= pages <= 8
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(254, 254, 253)"
    assert page.evaluate("getComputedStyle(document.querySelector('figure')).breakInside") == "avoid"
    assert not page.is_visible(".downloads")
    context.close()


def test_works_in_a_sandboxed_frame(browser, address, tmp_path):
    """The MLflow UI shows a page artifact in such a frame."""
    html = Path(
        re.sub(
            "^file://",
            "",
            address.replace("%20", " ").replace("%23", "#").replace("%C3%B6", "ö").replace("%C3%9F", "ß"),
        )
    )
    outer = tmp_path / "outer.html"
    inner = html.read_text().replace("&", "&amp;").replace('"', "&quot;")
    outer.write_text(f'<iframe sandbox="allow-scripts" width="1200" height="900" srcdoc="{inner}"></iframe>')
    context = browser.new_context(offline=True)
    page = context.new_page()
    problems = []
    page.on("console", lambda message: problems.append(message.text))
    page.goto(outer.as_uri())
    frame = page.frames[1]
    assert frame.evaluate("document.querySelectorAll('figure > div > svg [id*=curve-] > path').length") == 30
    assert frame.locator("figure > div > svg").first.is_visible()
    assert problems == []
    context.close()
