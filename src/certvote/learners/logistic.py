"""Answer by a multinomial logistic regression on features."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from certvote.learners.base import Learner
from certvote.options import Label, choice, option

if TYPE_CHECKING:
    from certvote.learners.ensemble import Members


@choice("learner", "logistic")
class Logistic(Learner):
    """Multinomial logistic regression on features, centered at the mean of a member's own examples."""

    l2: float = option("weight of |W|²/2 beside the sum of the losses (scikit-learn: 1/C)", least=1e-9, most=1e9)
    root: bool = option("replace features by their signed square roots: for histograms and gray levels")
    steps: int = option("most steps of the optimizer", least=1, most=10**6)

    label = Label("logistic regression", short="logistic", order=1)

    def fit(self, inputs: Any, labels: Any, subsets: Any, **settings: Any) -> Members:
        from certvote.learners.logistic_members import fit_logistic

        return fit_logistic(inputs, labels, subsets, **settings, **asdict(self))
