"""Answer by any classifier in scikit-learn's form, named by its import path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from certvote.learners.base import Learner
from certvote.options import Label, choice, option

if TYPE_CHECKING:
    from certvote.learners.ensemble import Members
    from certvote.types import Split


@choice("learner", "sklearn")
class Sklearn(Learner):
    """Any classifier in scikit-learn's form, by its import path."""

    estimator: str = option("import path of the class: sklearn.svm.SVC")
    options: dict[str, Any] = option("parameters of the classifier by name", default={})

    label = Label("scikit-learn classifier", order=3)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.options = _sorted(self.options)

    def check(self, split: Split) -> None:
        super().check(split)
        self.classifier()

    def classifier(self) -> Any:
        """Make the classifier, not yet fitted.

        Raises
        ------
        ValueError
            If the path names no classifier in scikit-learn's form, or the classifier has no such parameters.
        """
        from certvote.learners.sklearn_classifiers import make_classifier

        return make_classifier(self.estimator, self.options)

    def fit(self, inputs: Any, labels: Any, subsets: Any, **settings: Any) -> Members:
        from certvote.learners.sklearn_members import fit_members

        return fit_members(self.classifier(), inputs, labels, subsets, **settings)

    def sources(self) -> dict[str, str]:
        from certvote.learners.sklearn_classifiers import versions

        return {f"{self.group}.versions": versions(self.estimator)}  # type: ignore[attr-defined]

    def values_for_votes(self) -> dict[str, Any]:
        return super().values_for_votes() | self.sources()

    @classmethod
    def label_of(cls, options: Mapping[str, Any]) -> Label:
        name = str(options.get("learner.estimator") or cls.label.name).rpartition(".")[2]
        return Label(name, order=cls.label.order)


def _sorted(options: Any) -> Any:
    """Sort mappings by key, nested ones too: the order in which options are given must not tell results apart."""
    if isinstance(options, Mapping):
        return {key: _sorted(value) for key, value in sorted(options.items())}
    return options
