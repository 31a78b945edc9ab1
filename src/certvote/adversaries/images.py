"""Attack nearest neighbors with images: additions are images that pass through the feature extractor.

Candidates are training images, test images, and pixelwise medians and means of a few test images that break. The one
whose vector reaches most test examples is added as often as the attacker may (docs/attacks.md).
"""

from __future__ import annotations

import numpy as np

from certvote.adversaries.base import Target
from certvote.adversaries.neighbor_attack import FindPlace, NeighborAdversary, Place, Wanted
from certvote.options import Label, choice, option


@choice("adversary", "images")
class Images(NeighborAdversary):
    """Copies of one image added, found among images of the data and mixtures of few of them (kNN and rNN)."""

    candidates: int = option("number of candidates of each kind: training, test, medians, means", default=250, least=1)

    label = Label("attack with images", order=2)
    meaning = (
        "An attack that was carried out with images: additions are copies of one image of the data, or of a median or "
        "mean of few, passed through the feature extractor; removals are those that most test examples share. The "
        "votes of the poisoned training set were counted again."
    )

    def find_place(self, target: Target, rng: np.random.Generator) -> FindPlace:
        from certvote.adversaries.hubs import reached_by

        feature, images, test = target.feature, target.inputs.examples, target.test_examples
        assert feature is not None
        if images.ndim != 4:
            raise ValueError("option adversary: adversary=images expected images, got a data set of feature vectors")
        training = images[rng.choice(len(images), min(self.candidates, len(images)), replace=False)]

        def find(wanted: Wanted, before: Place | None) -> Place:
            broken = test[wanted.rows[wanted.weights >= wanted.weights.max()]]
            pool = np.concatenate([training, *_mixtures(broken, self.candidates, rng)])
            vectors = feature.compute(pool, n_jobs=target.work.threads, progress=False)
            places = [Place(vector, image) for vector, image in zip(vectors, pool, strict=True)]
            places += [] if before is None else [before]
            reach = [float(wanted.weights[reached_by(x.vector, wanted.vectors, wanted.radii)].sum()) for x in places]
            return places[int(np.argmax(reach))]

        return find


def _mixtures(images: np.ndarray, number: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Return some of the images, and medians and means of 2 to 30 of them."""
    some = images[rng.choice(len(images), min(number, len(images)), replace=False)]
    groups = [images[rng.choice(len(images), rng.integers(2, 31))] for _ in range(number)]
    medians = np.array([np.median(group, axis=0) for group in groups])
    means = np.array([group.mean(axis=0) for group in groups])
    return [some, *(np.rint(mixed).astype(np.uint8) for mixed in (medians, means))]
