"""Time and tightness of the joint certificates on MNIST (HOG features, kNN k = 5000 and rNN r = 4).

    CERTVOTE_DATA_ROOT=… python benchmarks/certificates.py [--size quick|standard|full] [--repeats N] [--only TEXT]

Every curve is computed at all its sizes, 0 to 2000; or, where a size takes a search, 0 to 1000 with a search at every
50th (quick: 200th). Prints for each of these what is certified, what was attained, the boxes that the search split and
its seconds; then the time and memory of each certificate for the whole curve.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import numpy as np

from certvote import datasets, features, neighbors
from certvote.certificates import budget_curve, grouping, individual
from certvote.certificates import search as search_module
from certvote.types import Curve, Votes
from harness import Bench

LARGEST = 1000


def main() -> None:
    with Bench("certificates", about=__doc__) as bench:
        stride = bench.pick(quick=200, standard=50, full=50)
        split = datasets.load(name="mnist", data_root=os.environ.get("CERTVOTE_DATA_ROOT", "data"))
        found = features.extract(split, name="hog", cache_root=os.environ.get("CERTVOTE_CACHE_ROOT", "cache"))
        (knn,), (rnn,) = neighbors.neighbor_votes(
            found.train, split.train_labels, found.test, ks=[5000], rs=[4.0], window=LARGEST, num_classes=10
        )
        labels, sizes, all_sizes = split.test_labels, np.arange(LARGEST + 1), np.arange(2 * LARGEST + 1)
        compile_all(rnn, knn, labels)
        jobs: dict[str, Callable[[], Curve]] = {
            "kNN individual, 0…2000": lambda: individual.curve(knn, labels, all_sizes),
            "rNN individual, 0…2000": lambda: individual.curve(rnn, labels, all_sizes),
            "rNN RD, 0…2000": lambda: grouping.curve(rnn, labels, all_sizes, method="rd"),
            "rNN ISLAND, 0…2000": lambda: grouping.curve(rnn, labels, all_sizes, method="island"),
            "rNN removal budget, 0…2000": lambda: budget_curve.removal_curve(rnn, labels, all_sizes),
        }
        for name, votes, bound in (("rNN", rnn, "plain"), ("kNN", knn, "plain"), ("kNN", knn, "sharp")):
            title = f"{name} budget ({bound}), 0…{LARGEST}, stride {stride}"
            jobs[title] = lambda votes=votes, bound=bound: budget_curve.curve(
                votes, labels, sizes, stride=stride, bound=bound
            )
            if bench.wanted(title):
                traced(title, jobs[title])
        for title, job in jobs.items():
            bench.case(title, {"certvote": job}, warm_up=False)


def compile_all(rnn: Votes, knn: Votes, labels: np.ndarray) -> None:
    """Run everything once on little, so that no compilation is measured."""
    few = np.arange(0, 21, 10)
    budget_curve.curve(rnn, labels, few)
    for bound in ("plain", "sharp"):
        budget_curve.curve(knn, labels, few, bound=bound)
    for method in ("rd", "island"):
        grouping.curve(rnn, labels, few, method=method)
    budget_curve.removal_curve(rnn, labels, few)


def traced(title: str, run: Callable[[], Curve]) -> None:
    """Run, and print what each search did."""
    rows = []

    def search(table, **options):  # type: ignore[no-untyped-def]
        start = time.perf_counter()
        found = search_module.search(table, **options)
        rows.append((table.removals, found.nodes, time.perf_counter() - start))
        return found

    budget.search, original = search, budget.search
    try:
        curve = run()
    finally:
        budget.search = original
    print(f"{title}\n  {'size':>6} {'certified':>10} {'attained':>10} {'gap':>8} {'boxes':>7} {'seconds':>8}")
    for size, nodes, spent in sorted(rows):
        certified, attained = curve.certified[size], curve.attained[size] if curve.attained is not None else np.nan
        print(f"  {size:6} {certified:10.4f} {attained:10.4f} {attained - certified:8.4f} {nodes:7} {spent:8.3f}")


if __name__ == "__main__":
    main()
