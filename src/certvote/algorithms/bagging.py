"""Vote by base classifiers that are trained on a few examples each, drawn at random (Jia, Cao and Gong, AAAI 2021)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from certvote.algorithms.base import Inputs
from certvote.algorithms.ensemble import EnsembleAlgorithm
from certvote.certificates.base import Problem
from certvote.checks import LEAST_ALPHA
from certvote.options import Label, choice, option

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Bool, Int64

    from certvote.algorithms.subsets import Subsets


@choice("algo", "bagging")
class Bagging(EnsembleAlgorithm):
    """Base classifiers, each trained on a few examples drawn with replacement; a probabilistic certificate."""

    subsample: int = option(
        "training examples per base classifier", least=1, most="n_train", shortcut="subsample", symbol="ξ"
    )
    voters: int = option("number of base classifiers", least=2, most=10**6, symbol="N")
    alpha: float = option(
        "all test examples together: proven confidence 1 - (1 + 2/classes) alpha",
        least=LEAST_ALPHA,
        below=1,
        votes=False,
    )
    seed: int = option("seed of the draws", least=0, seed=True)

    label = Label("bagging", order=2, color="#009E73", marker="^")
    meaning = (
        "Jia, Cao, Gong (2021): N base classifiers, each trained on ξ examples drawn with replacement. Its certificate "
        "bounds the vote of infinitely many by that of N (Clopper and Pearson, for all test examples and labels at "
        "once); where these bounds certify no label, it abstains."
    )
    probabilistic = True
    ignores_labels = True

    def subsets(self, inputs: Inputs) -> tuple[Subsets, None]:
        from certvote.algorithms.subsets import bootstrap

        return bootstrap(len(inputs.labels), members=self.voters, size=self.subsample, seed=self.seed), None

    def certified_sizes(self, problem: Problem) -> Int64[np.ndarray, " m"]:
        from certvote.certificates.bagging import certified_sizes

        return certified_sizes(problem.votes.counts, problem.labels, change=problem.change, **self._draws(problem))

    def sizes_against(self, problem: Problem) -> Int64[np.ndarray, "m c"]:
        from certvote.certificates.bagging import certified_sizes_against

        return certified_sizes_against(problem.votes.counts, change=problem.change, **self._draws(problem))

    def abstains(self, problem: Problem) -> Bool[np.ndarray, " m"]:
        from certvote.certificates.bagging import abstains

        return abstains(problem.votes.counts, **self._draws(problem))

    def _draws(self, problem: Problem) -> dict[str, Any]:
        """Return what the certificate needs to know about the draws."""
        return {"n_train": problem.n_train, "subsample": self.subsample, "alpha": self.alpha}

    @classmethod
    def members(cls, options: Mapping[str, Any], n_train: int | None) -> tuple[int | None, float | None]:
        return options.get("algo.voters"), options.get("algo.subsample")

    @classmethod
    def confidence(cls, options: Mapping[str, Any], num_classes: int | None) -> float | None:
        from certvote.certificates.bagging import confidence

        alpha = options.get("algo.alpha")
        return None if alpha is None or num_classes is None else confidence(alpha, num_classes)
