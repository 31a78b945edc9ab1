"""The typed options of a job: one dataclass per choice in ``conf/``, with their ranges.

Hydra composes ``conf/`` against these dataclasses, so that a wrong name or type is an error there. Values live in
``conf/``, only types and ranges live here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from omegaconf import MISSING

from certvote.options.schema.classifiers import (
    Algo,
    Bagging,
    Dpa,
    FiniteAggregation,
    Knn,
    Learner,
    Logistic,
    Network,
    Rnn,
)
from certvote.options.schema.data import (
    Arrays,
    Attack,
    Backdoor,
    Clip,
    Dataset,
    Feature,
    Hog,
    Npy,
    Recommended,
    Vectors,
)
from certvote.options.schema.ranges import at_least
from certvote.options.schema.work import Backend, Budget, Dask, Grouping, RandomDivision, Sizes, Torch, Tracking


@dataclass
class Settings:
    """Every option of a job."""

    dataset: Dataset = MISSING
    feature: Feature = MISSING
    attack: Attack = MISSING
    algo: Algo = MISSING
    learner: Learner = MISSING
    grouping: Grouping = MISSING
    backend: Backend = MISSING
    tracking: Tracking = MISSING
    sizes: Sizes = MISSING
    k: int = MISSING
    r: float = MISSING
    subsample: int = MISSING
    parts: int = MISSING
    election: str = MISSING
    name: str | None = MISSING
    title: str | None = MISSING
    rerun: bool = MISSING
    data_root: str = MISSING
    cache_root: str = MISSING
    report_root: str = MISSING
    n_jobs: int | None = MISSING

    def __post_init__(self) -> None:
        at_least("n_jobs", self.n_jobs, 1)

    @property
    def voters(self) -> bool:
        """Whether the classifier is an ensemble of trained voters."""
        return isinstance(self.algo, Bagging | Dpa)

    @property
    def looks_at_features(self) -> bool:
        """Whether the classifier looks at features; if not, at images."""
        return not (self.voters and self.learner.name == "network")


SCHEMAS: Mapping[str, Mapping[str, type]] = {
    "dataset": {"digits": Dataset, "mnist": Dataset, "cifar10": Dataset, "arrays": Arrays},
    "feature": {"pixels": Feature, "hog": Hog, "clip": Clip, "vectors": Vectors, "npy": Npy},
    "attack": {"poisoning": Attack, "backdoor": Backdoor},
    "algo": {"knn": Knn, "rnn": Rnn, "bagging": Bagging, "dpa": Dpa, "fa": FiniteAggregation},
    "learner": {"nearest": Learner, "logistic": Logistic, "network": Network},
    "grouping": {"none": Grouping, "rd": RandomDivision, "island": Grouping, "removal": Grouping, "budget": Budget},
    "backend": {**dict.fromkeys(("auto", "reference", "numba", "faiss"), Backend), "torch": Torch, "dask": Dask},
    "tracking": {"local": Tracking, "server": Tracking},
}


def register() -> None:
    """Make the schemas known to Hydra, as ``schema/<group>_<choice>``; safe to call twice."""
    from hydra.core.config_store import ConfigStore

    store = ConfigStore.instance()
    store.store(name="schema", node=Settings)
    for group, choices in SCHEMAS.items():
        for choice, schema in choices.items():
            store.store(group="schema", name=f"{group}_{choice}", node=schema)


__all__ = [
    "SCHEMAS",
    "Algo",
    "Arrays",
    "Attack",
    "Backdoor",
    "Backend",
    "Bagging",
    "Budget",
    "Clip",
    "Dask",
    "Dataset",
    "Dpa",
    "Feature",
    "FiniteAggregation",
    "Grouping",
    "Hog",
    "Knn",
    "Learner",
    "Logistic",
    "Network",
    "Npy",
    "RandomDivision",
    "Recommended",
    "Rnn",
    "Settings",
    "Sizes",
    "Torch",
    "Tracking",
    "Vectors",
    "register",
]
