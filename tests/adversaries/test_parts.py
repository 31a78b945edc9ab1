"""Attacks on parts: never below the true minimum, repeatable by plain code, and stopped by a wrong certificate."""

from __future__ import annotations

import shutil
from hashlib import sha256
from itertools import combinations, combinations_with_replacement
from pathlib import Path

import numpy as np
import pytest
from hydra import compose, initialize_config_dir

from certvote import job
from certvote.adversaries.base import Target
from certvote.adversaries.carry_out import RefutedError, measure
from certvote.adversaries.parts import Parts
from certvote.algorithms.base import Inputs, Work
from certvote.algorithms.dpa import Dpa
from certvote.algorithms.fa import FiniteAggregation
from certvote.algorithms.partition import PartitionAlgorithm
from certvote.certificates.base import Problem
from certvote.features.base import Feature
from certvote.learners.nearest import Nearest
from certvote.neighbors.backends.numba import Numba
from certvote.options import settings as options
from certvote.options.settings import UndefinedCombinationError
from certvote.results import Store
from certvote.results.audit import audit
from certvote.runtime.paths import conf_dir

Data = list[tuple[tuple[int, ...], int]]
"""Points and labels."""


class Points(Feature):
    """Points with integer coordinates."""

    def compute(self, examples, *, n_jobs, progress):
        return examples.astype(np.float32)


