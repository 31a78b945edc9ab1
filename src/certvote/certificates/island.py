"""Certify groups of test examples that cost an attacker about the same: ISLAND (Jia et al., AAAI 2022)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certvote.certificates.base import Certificate, Problem, VotesOf
from certvote.options import Label, choice

if TYPE_CHECKING:
    from certvote.types import Curve


@choice("certificate", "island")
class Island(Certificate):
    """Joint, over groups of test examples of about the same cost, for every size anew (rNN)."""

    label = Label("ISLAND", order=2, dashes=(5.0, 2.4), width=1.5)
    meaning = "Joint, as RD, but test examples that cost an attacker about the same are grouped, for every e anew."
    votes_of = frozenset({VotesOf.RADIUS})
    changes = ("any", "delete", "relabel")
    never_below = ("individual",)
    by_groups = True

    def curve(self, problem: Problem, alone: object, progress: object) -> Curve:
        from certvote.certificates.grouping import curve

        return curve(problem.counted_votes, problem.labels, problem.sizes, method=self.name, change=problem.change)
