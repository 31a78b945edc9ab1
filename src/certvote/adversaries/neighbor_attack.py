"""Poison nearest neighbors: choose labels of additions, then removals and a place of additions in turns.

All additions go to one place, with the labels that promise most; removals are those that the test examples share
(`certvote.adversaries.removals`). Where additions may be is the adversary's own: any vector, or that of an image.
An attacker who can only relabel adds nothing (`certvote.adversaries.relabeling`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Float32, UInt8

from certvote.adversaries.base import Adversary, Poisoner, Target
from certvote.adversaries.poison import Poison
from certvote.algorithms.base import Algorithm
from certvote.certificates.change import allowed, keeps_inputs

if TYPE_CHECKING:
    from certvote.adversaries.neighborhoods import Needs, Neighborhoods
    from certvote.adversaries.removals import Removals

TURNS = 4
LABELS_TRIED = 4
_QUICK = 15  # steps of the search for removals while labels are compared
_DOUBTFUL = 0.02  # weight of a test example that could break, but does not so far
_SEARCH_BOXES = 2000
_MOST_QUERIES = 4000  # test examples that the search for a place looks at

_RELABELED = (
    "An attack that was carried out by changing labels, those of training examples that most test examples share. The "
    "votes of the poisoned training set were counted again."
)


@dataclass(frozen=True)
class Place:
    """Hold a place of additions: its vector, and the image that has it, if additions are images."""

    vector: Float32[np.ndarray, " d"]
    image: UInt8[np.ndarray, "h w ch"] | None = None


@dataclass(frozen=True)
class Wanted:
    """Say which test examples additions should reach.

    Attributes
    ----------
    rows : int64 array, shape (q,)
        Rows of the test set.
    vectors : float32 array, shape (q, v, d)
        Their vectors, v views each.
    radii : float array, shape (q,)
        Distances within which additions reach them.
    weights : float array, shape (q,)
        How much each is worth; negative where reaching it is a loss.
    """

    rows: np.ndarray
    vectors: Float32[np.ndarray, "q v d"]
    radii: Float[np.ndarray, " q"]
    weights: Float[np.ndarray, " q"]


FindPlace = Callable[[Wanted, "Place | None"], Place]
"""A function that finds a place for additions, given the one that was found before."""


class NeighborAdversary(Adversary):
    """Poison kNN and rNN with additions at one place, or by other labels if these are all that may change."""

    @classmethod
    def meaning_of(cls, change: str) -> str:
        return _RELABELED if keeps_inputs(change) else cls.meaning

    def find_place(self, target: Target, rng: np.random.Generator) -> FindPlace:
        """Return the function that finds a place for the additions of one attack."""
        raise NotImplementedError

    def accepts(self, algo: Algorithm) -> bool:
        return algo.l1_rule is not None

    def poisoner(self, target: Target, largest: int) -> Poisoner:
        from certvote.adversaries.neighborhoods import Neighborhoods
        from certvote.runtime.progress import progress_bar
        from certvote.types import Votes

        rule = target.algo.l1_rule
        assert rule is not None
        votes = target.algo.votes(target.inputs, target.work)
        assert isinstance(votes, Votes)
        with progress_bar("neighborhoods", len(target.test_labels)) as progress:
            known = Neighborhoods.of(
                target.inputs,
                target.test_labels,
                votes,
                rule,
                largest,
                threads=target.work.threads,
                progress=progress,
            )
        return _Attack(self, target, known, largest)


class _Attack:
    """Make poisons of any size from the same neighborhoods."""

    def __init__(self, adversary: NeighborAdversary, target: Target, known: Neighborhoods, largest: int) -> None:
        self.adversary, self.target, self.known, self.largest = adversary, target, known, largest
        self.vectors = np.asarray(known.job.queries, dtype=np.float32)
        self.step = 2.0**-known.job.grid.bits

    def __call__(self, size: int) -> Poison:
        """Choose labels, then removals and the place of additions in turns; keep the best that was found."""
        from certvote.adversaries.hubs import reached_by
        from certvote.adversaries.relabeling import relabel
        from certvote.adversaries.removals import choose_removals
        from certvote.runtime import interrupts

        known, none = self.known, Poison.none(self.target.inputs)
        if not len(known.rows):
            return none
        if keeps_inputs(self.target.change):
            return relabel(known, self.target.inputs, size)
        ρ, α = allowed(self.target.change, size)
        additions = self._labels(ρ, α)
        needs = known.needs(additions, ρ)
        unreached = known.needs(np.zeros_like(additions), ρ)
        removals = choose_removals(known, needs, ρ, check=interrupts.check)
        if α == 0:
            return Poison(removals.examples, none.added, none.added_labels)
        rng = np.random.default_rng([self.adversary.seed, size])  # not that of the sizes before: any may be resumed
        find = self.adversary.find_place(self.target, rng)
        best: tuple[Removals, Place] | None = None
        place: Place | None = None
        for _ in range(TURNS):
            wanted = self._wanted(needs, removals, ρ, α, rng)
            if not (wanted.weights > 0).any():
                break
            place = find(wanted, place)
            radii = known.radii(removals.examples, needs, α) * self.step
            reached = reached_by(place.vector, self.vectors, radii)
            removals = choose_removals(known, needs.where(reached, unreached), ρ, check=interrupts.check)
            if best is None or removals.value > best[0].value:
                best = removals, place
        if best is None or best[0].value <= 0:
            return none
        return _poison(*best, additions)

    def _labels(self, ρ: int, α: int) -> np.ndarray:
        """Choose the number of additions with each label: what promises most if all of them reach everybody."""
        from certvote.adversaries.removals import choose_removals
        from certvote.runtime import interrupts

        known, c = self.known, self.target.inputs.num_classes
        if α == 0:
            return np.zeros(c, np.int64)
        tried = [α * unit for unit in np.eye(c, dtype=np.int64)]
        promise = [known.gain @ np.exp(-2 * known.needs(A, ρ).removals / max(ρ, 1)) for A in tried]
        tried = [tried[j] for j in np.argsort(promise)[::-1][:LABELS_TRIED]]
        tried += list(self._searched(max(ρ, α)))
        found = [
            choose_removals(known, known.needs(A, ρ), ρ, steps=_QUICK, check=interrupts.check).value for A in tried
        ]
        return tried[int(np.argmax(found))]

    def _searched(self, size: int) -> Iterator[np.ndarray]:
        """Yield the additions that the budget certificate's own search finds best."""
        from certvote.certificates.budget_curve import FEW_CLASSES
        from certvote.certificates.costs import Attackable, CostTables
        from certvote.certificates.search import search
        from certvote.runtime.threads import workers
        from certvote.types import Votes

        known = self.known
        right = known.gain > 0
        if known.counts.shape[1] > FEW_CLASSES or not right.any():
            return
        inside = known.k - self.largest + 1 - known.first  # columns before the first ranked label of the window
        votes = Votes(counts=known.counts[right])
        if known.k:
            votes = replace(votes, k=known.k, window=self.largest, ranked=known.ranked[right, max(inside, 0) :])
        attackable = Attackable.of(votes, known.predicted[right], size, self.target.change)
        tables = CostTables.of(attackable, size, bound="sharp", threads=workers(self.target.work.threads))
        yield search(tables, size, upper=int(right.sum()), max_nodes=_SEARCH_BOXES).best

    def _wanted(self, needs: Needs, removals: Removals, ρ: int, α: int, rng: np.random.Generator) -> Wanted:
        """Weigh test examples for the place: those that break now most, against those that would be corrected."""
        known = self.known
        hopeful = np.where(removals.turned, 1.0, _DOUBTFUL * (needs.removals <= ρ))
        weights = np.where(known.gain > 0, hopeful, -1.0 * (removals.turned | (needs.removals == 0)))
        seen = np.flatnonzero(weights != 0)
        if seen.size > _MOST_QUERIES:
            seen = np.sort(rng.choice(seen, _MOST_QUERIES, replace=False))
        radii = known.radii(removals.examples, needs, α)[seen] * self.step
        return Wanted(known.rows[seen], self.vectors[seen], radii, weights[seen])


def _poison(removals: Removals, place: Place, additions: np.ndarray) -> Poison:
    """Return the poison with all additions at a place."""
    labels = np.repeat(np.arange(len(additions)), additions)
    added = np.repeat(place.vector[None], len(labels), axis=0)
    images = None if place.image is None else np.repeat(place.image[None], len(labels), axis=0)
    return Poison(removals.examples, added, labels, images)
