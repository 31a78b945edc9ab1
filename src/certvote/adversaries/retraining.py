"""Train the members of poisoned parts again, and ask them about some test examples: what each change would do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Int8, Int64

from certvote.adversaries.base import Target
from certvote.algorithms.ensemble import EnsembleAlgorithm

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from certvote.algorithms.base import Inputs
    from certvote.algorithms.subsets import Subsets
    from certvote.learners.ensemble import Ensemble

_BALLOT_BYTES = 32 * 2**20  # of the members that are trained at a time
NOTHING = -1
"""Stands for no row: nothing is removed, or nothing is added."""


@dataclass(frozen=True)
class Actions:
    """Hold changes of single parts, each of at most one removed and one added example.

    Attributes
    ----------
    part : int64 array, shape (j,)
        The part, or bucket, that each action poisons.
    gone : int64 array, shape (j,)
        Row of the training set that is removed, or ``NOTHING``.
    new : int64 array, shape (j,)
        Content that is added, a row of :class:`Contents`, or ``NOTHING``.
    """

    part: Int64[np.ndarray, " j"]
    gone: Int64[np.ndarray, " j"]
    new: Int64[np.ndarray, " j"]

    def __len__(self) -> int:
        return len(self.part)

    @classmethod
    def concatenate(cls, several: Sequence[Actions]) -> Actions:
        """Return all actions of several sets."""
        return cls(*(np.concatenate([getattr(one, name) for one in several]) for name in ("part", "gone", "new")))


@dataclass(frozen=True)
class Contents:
    """Hold examples that may be added: as the data set would have them, as members see them, and their labels."""

    examples: np.ndarray
    vectors: np.ndarray
    labels: Int64[np.ndarray, " k"]


@dataclass(frozen=True)
class Queries:
    """Hold the test examples that the attacker looks at.

    Attributes
    ----------
    rows : int64 array, shape (q,)
        Rows of the test set.
    vectors : array, shape (q, …)
        What members see of them.
    winner, rival : int64 array, shape (q,)
        Predicted label, and the one that the attacker wants instead; where the prediction is wrong, the true label.
    gain : float array, shape (q,)
        1 where the prediction is right, -1 where it is wrong.
    """

    rows: Int64[np.ndarray, " q"]
    vectors: np.ndarray
    winner: Int64[np.ndarray, " q"]
    rival: Int64[np.ndarray, " q"]
    gain: np.ndarray


class Retraining:
    """Train members of one training set again after single changes, and compare what they say.

    A member's *support* of a test example is 1, 0 or -1: for the winner, for neither, for the rival. With a second
    round it is 1 or -1: which of the two it ranks higher. The margin of a test example is the sum of its supports, and
    1 if the winner wins ties: it keeps its label against the rival while that is at least 1.
    """

    def __init__(self, target: Target, inputs: Inputs, queries: Queries) -> None:
        self.target, self.inputs, self.queries = target, inputs, queries
        assert isinstance(target.algo, EnsembleAlgorithm)
        subsets, buckets = target.algo.subsets(inputs)
        self.members, self.seeds = list(subsets), subsets.seeds
        pairs = [(v, v) for v in range(len(subsets))] if buckets is None else _pairs(buckets)
        self.voters: dict[int, list[int]] = {}
        for bucket, voter in pairs:
            self.voters.setdefault(bucket, []).append(voter)
        self.clean = self._supports(inputs, self.members, self.seeds)

    @property
    def most_voters(self) -> int:
        """The largest number of members that see one part."""
        return max(len(voters) for voters in self.voters.values())

    @property
    def margin(self) -> Int64[np.ndarray, " q"]:
        """Margins of the test examples before any change."""
        ties = self.queries.winner > self.queries.rival
        return np.asarray(self.clean.sum(axis=1, dtype=np.int64) + ties)

    def reductions(
        self, actions: Actions, contents: Contents, progress: Callable[[int, int], None] | None = None
    ) -> csr_array:
        """Compute what each action takes off each margin.

        Parameters
        ----------
        actions : Actions
            Changes, each on its own.
        contents : Contents
            What they add.
        progress : callable or None
            Called with the number of actions done and their total.

        Returns
        -------
        sparse float32 array, shape (j, q)
        """
        from scipy.sparse import csr_array, vstack

        n = len(self.inputs.labels)
        extended = replace(
            self.inputs,
            train=np.concatenate([self.inputs.train, contents.vectors.astype(self.inputs.train.dtype)]),
            labels=np.concatenate([self.inputs.labels, contents.labels]),
        )
        order = np.argsort(actions.part, kind="stable")  # actions on one part share its examples
        blocks = [csr_array((0, len(self.queries.rows)), dtype=np.float32)]
        at_a_time = max(1, self._at_a_time() // self.most_voters)
        for start in range(0, len(order), at_a_time):
            block = order[start : start + at_a_time]
            voters = [self.voters[int(part)] for part in actions.part[block]]
            members = [
                _changed(self.members[voter], gone, NOTHING if new == NOTHING else n + new)
                for own, gone, new in zip(voters, actions.gone[block], actions.new[block], strict=True)
                for voter in own
            ]
            asked = np.array([voter for own in voters for voter in own], dtype=np.int64)
            fallen = self.clean[:, asked] - self._supports(extended, members, self.seeds[asked])
            starts = np.cumsum([0, *(len(own) for own in voters[:-1])])
            blocks.append(csr_array(np.add.reduceat(fallen, starts, axis=1, dtype=np.int16).T.astype(np.float32)))
            if progress is not None:
                progress(start + len(block), len(order))
        return vstack(blocks, format="csr")[np.argsort(order)]

    def _supports(self, inputs: Inputs, members: list[np.ndarray], seeds: np.ndarray) -> Int8[np.ndarray, "q v"]:
        """Train members on rows of a training set, and return their supports of all test examples."""
        found = np.empty((len(self.queries.rows), len(members)), np.int8)
        at_a_time = self._at_a_time()
        for start in range(0, len(members), at_a_time):
            block = slice(start, start + at_a_time)
            ensemble = self.target.work.learner.train(
                inputs.train,
                inputs.labels,
                _subsets(members[block], seeds[block]),
                num_classes=inputs.num_classes,
                threads=self.target.work.threads,
            )
            found[:, block] = self._support(ensemble)
        return found

    def _support(self, ensemble: Ensemble) -> Int8[np.ndarray, "q v"]:
        """Ask members, and return whom of winner and rival they support."""
        queries = self.queries
        winner, rival = queries.winner[:, None], queries.rival[:, None]
        if self.target.algo.second_round:
            rankings = ensemble.rankings(queries.vectors)
            places = [np.argmax(rankings == label[:, :, None], axis=2) for label in (winner, rival)]
            return np.where(places[0] < places[1], np.int8(1), np.int8(-1))
        first = ensemble.first_choices(queries.vectors)
        return np.asarray((first == winner).astype(np.int8) - (first == rival).astype(np.int8))

    def _at_a_time(self) -> int:
        """Return the number of members whose ballots fit into memory."""
        depth = self.inputs.num_classes if self.target.algo.second_round else 1
        return max(1, _BALLOT_BYTES // max(len(self.queries.rows) * depth, 1))


def _pairs(buckets: np.ndarray) -> list[tuple[int, int]]:
    """Return every pair of a bucket and a member that has it."""
    return sorted({(int(bucket), voter) for voter, own in enumerate(buckets) for bucket in own})


def _changed(rows: np.ndarray, gone: int, new: int) -> np.ndarray:
    """Return a member's rows without one of them and with another one at the end."""
    kept = rows if gone == NOTHING else rows[rows != gone]
    return kept if new == NOTHING else np.append(kept, new)


def _subsets(members: list[np.ndarray], seeds: np.ndarray) -> Subsets:
    """Return members as the learners take them."""
    from certvote.algorithms.subsets import Subsets

    return Subsets(
        examples=np.concatenate(members).astype(np.int64),
        offsets=np.cumsum([0, *(len(rows) for rows in members)]).astype(np.int64),
        seeds=seeds,
    )
