"""Define what an algorithm is: who votes on the label of a test example.

A new algorithm is a class ``@choice("algo", …)`` in a module of its own and a file ``conf/algo/….yaml``. It must
implement :meth:`Algorithm.votes` and :meth:`Algorithm.certified_sizes`; everything else has a default.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

from certvote.certificates.base import Problem, VotesOf
from certvote.certificates.change import keeps_inputs
from certvote.options import Label
from certvote.options.choices import Choice, meanings

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from jaxtyping import Bool, Int64

    from certvote.adversaries.rule import Rule
    from certvote.algorithms.subsets import HashRule
    from certvote.certificates.base import Certificate
    from certvote.learners.base import Learner
    from certvote.neighbors.backends.base import Backend
    from certvote.types import Election, Votes

PLURALITY = "plurality"
"""Name of the election that the label with the most votes wins."""


@dataclass(frozen=True)
class Inputs:
    """Hold what an algorithm sees of the data.

    Attributes
    ----------
    train, test : array, shape (n, …) and (m, …)
        Feature vectors (float32, on the exact grid), or images (uint8) for base classifiers that look at these. Test
        vectors may have an axis of views, (m, v, d).
    labels : int64 array, shape (n,)
        Labels of the training examples, from 0 to ``num_classes - 1``.
    num_classes : int
        Number of labels.
    examples : array, shape (n, …)
        Training examples as the data set has them: the hash that divides them into parts is theirs.
    """

    train: np.ndarray
    labels: Int64[np.ndarray, " n"]
    test: np.ndarray
    num_classes: int
    examples: np.ndarray


@dataclass(frozen=True)
class Work:
    """Say how votes are computed.

    Attributes
    ----------
    backend : Backend
        Counts the votes of nearest neighbors.
    learner : Learner
        Trains base classifiers.
    threads : int or None
        Threads to use; ``None``: one per core.
    cache_root : Path
        Folder for files that are kept between jobs.
    window : int
        Neighbors on either side of the k-th that votes must come with, for certificates that look at them.
    seconds : dict
        Receives the seconds of each stage (``training``, ``votes``).
    """

    backend: Backend
    learner: Learner
    threads: int | None
    cache_root: Path
    window: int = 0
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass
class Algorithm(Choice):
    """Let training examples, or base classifiers trained on them, vote on the label of every test example."""

    label: ClassVar[Label] = Label("an algorithm without a name")
    meaning: ClassVar[str] = ""
    """Who votes and what is certified about it, for reports; "" where the certificate's own meaning says it all."""

    votes_of: ClassVar[VotesOf]
    """How votes depend on training examples: decides which certificates there are."""

    ignores_labels: ClassVar[bool] = False
    """Whether the same examples vote, or are seen by the same members, after labels change.

    Which examples vote, in which order, and which member sees one must not depend on its label. Certificates against
    changed labels rest on it, so it has to be said.
    """

    probabilistic: ClassVar[bool] = False
    """Whether its certificate holds with a probability, rather than for certain."""

    def uses(self, learner: Learner) -> frozenset[str]:
        """Return which of the groups ``feature``, ``learner`` and ``backend`` the votes depend on."""
        return frozenset({"feature", "backend"})

    def window(self, certificate: Certificate, sizes: Int64[np.ndarray, " s"], change: str) -> int:
        """Return how many neighbors on either side of the k-th votes must come with.

        Parameters
        ----------
        certificate : Certificate
            The certificate that will look at the votes.
        sizes : int64 array, shape (s,)
            Poisoning sizes of the curve.
        change : str
            What the attacker may do, one of ``certvote.certificates.change.CHANGES``.
        """
        return 0

    def undefined_for(self, change: str) -> tuple[str, str] | None:
        """Return what stands in the way of certificates against a kind of change; ``None`` if nothing does.

        Parameters
        ----------
        change : str
            What the attacker may do, one of ``certvote.certificates.change.CHANGES``.

        Returns
        -------
        pair of str, or None
            The option at fault with its value (``algo.ranking=hash``), "" for none, and what to choose instead.
        """
        if keeps_inputs(change) and not self.ignores_labels:
            return "", f"algo={self.name} does not say that it ignores labels when it chooses who votes"
        return None

    def elections(self, learner: Learner) -> tuple[str, ...]:
        """Return the names of the elections that are decided whenever the members are asked."""
        return (PLURALITY,)

    @property
    def second_round(self) -> bool:
        """Whether the label with the second most votes may win."""
        return False

    @property
    def decided_by(self) -> str:
        """Name of the election that decides this run."""
        return PLURALITY

    @property
    def l1_rule(self) -> Rule | None:
        """Who votes, for neighbors in the L1 distance, which attackers can compute; ``None`` for other algorithms."""
        return None

    @property
    def hash_rule(self) -> HashRule | None:
        """Which bucket an example is put into by its own hash; ``None`` for algorithms without such buckets."""
        return None

    def votes(self, inputs: Inputs, work: Work) -> Votes | Election:
        """Count the votes of every test example.

        Parameters
        ----------
        inputs : Inputs
            Training and test examples.
        work : Work
            How to compute.

        Returns
        -------
        Votes or Election
            Votes per test example and label, or the outcome of an election among base classifiers.
        """
        raise NotImplementedError

    def outcomes(self, inputs: Inputs, work: Work) -> Mapping[str, Votes | Election]:
        """Count the votes, or decide the outcome, of every election of :meth:`elections`, by its name."""
        return {PLURALITY: self.votes(inputs, work)}

    def certified_sizes(self, problem: Problem) -> Int64[np.ndarray, " m"]:
        """Compute the largest poisoning size at which each test example keeps its correct label.

        Parameters
        ----------
        problem : Problem
            Votes, true labels and attacker.

        Returns
        -------
        int64 array, shape (m,)
            Certified sizes; -1 where the example is wrong on clean data or nothing is certified.
        """
        raise NotImplementedError

    def sizes_against(self, problem: Problem) -> Int64[np.ndarray, "m c"]:
        """Compute the largest poisoning size up to which each test example is not given each label.

        Here: up to which it keeps the label that is predicted on clean data. An algorithm that knows more about single
        rivals says so in a method of its own.

        Parameters
        ----------
        problem : Problem
            Votes and attacker; true labels do not matter.

        Returns
        -------
        int64 array, shape (m, c)
            Certified sizes; -1 at the predicted label, and where nothing is certified.
        """
        import numpy as np

        predicted = problem.predicted
        kept = self.certified_sizes(replace(problem, labels=predicted))
        against = np.repeat(kept[:, None], problem.votes.counts.shape[1], axis=1)
        against[np.arange(len(predicted)), predicted] = -1
        return against

    def abstains(self, problem: Problem) -> Bool[np.ndarray, " m"] | None:
        """Return which test examples the algorithm abstains on, or ``None`` if it never abstains."""
        return None

    # --- in reports ------------------------------------------------------------------------------------------------

    @classmethod
    def meanings_of(cls, options: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
        """Return names and meanings for the list of algorithms in a report, for a run with these options."""
        return ((cls.label.name, cls.meaning),) if cls.meaning else ()

    @classmethod
    def parameters(cls) -> tuple[tuple[str, str], ...]:
        """Return the options that labels state: symbol and name (``("k", "algo.k")``)."""
        return tuple((meaning.symbol, f"{cls.group}.{name}") for name, meaning in meanings(cls) if meaning.symbol)

    @classmethod
    def members(cls, options: Mapping[str, Any], n_train: int | None) -> tuple[int | None, float | None]:
        """Return the number of base classifiers, and of training examples that each one sees on average.

        Parameters
        ----------
        options : mapping
            Options of a run by name (``{"algo.parts": 50, …}``).
        n_train : int or None
            Number of training examples, if it is known.

        Returns
        -------
        tuple of int or None and float or None
            Both ``None`` for algorithms without base classifiers.
        """
        return None, None

    @classmethod
    def confidence(cls, options: Mapping[str, Any], num_classes: int | None) -> float | None:
        """Return the probability with which the certificate holds; ``None`` if it is certain, or not known."""
        return None
