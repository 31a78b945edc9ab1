"""A real browser: how it is started, how a page is opened, what must not be seen on it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
LOOKS = [("light", 1280), ("dark", 1280), ("light", 400), ("dark", 400)]

# Visible parts that must stay clear of each other: the blocks of the page, and the words inside each figure.
OVERLAPS = """() => {
  const clash = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1
    && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1;
  const found = [];
  const compare = (elements, name) => {
    const boxes = elements.filter(e => e.checkVisibility({contentVisibilityAuto: true}))
      .map(e => [e, e.getBoundingClientRect()]).filter(([, box]) => box.width && box.height);
    for (let i = 0; i < boxes.length; i++)
      for (let j = 0; j < i; j++)
        if (!boxes[i][0].contains(boxes[j][0]) && !boxes[j][0].contains(boxes[i][0]) && clash(boxes[i][1], boxes[j][1]))
          found.push([name, boxes[j][0].textContent.trim().slice(0, 40), boxes[i][0].textContent.trim().slice(0, 40)]);
  };
  compare([...document.querySelectorAll('h1, h2, h3, p, nav, figure, figcaption, aside, dl, pre, details, .scroll')],
    'page');
  for (const svg of document.querySelectorAll('figure > div > svg'))
    compare([...svg.querySelectorAll('text')], svg.getAttribute('aria-labelledby'));
  for (const table of document.querySelectorAll('table'))
    compare([...table.querySelectorAll('th, td')], 'table');
  return found;
}"""

# What is not wholly inside the window from left to right.
OUTSIDE = """() => [...document.querySelectorAll('h1, h2, h3, p, dt, dd, li, figure, svg text, pre, .downloads a')]
  .map(e => [e.getBoundingClientRect(), e.textContent.slice(0, 40)])
  .filter(([box]) => box.width && (box.left < 0 || box.right > innerWidth + 1)).map(([, text]) => text)"""


@contextmanager
def started() -> Iterator[Any]:
    """Chromium; the test is skipped where there is none."""
    program = os.environ.get("CERTVOTE_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip("no Chromium found; CERTVOTE_CHROMIUM can name one")
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS))
        yield browser
        browser.close()


@contextmanager
def opened(browser: Any, address: str, scheme: str, width: int) -> Iterator[Any]:
    """The page without a network, with what it complained about (``problems``) and asked for (``requested``)."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True, accept_downloads=True
    )
    page = context.new_page()
    page.problems = []
    page.requested = []
    page.on("console", lambda message: page.problems.append(message.text))
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    page.on("request", lambda request: page.requested.append(request.url))
    page.goto(address)
    yield page
    context.close()


def downloaded(page: Any, name: str) -> bytes:
    """What a click on a download leaves on the disk."""
    with page.expect_download() as pending:
        page.click(f'a[download="{name}"]')
    assert pending.value.suggested_filename == name
    return Path(pending.value.path()).read_bytes()


def look(parameter: tuple[str, int]) -> str:
    """Name of a parameter of ``LOOKS``."""
    return f"{parameter[0]}-{parameter[1]}"
