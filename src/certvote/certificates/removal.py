"""Certify all test examples together by a budget for removals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certvote.certificates.base import Certificate, Problem, VotesOf
from certvote.options import Label, choice

if TYPE_CHECKING:
    from certvote.types import Curve


@choice("certificate", "removal")
class Removal(Certificate):
    """Joint, without groups: removals are shared out among the labels (rNN)."""

    label = Label("removal budget", order=3, width=0.9)
    meaning = (
        "Joint: at most e removals are shared out among the labels, and the worst way to do so is computed exactly. "
        "Never below RD or ISLAND."
    )
    votes_of = frozenset({VotesOf.RADIUS})
    changes = ("any", "delete", "relabel")
    never_below = ("rd", "island")

    def curve(self, problem: Problem, alone: object, progress: object) -> Curve:
        from certvote.certificates.budget_curve import removal_curve

        return removal_curve(problem.counted_votes, problem.labels, problem.sizes, change=problem.change)
