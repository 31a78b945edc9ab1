"""Vote by all training examples within a radius."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certvote.algorithms.base import Algorithm, Inputs, Work
from certvote.certificates.base import Problem, VotesOf
from certvote.options import Label, choice, option

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Int64

    from certvote.adversaries.rule import Rule
    from certvote.types import Votes


@choice("algo", "rnn")
class Rnn(Algorithm):
    """Radius nearest neighbors: all training examples within an L1 distance."""

    r: float = option("radius in L1 distance", least=0, shortcut="r", symbol="r")

    label = Label("rNN", order=1, color="#D55E00", marker="s")
    votes_of = VotesOf.RADIUS
    ignores_labels = True

    @property
    def l1_rule(self) -> Rule:
        from certvote.adversaries.rule import Rule

        return Rule(r=self.r)

    def votes(self, inputs: Inputs, work: Work) -> Votes:
        from certvote.neighbors import rnn_votes
        from certvote.runtime.progress import measured

        with measured("votes", f"votes ({self.name})", len(inputs.test), work.seconds) as progress:
            return rnn_votes(
                inputs.train,
                inputs.labels,
                inputs.test,
                r=self.r,
                num_classes=inputs.num_classes,
                backend=work.backend,
                threads=work.threads,
                scratch=work.cache_root / "shards",
                progress=progress,
            )

    def certified_sizes(self, problem: Problem) -> Int64[np.ndarray, " m"]:
        from certvote.certificates.individual import votes_sizes

        return votes_sizes(problem.counted_votes, problem.labels, change=problem.change)

    def sizes_against(self, problem: Problem) -> Int64[np.ndarray, "m c"]:
        from certvote.certificates.individual import certified_sizes_against

        return certified_sizes_against(problem.counted_votes, change=problem.change)
