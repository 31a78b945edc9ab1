"""Define what an attack is: what it does to test images, and what the attacker may do to the training set.

A new attack is a class ``@choice("attack", …)`` in a module of its own and a file ``conf/attack/….yaml``. Changes of
the training set are not simulated: certificates bound them all (docs/certificates.md, section 1).
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
        "what the attacker may do to the training set: any (remove up to e examples and add up to e), insert, delete, "
        "relabel (change the labels of up to e)",
        default="any",
        one_of=CHANGES,
    )

    label: ClassVar[Label] = Label("an unnamed attack")
    situation: ClassVar[str] = ""
    """End of a clause in reports: what is true of every test {example} (" and the trigger in every test image")."""

    assumption: ClassVar[str] = ""
    """What a guarantee under this attack assumes, for reports."""

    def targets(self, num_classes: int) -> tuple[int, ...]:
        """Return the labels that the attacker may want test examples to get, one at a time; none without a trigger.

        Parameters
        ----------
        num_classes : int
            Number of labels.

        Raises
        ------
        ValueError
            If the target is not one of them.
        """
        return ()

    def apply(self, split: Split) -> Split:
        """Return the split with changed test images, and a digest of its own if any is changed.

        Parameters
        ----------
        split : Split
            The data as it is without an attack.

        Raises
        ------
        ValueError
            If the attack is not made for the data, or an option does not fit the images.
        """
        raise NotImplementedError