def ensemble(kind: str, parts: int, by: str = "example") -> PartitionAlgorithm:
    election = "runoff" if kind == "runoff" else "plurality"
    if kind == "fa":
        return FiniteAggregation(parts=parts // 2, spread=2, partition_by=by, election=election)
    return Dpa(parts=parts, partition_by=by, election=election)


def goal(algo: PartitionAlgorithm, data: Data, test: Data, classes: int, change: str, folder: Path) -> Target:
    points, places = (np.array([x for x, _ in examples], dtype=np.int64) for examples in (data, test))
    labels, truth = (np.array([y for _, y in examples], dtype=np.int64) for examples in (data, test))
    inputs = Inputs(points.astype(np.float32), labels, places.astype(np.float32), classes, points)
    return Target(algo, inputs, truth, places, Points(), change, Work(Numba(), Nearest(), 1, folder))


def plain_correct(algo: PartitionAlgorithm, data: Data, test: Data, classes: int) -> int:
    """Count the test examples that are right, by hashing, training and voting in plain Python."""
    buckets = algo.num_buckets
    contents: list[Data] = [[] for _ in range(buckets)]
    for x, y in data:
        text = np.array(x, "<i8").tobytes() + (np.array(y, "<i8").tobytes() if algo.partition_by == "example" else b"")
        contents[int.from_bytes(sha256(text).digest(), "big") % buckets].append((x, y))
    filler = np.arange(2 * buckets)[:, None]
    own = algo.subsets(Inputs(filler, np.zeros(2 * buckets, np.int64), filler[:1], classes, filler))[1]
    voters = [[v] for v in range(buckets)] if own is None else own.tolist()
    right = 0
    for place, truth in test:
        rankings = []
        for voter in voters:
            mine = [example for bucket in voter for example in contents[bucket]]
            near = [
                min((sum(abs(a - b) for a, b in zip(x, place, strict=True)) for x, y in mine if y == label), default=99)
                for label in range(classes)
            ]
            rankings.append(sorted(range(classes), key=lambda label: (near[label], -label)))
        first = [ranking[0] for ranking in rankings]
        order = sorted(range(classes), key=lambda label: (first.count(label), label))
        winner = order[-1]
        if algo.election == "runoff":
            a, b = order[-2:]
            votes = [a if ranking.index(a) < ranking.index(b) else b for ranking in rankings]
            winner = max((a, b), key=lambda label: (votes.count(label), label))
        right += winner == truth
    return right


def attacks(data: Data, classes: int, side: int, change: str, size: int):
    """Yield every training set that an attacker of a size can make, of points with coordinates below ``side``."""
    universe = [((x,), y) for x in range(side) for y in range(classes)]
    if change == "relabel":
        for row, (x, _) in enumerate(data):
            for y in range(classes):
                yield [*data[:row], (x, y), *data[row + 1 :]]
        return
    most_gone, most_new = 0 if change == "insert" else size, 0 if change == "delete" else size
    for gone in (rows for number in range(most_gone + 1) for rows in combinations(range(len(data)), number)):
        kept = [example for row, example in enumerate(data) if row not in gone]
        for number in range(most_new + 1):
            for new in combinations_with_replacement(universe, number):
                yield kept + list(new)


@pytest.mark.parametrize(
    ("kind", "change", "size"),
    [
        ("dpa", "any", 1),
        ("dpa", "delete", 2),
        ("fa", "any", 1),
        ("fa", "insert", 1),
        ("runoff", "any", 1),
        ("dpa", "relabel", 1),
    ],
)
def test_an_attack_is_between_the_true_minimum_and_the_certificate(kind, change, size, tmp_path):
    attacked = total = 0
    for seed in range(8):
        rng = np.random.default_rng(seed)
        classes, side = 3 if kind == "runoff" else 2, 32 if change == "relabel" else 8
        algo = ensemble(kind, 4, "input" if change == "relabel" else "example")

        def draw(number: int, c: int = classes, side: int = side, rng: np.random.Generator = rng) -> Data:
            places = rng.integers(0, side, number).tolist()
            noise = rng.integers(0, c, number) * (rng.random(number) < 0.3)
            return [((x,), (c * x // side + y) % c) for x, y in zip(places, noise.tolist(), strict=True)]

        data, test = draw(9), draw(5)
        target = goal(algo, data, test, classes, change, tmp_path)
        votes = algo.votes(target.inputs, target.work)
        certified = algo.certified_sizes(Problem(votes, target.test_labels, np.array([size]), len(data), change))
        clean = plain_correct(algo, data, test, classes)
        least = min(plain_correct(algo, one, test, classes) for one in attacks(data, classes, side, change, size))
        poison = Parts(sizes=[], seed=seed).poisoner(target, size)(size)
        assert poison.fits(change, size)
        left = round(5 * measure(poison, target))
        assert (certified >= size).sum() <= least <= left
        attacked, total = attacked + max(clean - left, 0), total + clean - least
    assert attacked >= 0.2 * total > 0  # two changes in one part are found one after the other


@pytest.fixture(scope="module")
def clusters() -> tuple[Data, Data]:
    """Three overlapping clusters of integer points."""
    rng = np.random.default_rng(1)
    centers = np.array([[20, 20, 20], [32, 22, 28], [28, 34, 20]])

    def draw(number: int) -> Data:
        labels = rng.integers(0, 3, number)
        points = np.clip(np.rint(centers[labels] + rng.normal(0, 6, (number, 3))), 0, 60).astype(int)
        return [(tuple(x), y) for x, y in zip(points.tolist(), labels.tolist(), strict=True)]

    return draw(200), draw(60)


@pytest.mark.parametrize("kind", ["dpa", "fa", "runoff"])
@pytest.mark.parametrize("change", ["any", "insert", "delete", "relabel"])
def test_plain_code_finds_the_accuracy_that_a_poison_leaves(kind, change, clusters, tmp_path):
    data, test = clusters
    algo = ensemble(kind, 20, "input" if change == "relabel" else "example")
    target = goal(algo, data, test, 3, change, tmp_path)
    poison = Parts(candidates=4).poisoner(target, 12)(12)
    removed = set(poison.removed.tolist())
    poisoned = [example for row, example in enumerate(data) if row not in removed]
    added = poison.added if poison.images is None else poison.images
    poisoned += zip(map(tuple, added.astype(int).tolist()), poison.added_labels.tolist(), strict=True)
    right = plain_correct(algo, poisoned, test, 3)
    assert measure(poison, target) == pytest.approx(right / 60)
    assert right < plain_correct(algo, data, test, 3)
    if change == "relabel":
        assert sorted(x for x, _ in poisoned) == sorted(x for x, _ in data)


def test_the_same_seed_makes_the_same_poison(clusters, tmp_path):
    target = goal(ensemble("dpa", 20), *clusters, 3, "any", tmp_path)
    first, second = (Parts(candidates=4, seed=3).poisoner(target, 8)(8).pack() for _ in range(2))
    assert len(first["added"]) > 0
    for name, array in first.items():
        assert np.array_equal(array, second[name])


def test_more_additions_than_parts_go_on_with_the_poisoned_set(clusters, tmp_path):
    target = goal(ensemble("dpa", 5), *clusters, 3, "insert", tmp_path)
    poisoner = Parts(candidates=3).poisoner(target, 12)
    assert 5 < len(poisoner(12).added_labels) <= 12


def test_a_feature_that_takes_no_new_examples_is_refused(clusters, tmp_path):
    from dataclasses import replace

    target = replace(goal(ensemble("dpa", 20), *clusters, 3, "any", tmp_path), feature=Feature())
    with pytest.raises(ValueError, match=r"expected a feature that can be computed for new examples"):
        Parts().poisoner(target, 4)


# --- as a job ------------------------------------------------------------------------------------------------------


def compose_job(folder: Path, *overrides: str):
    options.register()
    common = ["dataset.n_train=300", "dataset.n_test=40", "sizes.max=6", "parts=30", "n_jobs=1", "learner=logistic"]
    places = [f"tracking.uri={folder}", f"cache_root={folder}/cache"]
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        return compose("config", overrides=[*places, *common, "adversary=parts", "adversary.candidates=2", *overrides])


@pytest.fixture(scope="module")
def place(tmp_path_factory, database):
    folder = tmp_path_factory.mktemp("parts")
    shutil.copy(database, folder / "mlflow.db")
    return folder


def test_a_record_holds_what_an_attack_left(place):
    store = Store(str(place))
    run = job.run(compose_job(place, "algo=dpa", "adversary.sizes=[6]"), command="python run.py")
    assert [str(check) for check in audit(store, run) if not check.holds] == []
    (read,) = store.read_runs(run_ids=[run])
    assert read.attacked is not None
    assert read.attacked.accuracy[-1] < read.attacked.accuracy[0]


def test_a_violation_stops_the_run(place, monkeypatch):
    monkeypatch.setattr(
        PartitionAlgorithm, "certified_sizes", lambda self, problem: np.where(problem.labels < 10, 5, 0)
    )
    with pytest.raises(RefutedError, match="certified at poisoning size"):
        job.run(compose_job(place, "algo=dpa", "adversary.sizes=[5]", "learner=nearest"), command="python run.py")


@pytest.mark.parametrize("algo", ["knn", "bagging"])
def test_algorithms_without_a_hash_are_refused(place, algo):
    with pytest.raises(UndefinedCombinationError, match=f"algo={algo} adversary=parts: no attack is defined"):
        options.load(compose_job(place, f"algo={algo}"))
