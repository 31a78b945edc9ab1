"""Define what an adversary is: who makes poisoned training sets, to measure what a certificate bounds from below.

A new adversary is a class ``@choice("adversary", …)`` in a module of its own and a file ``conf/adversary/….yaml``. It
must implement :meth:`Adversary.accepts` and :meth:`Adversary.poisoner`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from certvote.options import Label
from certvote.options.choices import Choice
from certvote.options.option import option

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Int64

    from certvote.adversaries.poison import Poison
    from certvote.algorithms.base import Algorithm, Inputs, Work
    from certvote.features.base import Feature
    from certvote.options.sizes import Sizes

NUMBER_OF_SIZES = 10


@dataclass(frozen=True)
class Target:
    """Hold what is attacked, all of which the attacker knows.

    Attributes
    ----------
    algo : Algorithm
        The classifier.
    inputs : Inputs
        The clean training set, and the test examples.
    test_labels : int64 array, shape (m,)
        True labels of the test examples.
    test_examples : array, shape (m, …)
        Test examples as the data set has them.
    feature : Feature or None
        What makes vectors of images; ``None`` for base classifiers that look at images.
    change : str
        What the attacker may do, one of ``certvote.certificates.change.CHANGES``.
    work : Work
        How to compute.
    """

    algo: Algorithm
    inputs: Inputs
    test_labels: Int64[np.ndarray, " m"]
    test_examples: np.ndarray
    feature: Feature | None
    change: str
    work: Work


Poisoner = Callable[[int], "Poison"]
"""A function from a poisoning size to a poison of at most this size."""


@dataclass
class Adversary(Choice):
    """Poison the training set at chosen sizes, so that as many test examples as possible are misclassified."""

    sizes: list[int] = option(
        "poisoning sizes of attacks, at most sizes.max; [] stands for ten over the curve", default=[], least=1
    )
    seed: int = option("seed of the attacker's random choices", default=0, least=0)

    label: ClassVar[Label] = Label("an unnamed attack")
    meaning: ClassVar[str] = ""
    """How the attacker proceeds, in a sentence or two for reports."""

    attacks: ClassVar[bool] = True
    """Whether there is an attack at all."""

    @classmethod
    def meaning_of(cls, change: str) -> str:
        """Return how the attacker proceeds, for reports, given what may be done to the training set."""
        return cls.meaning

    def chosen_sizes(self, curve: Sizes) -> tuple[int, ...]:
        """Return the poisoning sizes of attacks, ascending.

        Raises
        ------
        ValueError
            If a size is beyond the end of the curve.
        """
        if not self.sizes:
            tenths = (curve.max * j // NUMBER_OF_SIZES for j in range(1, NUMBER_OF_SIZES + 1))
            return tuple(sorted({size for size in tenths if size > 0}))
        if max(self.sizes) > curve.max:
            raise ValueError(f"option adversary.sizes: expected at most sizes.max, {curve.max}, got {max(self.sizes)}")
        return tuple(sorted(set(self.sizes)))

    def accepts(self, algo: Algorithm) -> bool:
        """Return whether the attacker knows how to poison an algorithm."""
        raise NotImplementedError

    def poisoner(self, target: Target, largest: int) -> Poisoner:
        """Prepare attacks of sizes up to ``largest``, and return the function that makes each of them."""
        raise NotImplementedError
