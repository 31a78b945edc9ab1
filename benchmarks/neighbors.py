"""Votes of neighbors beside FAISS, scikit-learn and torch, and what several k, radii, windows and views cost.

    CERTVOTE_DATA_ROOT=… python benchmarks/neighbors.py [--size quick|standard|full] [--repeats N] [--only TEXT]

MNIST and CIFAR-10 with HOG features (random vectors where there is no data), and vectors like those of CLIP. All take
turns in one process. All contenders' time grows with the number of test examples: standard takes 10,000 of MNIST and
1,000 of the wide ones, full takes 10,000 of each, quick 500.
"""

from __future__ import annotations

import numpy as np

import data
import rivals
from certvote.neighbors import knn_votes, neighbor_votes, rnn_votes
from floor import floor
from harness import Bench

KS, RS = (1000, 2000, 3000, 5000, 7000), (3.0, 3.5, 3.75, 4.0, 4.25, 4.5, 5.0)
# (case, rival, least ratio of its time to ours)
GOALS = [
    ("kNN, MNIST-HOG", "FAISS", 12),
    ("kNN, MNIST-HOG", "scikit-learn", 25),
    ("rNN, MNIST-HOG", "scikit-learn", 14),
]


def main() -> None:
    with Bench("neighbors", about=__doc__) as bench:
        for load, few in ((data.mnist, 10_000), (data.cifar, 1000), (data.clip, 1000)):
            if any(bench.wanted(f"{kind}, {name}") for kind in ("kNN", "rNN") for name in NAMES[load.__name__]):
                compare(bench, load().first(bench.pick(quick=500, standard=few, full=10_000)))
        if bench.wanted("several k and r, MNIST-HOG"):
            several(bench, data.mnist().first(bench.pick(quick=500, standard=10_000, full=10_000)))
        if bench.wanted("views of a query, MNIST-HOG"):
            views(bench, data.mnist().first(bench.pick(quick=500, standard=5000, full=10_000)))
        for case, rival, least in GOALS:
            for row in bench.rows:
                if row.case.startswith(case) and row.contender.startswith(rival):
                    verdict = "" if row.ratio >= least else "   MISSED"
                    print(f"{case}: {row.ratio:.1f} × as fast as {row.contender} (goal {least} ×){verdict}")


NAMES = {"mnist": ("MNIST-HOG", "random"), "cifar": ("CIFAR-HOG", "random"), "clip": ("CLIP-like",)}


def compare(bench: Bench, vectors: data.Vectors) -> None:
    """kNN and rNN votes beside everybody else's."""
    arrays, least = (vectors.train, vectors.labels, vectors.queries), floor(*sizes(vectors))
    neighbor_votes(*(array[:9000] for array in arrays), ks=[9], rs=[1.0], num_classes=10)  # compiled code is read
    ours = {"certvote (numba)": lambda: knn_votes(*arrays, k=vectors.k, num_classes=10, backend="numba")}
    bench.case(f"kNN, {vectors}, k = {vectors.k}", {**ours, **rivals.knn(vectors)}, floor=least, warm_up=False)
    ours = {"certvote (numba)": lambda: rnn_votes(*arrays, r=vectors.r, num_classes=10, backend="numba")}
    bench.case(f"rNN, {vectors}, r = {vectors.r:g}", {**ours, **rivals.rnn(vectors)}, floor=least, warm_up=False)


def several(bench: Bench, vectors: data.Vectors) -> None:
    """What more of it costs beside one k."""
    arrays, how = (vectors.train, vectors.labels, vectors.queries), {"num_classes": 10, "backend": "numba"}
    k, r = vectors.k, vectors.r
    bench.case(
        f"several k and r, {vectors}",
        {
            "one k": lambda: knn_votes(*arrays, k=k, **how),
            "one r": lambda: rnn_votes(*arrays, r=r, **how),
            "five k and seven r in one pass": lambda: neighbor_votes(*arrays, ks=KS, rs=RS, **how),
            "one k, window of 1000": lambda: knn_votes(*arrays, k=k, window=1000, **how),
            "one k, ranked by hash": lambda: knn_votes(*arrays, k=k, ranking="hash", **how),
            "one k, distances by FAISS": lambda: knn_votes(*arrays, k=k, num_classes=10, backend="faiss"),
        },
        floor=floor(*sizes(vectors)),
    )


def views(bench: Bench, vectors: data.Vectors) -> None:
    """Compare several views of each query with one: their distances are computed, and the selection runs once."""
    arrays, how = (vectors.train, vectors.labels), {"k": vectors.k, "num_classes": 10, "backend": "numba"}
    # other queries take the place of rotated ones: the cost is the same
    rotated = np.stack([np.roll(vectors.queries, shift, axis=0) for shift in range(5)], axis=1)
    bench.case(
        f"views of a query, {vectors}, k = {vectors.k}",
        {
            "no views": lambda: knn_votes(*arrays, vectors.queries, **how),
            "one view": lambda: knn_votes(*arrays, rotated[:, :1], **how),
            "two views": lambda: knn_votes(*arrays, rotated[:, :2], **how),
            "five views": lambda: knn_votes(*arrays, rotated, **how),
            "five times as many queries": lambda: knn_votes(*arrays, rotated.reshape(-1, rotated.shape[2]), **how),
        },
        floor=floor(*sizes(vectors)),
    )


def sizes(vectors: data.Vectors) -> tuple[int, int, int]:
    return len(vectors.queries), *vectors.train.shape


if __name__ == "__main__":
    main()
