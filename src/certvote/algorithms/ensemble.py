"""Train base classifiers on parts of the training set and collect their votes: what all ensembles share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from certvote.algorithms.base import PLURALITY, Algorithm, Inputs, Work
from certvote.certificates.base import VotesOf
from certvote.types import Election, Votes

if TYPE_CHECKING:
    from jaxtyping import Int32

    from certvote.algorithms.subsets import Subsets
    from certvote.learners.base import Learner
    from certvote.learners.ensemble import Ensemble
    from certvote.runtime.progress import Progress

RUNOFF = "runoff"
"""Name of the election with a second round between the two labels that have the most votes."""

_CHUNK_BYTES = 256 * 2**20  # of the ballots of all members about a part of the test set


class EnsembleAlgorithm(Algorithm):
    """Let base classifiers vote, each trained on a part of the training set."""

    votes_of = VotesOf.MEMBERS

    @abstractmethod
    def subsets(self, inputs: Inputs) -> tuple[Subsets, Int32[np.ndarray, "v d"] | None]:
        """Choose the training examples of each member.

        Parameters
        ----------
        inputs : Inputs
            The training set.

        Returns
        -------
        Subsets
            The examples of each member.
        int32 array, shape (v, d), or None
            The buckets of each member, where a bucket goes to several members; ``None`` where parts are disjoint, or
            drawn at random.
        """

    def uses(self, learner: Learner) -> frozenset[str]:
        return frozenset({"learner", "feature"} if learner.inputs == "features" else {"learner"})

    def votes(self, inputs: Inputs, work: Work) -> Votes | Election:
        return self.outcomes(inputs, work)[self.decided_by]

    def outcomes(self, inputs: Inputs, work: Work) -> Mapping[str, Votes | Election]:
        """Train all members once and decide every election of :meth:`elections` from their ballots.

        Raises
        ------
        ValueError
            If there are more parts, or larger subsamples, than training examples.
        """
        from certvote.runtime.progress import measured

        subsets, buckets = self.subsets(inputs)
        learner = work.learner
        label = f"training ({learner.name})"
        with measured("training", label, len(subsets), work.seconds, "member") as progress:
            ensemble = learner.train(
                inputs.train,
                inputs.labels,
                subsets,
                num_classes=inputs.num_classes,
                threads=work.threads,
                progress=progress,
            )
        with measured("votes", f"votes ({self.name})", len(inputs.test), work.seconds) as progress:
            return self.decide(ensemble, buckets, inputs.test, work.threads, progress)

    def decide(
        self,
        ensemble: Ensemble,
        buckets: Int32[np.ndarray, "v d"] | None,
        test: np.ndarray,
        threads: int | None = None,
        progress: Progress | None = None,
    ) -> Mapping[str, Votes | Election]:
        """Ask trained members, and decide every election of :meth:`elections`.

        Parameters
        ----------
        ensemble : Ensemble
            The trained members.
        buckets : int32 array, shape (v, d), or None
            Their buckets, as :meth:`subsets` returned them.
        test : array, shape (m, …)
            Test examples, as in training.
        threads : int or None
            Threads to use; ``None``: one per core.
        progress : callable or None
            Called with the number of test examples done and their total.
        """
        elections = self.elections(ensemble.learner)
        if buckets is None and elections == (PLURALITY,):
            return {PLURALITY: Votes(counts=ensemble.counts(test, progress=progress))}
        return _decide_all(elections, ensemble, buckets, test, threads, progress)


def _decide_all(
    elections: tuple[str, ...],
    ensemble: Ensemble,
    buckets: np.ndarray | None,
    test: np.ndarray,
    threads: int | None,
    progress: Progress | None,
) -> dict[str, Votes | Election]:
    """Collect the ballots for one part of the test set after another, and decide every election from them."""
    ranked = RUNOFF in elections
    rows = max(1, _CHUNK_BYTES // (ensemble.num_members * (ensemble.num_classes if ranked else 1)))
    parts: dict[str, list[Votes | Election]] = {election: [] for election in elections}
    for start in range(0, len(test), rows):
        ask = ensemble.rankings if ranked else ensemble.first_choices

        def shown(done: int, _: int, start: int = start) -> None:
            if progress is not None:
                progress(start + done, len(test))

        ballots = ask(test[start : start + rows], progress=shown)
        for election, outcomes in parts.items():
            outcomes.append(_decide(election, ballots, buckets, ensemble.num_classes, threads))
    return {election: _concatenate(outcomes) for election, outcomes in parts.items()}


def _decide(
    election: str, ballots: np.ndarray, buckets: np.ndarray | None, num_classes: int, threads: int | None
) -> Votes | Election:
    """Decide one election from ballots: rankings, shape (m, v, c), or first choices, shape (m, v)."""
    from certvote.certificates import finite_aggregation, runoff
    from certvote.certificates.ballots import count_first

    if election == RUNOFF:
        return runoff.elect(ballots, num_classes=num_classes, buckets=buckets, threads=threads)
    first = np.ascontiguousarray(ballots[:, :, 0]) if ballots.ndim == 3 else ballots
    if buckets is None:
        return Votes(counts=count_first(first, num_classes, threads))
    return finite_aggregation.elect(first, buckets, num_classes=num_classes, threads=threads)


def _concatenate(outcomes: list[Votes | Election]) -> Votes | Election:
    """Concatenate the outcomes of consecutive parts of the test set."""
    counts = np.concatenate([outcome.counts for outcome in outcomes])
    decided = [outcome for outcome in outcomes if isinstance(outcome, Election)]
    if not decided:
        return Votes(counts=counts)
    winner = np.concatenate([outcome.winner for outcome in decided])
    return Election(counts=counts, winner=winner, parts=np.concatenate([outcome.parts for outcome in decided]))
