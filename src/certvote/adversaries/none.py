"""Carry out no attack: the certified curve stands alone."""

from __future__ import annotations

from certvote.adversaries.base import Adversary
from certvote.algorithms.base import Algorithm
from certvote.options import Label, choice


@choice("adversary", "none")
class NoAdversary(Adversary):
    """No attack is carried out."""

    label = Label("no attack", order=0)
    attacks = False

    def accepts(self, algo: Algorithm) -> bool:
        return True
