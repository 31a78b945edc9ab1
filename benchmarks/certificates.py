"""Time and tightness of the joint certificates: on MNIST (HOG features, kNN k = 5000 and rNN r = 4), and many classes.

    CERTVOTE_DATA_ROOT=… python benchmarks/certificates.py [--size quick|standard|full] [--repeats N] [--only TEXT]

MNIST: every curve is computed at all its sizes, 0 to 2000, or 0 to 1000 where it takes a search (quick: 0 to 100).
Many classes: MNIST and CIFAR-10 with every class split into ten by cluster, and synthetic families of rivals; at sizes
of 5, 10 and 25 % of k, branch and bound (all there was before threshold splitting), stopped after 20 seconds, beside
what the program does. Prints what each certifies and attains, then its time and memory.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from certvote import datasets, features, neighbors
from certvote.certificates import budget, grouping, individual
from certvote.types import Curve, Votes
from harness import Bench

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from certificates.many_classes import FAMILIES, split_by_cluster, synthetic

LARGEST = 1000
SECONDS_BEFORE = 20.0


def main() -> None:
    with Bench("certificates", about=__doc__) as bench:
        found, split = hog("mnist")
        (knn,), (rnn,) = neighbors.neighbor_votes(
            found.train, split.train_labels, found.test, ks=[5000], rs=[4.0], window=LARGEST, num_classes=10
        )
        last = bench.pick(quick=100, standard=LARGEST, full=LARGEST)
        labels, sizes, all_sizes = split.test_labels, np.arange(last + 1), np.arange(2 * LARGEST + 1)
        compile_all(rnn, knn, labels)
        jobs: dict[str, Callable[[], Curve]] = {
            "kNN individual, 0…2000": lambda: individual.curve(knn, labels, all_sizes),
            "rNN individual, 0…2000": lambda: individual.curve(rnn, labels, all_sizes),
            "rNN RD, 0…2000": lambda: grouping.curve(rnn, labels, all_sizes, method="rd"),
            "rNN ISLAND, 0…2000": lambda: grouping.curve(rnn, labels, all_sizes, method="island"),
            "rNN removal budget, 0…2000": lambda: budget.removal_curve(rnn, labels, all_sizes),
            f"rNN budget, 0…{last}": lambda: budget.curve(rnn, labels, sizes),
            f"kNN budget (plain), 0…{last}": lambda: budget.curve(knn, labels, sizes, bound="plain"),
            f"kNN budget (sharp), 0…{last}": lambda: budget.curve(knn, labels, sizes),
        }
        for title, job in jobs.items():
            if "budget (" in title or title.startswith("rNN budget"):
                job = printed(title, job)
            bench.case(title, {"certvote": job}, warm_up=False)
        for name, votes, labels, k in many_classes(bench):
            for share in (5, 10, 25):
                e = np.array([k * share // 100])
                title = f"{name}, e = {e[0]}"
                if bench.wanted(title):
                    new = printed(f"{title}, now", lambda v=votes, y=labels, e=e: budget.curve(v, y, e))
                    old = printed(f"{title}, before", lambda v=votes, y=labels, e=e: before(v, y, e))
                    bench.case(title, {"certvote": new, "branch and bound alone": old}, warm_up=False)


def hog(name: str) -> tuple[features.Features, datasets.Split]:
    """Load a data set and compute its HOG features."""
    split = datasets.load(name=name, data_root=os.environ.get("CERTVOTE_DATA_ROOT", "data"))
    cache = os.environ.get("CERTVOTE_CACHE_ROOT", "cache")
    return features.extract(split, name="hog", cache_root=cache), split


def many_classes(bench: Bench) -> Iterator[tuple[str, Votes, np.ndarray, int]]:
    """Yield cases with many classes: a name, votes, labels, and k."""
    k, m = 500, bench.pick(quick=1000, standard=10_000, full=10_000)
    for name in ("mnist", "cifar10"):
        if bench.wanted(f"{name}, 100 classes"):
            found, split = hog(name)
            relabel, train_labels = split_by_cluster(found.train, split.train_labels, 10)
            test, labels = found.test[:m], relabel(found.test, split.test_labels)[:m]
            votes = neighbors.knn_votes(found.train, train_labels, test, k=k, window=k // 4, num_classes=100)
            yield f"{name}, 100 classes by cluster", votes, labels, k
    for family in FAMILIES:
        for c in bench.pick(quick=(20, 100), standard=(20, 50, 100), full=(20, 50, 100, 1000)):
            if bench.wanted(f"{family}, {c} classes"):
                yield f"{family}, {c} classes", *synthetic(m, c, k, family), k


def before(votes: Votes, labels: np.ndarray, sizes: np.ndarray) -> Curve:
    """Certify by branch and bound however many classes there are, as before threshold splitting."""
    with branch_and_bound_alone():
        return budget.curve(votes, labels, sizes, seconds=SECONDS_BEFORE, max_nodes=10**9)


@contextmanager
def branch_and_bound_alone() -> Iterator[None]:
    """Take all numbers of classes for few."""
    few, budget.FEW_CLASSES = budget.FEW_CLASSES, 10**9
    try:
        yield
    finally:
        budget.FEW_CLASSES = few


def compile_all(rnn: Votes, knn: Votes, labels: np.ndarray) -> None:
    """Run everything once on little, so that no compilation is measured."""
    few = np.arange(0, 21, 10)
    for bound in ("plain", "sharp"):
        budget.curve(knn, labels, few, bound=bound)
    budget.curve(rnn, labels, few)
    for method in ("rd", "island"):
        grouping.curve(rnn, labels, few, method=method)
    budget.removal_curve(rnn, labels, few)
    budget.curve(*synthetic(300, 20, 50, "flat"), np.array([5]))


def printed(title: str, job: Callable[[], Curve]) -> Callable[[], Curve]:
    """Return a job that also prints how far the sides of its curve are apart, the first time that it runs."""
    seen: list[str] = []

    def run() -> Curve:
        curve = job()
        if not seen and curve.gap is not None and curve.attained is not None:
            at = int(curve.gap.argmax())
            print(
                f"{title}: sides at most {100 * curve.gap.max():.2f} points apart, at e = {curve.sizes[at]}: "
                f"certified {curve.certified[at]:.4f}, attained {curve.attained[at]:.4f}"
            )
            seen.append(title)
        return curve

    return run


if __name__ == "__main__":
    main()
