"""Vote by base classifiers of overlapping parts: Finite Aggregation (Wang, Levine and Feizi, ICML 2022)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from certvote.algorithms.base import Inputs
from certvote.algorithms.partition import PartitionAlgorithm
from certvote.options import Label, choice, option

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Int32

    from certvote.algorithms.subsets import Subsets


@choice("algo", "fa")
class FiniteAggregation(PartitionAlgorithm):
    """Finite Aggregation: a hash spreads every training example over several of parts · spread base classifiers."""

    spread: int = option("base classifiers that see each example", least=1, symbol="d")

    label = Label("Finite Aggregation", order=4, color="#E69F00", marker="P")
    runoff_label = Label(
        "Run-Off Election on Finite Aggregation",
        short="Run-Off Election on FA",
        order=6,
        color="#56B4E9",
        marker="X",
        fill="none",
        key="roe-fa",
    )
    meaning = (
        "Wang, Levine, Feizi (2022): ζ·d base classifiers; a hash spreads every example over d of them, so that fewer "
        "votes than in DPA must be taken for lost together."
    )

    @property
    def num_buckets(self) -> int:
        return self.parts * self.spread

    def check_data(self, quantities: Mapping[str, int]) -> None:
        n = quantities["n_train"]
        if self.parts * self.spread > n:
            raise ValueError(
                f"option parts · algo.spread: expected at most the number of training examples, {n}, "
                f"got {self.parts * self.spread}"
            )

    def subsets(self, inputs: Inputs) -> tuple[Subsets, Int32[np.ndarray, "v d"]]:
        from certvote.algorithms.subsets import hash_spread

        return hash_spread(inputs.examples, inputs.labels, parts=self.parts, spread=self.spread, by=self.partition_by)

    @classmethod
    def members(cls, options: Mapping[str, Any], n_train: int | None) -> tuple[int | None, float | None]:
        parts, each = super().members(options, n_train)
        spread = options.get("algo.spread") or 1
        return (None if parts is None else parts * spread), each
