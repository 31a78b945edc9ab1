"""Ground truth: every poisoned training set within reach of a tiny one, classified by a plain kNN or rNN.

Nothing here is shared with the program: neighbors are sorted and counted anew for every poisoned set.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations, combinations_with_replacement, product

import numpy as np
from numba import njit


@dataclass(frozen=True)
class Instance:
    """A tiny training set, a test set, and what an attacker may add.

    Examples are rows ``(coordinates…, label, rank)``. Of two equally distant examples the one with the larger rank is
    nearer. ``k`` for kNN, or ``r`` for rNN (L1 distance). Test examples are points, or several views of one each: then
    the smallest distance counts.
    """

    train: np.ndarray
    candidates: np.ndarray
    test: np.ndarray
    test_labels: np.ndarray
    classes: int
    k: int | None = None
    r: int | None = None

    @property
    def items(self) -> np.ndarray:
        """Clean examples, then candidates."""
        return np.concatenate((self.train, self.candidates))

    def ranking(self) -> np.ndarray:
        """For each test example, all clean examples and candidates in neighbor order."""
        return np.array([np.lexsort((-self.items[:, -1], distance)) for distance in self.distances()])

    @property
    def views(self) -> np.ndarray:
        """The test examples with an axis of views."""
        return self.test if self.test.ndim == 3 else self.test[:, None, :]

    def distances(self) -> np.ndarray:
        return np.abs(self.views[:, :, None, :] - self.items[:, :-2]).sum(axis=3).min(axis=1)


def most_reached(instance: Instance, largest: int, target: int, change: str = "any") -> np.ndarray:
    """Most test examples of other classes classified as ``target`` over all ``D*``, for ``e = 0 … largest``."""
    victims = instance.test_labels != target
    aimed = replace(instance, test=instance.test[victims], test_labels=np.full(victims.sum(), target))
    return victims.sum() - worst_correct(aimed, largest, change, avoid=True)


def worst_correct(instance: Instance, largest: int, change: str = "any", avoid: bool = False) -> np.ndarray:
    """Fewest test examples classified correctly over all ``D*`` with ``S(D, D*) ≤ e``, for ``e = 0 … largest``.

    With ``change="insert"`` only those from which nothing was removed, with ``"delete"`` to which nothing was added,
    with ``"relabel"`` those in which labels were changed: places and ranks stay, whatever the rank was made from. With
    ``avoid`` those that do *not* get their label are counted.
    """
    if change == "relabel":
        return _worst_relabeled(instance, largest, avoid)
    n, extra = len(instance.train), len(instance.candidates)
    most_gone, most_new = {"any": (largest, largest), "insert": (0, largest), "delete": (largest, 0)}[change]
    removals = [rows for size in range(min(most_gone, n) + 1) for rows in combinations(range(n), size)]
    additions = [rows for size in range(most_new + 1) for rows in combinations_with_replacement(range(extra), size)]
    return _worst(
        _padded(removals, largest),
        _padded([[n + row for row in rows] for rows in additions], largest),
        instance.ranking(),
        instance.distances(),
        instance.items[:, -2],
        instance.test_labels,
        n,
        instance.classes,
        -1 if instance.k is None else instance.k,
        -1 if instance.r is None else instance.r,
        largest,
        avoid,
    )


def _worst_relabeled(instance: Instance, largest: int, avoid: bool) -> np.ndarray:
    """:func:`worst_correct` over all ways to give up to ``largest`` examples other labels."""
    n, clean = len(instance.train), instance.train[:, -2]
    rows = [rows for size in range(min(largest, n) + 1) for rows in combinations(range(n), size)]
    sets, changed = [], []
    for chosen in rows:
        others = [[label for label in range(instance.classes) if label != clean[row]] for row in chosen]
        for labels in product(*others):
            sets.append(clean.copy())
            sets[-1][list(chosen)] = labels
            changed.append(len(chosen))
    own = replace(instance, candidates=instance.candidates[:0])
    k, r = (-1 if bound is None else bound for bound in (instance.k, instance.r))
    order = own.ranking(), own.distances()
    right = _right_with_labels(np.array(sets), *order, instance.test_labels, instance.classes, k, r, avoid)
    least = [min(x for x, size in zip(right, changed, strict=True) if size <= e) for e in range(largest + 1)]
    return np.array(least)


@njit(cache=True)
def _right_with_labels(sets, order, distance, truth, classes, k, r, avoid):
    """Count the test examples that are right with each of several labelings of the training set."""
    right = np.zeros(len(sets), dtype=np.int64)
    copies = np.ones(sets.shape[1], dtype=np.int64)
    for j, labels in enumerate(sets):
        for t in range(truth.size):
            right[j] += (_predict(copies, order[t], distance[t], labels, classes, k, r) == truth[t]) != avoid
    return right


def _padded(lists: list, width: int) -> np.ndarray:
    table = np.full((len(lists), width), -1)
    for row, values in enumerate(lists):
        table[row, : len(values)] = values
    return table


@njit(cache=True)
def _predict(copies, order, distance, label, classes, k, r):
    """Label of one test example: walk through the neighbors, nearest first, and count."""
    votes = np.zeros(classes, dtype=np.int64)
    seen = 0
    for item in order:
        for _ in range(copies[item]):
            if k >= 0 and seen == k:
                break
            if k < 0 and distance[item] > r:
                break
            votes[label[item]] += 1
            seen += 1
    winner = 0
    for l in range(classes):  # noqa: E741
        if votes[l] >= votes[winner]:
            winner = l
    return winner


@njit(cache=True)
def _worst(removals, additions, order, distance, label, truth, n, classes, k, r, largest, avoid):
    worst = np.full(largest + 1, truth.size)
    copies = np.zeros(label.size, dtype=np.int64)
    for removed in removals:
        for added in additions:
            copies[:n] = 1
            copies[n:] = 0
            gone, new = 0, 0
            for item in removed:
                if item >= 0:
                    copies[item] -= 1
                    gone += 1
            for item in added:
                if item >= 0:
                    copies[item] += 1
                    new += 1
            right = 0
            for t in range(truth.size):
                right += (_predict(copies, order[t], distance[t], label, classes, k, r) == truth[t]) != avoid
            worst[max(gone, new)] = min(worst[max(gone, new)], right)
    for e in range(1, largest + 1):
        worst[e] = min(worst[e], worst[e - 1])
    return worst


def winner(counts: np.ndarray) -> int:
    """Label with the most votes, the larger one of equals."""
    return max(range(len(counts)), key=lambda label: (counts[label], label))


def votes_by_hand(instance: Instance) -> tuple[np.ndarray, np.ndarray]:
    """Clean vote counts, and each test example's clean labels in neighbor order."""
    n = len(instance.train)
    counts, ranked = [], []
    for views in instance.views.tolist():
        rows = []
        for *point, label, rank in instance.train.tolist():
            distances = [sum(abs(a - b) for a, b in zip(point, view, strict=True)) for view in views]
            rows.append((min(distances), -rank, label))
        rows.sort()
        voters = rows[: instance.k] if instance.k is not None else [row for row in rows if row[0] <= instance.r]
        counts.append(np.bincount([row[2] for row in voters], minlength=instance.classes))
        ranked.append([row[2] for row in rows])
    return np.array(counts, dtype=np.int32), np.array(ranked, dtype=np.uint8).reshape(len(counts), n)


