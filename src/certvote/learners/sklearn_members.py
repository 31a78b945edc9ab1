"""Train members that are classifiers in scikit-learn's form.

A member is fitted to copies of its own examples, in their order, by a copy of the classifier with the member's seed and
one thread for BLAS and OpenMP. It must be a function of these: :func:`check_deterministic` refuses classifiers that are
not. Members of one label are not fitted. A member that cannot be fitted, or cannot answer, votes as one without
examples: an attacker who spoils the training of one must not get more than its vote.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float32, Float64, Int64, UInt8, UInt16
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from certvote.learners.ballots import label_type, rank_by_score
from certvote.learners.sklearn_classifiers import seeded

if TYPE_CHECKING:
    from certvote.algorithms.subsets import Subsets
    from certvote.runtime.progress import Progress

_ROWS = 512  # inputs per call of a member: a constant, so that sums of floats do not depend on the number of threads
_PROBES = 1000  # training examples on which two fits are compared


@dataclass(frozen=True)
class SklearnMember:
    """Hold one trained member.

    Attributes
    ----------
    labels : int64 array, shape (own labels,)
        Labels that the member has examples of, ascending.
    classifier : estimator or None
        The fitted classifier; ``None`` with fewer than two labels.
    failure : str
        Why the classifier could not be fitted, "" if it could; then ``labels`` are none.
    """

    labels: Int64[np.ndarray, " own"]
    classifier: Any = None
    failure: str = ""

    def first_choices(self, inputs: Float32[np.ndarray, "m d"], num_classes: int) -> Int64[np.ndarray, " m"]:
        """Return the label that the classifier predicts; of a single label that, and without any the largest."""
        if self.classifier is None:
            return np.full(len(inputs), self.labels[0] if len(self.labels) else num_classes - 1, np.int64)
        return np.asarray(self.classifier.predict(inputs), dtype=np.int64)

    def scores(self, inputs: Float32[np.ndarray, "m d"], num_classes: int) -> Float64[np.ndarray, "m c"]:
        """Return scores whose order ranks the labels.

        The predicted label comes first; behind it the member's other labels by probability, else by decision function,
        else the larger one first; then the labels that it has no example of.
        """
        scores = np.full((len(inputs), num_classes), -np.inf)
        if self.classifier is not None:
            scores[:, self.labels] = _own_scores(self.classifier, inputs, len(self.labels))
        scores[np.arange(len(inputs)), self.first_choices(inputs, num_classes)] = np.inf
        return scores


def _own_scores(classifier: Any, inputs: np.ndarray, num_labels: int) -> np.ndarray:
    """Return the classifier's scores of its own labels, finite; all 0 where it has none."""
    if hasattr(classifier, "predict_proba"):
        found = np.asarray(classifier.predict_proba(inputs), dtype=np.float64)
    elif hasattr(classifier, "decision_function"):
        found = np.asarray(classifier.decision_function(inputs), dtype=np.float64)
        found = np.stack([-found, found], axis=1) if found.ndim == 1 else found
    else:
        return np.zeros((len(inputs), num_labels))
    if found.shape != (len(inputs), num_labels):
        raise ValueError(
            f"{type(classifier).__name__}: expected scores of {num_labels} labels for each of {len(inputs)} inputs, "
            f"got shape {list(found.shape)}"
        )
    return np.nan_to_num(found)


@dataclass(frozen=True)
class SklearnMembers:
    """Hold trained members.

    Attributes
    ----------
    members : list of SklearnMember
        One per subset.
    num_classes : int
        Number of labels.
    threads : int
        Threads that ask members at the same time.
    """

    members: list[SklearnMember]
    num_classes: int
    threads: int

    @contextmanager
    def ready(self, inputs: Float32[np.ndarray, "m d"]) -> Iterator[SklearnBallots]:
        """Prepare all members for one array of inputs."""
        with threadpool_limits(1):  # threads share the inputs out: BLAS and OpenMP must not start more
            yield SklearnBallots(self, inputs)


