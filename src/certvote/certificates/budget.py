"""Certify all test examples together by a budget for removals and one for additions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from certvote.certificates.base import Certificate, Problem, VotesOf
from certvote.options import Label, choice, option

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Int64

    from certvote.types import Curve


@choice("certificate", "budget")
class Budget(Certificate):
    """Joint over removals and additions, without groups (kNN and rNN)."""

    bound: str = option(
        "kNN: sharp, or plain, which certifies a little less (docs/certificates.md, Lemmas 6 and 7); rNN: the same",
        one_of=("sharp", "plain"),
    )
    tolerance: float = option(
        "a search that turns out to be hard stops when certified and attained are this close", least=0
    )
    seconds: float = option("or when the whole curve has taken so long; the result is valid whenever it stops", least=0)

    label = Label("budget", order=4, width=2.6)
    meaning = (
        "Joint: removals and additions both have one label each and at most e of each are shared out. A search by "
        "branch and bound stops at a tolerance or time limit; what it has proven until then is certified, and how far "
        "the other side of the search was away is stated beside it."
    )
    votes_of = frozenset({VotesOf.RADIUS, VotesOf.RANK})
    never_below = ("removal",)

    def window(self, sizes: Int64[np.ndarray, " s"]) -> int:
        return int(sizes.max())

    def curve(self, problem: Problem, alone: object, progress: Callable[[int, int], None]) -> Curve:
        from certvote.certificates.budget_curve import curve

        return curve(
            problem.counted_votes,
            problem.labels,
            problem.sizes,
            bound=self.bound,
            tolerance=self.tolerance,
            seconds=self.seconds,
            change=problem.change,
            progress=progress,
        )
