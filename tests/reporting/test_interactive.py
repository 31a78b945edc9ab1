"""Pages that answer: values by mouse, finger and keyboard, curves by their labels, a table's column, sorted tables."""

from __future__ import annotations

import pytest

from certvote.reporting import labels, render
from certvote.reporting.accuracy import accuracy_at, attained_at
from certvote.reporting.diff import Side, render_diff
from certvote.reporting.query import prepare, select
from certvote.reporting.wording import percent
from certvote.results.run import finished
from reporting.browsing import LOOKS, OUTSIDE, OVERLAPS, look, opened

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(mnist_runs, tmp_path_factory) -> str:
    return render(mnist_runs, out_dir=tmp_path_factory.mktemp("page")).as_uri()


@pytest.fixture(params=LOOKS, ids=look)
def page(request, browser, address):
    with opened(browser, address, *request.param) as shown:
        yield shown
        assert shown.problems == []


@pytest.fixture
def wide(browser, address):
    with opened(browser, address, *LOOKS[0]) as shown:
        yield shown
        assert shown.problems == []


def figure(page, number: int = 1):
    return page.locator(f"#figure-{number}")


def plot(page):
    """The visible drawing of the first figure, and the place of a poisoning size (0 … 1000) in it."""
    svg = figure(page).locator("svg.readable:visible")
    svg.scroll_into_view_if_needed()
    ends = svg.evaluate(
        """svg => { const line = svg.querySelector('[id*="curve-0"] > path').getBoundingClientRect();
        const box = svg.getBoundingClientRect(); return [line.left - box.left, line.right - box.left]; }"""
    )
    return svg, lambda e: {"x": ends[0] + (ends[1] - ends[0]) * e / 1000, "y": svg.bounding_box()["height"] / 3}


def expected(mnist_runs, e: int) -> dict[str, str]:
    """What a reader must be told at e, from the records."""
    done = finished(select(prepare(mnist_runs), {"attack": "poisoning"}))
    told = {}
    for run, label in zip(done, labels.short(done), strict=True):
        low, high = percent(accuracy_at(run, e), 2), percent(attained_at(run, e), 2, up=True)
        told[label] = f"{low} %" if high in ("–", low) else f"{low}–{high} %"
    return told


def told(page, number: int = 1) -> dict[str, str]:
    return dict(
        figure(page, number)
        .locator(".keys button")
        .evaluate_all("all => all.map(e => ['.name', '.number'].map(part => e.querySelector(part).textContent))")
    )


def test_nothing_overlaps_after_use(page, mnist_runs):
    svg, at = plot(page)
    svg.click(position=at(700))
    e = int(figure(page).locator("input").input_value())
    assert abs(e - 700) <= 4
    assert told(page) == expected(mnist_runs, e)
    figure(page).locator(".keys button").nth(3).click()
    page.locator("#table-1 .sort").nth(1).click()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.evaluate(OVERLAPS) == []
    assert page.evaluate(OUTSIDE) == []


def test_a_mouse_reads_without_staying(wide, mnist_runs):
    svg, at = plot(wide)
    svg.hover(position=at(400))
    e = int(figure(wide).locator("input").input_value())
    assert told(wide) == expected(mnist_runs, e)
    assert wide.locator("#table-1 th.read").count() == 0, "a column comes with a click"
    assert figure(wide).locator("[aria-live]").text_content() == ""
    wide.mouse.move(1, 1)
    assert set(told(wide).values()) == {""}
    assert not figure(wide).locator("svg.readable:visible .crosshair").is_visible()


def test_the_crosshair_meets_the_curves(wide, mnist_runs):
    """The dots are on the lines: their places are computed, the lines are drawn by another program."""
    figure(wide).locator("input").fill("1000")
    ends, dots = figure(wide).evaluate(
        """figure => { const svg = figure.querySelector('svg.readable');
        const middle = box => [box.left + box.width / 2, box.top + box.height / 2];
        const lines = [...svg.querySelectorAll('[id*="w-curve-"] > path')].map(path => {
          const end = path.getPointAtLength(path.getTotalLength()).matrixTransform(path.getScreenCTM());
          return [end.x, end.y]; });
        return [lines, [...svg.querySelectorAll('.crosshair circle')].map(e => middle(e.getBoundingClientRect()))]; }"""
    )
    assert len(ends) == len(dots) == 7
    for end, dot in zip(ends, dots, strict=True):
        assert dot == pytest.approx(end, abs=1.0)


def test_keys_read_sizes_and_say_them(wide, mnist_runs):
    drawing = figure(wide).locator(".for-wide")
    drawing.focus()
    field = figure(wide).locator("input")
    for key, e in (
        *(("ArrowRight", 0), ("ArrowRight", 1), ("Shift+ArrowRight", 11), ("PageUp", 111), ("ArrowLeft", 110)),
        *(("End", 1000), ("ArrowRight", 1000), ("PageDown", 900), ("Home", 0), ("ArrowLeft", 0)),
    ):
        wide.keyboard.press(key)
        assert field.input_value() == str(e)
    wide.keyboard.press("End")
    said = figure(wide).locator("[aria-live=polite]").text_content()
    assert said == "e = 1000: " + "; ".join(f"{name} {value}" for name, value in expected(mnist_runs, 1000).items())
    wide.keyboard.press("Escape")
    assert field.input_value() == ""
    assert set(told(wide).values()) == {""}


