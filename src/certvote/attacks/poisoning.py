"""Leave test images as they are: data poisoning changes the training set alone."""

from __future__ import annotations

from certvote.attacks.base import Attack
from certvote.options import Label, choice
from certvote.types import Split


@choice("attack", "poisoning")
class Poisoning(Attack):
    """Data poisoning: test images stay as they are."""

    label = Label("data poisoning", order=0)

    def apply(self, split: Split) -> Split:
        return split