class SklearnBallots:
    """Ask all members about some inputs at a time."""

    rows = _ROWS

    def __init__(self, trained: SklearnMembers, inputs: Float32[np.ndarray, "m d"]) -> None:
        self.trained, self.inputs, self.workers = trained, inputs, trained.threads

    def __call__(
        self, start: int, stop: int, depth: int
    ) -> UInt8[np.ndarray, "rows v depth"] | UInt16[np.ndarray, "rows v depth"]:
        """Return the first ``depth`` labels of every member's ranking, for the inputs ``start`` to ``stop``."""
        inputs, c = self.inputs[start:stop], self.trained.num_classes
        ballots = np.empty((stop - start, len(self.trained.members), depth), label_type(c))
        for v, member in enumerate(self.trained.members):
            if depth == 1:
                ballots[:, v, 0] = member.first_choices(inputs, c)
            else:
                ballots[:, v] = rank_by_score(member.scores(inputs, c)[:, None], depth)[:, 0]
        return ballots


def fit_members(
    classifier: Any,
    inputs: Float32[np.ndarray, "n d"],
    labels: Int64[np.ndarray, " n"],
    subsets: Subsets,
    *,
    num_classes: int,
    threads: int,
    progress: Progress | None,
) -> SklearnMembers:
    """Fit one copy of a classifier per subset, in parallel processes (joblib).

    Parameters
    ----------
    classifier : estimator
        A classifier in scikit-learn's form; it is not fitted itself.
    inputs, labels, subsets, num_classes, threads, progress
        As :meth:`certvote.learners.base.Learner.train` checks them.

    Raises
    ------
    ValueError
        If the classifier is not deterministic, or cannot be fitted to the examples of any member.

    Warns
    -----
    UserWarning
        If it cannot be fitted to the examples of some members, which vote for the largest label then.
    """
    from joblib import Parallel, delayed

    check_deterministic(classifier, inputs, labels, subsets)
    tasks = (
        delayed(_fit_member)(classifier, inputs[rows], labels[rows], int(seed))
        for rows, seed in zip(subsets, subsets.seeds, strict=True)
    )
    members: list[SklearnMember] = []
    for member in Parallel(n_jobs=threads, return_as="generator")(tasks):
        members.append(member)
        if progress is not None:
            progress(len(members), len(subsets))
    _report_failures(classifier, members)
    return SklearnMembers(members, num_classes, threads)


def _report_failures(classifier: Any, members: list[SklearnMember]) -> None:
    """Warn about members that could not be fitted; raise ``ValueError`` if that is all of them."""
    failures = [member.failure for member in members if member.failure]
    if not failures:
        return
    name = type(classifier).__name__
    if len(failures) == len(members):
        raise ValueError(
            f"expected a classifier that can be fitted to parts of the training set, got {name}, which failed on all "
            f"{len(members)}: {failures[0]}"
        )
    warnings.warn(
        f"{name} could not be fitted to {len(failures)} of {len(members)} parts of the training set, whose members "
        f"vote for the largest label: {failures[0]}",
        UserWarning,
        stacklevel=2,
    )


def check_deterministic(classifier: Any, inputs: np.ndarray, labels: np.ndarray, subsets: Subsets) -> None:
    """Fit the largest member that has several labels twice, and compare all scores of up to 1,000 inputs.

    Raises
    ------
    ValueError
        If they differ: such a member is no function of its examples and its seed, and nothing is certified about it.
    """
    parts = list(subsets)
    for member in sorted(range(len(parts)), key=lambda j: -len(parts[j])):
        rows, c, probes = parts[member], int(labels.max(initial=0)) + 1, inputs[:_PROBES]
        if len(np.unique(labels[rows])) < 2:
            continue
        pair = [_fit_member(classifier, inputs[rows], labels[rows], int(subsets.seeds[member])) for _ in range(2)]
        if any(one.failure for one in pair):
            continue
        with threadpool_limits(1):
            first, second = (one.scores(probes, c) for one in pair)
        if not np.array_equal(first, second):
            raise ValueError(
                f"expected a classifier that is determined by its examples and random_state, got "
                f"{type(classifier).__name__}, which answers differently after two fits to the same {len(rows)} "
                f"examples: nothing can be certified about it"
            )
        return


def _fit_member(classifier: Any, x: np.ndarray, y: np.ndarray, seed: int) -> SklearnMember:
    """Fit one member to its own examples, and ask it once."""
    own = np.unique(y)
    if len(own) < 2:
        return SklearnMember(own)
    copy = seeded(classifier, seed)
    with threadpool_limits(1):
        try:
            copy.fit(x, y)
            copy.predict(x[:1])  # some fail only when they are asked: fewer examples than neighbors
        except Exception as error:
            return SklearnMember(own[:0], failure=f"{len(x)} examples of {len(own)} labels: {error}")
    return SklearnMember(own, copy)