def test_a_finger_reads_and_the_page_still_scrolls(browser, address, mnist_runs):
    context = browser.new_context(viewport={"width": 400, "height": 900}, has_touch=True, offline=True)
    page = context.new_page()
    page.goto(address)
    svg, at = plot(page)
    box = svg.bounding_box()
    page.touchscreen.tap(box["x"] + at(250)["x"], box["y"] + at(250)["y"])
    e = int(figure(page).locator("input").input_value())
    assert abs(e - 250) <= 6
    assert told(page) == expected(mnist_runs, e)
    assert svg.evaluate("e => getComputedStyle(e).touchAction") == "pan-y"
    context.close()


def test_a_typed_size_gives_the_tables_column(wide, mnist_runs):
    field, table = figure(wide).locator("input"), wide.locator("#table-1 table")
    before = table.inner_text()
    field.fill("137")
    values = [value.split(" ")[0] for value in expected(mnist_runs, 137).values()]
    column = table.locator("tr[data-reads]").evaluate_all(
        "rows => rows.map(row => [row.dataset.reads, row.cells[1].textContent])"
    )
    lows = [text for reads, text in column if reads.startswith("curve")]
    assert lows == [value.split("–")[0] for value in values]
    assert table.locator("th.read").inner_text() == "137"
    best = max(lows, key=float)
    assert set(table.locator("td.read b").all_inner_texts()) == {best}
    assert (
        len(set(table.evaluate("table => [...table.rows].map(r => [...r.cells].reduce((n, c) => n + c.colSpan, 0))")))
        == 1
    )
    for wrong in ("1001", "-1", "2.5"):
        field.fill(wrong)
        assert field.get_attribute("aria-invalid") == "true"
        assert table.locator(".read").count() == 0
    field.fill("")
    assert field.get_attribute("aria-invalid") == "false"
    assert table.inner_text() == before


def test_labels_hide_and_show_their_curves(wide):
    hidden, shown = (figure(wide).locator(f"[id='f1w-{part}']") for part in ("curve-1", "curve-0"))
    band, button = figure(wide).locator("[id='f1w-band-1']"), figure(wide).locator(".keys button").nth(1)
    assert button.get_attribute("aria-pressed") == "true"
    button.focus()
    wide.keyboard.press("Enter")
    assert button.get_attribute("aria-pressed") == "false"
    assert (hidden.is_visible(), band.is_visible(), shown.is_visible()) == (False, False, True)
    wide.emulate_media(media="print")
    assert hidden.is_visible(), "paper shows every curve that the caption speaks of"
    assert not figure(wide).locator(".reading").is_visible()
    wide.emulate_media(media="screen")
    figure(wide).locator("[id='f1w-label-1']").click()
    assert button.get_attribute("aria-pressed") == "true"
    assert hidden.is_visible()


def order(page, name: str) -> list[str]:
    return page.locator(f"{name} tbody tr:first-child > th:first-child").all_inner_texts()


def test_tables_sort_by_any_column_and_back(wide):
    first = order(wide, "#table-1")
    head = wide.locator("#table-1 thead tr:last-child th")
    numbers = wide.locator("#table-1 tbody tr:first-child td:nth-of-type(6)")
    head.nth(6).locator("button").click()
    falling = [float(text) for text in numbers.all_inner_texts()]
    assert falling == sorted(falling, reverse=True)
    assert head.nth(6).get_attribute("aria-sort") == "descending"
    assert order(wide, "#table-1")[-1] == "rNN r=4.5, ISLAND", "without numbers, so last"
    aside = wide.locator("#table-1 tbody").nth(0).locator("tr")
    assert aside.count() == 2, "the other side of a search moves with its row"
    head.nth(6).locator("button").click()
    assert [float(text) for text in numbers.all_inner_texts()] == falling[::-1]
    assert head.nth(6).get_attribute("aria-sort") == "ascending"
    head.nth(0).locator("button").click()
    assert head.nth(6).get_attribute("aria-sort") is None
    assert order(wide, "#table-1") == sorted(first, key=str.lower)
    head.nth(0).locator("button").click()
    head.nth(0).locator("button").click()
    assert order(wide, "#table-1") == first
    assert wide.locator("[aria-sort]").count() == 0


def test_the_list_of_runs_sorts(wide):
    runs = "table.runs tbody tr > th:first-child"
    before = wide.locator(runs).all_inner_texts()
    wide.locator("table.runs thead button").first.click()
    assert wide.locator(runs).all_inner_texts() == sorted(before, key=str.lower)


def test_pairs_and_their_differences(browser, make_run, tmp_path):
    a, b = (
        make_run("rnn", "island"),
        make_run("rnn", "island", id="b", params={"dataset.seed": "1"}, curve=make_run().curve),
    )
    other = make_run("knn"), make_run(id="c", params={"dataset.seed": "1"}, curve=make_run("knn", "budget").curve)
    page = render_diff(Side("A", [a, other[0]]), Side("B", [b, other[1]]), name="d", out_root=tmp_path).as_uri()
    with opened(browser, page, *LOOKS[0]) as shown:
        figure(shown, 3).locator("input").fill("1000")
        values = told(shown, 3)
        assert list(values.values()) == ["41.09 %", "34.45 %", "−6.64 points"]
        assert list(values)[2] == "B − A"
        figure(shown).locator("input").fill("1000")
        assert sorted(told(shown).values()) == ["+34.20 points", "−6.64 points"]
        assert shown.problems == []


def test_without_scripts_everything_is_there_and_nothing_pretends(browser, address):
    context = browser.new_context(java_script_enabled=False, offline=True, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(address)
    assert page.locator("button, input").count() == 0
    assert page.locator("#figure-1 svg").first.is_visible()
    assert page.locator("#table-1").is_visible()
    context.close()
