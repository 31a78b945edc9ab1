"""Define what a certificate is: how it turns votes into a lower bound of the accuracy under attack.

A new certificate is a class ``@choice("certificate", …)`` in a module of its own and a file
``conf/certificate/….yaml``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, ClassVar

from certvote.certificates.change import CHANGES
from certvote.options import Label
from certvote.options.choices import Choice
from certvote.types import Votes

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Int64

    from certvote.types import Curve, Election


class VotesOf(Enum):
    """Tell how votes depend on training examples; a certificate is proven for some of these."""

    RADIUS = "each training example votes, or not, whatever the others are"
    RANK = "the first k training examples of an order vote"
    MEMBERS = "base classifiers vote, each trained on a part of the training set"


@dataclass(frozen=True)
class Problem:
    """Hold what is to be certified.

    Attributes
    ----------
    votes : Votes or Election
        Votes of every test example on clean data, or the outcome of an election.
    labels : int64 array, shape (m,)
        True labels.
    sizes : int64 array, shape (s,)
        Poisoning sizes.
    n_train : int
        Number of training examples.
    change : str
        What the attacker may do to the training set, one of ``certvote.certificates.change.CHANGES``.
    """

    votes: Votes | Election
    labels: Int64[np.ndarray, " m"]
    sizes: Int64[np.ndarray, " s"]
    n_train: int
    change: str

    @property
    def counted_votes(self) -> Votes:
        """The votes, of a classifier that holds no election: certificates of nearest neighbors take no others."""
        assert isinstance(self.votes, Votes)
        return self.votes

    @property
    def predicted(self) -> Int64[np.ndarray, " m"]:
        """Labels that are predicted on clean data."""
        from certvote.certificates.votes import predicted_labels
        from certvote.types import Election

        return self.votes.winner if isinstance(self.votes, Election) else predicted_labels(self.votes.counts)


@dataclass
class Certificate(Choice):
    """Bound from below the accuracy that is left under every attack of a given size."""

    label: ClassVar[Label] = Label("a certificate without a name")
    meaning: ClassVar[str] = ""
    """What the certificate says and assumes, in a sentence or two for reports."""

    votes_of: ClassVar[frozenset[VotesOf]] = frozenset()
    """Kinds of votes that it is proven for."""

    changes: ClassVar[tuple[str, ...]] = CHANGES
    """Kinds of attackers that it is proven against."""

    never_below: ClassVar[tuple[str, ...]] = ()
    """Names of the certificates that it is never below, on any input."""

    joint: ClassVar[bool] = True
    """Whether it is about several test examples together, rather than each on its own."""

    by_groups: ClassVar[bool] = False
    """Whether it certifies groups of test examples together, as the published joint certificates do."""

    @classmethod
    def accepts(cls, kind: VotesOf) -> bool:
        """Return whether the certificate is proven for votes of a kind."""
        return kind in cls.votes_of

    def window(self, sizes: Int64[np.ndarray, " s"]) -> int:
        """Return how many neighbors on either side of the k-th the certificate looks at, for a curve over ``sizes``."""
        return 0

    def curve(
        self,
        problem: Problem,
        alone: Int64[np.ndarray, " m"],
        progress: Callable[[int, int], None],
    ) -> Curve:
        """Compute the certified accuracy at every poisoning size.

        Parameters
        ----------
        problem : Problem
            Votes, true labels, sizes and attacker.
        alone : int64 array, shape (m,)
            The size up to which each test example is certified on its own; -1 where it is wrong on clean data.
        progress : callable
            To be called with the number of sizes done and their total.

        Returns
        -------
        Curve
            A lower bound of the accuracy at every size, and where the certificate searches, how far the search came.
        """
        raise NotImplementedError
