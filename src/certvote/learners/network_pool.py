"""Draw what one network is trained on: copies of its member's examples, minibatches and first weights.

Everything is drawn by the member's own generator, and made example by example, so it depends on the sequence of the
member's examples and on its seed alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float64, Int64, UInt8

from certvote.learners.orientations import compute_maps, depth_of, grid_of

if TYPE_CHECKING:
    from certvote.algorithms.subsets import Subsets
    from certvote.learners.network import Network


@dataclass(frozen=True)
class Pool:
    """Hold what one network is trained on.

    Attributes
    ----------
    maps : uint8 array, shape (k, rows + 2, columns + 2, depth)
        Maps of the member's examples and their distorted copies.
    labels : int64 array, shape (k,)
        Their labels.
    batches : int64 array, shape (steps, batch)
        Which of them make up the minibatch of each step.
    first_weights : float64 array, shape (taps, width)
        Weights of the learned filters before training.
    """

    maps: UInt8[np.ndarray, "k rows columns depth"]
    labels: Int64[np.ndarray, " k"]
    batches: Int64[np.ndarray, "steps batch"]
    first_weights: Float64[np.ndarray, "taps width"]

    @classmethod
    def draw(cls, images: np.ndarray, labels: np.ndarray, subsets: Subsets, member: int, network: Network) -> Pool:
        """Draw the pool of one member.

        Parameters
        ----------
        images, labels : array
            Training examples, uint8 of shape (n, h, w, channels), and their labels.
        subsets : Subsets
            Which examples each member sees, and its seed.
        member : int
            Number of the member.
        network : Network
            The learner, with its options.
        """
        examples = subsets.examples[subsets.offsets[member] : subsets.offsets[member + 1]]
        if len(examples) == 0:
            return cls.empty(images, network)
        rng, taps = np.random.default_rng(int(subsets.seeds[member])), 9 * depth_of(images.shape[1:])
        which = np.repeat(examples, network.copies)
        distortions = random_distortions(rng, len(which), network)
        distortions[:: network.copies] = np.eye(2, 3)  # the example itself
        return cls(
            maps=compute_maps(images, which, distortions),
            labels=labels[which],
            batches=rng.integers(0, len(which), (network.steps, network.batch)),
            first_weights=rng.normal(0, np.sqrt(2 / taps), (taps, network.width)),
        )

    @classmethod
    def empty(cls, images: np.ndarray, network: Network) -> Pool:
        """Return a pool of zeros, for members without examples and slots without a member."""
        (rows, columns, _), depth = grid_of(images.shape[1:]), depth_of(images.shape[1:])
        return cls(
            maps=np.zeros((1, rows + 2, columns + 2, depth), np.uint8),
            labels=np.zeros(1, np.int64),
            batches=np.zeros((network.steps, network.batch), np.int64),
            first_weights=np.zeros((9 * depth, network.width)),
        )


def random_distortions(rng: np.random.Generator, size: int, network: Network) -> Float64[np.ndarray, "size 2 3"]:
    """Draw affine maps around the center: rotation, stretch and slant, shift, and, if asked for, a reflection.

    Parameters
    ----------
    rng : Generator
        The member's own generator.
    size : int
        Number of maps.
    network : Network
        The learner, whose options say how large distortions are.

    Returns
    -------
    float64 array, shape (size, 2, 3)
        From output to input coordinates: a matrix and a shift in pixels.
    """
    draws = rng.uniform(-1, 1, (size, 7))
    angle = np.deg2rad(network.rotation) * draws[:, 0]
    high, wide = (np.exp(network.stretch * draws[:, axis]) for axis in (1, 2))
    wide = np.where(network.flip & (draws[:, 3] < 0), -wide, wide)
    slant = 2 * network.stretch * draws[:, 4]
    matrices = np.empty((size, 2, 3))
    matrices[:, 0, 0], matrices[:, 0, 1] = np.cos(angle) * high, -np.sin(angle) * wide
    matrices[:, 1, 0], matrices[:, 1, 1] = np.sin(angle) * high + slant, np.cos(angle) * wide
    matrices[:, :, 2] = network.shift * draws[:, 5:]
    return matrices
