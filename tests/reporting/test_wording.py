"""Notes become sentences; percentages never claim more than was proven."""

from __future__ import annotations

import math

import pytest

from certvote.reporting import wording


@pytest.mark.parametrize(
    ("note", "expected"),
    [
        ("left out: algo=knn", "Left out: algo=knn."),
        ("kNN has no radius", "kNN has no radius."),
        ("k is large", "k is large."),
        ("algo=knn is left out", "algo=knn is left out."),
        ("data.name is missing", "data.name is missing."),
        ("Done.", "Done."),
        ("", ""),
    ],
)
def test_notes_become_sentences(note, expected):
    assert wording.sentence(note) == expected


@pytest.mark.parametrize(
    ("value", "digits", "up", "expected"),
    [
        (0.3445, 2, False, "34.45"),
        (0.3445, 1, False, "34.4"),
        (0.3445, 1, True, "34.5"),
        (0.29, 1, False, "29.0"),
        (1.0, 1, False, "100.0"),
        (0.99999, 2, False, "99.99"),
        (0.0, 2, True, "0.00"),
        (math.nan, 2, False, "–"),
    ],
)
def test_percentages_are_rounded_to_the_safe_side(value, digits, up, expected):
    assert wording.percent(value, digits, up=up) == expected
