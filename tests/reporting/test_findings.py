"""Sentences hold the runs' numbers, claim lower bounds only, and are right for every shape of a study."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from certvote.reporting import findings
from certvote.reporting.query import prepare, select
from certvote.reporting.sections import setting
from certvote.types import Curve


def test_one_run(make_run):
    (sentence,) = findings.abstract(prepare([make_run()]))
    assert sentence == (
        "On MNIST, with 1,000 of 60,000 training examples poisoned, kNN (k = 5000, individual certificate) still "
        "classifies at least 34.45 % of the 10,000 test images correctly, whatever the attacker does."
    )


def test_best_individual_and_other_algorithm(mnist_runs):
    sentence = findings.headline(select(prepare(mnist_runs), {"attack": "poisoning"}))
    assert "at least 68.65 % of the 10,000 test images" in sentence
    assert "its individual certificate guarantees 34.45 %" in sentence
    assert "for rNN (r = 4, budget certificate) the guarantee is 57.17 %" in sentence


def test_joint_gain_is_the_papers_number(mnist_runs):
    kept = select(prepare(mnist_runs), {"attack": "poisoning", "certificate": ["individual", "rd", "island"]})
    assert findings.joint_gain(kept) == (
        "Certifying the test images together rather than one by one raises the guarantee for rNN (r = 4) at e = 1,000 "
        "by 15.13 points, from 25.96 % (individual) to 41.09 % (ISLAND)."
    )


def test_several_attacks_are_told_one_by_one(mnist_runs):
    first, second, *_, last = findings.abstract(prepare(mnist_runs))
    assert "trigger" not in first
    assert "and the trigger in every test image, the highest guarantee is 67.62 %" in second
    assert last == "1 of 16 runs has no result; the tables say why."


def test_one_algorithm_with_several_parameters(make_run):
    low = make_run(id="low", params={"algo.k": "10"})
    low = dataclasses.replace(low, curve=Curve(np.arange(1001), np.full(1001, 0.2)))
    sentence = findings.headline(prepare([make_run(), low]))
    assert "kNN (k = 5000, individual certificate) still classifies at least 34.45 %" in sentence
    assert "the lowest guarantee of the 2 curves is 20.00 %, for kNN (k = 10, individual certificate)" in sentence


def test_nothing_finished(make_run):
    failed = make_run(status="FAILED", curve=None)
    (sentence,) = findings.abstract(prepare([failed]))
    assert sentence == "No run has finished, so nothing is certified here: 1 run failed or did not end."
    assert findings.abstract([]) == ["No run has finished, so nothing is certified here."]


def test_no_common_size(make_run):
    point = make_run("rnn", "individual", curve=Curve(np.array([0]), np.array([0.9])))
    sentence = findings.headline(prepare([make_run(), point]))
    assert sentence.startswith("Without poisoned examples rNN (r = 4, individual certificate) classifies 90.00 %")
    assert "whatever the attacker does" not in sentence


def test_a_size_at_which_nothing_is_left_is_not_the_headline(make_run):
    falling = Curve(np.arange(1001), np.linspace(0.9, 0.0, 1001))
    sentence = findings.headline(prepare([make_run(curve=falling)]))
    assert "with 800 of" in sentence
    assert "at least 18.00 %" in sentence


def test_small_test_sets_get_one_digit_rounded_down(make_run):
    curve = Curve(np.arange(11), np.full(11, 239 / 360))
    run = make_run(params={"data.n_test": "360", "dataset.name": "arrays"}, curve=curve)
    sentence = findings.headline(prepare([run]))
    assert "at least 66.3 % of the 360 test examples" in sentence


def test_a_probabilistic_certificate_says_so(make_run):
    run = make_run(params={"algo.name": "bagging", "algo.alpha": "0.001"})
    assert "holds with probability 99.88 %" in findings.headline(prepare([run]))
    assert "probabilistic: it holds with confidence 99.88 %" in setting(prepare([run]))


def test_the_gap_of_a_search_is_stated(mnist_runs):
    (said,) = findings.search_gaps(select(prepare(mnist_runs), {"attack": "poisoning", "algo": "rnn", "r": 4}))
    assert said == (
        "budget: at every size its two sides are at most 0.21 points apart (at e = 1,000); the lower side is certified."
    )


def test_sizes_without_a_search_are_told_apart(make_run):
    curve = Curve(np.arange(5), np.array([0.9, 0.7, 0.7, 0.5, 0.5]), np.array([0.9, 0.9, 0.71, 0.71, 0.5]))
    run = make_run("rnn", "budget", params={"certificate.stride": "2"}, curve=curve)
    (said,) = findings.search_gaps(prepare([run]))
    assert said == (
        "rNN r=4, budget: where its search ran (one size in 2) its two sides are at most 1.00 points apart (at e = 2); "
        "the lower side is certified. At sizes in between, the values of searched sizes stand in, at most 21.00 points "
        "apart."
    )


@pytest.mark.parametrize("options", [{}, {"certificate.stride": "None"}])
def test_a_search_without_a_recorded_stride(make_run, options):
    (said,) = findings.search_gaps(prepare([make_run("rnn", "budget", params=options)]))
    assert "at every size its two sides are at most 0.21 points apart" in said


def test_a_recorded_stride_counts_before_the_option(make_run):
    options = {"certificate.stride": "None", "data.stride": "50"}
    (said,) = findings.search_gaps(prepare([make_run("rnn", "budget", params=options)]))
    assert "where its search ran (one size in 50)" in said


def test_no_gain_no_sentence(make_run):
    curve = make_run().curve
    same = [make_run("rnn", certificate, curve=curve) for certificate in ("individual", "island")]
    assert findings.joint_gain(prepare(same)) == ""


def flat(make_run, certificate, value, algo="rnn"):
    return make_run(algo, certificate, curve=Curve(np.arange(1001), np.full(1001, value)))


@pytest.mark.parametrize(
    ("values", "tail"),
    [
        ({"rd": 0.5, "island": 0.6}, "; ISLAND, the better of the two groupings, gives 60.00 %."),
        ({"rd": 0.6, "island": 0.5}, "; RD, the better of the two groupings, gives 60.00 %."),
        ({"rd": 0.5, "island": 0.5}, "; RD and ISLAND both give 50.00 %."),
        ({"island": 0.5}, "; ISLAND gives 50.00 %."),
        ({}, " to 70.00 % (budget)."),
    ],
)
def test_groupings_are_named_beside_the_best_joint_certificate(make_run, values, tail):
    values = {"individual": 0.4, **values, "budget": 0.7}
    gain = findings.joint_gain(prepare([flat(make_run, certificate, value) for certificate, value in values.items()]))
    assert gain.endswith(tail)


@pytest.mark.parametrize(
    ("groupings", "named"),
    [
        (["individual", "budget", "removal"], "budget"),
        (["individual", "rd", "island", "removal"], "removal budget"),
        (["individual", "rd", "island"], "ISLAND"),
        (["individual", "rd"], "RD"),
        (["individual"], "individual"),
    ],
)
def test_of_equal_bounds_the_strongest_certificate_is_named(make_run, groupings, named):
    found = prepare(
        [flat(make_run, certificate, 0.5) for certificate in groupings] + [flat(make_run, "individual", 0.6, "knn")]
    )
    sentence = findings.headline(found)
    assert f"for rNN (r = 4, {named} certificate) the guarantee is 50.00 %" in sentence


def test_the_figures_caption_speaks_of_a_band_only_where_there_is_one(make_run):
    closed = make_run("rnn", "budget")
    sides = closed.curve.certified
    equal = dataclasses.replace(closed, curve=Curve(closed.curve.sizes, sides, sides.copy()))
    assert "shaded band" in setting(prepare([closed]))
    assert "shaded band" not in setting(prepare([equal]))


def test_of_many_searches_the_widest_is_told(make_run):
    runs = [make_run("rnn", "budget", id=f"r{r}", params={"algo.r": str(r)}) for r in (3, 4, 5)]
    wide = make_run("knn", "budget", curve=Curve(np.arange(3), np.array([0.9, 0.5, 0.4]), np.array([0.9, 0.8, 0.4])))
    assert len(findings.search_gaps(prepare(runs))) == 3
    (said,) = findings.search_gaps(prepare([*runs, wide]))
    assert said.startswith("Of 4 curves whose certificate searches, this one leaves most open. kNN k=5000: ")
    assert "at most 30.00 points apart (at e = 1)" in said


def test_a_guarantee_of_nothing_is_no_finding(make_run):
    sizes = np.arange(101)
    steep = make_run(curve=Curve(sizes, np.where(sizes <= 13, 0.9, 0.0)))
    assert "with 13 of 60,000 training examples poisoned" in findings.headline(prepare([steep]))
    gone = make_run(curve=Curve(sizes, np.where(sizes == 0, 0.9, 0.0)))
    for sentence in (findings.headline(prepare([gone])), findings.abstract(prepare([gone]))[0]):
        assert sentence == (
            "Without poisoned examples kNN (k = 5000, individual certificate) classifies 90.00 % of the 10,000 test "
            "images correctly; at e = 1, the smallest poisoning size, nothing is guaranteed any more."
        )


def test_of_ensembles_that_guarantee_nothing_the_one_with_the_larger_area_is_best(make_run):
    found = prepare([make_run("knn"), make_run("dpa"), make_run("roe-fa"), make_run("fa")])
    assert "for the best ensemble, Run-Off Election on Finite Aggregation" in findings.headline(found)


def test_a_search_says_which_bounds_gave_what_is_certified(make_run):
    bounds = {"branch and bound": 990, "threshold splitting": 10, "removal budget": 1}
    run = make_run("rnn", "budget", tags={"certvote.bounds": json.dumps(bounds)})
    (said,) = findings.search_gaps([run])
    assert said.endswith(
        "What is certified was given by branch and bound at 990 sizes, threshold splitting at 10 sizes and removal "
        "budget at 1 size."
    )
    assert "What is certified" not in findings.search_gaps([make_run("rnn", "budget")])[0]