def worst_correct_by_hand(instance: Instance, change: str = "any") -> list[int]:
    """:func:`worst_correct` for sizes 0 and 1, by classifying with explicit poisoned sets."""
    n, worst = len(instance.train), {0: len(instance.test), 1: len(instance.test)}
    if change == "relabel":
        found, ranked = [], instance.train.copy()
        ranked[:, -1] = n * ranked[:, -1] - np.arange(n)  # of equal ranks the first comes first, whatever the labels
        for row, label in product(range(n), range(instance.classes)):  # the same label: nothing is changed
            train = ranked.copy()
            train[row, -2] = label
            counts, _ = votes_by_hand(Instance(**{**vars(instance), "train": train}))
            right = sum(winner(s) == y for s, y in zip(counts, instance.test_labels, strict=True))
            found.append((int(label != instance.train[row, -2]), right))
        return [min(right for size, right in found if size <= e) for e in range(2)]
    for removed in (None, *(() if change == "insert" else range(n))):
        for added in (None, *(() if change == "delete" else instance.candidates)):
            kept = np.delete(instance.train, [] if removed is None else [removed], axis=0)
            poisoned = kept if added is None else np.vstack((kept, added))
            counts, _ = votes_by_hand(Instance(**{**vars(instance), "train": poisoned}))
            predicted = [winner(row) for row in counts]
            size = int(removed is not None or added is not None)
            worst[size] = min(worst[size], int((np.array(predicted) == instance.test_labels).sum()))
    return [worst[0], min(worst.values())]
