"""SVG and PDF files: short paths that stay in place, ids that do not clash, colors that follow the page."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from certvote.reporting import vector
from certvote.reporting.figures import ca_figure
from certvote.reporting.query import prepare


@pytest.fixture
def figure(make_run):
    return ca_figure(prepare([make_run(), make_run("rnn", "budget")]))


def positions(path):
    """The corners of a path of relative steps."""
    x = y = 0.0
    found = []
    for command, numbers in re.findall(r"([MLhvl])([^MLhvlz]*)", path):
        values = [float(number) for number in re.findall(r"-?\d*\.?\d+", numbers)]
        if command == "M":
            x, y = values
        elif command == "h":
            x += values[0]
        elif command == "v":
            y += values[0]
        else:
            x, y = x + values[0], y + values[1]
        found.append((x, y))
    return found


def test_compact_paths_do_not_drift():
    corners = [(0.003 + 0.4337 * i, 100 - 0.1291 * i) for i in range(2000)]
    path = " ".join(f"{'L' if i else 'M'} {x:.6f} {y:.6f} " for i, (x, y) in enumerate(corners))
    np.testing.assert_allclose(positions(vector.compact(path)), corners, atol=0.006)
    assert len(vector.compact(path)) < 0.5 * len(path)


def test_steps_and_closed_paths():
    assert vector.compact("M 1 2 L 3 2 L 3 0.5 L 2.5 0 z ") == "M1 2h2v-1.5l-.5 -.5z"


@pytest.mark.parametrize("path", ["", "M 1 2 C 1 2 3 4 5 6", "M0 0h3"])
def test_other_paths_stay(path):
    assert vector.compact(path) == path


def test_page_svg_is_accessible_and_follows_the_page(figure):
    text = vector.page_svg(figure, prefix="a-", title="A < B", description="falls & falls", hints={"curve-0": "kNN"})
    root = ElementTree.fromstring(text)
    assert root.get("role") == "img"
    named = {element.get("id"): element.text for element in root.iter()}
    assert [named[name] for name in root.get("aria-labelledby").split()] == ["A < B", "falls & falls"]
    hinted = next(e for e in root.iter() if e.get("id") == "a-curve-0")
    assert hinted[0].tag.endswith("}title")
    assert hinted[0].text == "kNN"
    assert "var(--ink)" in text
    assert "#1b1c1e" not in text
    assert "#0072b2" in text.lower(), "data keep their colors"
    assert "font-family" not in text
    assert not any(e.tag.endswith(("}metadata", "}style")) for e in root.iter())


def test_ids_of_two_figures_on_a_page_do_not_clash(figure):
    ids = []
    for prefix in ("a-", "b-"):
        root = ElementTree.fromstring(vector.page_svg(figure, prefix=prefix, title="t", description="d", hints={}))
        mine = [element.get("id") for element in root.iter() if element.get("id")]
        for element in root.iter():
            for value in element.attrib.values():
                for target in re.findall(r"url\(#([^)]*)\)", value):
                    assert target in mine
            if element.get("href"):
                assert element.get("href")[1:] in mine
        ids += mine
    assert len(ids) == len(set(ids))


def test_files(figure):
    assert vector.pdf(figure, title="t").startswith(b"%PDF-")
    assert "<text" not in vector.svg(figure)
    assert "<text" in vector.svg(figure, shapes=False)
    assert not re.search(rb"CreationDate|ModDate", vector.pdf(figure, title="t"))


def test_moves_in_one_direction_are_one():
    assert vector.compact("M 0 0 L 1 0 L 2 0 L 2 1 L 2 3 L 1 3 L 0 3 L 1 3") == "M0 0h2v3h-2h1"


def test_a_position_that_repeats_is_written_once():
    assert vector.compact("M 1 1 L 1 1 L 1.001 1 L 2 1") == "M1 1h1"


def test_page_svg_keeps_the_ids_that_are_used(figure):
    text = vector.page_svg(figure, prefix="a-", title="t", description="d", hints={})
    ids = set(re.findall(r' id="a-([^"]*)"', text))
    assert {"curve-0", "curve-1", "band-1", "title", "desc"} <= ids
    assert "xtick_1" not in ids
    assert "rotate(-0" not in text
