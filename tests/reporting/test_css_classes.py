"""Repeated styles become classes, and every element keeps the style that it had."""

from __future__ import annotations

import re

from certvote.reporting.css_classes import use_classes


def test_repeated_styles_are_said_once():
    html = "<style>p { margin: 0 }</style>" + '<i style="fill: red; stroke: var(--ink)">' * 9 + '<i style="fill: blue">'
    shared = use_classes(html)
    assert shared.count("fill: red") == 1
    assert shared.count('class="s0"') == 9
    assert '<i style="fill: blue">' in shared
    (rules,) = re.findall(r"<style>(.*?)</style>", shared, re.DOTALL)
    assert rules == "p { margin: 0 }.s0 { fill: red; stroke: var(--ink) }\n"


def test_a_page_without_repetitions_stays():
    html = '<style></style><i style="fill: red">'
    assert use_classes(html) == html


def test_what_would_leave_the_style_sheet_stays_where_it_is():
    html = "<style></style>" + '<i style="fill: red} body {display: none">' * 20
    assert use_classes(html) == html
