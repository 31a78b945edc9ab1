"""Vote by base classifiers that are trained on parts of a hash partition: what DPA and Finite Aggregation share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from certvote.algorithms.base import PLURALITY
from certvote.algorithms.ensemble import RUNOFF, EnsembleAlgorithm
from certvote.algorithms.subsets import PARTITIONS, HashRule
from certvote.certificates.base import Problem
from certvote.certificates.change import keeps_inputs
from certvote.options import Label, option
from certvote.types import Election

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Int64

    from certvote.learners.base import Learner

RUNOFF_NAME = "Run-Off Election"
RUNOFF_MEANING = (
    "Rezaei, Banihashem, Chegini, Feizi (2023): the same voters, a second round between the two labels with the most "
    "votes; a voter whose first choice is out votes for the one that it ranks higher."
)


@dataclass
class PartitionAlgorithm(EnsembleAlgorithm):
    """Let base classifiers, trained on parts of a hash partition, elect a label by plurality or with a run-off."""

    parts: int = option("parts of the training set", least=2, most="n_train", shortcut="parts", symbol="ζ")
    partition_by: str = option(
        "what the hash that divides the training set looks at: example (values and label) or input (values alone)",
        one_of=PARTITIONS,
        shortcut="partition_by",
    )
    election: str = option(
        "plurality, or runoff: the two labels with the most votes against each other",
        one_of=(PLURALITY, RUNOFF),
        votes=False,
        shortcut="election",
    )

    runoff_label: ClassVar[Label]
    """How runs with a run-off are named and drawn."""

    @property
    def decided_by(self) -> str:
        return self.election

    @property
    def second_round(self) -> bool:
        return self.election == RUNOFF

    @property
    def num_buckets(self) -> int:
        """Number of buckets that the hash divides the training set into."""
        return self.parts

    @property
    def hash_rule(self) -> HashRule:
        return HashRule(self.num_buckets, self.partition_by)

    def undefined_for(self, change: str) -> tuple[str, str] | None:
        if keeps_inputs(change) and self.partition_by != "input":
            remedy = "a changed label would move an example to another part: choose partition_by=input"
            return f"partition_by={self.partition_by}", remedy
        return None

    def elections(self, learner: Learner) -> tuple[str, ...]:
        # Slow members take minutes to answer and both elections together seconds: no second job asks them again.
        return (PLURALITY, RUNOFF) if learner.slow else (self.election,)

    def certified_sizes(self, problem: Problem) -> Int64[np.ndarray, " m"]:
        from certvote.certificates import dpa

        if isinstance(problem.votes, Election):
            return dpa.election_sizes(problem.votes, problem.labels, change=problem.change)
        return dpa.certified_sizes(problem.votes.counts, problem.labels, change=problem.change)

    def sizes_against(self, problem: Problem) -> Int64[np.ndarray, "m c"]:
        from certvote.certificates import dpa

        if isinstance(problem.votes, Election):
            return super().sizes_against(problem)  # an election's record is about its winner, not about single rivals
        return dpa.certified_sizes_against(problem.votes.counts, change=problem.change)

    @classmethod
    def label_of(cls, options: Mapping[str, Any]) -> Label:
        return cls.runoff_label if options.get("algo.election") == RUNOFF else cls.label

    @classmethod
    def meanings_of(cls, options: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
        runoff = ((RUNOFF_NAME, RUNOFF_MEANING),) if options.get("algo.election") == RUNOFF else ()
        return (*super().meanings_of(options), *runoff)

    @classmethod
    def members(cls, options: Mapping[str, Any], n_train: int | None) -> tuple[int | None, float | None]:
        parts = options.get("algo.parts")
        return parts, n_train / parts if parts and n_train else None
