"""Training and voting of 1,000 bagged voters on MNIST, beside loops over scikit-learn's models.

    CERTVOTE_DATA_ROOT=… python benchmarks/ensembles.py [--size quick|standard|full] [--repeats N] [--only TEXT]

Every voter is trained on 20 examples and votes on all test images; HOG features, images for the network. A loop over
scikit-learn's models takes its first 50 voters only: its seconds are those times 20 (quick: 100 voters, loops of 10).
Accuracy on the test set, of a voter on average and of all voters together, is printed below each case.
"""

from __future__ import annotations

import itertools
import os
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from certvote import datasets
from certvote.features import extract
from certvote.learners import LEARNERS, Subsets, bootstrap, train
from certvote.types import Features, Split
from harness import Bench, Row, measured

SUBSAMPLE = 20
# (contender, its rival, the least factor between them, the most seconds of the contender)
GOALS = [
    ("nearest", "loop over KNeighborsClassifier(1)", 20, 8),
    ("nearest", "loop over KNeighborsClassifier(1), L1", 20, 8),
    ("logistic", "loop over LogisticRegression", 20, 8),
    ("logistic", "loop over LogisticRegression, same penalty", 20, 8),
]


def main() -> None:
    with Bench("ensembles", about=__doc__) as bench:
        split = datasets.load(name="mnist", data_root=os.environ.get("CERTVOTE_DATA_ROOT", "data"))
        features = extract(split, name="hog", cache_root=os.environ.get("CERTVOTE_CACHE_ROOT", "cache"))
        voters, looped = bench.pick(quick=100, standard=1000, full=1000), bench.pick(quick=10, standard=50, full=200)
        task = Task(split, features, bootstrap(len(split.train_labels), voters=voters, size=SUBSAMPLE, seed=0))
        penalty = 1 / defaults("logistic")["l2"]
        for name, rivals in (
            (
                "nearest",
                {
                    "loop over KNeighborsClassifier(1)": lambda: KNeighborsClassifier(1),
                    "loop over KNeighborsClassifier(1), L1": lambda: KNeighborsClassifier(1, metric="manhattan"),
                },
            ),
            (
                "logistic",
                {
                    "loop over LogisticRegression": lambda: LogisticRegression(max_iter=1000),
                    "loop over LogisticRegression, same penalty": lambda: LogisticRegression(C=penalty, max_iter=1000),
                },
            ),
            ("network", {}),
        ):
            compare(bench, task, name, rivals, looped)
        goals(bench)


@dataclass(frozen=True)
class Task:
    """What all contenders are trained on and asked about."""

    split: Split
    features: Features
    subsets: Subsets

    def ours(self, name: str, subsets: Subsets, inputs: int | None = None) -> np.ndarray:
        """Votes for each label, of voters trained in one batch."""
        images = LEARNERS[name].takes == "images"
        learn, asked = (self.split.train, self.split.test) if images else (self.features.train, self.features.test)
        return train(name, learn, self.split.train_labels, subsets, num_classes=10, **defaults(name)).counts(
            asked[:inputs]
        )

    def loop(self, model: Callable[[], object], voters: int) -> np.ndarray:
        """Votes of the first voters, each a model of scikit-learn's."""
        counts = np.zeros((len(self.features.test), 10))
        for members in itertools.islice(self.subsets, voters):
            fitted = model().fit(self.features.train[members], self.split.train_labels[members])  # type: ignore[attr-defined]
            counts[np.arange(len(counts)), fitted.predict(self.features.test)] += 1
        return counts


def compare(bench: Bench, task: Task, name: str, rivals: dict[str, Callable[[], object]], looped: int) -> None:
    voters, asked = len(task.subsets), len(task.split.test)
    case = f"{name}: {voters:,} voters of {SUBSAMPLE} examples, {asked:,} images"
    if not bench.wanted(case):
        return
    task.ours(name, bootstrap(len(task.split.train), voters=2, size=SUBSAMPLE, seed=1), 100)  # compiles, starts threads
    jobs: dict[str, Callable[[], np.ndarray]] = {name: lambda: task.ours(name, task.subsets)}
    for rival, model in rivals.items():
        jobs[rival] = lambda model=model: task.loop(model, looped)
    votes: dict[str, np.ndarray] = {}

    def turn(contender: str) -> tuple[float, float]:
        seconds, peak = measured(lambda: votes.update({contender: jobs[contender]()}))
        return seconds * (1 if contender == name else voters / looped), peak

    rounds: dict[str, list[tuple[float, float]]] = {contender: [] for contender in jobs}
    for _ in range(bench.repeats):
        for contender, found in rounds.items():
            found.append(turn(contender))
    ours = [seconds for seconds, _ in rounds[name]]
    for contender, found in rounds.items():
        seconds = [took for took, _ in found]
        ratio = statistics.median(theirs / mine for theirs, mine in zip(seconds, ours, strict=True))
        counts = votes[contender]
        right = counts[np.arange(asked), task.split.test_labels] / counts.sum(axis=1)
        majority = counts.argmax(axis=1) == task.split.test_labels
        accuracy = {"a voter": float(right.mean()), "all together": float(majority.mean())}
        bench.add(Row(case, contender, seconds, max(peak for _, peak in found), ratio, None, accuracy))
    for row in bench.rows:
        if row.case == case:
            print(f"      accuracy, {row.contender}: a voter {row.notes['a voter']:.3f}, ", end="")
            print(f"all together {row.notes['all together']:.3f}")


def goals(bench: Bench) -> None:
    rows = {row.contender: row for row in bench.rows}
    for name, rival, least, most in GOALS:
        if rival in rows:
            mine, ratio = rows[name].median, rows[rival].ratio
            verdict = "" if ratio >= least and mine <= most else "   MISSED"
            print(f"{name}: {mine:.2f} s (goal {most} s), {ratio:.0f} × as fast as {rival} (goal {least} ×){verdict}")


def defaults(name: str) -> dict[str, float]:
    """The learner's options as runs have them."""
    options = yaml.safe_load((Path(__file__).parents[1] / "conf" / "learner" / f"{name}.yaml").read_text())
    return {key: value for key, value in options.items() if key not in ("defaults", "name")}


if __name__ == "__main__":
    main()
