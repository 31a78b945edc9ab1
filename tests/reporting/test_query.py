"""Runs become results with types; filters, superseded runs and values between sizes are treated as documented."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from certvote.reporting import accuracy, query
from certvote.results.run import sweeps
from certvote.types import Curve


def test_order_does_not_depend_on_the_order_of_runs(mnist_runs):
    assert [x.id for x in query.prepare(mnist_runs)] == [x.id for x in query.prepare(mnist_runs[::-1])]


def test_sweeps_are_no_results(make_run):
    sweep = make_run(id="parent", tags={"certvote.kind": "sweep"})
    assert [x.id for x in query.prepare([sweep, make_run(id="child")])] == ["child"]
    assert sweeps([sweep, make_run()]) == [sweep]


def test_a_finished_run_replaces_failures_and_older_runs_of_the_same_settings(make_run):
    same = {"certvote.fingerprint": "same"}
    runs = [
        make_run(id="failed", tags=same, status="FAILED", curve=None, started=3.0),
        make_run(id="old", tags=same, started=1.0),
        make_run(id="new", tags=same, started=2.0),
    ]
    assert [x.id for x in query.prepare(runs)] == ["new"]


def test_runs_without_fingerprint_are_all_kept(make_run):
    runs = [make_run(id=name, tags={"certvote.fingerprint": ""}) for name in ("a", "b")]
    assert len(query.prepare(runs)) == 2


def test_the_curve_of_an_unfinished_run_is_not_used(make_run):
    (result,) = query.prepare([make_run(status="RUNNING")])
    assert result.curve is None
    assert math.isnan(accuracy.accuracy_at(result, 0))


def test_between_computed_sizes_the_bound_of_the_larger_one_holds(make_run):
    curve = Curve(np.array([0, 10, 20]), np.array([0.9, 0.5, 0.1]), np.array([0.9, 0.6, 0.2]))
    (result,) = query.prepare([make_run(curve=curve)])
    assert accuracy.accuracy_at(result, 1) == 0.5
    assert accuracy.accuracy_at(result, 10) == 0.5
    assert math.isnan(accuracy.accuracy_at(result, 21))
    assert accuracy.attained_at(result, 10) == 0.6
    assert math.isnan(accuracy.attained_at(result, 1)), "nothing was searched for at this size"


def test_filters_take_columns_options_and_lists(mnist_runs):
    found = query.prepare(mnist_runs)
    assert {x.certificate for x in query.select(found, {"certificate": ["individual", "rd"]})} == {"individual", "rd"}
    assert {x.option("k") for x in query.select(found, {"k": 3000})} == {3000}
    assert {x.attack for x in query.select(found, {"attack.size": 5})} == {"backdoor"}
    assert len(query.select(found, {"r": "4"})) == 10, "4 and 4.0 are the same radius"
    with pytest.raises(ValueError, match=r"expected a filter over one of .*, got colour"):
        query.select(found, {"colour": "red"})


@pytest.mark.parametrize(
    ("tag", "expected"),
    [('["a", "b", "a"]', ("a", "b")), ("typed by hand", ("typed by hand",)), ("[]", ()), ("", ())],
)
def test_notes_are_read_from_their_tag(make_run, tag, expected):
    (result,) = query.prepare([make_run(tags={"certvote.notes": tag})])
    assert result.notes == expected


def steep(make_run, last, *, end=100, step=1, algo="knn", start=0.9):
    """A curve that is flat up to ``last`` and 0 from there on."""
    sizes = np.arange(0, end + 1, step)
    return make_run(algo, id=f"{algo}{last}", curve=Curve(sizes, np.where(sizes <= last, start, 0.0)))


@pytest.mark.parametrize(
    ("lasts", "size"), [((60,), 60), ((25,), 20), ((13,), 13), ((5, 13), 13), ((1,), 1), ((0,), 0)]
)
def test_the_telling_size_is_one_at_which_the_best_bound_is_not_0(make_run, lasts, size):
    found = query.prepare([steep(make_run, last) for last in lasts])
    assert accuracy.telling_size(found, (0, 20, 40, 60, 80, 100)) == size


def test_little_that_is_left_at_the_smallest_size_is_better_than_nothing(make_run):
    little = make_run(curve=Curve(np.arange(4), np.array([0.9, 0.1, 0.05, 0.0])))
    assert accuracy.telling_size(query.prepare([little]), (0, 2)) == 1
    nothing = make_run(curve=Curve(np.arange(4), np.zeros(4)))
    assert accuracy.telling_size(query.prepare([nothing]), (0, 2)) == 0


def test_of_bounds_that_are_0_the_larger_area_is_best(make_run):
    found = query.prepare([steep(make_run, 5, start=0.95), steep(make_run, 13, algo="rnn")])
    assert accuracy.strongest(found, 50).algo == "rnn"
    assert accuracy.strongest(found, 0).algo == "knn"


def test_records_of_version_0_1_read_as_those_of_today(make_run):
    today = make_run("rnn", "individual")
    params = {name: text for name, text in today.params.items() if name != "certificate.name"}
    old = dataclasses.replace(today, params={**params, "grouping.name": "none"})
    assert query.prepare([old])[0].options == query.prepare([today])[0].options
    for where in ({"grouping": "none"}, {"certificate": "individual"}, {"grouping": ["none", "island"]}):
        assert len(query.select(query.prepare([old]), where)) == 1, where


def test_filters_take_the_last_part_of_a_name_that_one_option_has(ensemble_runs):
    found = query.prepare(ensemble_runs)
    assert {x.method for x in query.select(found, {"voters": 1000})} == {"bagging"}
    assert {x.method for x in query.select(found, {"spread": 2})} == {"fa", "roe-fa"}
    assert {x.method for x in query.select(found, {"subsample": 20})} == {"bagging"}
    assert {x.change for x in query.select(found, {"change": "insert"})} == {"insert"}
    assert query.select([x for x in found if x.algo == "knn"], {"voters": 1000}) == [], "known, but none has it"
    with pytest.raises(ValueError, match=r"got seed, and algo\.seed and dataset\.seed are several"):
        query.select(found, {"seed": 0})


def test_a_certificate_is_stronger_than_all_that_it_is_never_below(make_run):
    names = ("individual", "rd", "island", "removal", "budget")
    runs = [make_run("rnn", certificate) for certificate in names]
    assert sorted(runs, key=accuracy.strength) == runs
    unknown = make_run("rnn", params={"certificate.name": "mine"})
    assert accuracy.strength(unknown)[0] == 0
