"""Labels say what differs and nothing else."""

from __future__ import annotations

from certvote.reporting import labels
from certvote.reporting.query import prepare, select


def short(runs):
    return labels.short(prepare(runs))


def test_different_algorithms_and_certificates(make_run):
    assert short([make_run(), make_run("rnn", "island")]) == ["kNN k=5000, individual", "rNN r=4, ISLAND"]


def test_only_the_certificate_differs(make_run):
    assert short([make_run("rnn", g) for g in ("individual", "rd", "removal")]) == [
        "individual",
        "RD",
        "removal budget",
    ]


def test_only_the_parameter_differs(make_run):
    runs = [make_run(id=k, params={"algo.k": k}) for k in ("1000", "30000000")]
    assert short(runs) == ["k=1000", "k=30000000"]


def test_only_the_attacker_differs(make_run):
    runs = [make_run("dpa", params={"attack.change": change}) for change in ("any", "insert", "delete", "relabel")]
    assert short(runs) == ["any change", "insertions only", "removals only", "labels only"]
    seeds = [make_run("dpa", id=seed, params={"learner.seed": seed}) for seed in ("0", "1")]
    assert short([*seeds, runs[1]]) == ["any change, learner.seed=0", "any change, learner.seed=1", "insertions only"]


def test_one_run_is_named_in_full(make_run):
    assert short([make_run()]) == ["kNN k=5000, individual"]
    assert labels.full(prepare([make_run()])[0]) == "kNN (k = 5000, individual certificate)"


def test_data_attack_and_feature_are_named_where_they_differ(make_run):
    runs = [
        make_run(id="a"),
        make_run(id="b", attack="backdoor"),
        make_run(id="c", params={"dataset.name": "cifar10"}),
        make_run(id="d", params={"feature.name": "clip"}),
    ]
    assert sorted(short(runs)) == [
        "CIFAR-10, HOG, data poisoning",
        "MNIST, CLIP, data poisoning",
        "MNIST, HOG, backdoor attack",
        "MNIST, HOG, data poisoning",
    ]


def test_ties_are_told_apart_by_an_option_or_by_the_run(make_run):
    seeds = [make_run("rnn", "rd", id=s, params={"certificate.seed": s}) for s in ("0", "1")]
    assert short(seeds) == ["rNN r=4, RD, certificate.seed=0", "rNN r=4, RD, certificate.seed=1"]
    twins = [make_run(id=name * 8) for name in "ab"]
    assert short(twins) == ["kNN k=5000, individual, run aaaaaaaa", "kNN k=5000, individual, run bbbbbbbb"]


def test_labels_of_a_figure_are_distinct(mnist_runs):
    for where in ({}, {"attack": "poisoning"}, {"algo": "rnn"}):
        names = labels.short(select(prepare(mnist_runs), where))
        assert len(set(names)) == len(names)


def test_control_characters_are_removed(make_run):
    runs = [make_run(id="a", params={"dataset.name": "bad\x00\ud800name"}), make_run(id="b")]
    assert short(runs) == ["MNIST", "bad name"]
