"""Two sets of runs are matched by the options they share; what differs is named, and no run is lost silently."""

from __future__ import annotations

import numpy as np
import pytest

from certvote.reporting.pairs import match
from certvote.types import Curve

SIZES = np.arange(11, dtype=np.int64)


def curve(start: float, *, last: int = 10, step: int = 1) -> Curve:
    sizes = np.arange(0, last + 1, step, dtype=np.int64)
    return Curve(sizes, start - 0.05 * sizes)


@pytest.fixture
def job(make_run):
    """A run of one algorithm and certificate; keywords are options with __ for the dot."""

    def make(algo: str = "knn", certificate: str = "individual", start: float = 0.9, **options: object):
        params = {name.replace("__", "."): str(value) for name, value in options.items()}
        id = f"{algo}-{certificate}-" + "-".join(f"{name}={value}" for name, value in params.items())
        return make_run(algo, certificate, id=id, params=params, curve=curve(start))

    return make


def named(matching) -> list[tuple[str, str, str]]:
    return [(change.option, change.a, change.b) for change in matching.changes]


def test_runs_are_matched_by_what_they_share(job):
    a = [job(certificate=g, dataset__seed=0) for g in ("individual", "budget")]
    b = [job(certificate=g, dataset__seed=1, start=0.95) for g in ("budget", "individual")]
    found = match(a, b)
    assert [(pair.a.certificate, pair.b.certificate) for pair in found.pairs] == [
        ("individual", "individual"),
        ("budget", "budget"),
    ]
    assert named(found) == [("dataset.seed", "0", "1")]
    assert found.changes[0].pairs == 2
    assert found.lone == ()
    np.testing.assert_allclose(found.pairs[0].points, 5.0)


def test_swapping_the_sides_swaps_everything(job):
    a = [job(k) for k in ("knn", "rnn")]
    b = [job("knn", feature__name="pixels", start=0.8)]
    forward, backward = match(a, b), match(b, a)
    np.testing.assert_allclose(forward.pairs[0].points, -backward.pairs[0].points)
    assert named(forward) == [(option, b, a) for option, a, b in named(backward)]
    assert {(one.side, one.id) for one in forward.lone} == {("A", a[1].id)}
    assert {(one.side, one.id) for one in backward.lone} == {("B", a[1].id)}


def test_an_option_that_only_some_runs_have_does_not_hide_that_it_differs(job):
    """rNN has no k, so both sides have runs without one; those of kNN differ in it all the same."""
    a = [job("knn", algo__k=100), job("rnn")]
    b = [job("knn", algo__k=200), job("rnn", start=0.8)]
    found = match(a, b)
    assert [(pair.a.option("k"), pair.b.option("k")) for pair in found.pairs] == [(100, 200), (None, None)]
    assert [(change.option, change.pairs) for change in found.changes] == [("algo.k", 1)]
    assert [pair.shared.option("k") for pair in found.pairs] == [None, None], "k is not shared"


def test_options_that_overlap_are_matched_and_the_rest_is_named(job):
    a = [job(algo__k=k, dataset__seed=0) for k in (50, 100)]
    b = [job(algo__k=k, dataset__seed=1) for k in (100, 200)]
    found = match(a, b)
    assert [pair.a.option("k") for pair in found.pairs] == [100]
    assert [(one.side, one.reason) for one in found.lone] == [
        ("A", "B has no run with algo.k=50"),
        ("B", "A has no run with algo.k=200"),
    ]


def test_what_cannot_be_told_apart_is_not_guessed(job):
    a = [job(), job("rnn", dataset__seed=0)]
    b = [job(dataset__seed=seed, feature__name="pixels") for seed in (0, 0)]
    b += [job("rnn", feature__name="pixels", algo__r=r) for r in (3, 5)]
    found = match(a, b)
    assert [(pair.a.algo, pair.b.algo) for pair in found.pairs] == [("knn", "knn")]
    reasons = {one.side: one.reason for one in found.lone}
    assert reasons["A"] == "1 of A and 2 of B differ only in feature and algo.r; choose one of each"
    assert reasons["B"].startswith("2 of B and 1 of A differ only in")


def test_two_runs_always_make_a_pair(job):
    found = match([job("knn")], [job("rnn", "budget", feature__name="pixels")])
    assert len(found.pairs) == 1
    assert ("algo", "knn", "rnn") in named(found)
    assert ("algo.k", "5000", "–") in named(found)


def test_of_equal_options_the_newest_run_counts(job, make_run):
    a = [job(), make_run(id="older", started=1.0, curve=curve(0.5))]
    found = match(a, [job(dataset__seed=1)])
    assert found.pairs[0].a.id == a[0].id
    assert [(one.id, one.reason) for one in found.lone] == [("older", "a newer run has the same options")]


def test_a_run_without_a_curve_takes_its_partner_along(job, make_run):
    failed = make_run("rnn", id="failed", status="FAILED", curve=None, tags={"certvote.error": "MemoryError: no"})
    b = [job(dataset__seed=1), job("rnn", dataset__seed=1)]
    found = match([job(), failed], b)
    assert [pair.a.algo for pair in found.pairs] == ["knn"]
    assert [(one.side, one.reason) for one in found.lone] == [
        ("A", "failed: MemoryError: no"),
        ("B", "its partner in A has no result (failed: MemoryError: no)"),
    ]


def test_curves_of_different_steps_are_compared_at_every_size_of_both(make_run):
    fine = make_run(id="fine", curve=Curve(SIZES, np.linspace(1, 0, 11)))
    coarse = make_run(id="coarse", params={"sizes.step": "4"}, curve=Curve(SIZES[:9:4], np.array([1.0, 0.7, 0.3])))
    (pair,) = match([fine], [coarse]).pairs
    assert pair.sizes.tolist() == list(range(9)), "up to the end of the shorter curve"
    np.testing.assert_allclose(pair.certified(pair.b), [1, 0.7, 0.7, 0.7, 0.7, 0.3, 0.3, 0.3, 0.3])
    np.testing.assert_allclose(pair.points[:3], [0, -20, -10])


def test_files_are_known_by_what_they_hold_not_by_where_they_lie(make_run):
    def run(path: str, digest: str, seed: int):
        params = {"dataset.name": "arrays", "dataset.path": path, "data.name": "mine", "dataset.seed": str(seed)}
        return make_run(id=f"{path}{seed}", params=params, tags={"certvote.data_digest": digest})

    a = [run("/here/mine.npz", "11", 0), run("/here/other.npz", "22", 0)]
    b = [run("/there/mine.npz", "11", 1), run("/there/other.npz", "22", 1)]
    found = match(a, b)
    assert len(found.pairs) == 2
    assert named(found) == [("dataset.seed", "0", "1")]


def test_nothing_to_compare_is_an_error(job):
    with pytest.raises(ValueError, match="the same runs as A and as B"):
        match([job()], [job()])
    with pytest.raises(ValueError, match=r"got none: .*choose one of each"):
        match([job()], [job(dataset__seed=seed) for seed in (1, 2)])
    with pytest.raises(ValueError, match="expected runs of A and B that share options, got none"):
        match([], [job()])
