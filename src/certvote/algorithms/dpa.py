"""Vote by base classifiers of disjoint parts: Deep Partition Aggregation (Levine and Feizi, ICLR 2021)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certvote.algorithms.base import Inputs
from certvote.algorithms.partition import RUNOFF_NAME, PartitionAlgorithm
from certvote.options import Label, choice

if TYPE_CHECKING:
    from certvote.algorithms.subsets import Subsets


@choice("algo", "dpa")
class Dpa(PartitionAlgorithm):
    """Deep Partition Aggregation: every training example goes, by its own hash, to one of the parts."""

    label = Label("DPA", order=3, color="#CC79A7", marker="D")
    runoff_label = Label(RUNOFF_NAME, order=5, color="#56B4E9", marker="X", key="roe")
    meaning = (
        "Levine, Feizi (2021): ζ base classifiers, each trained on one part of a partition by a hash of the example. "
        "One removal and one addition touch two parts, so of e units of any change at most 2e voters turn; of e "
        "insertions, removals or changed labels alone, e."
    )

    def subsets(self, inputs: Inputs) -> tuple[Subsets, None]:
        from certvote.algorithms.subsets import hash_partition

        return hash_partition(inputs.examples, inputs.labels, parts=self.parts, by=self.partition_by), None
