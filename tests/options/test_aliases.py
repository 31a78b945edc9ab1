"""Old names of options are understood wherever options are named."""

from __future__ import annotations

import pytest

from certvote.options import aliases, columns


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("grouping=island", "certificate=island"),
        ("grouping=none", "certificate=individual"),
        ("grouping=none,rd,none", "certificate=individual,rd,individual"),
        ("certificate=none", "certificate=individual"),
        ("grouping.seconds=3", "certificate.seconds=3"),
        ("+grouping.x=none", "+certificate.x=none"),
        ("k=5", "k=5"),
        ("name=grouping=none", "name=grouping=none"),
        ("-m", "-m"),
        ("title='grouping=none'", "title='grouping=none'"),
    ],
)
def test_overrides(old, new):
    assert aliases.override(old) == new
    assert aliases.outdated([old]) == ([old] if old != new else [])


def test_records_of_version_0_1_appear_under_todays_names():
    typed = columns.typed({"grouping.name": "none", "grouping.seconds": "60", "algo.name": "rnn", "algo.r": "4.0"})
    assert typed == {"algo": "rnn", "algo.r": 4.0, "certificate": "individual", "certificate.seconds": 60.0}


@pytest.mark.parametrize("name", ["grouping", "grouping.name", "certificate", "certificate.name"])
@pytest.mark.parametrize("value", ["none", "individual", ["none", "rd"]])
def test_filters_take_old_names(name, value):
    assert columns.matches({"certificate": "individual"}, name, value)
    assert not columns.matches({"certificate": "island"}, name, value)


@pytest.mark.parametrize("shortcut", ["k", "r", "subsample", "parts", "election"])
def test_every_shortcut_has_a_column(shortcut):
    assert columns.column(shortcut) == f"algo.{shortcut}"
