"""Certify random groups of test examples together: RD (Jia et al., AAAI 2022)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certvote.certificates.base import Certificate, Problem, VotesOf
from certvote.options import Label, choice, option

if TYPE_CHECKING:
    from certvote.types import Curve


@choice("certificate", "rd")
class RandomDivision(Certificate):
    """Joint, over random groups of test examples with different predicted labels (rNN)."""

    seed: int = option("seed of the division into groups", least=0, seed=True)

    label = Label("RD", order=1, dashes=(6.0, 2.2, 1.4, 2.2), width=1.4)
    meaning = (
        "Joint, by random groups of test examples with different predicted labels, among which one removal serves at "
        "most one. Depends on the seed of the division."
    )
    votes_of = frozenset({VotesOf.RADIUS})
    changes = ("any", "delete", "relabel")
    never_below = ("individual",)
    by_groups = True

    def curve(self, problem: Problem, alone: object, progress: object) -> Curve:
        from certvote.certificates.grouping import curve

        return curve(
            problem.counted_votes,
            problem.labels,
            problem.sizes,
            method=self.name,
            seed=self.seed,
            change=problem.change,
        )
