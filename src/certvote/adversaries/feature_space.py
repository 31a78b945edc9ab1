"""Attack nearest neighbors in feature space: additions may be any vectors that the feature can have.

The attacker knows training set, test examples and classifier (docs/attacks.md).
"""

from __future__ import annotations

import numpy as np

from certvote.adversaries.base import Target
from certvote.adversaries.neighbor_attack import FindPlace, NeighborAdversary, Place, Wanted
from certvote.options import Label, choice


@choice("adversary", "feature_space")
class FeatureSpace(NeighborAdversary):
    """Any vectors added at one place inside most neighborhoods, shared voters removed (kNN and rNN)."""

    label = Label("attack in feature space", order=1)
    meaning = (
        "An attack that was carried out in feature space: additions are vectors that any example might have, all at "
        "one place inside most neighborhoods; removals are those that most test examples share. The votes of the "
        "poisoned training set were counted again."
    )

    def find_place(self, target: Target, rng: np.random.Generator) -> FindPlace:
        from certvote.adversaries.hubs import find_hub

        feature, shape = target.feature, target.inputs.examples.shape[1:]
        assert feature is not None

        def legal(vectors: np.ndarray) -> np.ndarray:
            return feature.nearest_vectors(vectors, shape)

        def find(wanted: Wanted, before: Place | None) -> Place:
            start = None if before is None else before.vector
            return Place(find_hub(wanted.vectors, wanted.radii, wanted.weights, legal=legal, start=start))

        return find
