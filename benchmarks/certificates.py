"""Time and tightness of the joint certificates on MNIST (HOG features, kNN k = 5000 and rNN r = 4).

    CERTVOTE_DATA_ROOT=… python benchmarks/certificates.py [--size quick|standard|full] [--repeats N] [--only TEXT]

Every curve is computed at all its sizes: 0 to 2000, or for the budget certificates 0 to 1000 (quick: every 50th).
Prints how far certified and attained accuracy are apart at most, then the time and memory of each certificate.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import data
from certvote import neighbors
from certvote.certificates import budget_curve, grouping, individual
from certvote.types import Curve, Votes
from harness import Bench

LARGEST = 1000


def main() -> None:
    with Bench("certificates", about=__doc__) as bench:
        step = bench.pick(quick=50, standard=1, full=1)
        found = data.mnist()
        (knn,), (rnn,) = neighbors.neighbor_votes(
            found.train, found.labels, found.queries, ks=[found.k], rs=[found.r], window=LARGEST, num_classes=10
        )
        if found.query_labels is None:
            raise SystemExit("expected MNIST in CERTVOTE_DATA_ROOT: certificates of random votes say nothing")
        labels, sizes = found.query_labels, np.arange(0, LARGEST + 1, step)
        all_sizes = np.arange(2 * LARGEST + 1)
        compile_all(rnn, knn, labels)
        jobs: dict[str, Callable[[], Curve]] = {
            "kNN individual, 0…2000": lambda: individual.curve(knn, labels, all_sizes),
            "rNN individual, 0…2000": lambda: individual.curve(rnn, labels, all_sizes),
            "rNN RD, 0…2000": lambda: grouping.curve(rnn, labels, all_sizes, method="rd"),
            "rNN ISLAND, 0…2000": lambda: grouping.curve(rnn, labels, all_sizes, method="island"),
            "rNN removal budget, 0…2000": lambda: budget_curve.removal_curve(rnn, labels, all_sizes),
        }
        for name, votes, bound in (("rNN", rnn, "plain"), ("kNN", knn, "plain"), ("kNN", knn, "sharp")):
            title = f"{name} budget ({bound}), 0…{LARGEST}, step {step}"
            jobs[title] = lambda votes=votes, bound=bound: budget_curve.curve(votes, labels, sizes, bound=bound)
            if bench.wanted(title):
                gap = jobs[title]().gap
                print(f"{title}: certified and attained at most {100 * gap.max():.2f} points apart")
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


if __name__ == "__main__":
    main()
