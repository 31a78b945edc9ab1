"""Training and voting of 1,000 bagged voters on MNIST, beside loops over scikit-learn's models.

    CERTVOTE_DATA_ROOT=… python benchmarks/ensembles.py [--voters N] [--loop N] [--repeats N] [--only TEXT]

Every voter is trained on 20 examples and votes on all 10,000 test images; HOG features, images for the network. A loop
over scikit-learn's models takes only the first --loop voters; its row says what that makes for all of them. All take
turns in one process; the table shows the median of the rounds.
"""

from __future__ import annotations

import argparse
import itertools
import os
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import sklearn
import torch
import yaml
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from certvote import datasets
from certvote.ensembles import LEARNERS, Subsets, bootstrap, train
from certvote.features import extract

# (contender, its rival, the least factor between them, the most seconds of the contender)
GOALS = [
    ("nearest", "loop over KNeighborsClassifier(1)", 20, 8),
    ("nearest", "loop over KNeighborsClassifier(1), L1", 20, 8),
    ("logistic", "loop over LogisticRegression", 20, 8),
    ("logistic", "loop over LogisticRegression, same penalty", 20, 8),
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--voters", type=int, default=1000)
    parser.add_argument("--subsample", type=int, default=20, help="examples of each voter")
    parser.add_argument("--loop", type=int, default=50, help="voters of the loops over scikit-learn's models")
    parser.add_argument("--repeats", type=int, default=3, help="rounds in which every contender has its turn")
    parser.add_argument("--only", default="", help="leave out contenders without this text in their name")
    options = parser.parse_args()
    split = datasets.load(name="mnist", data_root=os.environ.get("CERTVOTE_DATA_ROOT", "data"))
    features = extract(split, name="hog", cache_root=os.environ.get("CERTVOTE_CACHE_ROOT", "cache"))
    labels = split.train_labels
    subsets = bootstrap(len(labels), voters=options.voters, size=options.subsample, seed=0)
    few = min(options.loop, options.voters)

    def ours(name: str, subsets: Subsets, n_test: int | None = None) -> dict[str, float]:
        images = LEARNERS[name].takes == "images"
        learn, vote = (split.train, split.test) if images else (features.train, features.test)
        start = time.perf_counter()
        ensemble = train(name, learn, labels, subsets, num_classes=10, **defaults(name))
        trained = time.perf_counter()
        counts = ensemble.counts(vote[:n_test])
        ended = time.perf_counter()
        hits = counts[np.arange(len(counts)), split.test_labels[:n_test]]
        return {
            "training": trained - start,
            "voting": ended - trained,
            "accuracy": hits.mean() / len(subsets),
            "majority": np.mean(counts.argmax(axis=1) == split.test_labels[:n_test]),
        }

    def loop(model: Callable[[], object]) -> dict[str, float]:
        spent, hits, counts = np.zeros(2), [], np.zeros((len(features.test), 10))
        for members in itertools.islice(subsets, few):
            start = time.perf_counter()
            fitted = model().fit(features.train[members], labels[members])
            between = time.perf_counter()
            chosen = fitted.predict(features.test)
            spent += between - start, time.perf_counter() - between
            hits.append(np.mean(chosen == split.test_labels))
            counts[np.arange(len(chosen)), chosen] += 1
        training, voting = spent * options.voters / few
        majority = np.mean(counts.argmax(axis=1) == split.test_labels)
        return {"training": training, "voting": voting, "accuracy": np.mean(hits), "majority": majority}

    penalty = 1 / defaults("logistic")["l2"]
    jobs = {
        "nearest": lambda: ours("nearest", subsets),
        "logistic": lambda: ours("logistic", subsets),
        "loop over KNeighborsClassifier(1)": lambda: loop(lambda: KNeighborsClassifier(1)),
        "loop over KNeighborsClassifier(1), L1": lambda: loop(lambda: KNeighborsClassifier(1, metric="manhattan")),
        "loop over LogisticRegression": lambda: loop(lambda: LogisticRegression(max_iter=1000)),
        "loop over LogisticRegression, same penalty": lambda: loop(
            lambda: LogisticRegression(C=penalty, max_iter=1000)
        ),
        "network": lambda: ours("network", subsets),
    }
    jobs = {name: job for name, job in jobs.items() if options.only in name}
    for name in LEARNERS:  # compile, import, start threads
        ours(name, bootstrap(len(labels), voters=2, size=options.subsample, seed=1), 100)
    results: dict[str, list[dict[str, float]]] = {name: [] for name in jobs}
    for round_ in range(options.repeats):
        for name, job in jobs.items():
            if name != "network" or round_ == 0:  # a minute and more: once
                results[name].append(job())
    report(
        {
            name: {key: statistics.median(r[key] for r in rounds) for key in rounds[0]}
            for name, rounds in results.items()
        },
        options.voters,
        few,
    )


def defaults(name: str) -> dict[str, object]:
    """The learner's options as runs have them."""
    options = yaml.safe_load((Path(__file__).parents[1] / "conf" / "learner" / f"{name}.yaml").read_text())
    return {key: value for key, value in options.items() if key not in ("defaults", "name")}


def report(results: dict[str, dict[str, float]], voters: int, few: int) -> None:
    print(f"{'':44}{'training':>10}{'voting':>10}{'seconds':>10}{'voter':>9}{'majority':>10}")
    for name, row in results.items():
        total = row["training"] + row["voting"]
        print(
            f"{name:44}{row['training']:10.2f}{row['voting']:10.2f}{total:10.2f}{row['accuracy']:9.3f}"
            f"{row['majority']:10.3f}" + ("  *" if name.startswith("loop") else "")
        )
    print(
        f"\n* measured with {few} voters; seconds extrapolated to {voters}: times {voters / few:g}\n"
        "Accuracy on the test set: of a voter on average, and of all voters together\n"
    )
    for name, rival, least, most in GOALS:
        if name in results and rival in results:
            mine, other = (results[key]["training"] + results[key]["voting"] for key in (name, rival))
            verdict = "" if other / mine >= least and mine <= most else "   MISSED"
            print(
                f"{name}: {mine:.2f} s (goal {most} s), {other / mine:.0f}× as fast as {rival} (goal {least}×){verdict}"
            )
    print(
        f"\n{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; Python {platform.python_version()}, "
        f"scikit-learn {sklearn.__version__}, torch {torch.__version__}, "
        f"{torch.cuda.get_device_name() if torch.cuda.is_available() else 'no GPU'}"
    )


if __name__ == "__main__":
    main()
