"""Train 1,000 bagged base classifiers on MNIST and let them vote, beside loops over scikit-learn's models.

    CERTVOTE_DATA_ROOT=… python benchmarks/ensembles.py [--size quick|standard|full] [--repeats N] [--only TEXT]

Every voter is trained on 20 examples and votes on all test images; HOG features, images for the network. A loop over
scikit-learn's models takes its first 50 voters only: its seconds are those times 20 (quick: 100 voters, loops of 10).
Accuracy on the test set, of a voter on average and of all voters together, is printed below each case.
"""

from __future__ import annotations

import functools
import itertools
import statistics
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from hydra import compose, initialize_config_dir
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from certvote.algorithms.subsets import Subsets, bootstrap
from certvote.options import settings
from certvote.options.settings import Settings
from certvote.runtime.paths import conf_dir
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
        options = chosen("logistic")
        split = options.dataset.split(data_root=options.data_root)
        features = options.feature.extract(split, cache_root=options.cache_root)
        voters, looped = bench.pick(quick=100, standard=1000, full=1000), bench.pick(quick=10, standard=50, full=200)
        task = Task(split, features, bootstrap(len(split.train_labels), members=voters, size=SUBSAMPLE, seed=0))
        penalty = 1 / options.learner.l2  # type: ignore[attr-defined]
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
        learner = chosen(name).learner
        images = learner.inputs == "images"
        learn, asked = (self.split.train, self.split.test) if images else (self.features.train, self.features.test)
        return learner.train(learn, self.split.train_labels, subsets, num_classes=10).counts(asked[:inputs])

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
    few = bootstrap(len(task.split.train), members=2, size=SUBSAMPLE, seed=1)
    task.ours(name, few, 100)  # compiles, starts threads
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


@functools.cache
def chosen(learner: str) -> Settings:
    """Return the settings of a job on MNIST with a learner and its default options."""
    settings.register()
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        return settings.load(compose("config", ["dataset=mnist", "feature=hog", f"learner={learner}"]))


if __name__ == "__main__":
    main()
