"""Attack nearest neighbors in feature space: additions at one place inside most neighborhoods, removals of shared voters.

The attacker may add any vectors that the feature can have, and knows training set, test examples and classifier. All
additions go to one place (`certvote.adversaries.hubs`), with the labels that promise most; removals are those that the
test examples share (`certvote.adversaries.removals`). Places and removals are chosen in turns.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from certvote.adversaries.base import Adversary, Poisoner, Target
from certvote.adversaries.poison import Poison
from certvote.algorithms.base import Algorithm
from certvote.certificates.change import allowed
from certvote.options import Label, choice

if TYPE_CHECKING:
    from certvote.adversaries.neighborhoods import Neighborhoods
    from certvote.adversaries.removals import Removals

TURNS = 4
LABELS_TRIED = 4
_QUICK = 15  # steps of the search for removals while labels are compared
_DOUBTFUL = 0.02  # weight of a test example that could break, but does not so far
_SEARCH_BOXES = 2000
_MAX_HUB_QUERIES = 4000  # test examples that the search for a place looks at


@choice("adversary", "feature_space")
class FeatureSpace(Adversary):
    """Any vectors added at one place inside most neighborhoods, shared voters removed (kNN and rNN)."""

    label = Label("attack in feature space", order=1)
    meaning = (
        "An attack that was carried out in feature space: additions are vectors that any example might have, all at "
        "one place inside most neighborhoods; removals are those that most test examples share. The votes of the "
        "poisoned training set were counted again."
    )

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
        return _Attack(target, known, largest, self.seed)


class _Attack:
    """Make poisons of any size from the same neighborhoods."""

    def __init__(self, target: Target, known: Neighborhoods, largest: int, seed: int) -> None:
        self.target, self.known, self.largest = target, known, largest
        self.vectors = np.asarray(known.job.queries, dtype=np.float32)
        self.step = 2.0**-known.job.grid.bits
        self.rng = np.random.default_rng(seed)

    def __call__(self, size: int) -> Poison:
        """Choose labels, then removals and the place of additions in turns; keep the best that was found."""
        from certvote.adversaries.hubs import find_hub, reached_by
        from certvote.adversaries.removals import choose_removals
        from certvote.runtime import interrupts

        known, none = self.known, Poison.none(self.target.inputs)
        if not len(known.rows):
            return none
        ρ, α = allowed(self.target.change, size)
        additions = self._labels(ρ, α)
        needs = known.needs(additions, ρ)
        reached = np.ones(len(known.rows), dtype=np.bool_)
        removals = choose_removals(known, needs, reached, ρ, check=interrupts.check)
        if α == 0:
            return Poison(removals.examples, none.added, none.added_labels)
        best, hub, best_hub = None, None, None
        for _ in range(TURNS):
            weights = self._weights(needs.removals <= ρ, needs.removals, removals)
            radii = known.radii(removals.examples, needs, α) * self.step
            seen = self._sample(weights)
            if not (weights[seen] > 0).any():
                break
            hub = find_hub(self.vectors[seen], radii[seen], weights[seen], legal=self._legal, start=hub)
            reached = reached_by(hub, self.vectors, radii)
            removals = choose_removals(known, needs, reached, ρ, check=interrupts.check)
            if best is None or removals.value > best.value:
                best, best_hub = removals, hub
        if best is None or best.value <= 0:
            return none
        labels = np.repeat(np.arange(len(additions)), additions)
        assert best_hub is not None
        return Poison(best.examples, np.repeat(best_hub[None], len(labels), axis=0), labels)

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
        everybody = np.ones(len(known.rows), dtype=np.bool_)
        found = [
            choose_removals(known, known.needs(A, ρ), everybody, ρ, steps=_QUICK, check=interrupts.check).value
            for A in tried
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
        window = {"k": known.k, "window": self.largest, "ranked": known.ranked[right, max(inside, 0) :]}
        window = window if known.k else {}
        votes = Votes(counts=known.counts[right], **window)
        attackable = Attackable.of(votes, known.predicted[right], size, self.target.change)
        tables = CostTables.of(attackable, size, bound="sharp", threads=workers(self.target.work.threads))
        yield search(tables, size, upper=int(right.sum()), max_nodes=_SEARCH_BOXES).best

    def _weights(self, breakable: np.ndarray, needed: np.ndarray, removals: Removals) -> np.ndarray:
        """Weigh test examples for the place: those that break now most, against those that would be corrected."""
        gain = self.known.gain
        wanted = np.where(removals.turned, 1.0, _DOUBTFUL * breakable)
        return np.where(gain > 0, wanted, -1.0 * (removals.turned | (needed == 0)))

    def _sample(self, weights: np.ndarray) -> np.ndarray:
        """Choose the test examples that the search for a place looks at."""
        telling = np.flatnonzero(weights != 0)
        if telling.size <= _MAX_HUB_QUERIES:
            return telling
        return np.sort(self.rng.choice(telling, _MAX_HUB_QUERIES, replace=False))

    def _legal(self, vectors: np.ndarray) -> np.ndarray:
        """Move vectors to the nearest ones that the feature may have."""
        assert self.target.feature is not None
        return self.target.feature.nearest_vectors(vectors, self.target.inputs.examples.shape[1:])
