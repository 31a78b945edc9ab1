"""Attack ensembles whose members see parts of the training set that a hash chooses.

An added example can be varied in one entry until its hash falls into the part wanted, so the attacker poisons the parts
that decide most test examples (docs/attacks.md).
"""

from __future__ import annotations

from certvote.adversaries.base import Adversary, Poisoner, Target
from certvote.algorithms.base import Algorithm
from certvote.options import Label, choice, option


@choice("adversary", "parts")
class Parts(Adversary):
    """Relabelled examples put into chosen parts, and examples of chosen parts removed (DPA and Finite Aggregation)."""

    candidates: int = option(
        "contents of additions, and removals, that are tried for every part by training its members again",
        default=8,
        least=1,
    )

    label = Label("attack on parts", order=3)
    meaning = (
        "An attack that was carried out on parts of the training set: relabelled copies and mixtures of examples are "
        "varied in an entry until the hash puts them into the parts wanted, and examples of chosen parts are removed. "
        "All members were trained on the poisoned training set, and asked again."
    )

    def accepts(self, algo: Algorithm) -> bool:
        return algo.hash_rule is not None

    def poisoner(self, target: Target, largest: int) -> Poisoner:
        from certvote.adversaries.part_attack import PartAttack

        return PartAttack(target, largest, candidates=self.candidates, seed=self.seed)
