"""Time and tightness of the joint certificates on MNIST (HOG features, kNN k = 5000 and rNN r = 4).

    CERTVOTE_DATA_ROOT=… python benchmarks/certificates.py [--stride N]

Prints, for every size at which the budget certificate searches, what is certified, what was attained, the boxes that
the search split and its seconds; then the seconds of each certificate for the whole curve and the peak memory.
"""

from __future__ import annotations

import argparse
import os
import resource
import time
from collections.abc import Callable

import numpy as np

from certvote import datasets, features, neighbors
from certvote.certificates import budget, grouping, individual
from certvote.certificates import search as search_module
from certvote.types import Curve, Votes

LARGEST = 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stride", type=int, default=50, help="sizes between two searches")
    stride = parser.parse_args().stride
    split = datasets.load(name="mnist", data_root=os.environ.get("CERTVOTE_DATA_ROOT", "data"))
    found = features.extract(split, name="hog", cache_root=os.environ.get("CERTVOTE_CACHE_ROOT", "cache"))
    (knn,), (rnn,) = neighbors.neighbor_votes(
        found.train, split.train_labels, found.test, ks=[5000], rs=[4.0], window=LARGEST, num_classes=10
    )
    labels, sizes = split.test_labels, np.arange(LARGEST + 1)
    compile_all(rnn, knn, labels)

    lines = []
    for name, run in (
        ("kNN individual, 0…2000", lambda: individual.curve(knn, labels, np.arange(2001))),
        ("rNN RD, 0…2000", lambda: grouping.curve(rnn, labels, np.arange(2001), method="rd")),
        ("rNN ISLAND, 0…2000", lambda: grouping.curve(rnn, labels, np.arange(2001), method="island")),
        ("rNN removal budget, 0…2000", lambda: budget.removal_curve(rnn, labels, np.arange(2001))),
    ):
        lines.append(f"{name:32} {timed(run)[1]:8.2f} s")
    for name, votes, bound in (("rNN", rnn, "plain"), ("kNN", knn, "plain"), ("kNN", knn, "sharp")):
        title = f"{name} budget ({bound}), 0…{LARGEST}, stride {stride}"
        curve, seconds = traced(title, lambda votes=votes, bound=bound: budget.curve(
            votes, labels, sizes, stride=stride, bound=bound
        ))  # fmt: skip
        gap = (curve.attained - curve.certified)[::stride].max() if curve.attained is not None else np.nan
        lines.append(f"{title:32} {seconds:8.2f} s   largest gap {gap:.4f}")
    print("\n".join(lines))
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GB")


def compile_all(rnn: Votes, knn: Votes, labels: np.ndarray) -> None:
    """Run everything once on little, so that no compilation is measured."""
    few = np.arange(0, 21, 10)
    budget.curve(rnn, labels, few)
    for bound in ("plain", "sharp"):
        budget.curve(knn, labels, few, bound=bound)
    for method in ("rd", "island"):
        grouping.curve(rnn, labels, few, method=method)
    budget.removal_curve(rnn, labels, few)


def timed(run: Callable[[], Curve]) -> tuple[Curve, float]:
    start = time.perf_counter()
    return run(), time.perf_counter() - start


def traced(title: str, run: Callable[[], Curve]) -> tuple[Curve, float]:
    """Run, and print what each search did."""
    rows = []

    def search(table, **options):  # type: ignore[no-untyped-def]
        start = time.perf_counter()
        found = search_module.search(table, **options)
        rows.append((table.removals, found.nodes, time.perf_counter() - start))
        return found

    budget.search, original = search, budget.search
    try:
        curve, seconds = timed(run)
    finally:
        budget.search = original
    print(f"{title}\n  {'size':>6} {'certified':>10} {'attained':>10} {'gap':>8} {'boxes':>7} {'seconds':>8}")
    for size, nodes, spent in sorted(rows):
        certified, attained = curve.certified[size], curve.attained[size] if curve.attained is not None else np.nan
        print(f"  {size:6} {certified:10.4f} {attained:10.4f} {attained - certified:8.4f} {nodes:7} {spent:8.3f}")
    return curve, seconds


if __name__ == "__main__":
    main()
