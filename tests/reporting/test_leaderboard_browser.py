"""A leaderboard in a real browser: tabs by mouse, keyboard and links, everything in print and without scripts."""

from __future__ import annotations

import pytest

from certvote.reporting.leaderboard import leaderboard_html, write_leaderboard
from reporting.browsing import LOOKS, OUTSIDE, OVERLAPS, look, opened
from reporting.test_leaderboard import CLAIM

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(mnist_runs, make_run, tmp_path_factory) -> str:
    runs = [*mnist_runs, make_run("dpa", params={"attack.change": "insert"})]
    html = leaderboard_html(runs, [CLAIM], command="certvote leaderboard")
    return write_leaderboard(html, tmp_path_factory.mktemp("board") / "index.html").as_uri()


@pytest.fixture(params=LOOKS, ids=look)
def page(request, browser, address):
    with opened(browser, address, *request.param) as shown:
        yield shown
        assert shown.problems == []


def visible(page) -> list[str]:
    return page.evaluate(
        """() => [...document.querySelectorAll('section[id^="section-"]')]
        .filter(e => e.checkVisibility()).map(e => e.id)"""
    )


def test_one_setting_is_shown_and_nothing_overlaps(page, address):
    assert page.requested == [address]
    assert visible(page) == ["section-1"]
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.evaluate(OVERLAPS) == []
    assert page.evaluate(OUTSIDE) == []


def test_tabs_by_mouse_and_keyboard(browser, address):
    with opened(browser, address, *LOOKS[0]) as page:
        tabs = page.get_by_role("tab")
        assert tabs.count() == 3
        tabs.nth(1).click()
        assert visible(page) == ["section-2"]
        for key, number in (("ArrowRight", 3), ("ArrowRight", 1), ("ArrowLeft", 3), ("Home", 1), ("End", 3)):
            page.keyboard.press(key)
            assert visible(page) == [f"section-{number}"]
            chosen = page.locator('[role="tab"][aria-selected="true"]')
            assert chosen.count() == 1
            assert chosen.evaluate("e => e === document.activeElement && e.tabIndex === 0")
            assert chosen.get_attribute("aria-controls") == f"section-{number}"


def test_a_link_into_a_setting_shows_it(browser, address):
    with opened(browser, f"{address}#entry-2-1", *LOOKS[0]) as page:
        assert visible(page) == ["section-2"]
        page.click('.contents a[href="#section-3"]')
        page.wait_for_function("document.getElementById('section-3').checkVisibility()")
        assert visible(page) == ["section-3"]
        page.click('#table-3 a[href="#entry-3-1"]')
        assert page.locator("#entry-3-1").is_visible()


def test_all_settings_in_print_and_without_scripts(browser, address):
    with opened(browser, address, *LOOKS[0]) as page:
        page.emulate_media(media="print")
        assert visible(page) == ["section-1", "section-2", "section-3"]
        assert not page.is_visible(".tablist")
        assert page.pdf(format="A4").startswith(b"%PDF-")
    context = browser.new_context(java_script_enabled=False, offline=True)
    page = context.new_page()
    page.goto(address)
    assert page.locator("#section-1").is_visible()
    assert page.locator("#section-3").is_visible()
    context.close()


def test_entries_sort_by_a_column(browser, address):
    with opened(browser, address, *LOOKS[0]) as page:
        first = page.locator("#table-1 tbody th").first
        before = first.text_content()
        page.locator("#table-1 thead button.sort", has_text="1,000").first.click()
        page.locator("#table-1 thead button.sort", has_text="1,000").first.click()
        assert first.text_content() != before
