"""Speed and memory of counting neighbors on MNIST with HOG features, beside FAISS and scikit-learn.

    CERTVOTE_DATA_ROOT=… python benchmarks/neighbors.py [--quick] [--repeats N] [--only TEXT]

60,000 training by 10,000 test examples of 81 features. All contenders take turns in one process; the table shows the
median of the rounds. --quick takes 1,000 test examples and leaves the compiled code's start-up out of proportion.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import threading
import time
from collections.abc import Callable
from pathlib import Path

import faiss
import numpy as np
import psutil
import sklearn
from sklearn.neighbors import KNeighborsClassifier, RadiusNeighborsClassifier

from certvote import datasets
from certvote.features import extract
from certvote.neighbors import knn_votes, neighbor_votes, rnn_votes

K, R = 5000, 4.0
KS, RS = (1000, 2000, 3000, 5000, 7000), (3.0, 3.5, 3.75, 4.0, 4.25, 4.5, 5.0)
# what is measured: (contender, its rival, the least factor between them: rival's time over contender's)
GOALS = [
    ("kNN k=5000", "FAISS IndexFlat search k=5000", 6),
    ("kNN k=5000", "scikit-learn KNeighborsClassifier k=5000", 12),
    ("rNN r=4", "scikit-learn RadiusNeighborsClassifier r=4", 8),
    ("five k and seven r", "kNN k=5000", 1 / 2),
    ("kNN k=5000 window=1000", "kNN k=5000", 1 / 3),
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="1,000 test examples instead of 10,000")
    parser.add_argument("--repeats", type=int, default=3, help="rounds in which every contender has its turn")
    parser.add_argument("--only", default="", help="leave out contenders without this text in their name")
    options = parser.parse_args()
    train, labels, queries = load(1_000 if options.quick else 10_000)
    jobs = {name: job for name, job in contenders(train, labels, queries).items() if options.only in name}
    for job in contenders(train[:8200], labels[:8200], queries[:50]).values():  # compile, import, start threads
        job()
    results = {name: [] for name in jobs}
    for _ in range(options.repeats):
        for name, job in jobs.items():
            results[name].append(measured(job))
    report({name: tuple(map(statistics.median, zip(*rounds, strict=True))) for name, rounds in results.items()})


def load(n_test: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features on the exact grid, from the cache that runs use too."""
    split = datasets.load(name="mnist", data_root=os.environ.get("CERTVOTE_DATA_ROOT", "data"))
    features = extract(split, name="hog", cache_root=os.environ.get("CERTVOTE_CACHE_ROOT", "cache"))
    return features.train, split.train_labels, features.test[:n_test]


def contenders(train: np.ndarray, labels: np.ndarray, queries: np.ndarray) -> dict[str, Callable[[], object]]:
    """Every job from arrays in memory to votes, or, for FAISS's own search, to neighbors."""

    def faiss_search() -> object:
        index = faiss.IndexFlat(train.shape[1], faiss.METRIC_L1)
        index.add(train)
        return index.search(queries, K)

    def sklearn_knn() -> object:
        classifier = KNeighborsClassifier(K, algorithm="brute", metric="manhattan", n_jobs=-1)
        return classifier.fit(train, labels).predict_proba(queries)

    def sklearn_rnn() -> object:
        classifier = RadiusNeighborsClassifier(R, algorithm="brute", metric="manhattan", outlier_label=0, n_jobs=-1)
        return classifier.fit(train, labels).predict_proba(queries)

    data = (train, labels, queries)
    return {
        "kNN k=5000": lambda: knn_votes(*data, k=K, num_classes=10, backend="numba"),
        "rNN r=4": lambda: rnn_votes(*data, r=R, num_classes=10, backend="numba"),
        "five k and seven r": lambda: neighbor_votes(*data, ks=KS, rs=RS, num_classes=10, backend="numba"),
        "kNN k=5000 window=1000": lambda: knn_votes(*data, k=K, window=1000, num_classes=10, backend="numba"),
        "kNN k=5000 ranking=hash": lambda: knn_votes(*data, k=K, ranking="hash", num_classes=10, backend="numba"),
        "kNN k=5000 backend=faiss": lambda: knn_votes(*data, k=K, num_classes=10, backend="faiss"),
        "FAISS IndexFlat search k=5000": faiss_search,
        "scikit-learn KNeighborsClassifier k=5000": sklearn_knn,
        "scikit-learn RadiusNeighborsClassifier r=4": sklearn_rnn,
    }


def measured(job: Callable[[], object]) -> tuple[float, float]:
    """Seconds, and the most memory in MB that the process had beyond what it had before."""
    process, done = psutil.Process(), threading.Event()
    before = peak = process.memory_info().rss

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.01):
            peak = max(peak, process.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    start = time.perf_counter()
    job()
    seconds = time.perf_counter() - start
    done.set()
    watcher.join()
    return seconds, (peak - before) / 2**20


def report(results: dict[str, tuple[float, float]]) -> None:
    print(f"{'':44}{'seconds':>9}{'peak MB':>9}")
    for name, (seconds, megabytes) in results.items():
        print(f"{name:44}{seconds:9.2f}{megabytes:9.0f}")
    print()
    for name, rival, least in GOALS:
        if name in results and rival in results:
            ratio = results[rival][0] / results[name][0]
            verdict = "" if ratio >= least else "   MISSED"
            if least >= 1:
                print(f"{name} is {ratio:.1f}× as fast as {rival} (goal {least}×){verdict}")
            else:
                print(f"{name} takes {1 / ratio:.2f}× the time of {rival} (goal {1 / least:.0f}×){verdict}")
    print(
        f"\n{os.cpu_count()} cores, {_processor()}, load {os.getloadavg()[0]:.1f}; Python {platform.python_version()}, "
        f"FAISS {faiss.__version__}, scikit-learn {sklearn.__version__}"
    )


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


if __name__ == "__main__":
    main()
