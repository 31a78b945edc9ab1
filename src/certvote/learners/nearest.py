"""Answer with the label of the nearest of a member's own examples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from certvote.learners.base import Learner
from certvote.options import Label, choice

if TYPE_CHECKING:
    from certvote.learners.ensemble import Members


@choice("learner", "nearest")
class Nearest(Learner):
    """The label of the nearest of a member's own examples, in the L1 distance between features."""

    label = Label("nearest neighbor", order=0)

    def fit(self, inputs: Any, labels: Any, subsets: Any, **settings: Any) -> Members:
        from certvote.learners.nearest_members import fit_nearest

        return fit_nearest(inputs, labels, subsets, **settings)
