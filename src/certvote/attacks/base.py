"""Define what an attack is: what happens to test images, and what the attacker may do to the training set.

What is done to the training set is not simulated here: certificates bound it (docs/certificates.md, section 1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from certvote.certificates.change import CHANGES
from certvote.options import Label
from certvote.options.choices import Choice
from certvote.options.option import option

if TYPE_CHECKING:
    from certvote.types import Split


@dataclass
class Attack(Choice):
    """Change test images as an attacker would, before they are classified."""

    change: str = option(
        "what the attacker may do to the training set: any (remove up to e examples and add up to e), insert, delete",
        default="any",
        one_of=CHANGES,
    )

    label: ClassVar[Label] = Label("an unnamed attack")
    situation: ClassVar[str] = ""
    """What is true of every test {example}, as the end of a clause (" and the trigger in every test image")."""

    assumption: ClassVar[str] = ""
    """What a guarantee under this attack assumes, for reports."""

    def apply(self, split: Split) -> Split:
        """Return the split with the attack carried out on its test images."""
        raise NotImplementedError
