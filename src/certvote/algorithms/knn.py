"""Vote by the k nearest training examples."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certvote.algorithms.base import Algorithm, Inputs, Work
from certvote.certificates.base import Problem, VotesOf
from certvote.certificates.change import keeps_inputs
from certvote.options import Label, choice, option

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Int64

    from certvote.adversaries.rule import Rule
    from certvote.certificates.base import Certificate
    from certvote.types import Votes


@choice("algo", "knn")
class Knn(Algorithm):
    """k nearest neighbors in the L1 distance."""

    k: int = option("number of neighbors", least=1, most="n_train", shortcut="k", symbol="k")
    ranking: str = option(
        "who comes first at equal distance: index (the larger index) or hash (SHA-256 of the example)",
        one_of=("index", "hash"),
    )

    label = Label("kNN", order=0, color="#0072B2", marker="o")
    votes_of = VotesOf.RANK

    def window(self, certificate: Certificate, sizes: Int64[np.ndarray, " s"], change: str) -> int:
        if keeps_inputs(change):
            return 0  # the same examples vote
        # An attacker who only inserts or only deletes moves the border one way, and how far is known label by label.
        return int(sizes.max()) if change != "any" else certificate.window(sizes)

    def undefined_for(self, change: str) -> tuple[str, str] | None:
        if keeps_inputs(change) and self.ranking == "hash":
            return "algo.ranking=hash", "the hash of an example depends on its label: choose algo.ranking=index"
        return None

    @property
    def l1_rule(self) -> Rule:
        from certvote.adversaries.rule import Rule

        return Rule(k=self.k, ranking=self.ranking)

    def votes(self, inputs: Inputs, work: Work) -> Votes:
        from certvote.neighbors import knn_votes
        from certvote.runtime.progress import measured

        with measured("votes", f"votes ({self.name})", len(inputs.test), work.seconds) as progress:
            return knn_votes(
                inputs.train,
                inputs.labels,
                inputs.test,
                k=min(self.k, len(inputs.labels)),  # an attacker may leave fewer: then all of them vote
                ranking=self.ranking,
                window=work.window,
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
