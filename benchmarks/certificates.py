"""Time and tightness of the joint certificates: MNIST (HOG, kNN k = 5000, rNN r = 4), and votes of many classes.

    CERTVOTE_DATA_ROOT=… python benchmarks/certificates.py [--size quick|standard|full] [--repeats N] [--only TEXT]

MNIST: every curve is computed at all its sizes, 0 to 2000, or 0 to 1000 where it takes a search (quick: 0 to 100).
Many classes: MNIST and CIFAR-10 with every class split into ten by cluster, and synthetic families of rivals; at sizes
of 5, 10 and 25 % of k, branch and bound alone, stopped after 20 seconds, beside what the program does.
Prints what each certifies and attains, then its time and memory.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

import data
from certvote import neighbors
from certvote.certificates import budget_curve, grouping, individual
from certvote.types import Curve, Votes
from harness import Bench

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from certificates.many_classes import FAMILIES, split_by_cluster, synthetic

LARGEST = 1000
SECONDS_ALONE = 20.0
"""Time limit of branch and bound alone where there are many classes; it would take hours to end there."""


def main() -> None:
    with Bench("certificates", about=__doc__) as bench:
        on_mnist(bench)
        for name, votes, labels, k in many_classes(bench):
            for share in (5, 10, 25):
                e = np.array([k * share // 100])
                title = f"{name}, e = {e[0]}"
                if bench.wanted(title):
                    both = printed(f"{title}, now", lambda v=votes, y=labels, e=e: budget_curve.curve(v, y, e))
                    alone = printed(f"{title}, alone", lambda v=votes, y=labels, e=e: branch_and_bound(v, y, e))
                    bench.case(title, {"certvote": both, "branch and bound alone": alone}, warm_up=False)


def on_mnist(bench: Bench) -> None:
    """Measure every certificate on MNIST."""
    found = real(data.mnist())
    (knn,), (rnn,) = neighbors.neighbor_votes(
        found.train, found.labels, found.queries, ks=[found.k], rs=[found.r], window=LARGEST, num_classes=10
    )
    last = bench.pick(quick=100, standard=LARGEST, full=LARGEST)
    labels, sizes, all_sizes = found.query_labels, np.arange(last + 1), np.arange(2 * LARGEST + 1)
    compile_all(rnn, knn, labels)
    jobs: dict[str, Callable[[], Curve]] = {
        "kNN individual, 0…2000": lambda: individual.curve(knn, labels, all_sizes),
        "rNN individual, 0…2000": lambda: individual.curve(rnn, labels, all_sizes),
        "rNN RD, 0…2000": lambda: grouping.curve(rnn, labels, all_sizes, method="rd"),
        "rNN ISLAND, 0…2000": lambda: grouping.curve(rnn, labels, all_sizes, method="island"),
        "rNN removal budget, 0…2000": lambda: budget_curve.removal_curve(rnn, labels, all_sizes),
    }
    for name, votes, bound in (("rNN", rnn, "plain"), ("kNN", knn, "plain"), ("kNN", knn, "sharp")):
        title = f"{name} budget ({bound}), 0…{last}"
        jobs[title] = printed(title, lambda v=votes, bound=bound: budget_curve.curve(v, labels, sizes, bound=bound))
    for title, job in jobs.items():
        bench.case(title, {"certvote": job}, warm_up=False)


def many_classes(bench: Bench) -> Iterator[tuple[str, Votes, np.ndarray, int]]:
    """Yield cases with many classes: a name, votes, labels, and k."""
    k, m = 500, bench.pick(quick=1000, standard=10_000, full=10_000)
    for name, load in (("MNIST", data.mnist), ("CIFAR-10", data.cifar)):
        title = f"{name} split into 100 classes"
        if bench.wanted(title):
            found = real(load())
            relabel, train_labels = split_by_cluster(found.train, found.labels, 10)
            test, labels = found.queries[:m], relabel(found.queries, found.query_labels)[:m]
            votes = neighbors.knn_votes(found.train, train_labels, test, k=k, window=k // 4, num_classes=100)
            yield title, votes, labels, k
    for family in FAMILIES:
        for c in bench.pick(quick=(20, 100), standard=(20, 50, 100), full=(20, 50, 100, 1000)):
            if bench.wanted(f"{family}, {c} classes"):
                yield f"{family}, {c} classes", *synthetic(m, c, k, family), k


def real(found: data.Vectors) -> data.Vectors:
    """Refuse random vectors."""
    if found.query_labels is None:
        raise SystemExit(f"{found.name}: expected the data set in CERTVOTE_DATA_ROOT, random votes say nothing")
    return found


def branch_and_bound(votes: Votes, labels: np.ndarray, sizes: np.ndarray) -> Curve:
    """Certify by branch and bound, however many classes there are."""
    with branch_and_bound_alone():
        return budget_curve.curve(votes, labels, sizes, seconds=SECONDS_ALONE, max_nodes=10**9)


@contextmanager
def branch_and_bound_alone() -> Iterator[None]:
    """Take every number of classes for few."""
    few, budget_curve.FEW_CLASSES = budget_curve.FEW_CLASSES, 10**9
    try:
        yield
    finally:
        budget_curve.FEW_CLASSES = few


def compile_all(rnn: Votes, knn: Votes, labels: np.ndarray) -> None:
    """Run everything once on little, so that no compilation is measured."""
    few = np.arange(0, 21, 10)
    budget_curve.curve(rnn, labels, few)
    for bound in ("plain", "sharp"):
        budget_curve.curve(knn, labels, few, bound=bound)
    for method in ("rd", "island"):
        grouping.curve(rnn, labels, few, method=method)
    budget_curve.removal_curve(rnn, labels, few)
    budget_curve.curve(*synthetic(300, 20, 50, "flat"), np.array([5]))


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
