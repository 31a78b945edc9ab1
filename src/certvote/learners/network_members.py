"""Train members that are small convolutional networks on images, with distorted copies of their examples.

Fixed filters (``orientations``), a layer of 3 × 3 filters, ReLU, a linear layer. Trained by Adam on the cross-entropy
over the labels that the member has; gradients of two layers are short enough to be written out, and everything is
batched products of matrices, many members at a time.

What a member answers depends on the sequence of its own examples, its seed and its number alone:

- Copies and minibatches are drawn by the member's own generator (``network_pool``).
- Whatever the sizes of the parts: each batch of members has the same number of slots, each minibatch the same number of
  examples, and member ``j`` has the same slot. So the same instructions run on its numbers, whatever other slots hold,
  and no operation mixes slots. On a CPU each batch of members is trained by one thread, however many there are.
- Votes are exact (``network_votes``): weights and activations are rounded to integers whose sums float32 holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from jaxtyping import Bool, Int64, UInt8

from certvote.learners.network_pool import Pool
from certvote.learners.network_votes import (
    IntegerNetwork,
    NetworkMembers,
    check_terms,
    exact_products,
    patches,
    to_integers,
)
from certvote.learners.orientations import depth_of, grid_of
from certvote.runtime.memory import refuse_above_free
from certvote.runtime.threads import run_in_order

if TYPE_CHECKING:
    from certvote.algorithms.subsets import Subsets
    from certvote.learners.network import Network
    from certvote.runtime.progress import Progress

_SLOTS = {"cpu": 16, "cuda": 256}  # members trained together: no member's arithmetic depends on how many there are
_WARM_UP = 0.1  # share of the steps in which the learning rate rises
_MOMENTUM, _SQUARES = 0.9, 0.99  # decay rates of Adam's averages
_SCALE = 1 / 64  # of the maps: their usual values come near 1


def fit_network(
    inputs: UInt8[np.ndarray, "n h w ch"],
    labels: Int64[np.ndarray, " n"],
    subsets: Subsets,
    *,
    network: Network,
    num_classes: int,
    threads: int,
    progress: Progress | None,
) -> NetworkMembers:
    """Train one network per subset, on a GPU where torch has one.

    Parameters
    ----------
    inputs, labels, subsets, num_classes, threads, progress
        As :meth:`certvote.learners.base.Learner.train` checks them.
    network : Network
        The learner, with its options.

    Raises
    ------
    ValueError
        If networks are too wide for exact sums or too large for the memory, or if training diverges.
    """
    v = len(subsets)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    slots = _SLOTS[device.type]
    workers = 1 if device.type == "cuda" else threads
    _check_size(inputs.shape[1:], subsets, num_classes, network, slots, workers)
    present = np.zeros((v, num_classes), bool)
    for member, examples in enumerate(subsets):
        present[member, labels[examples]] = True

    def fit_some(start: int, stop: int) -> list[IntegerNetwork]:
        pools = [
            Pool.draw(inputs, labels, subsets, member, network) if member < v else Pool.empty(inputs, network)
            for member in range(start, start + slots)
        ]
        mask = np.zeros((slots, num_classes), bool)
        mask[: stop - start] = present[start:stop]
        return Trainer(pools, mask, network, device).train()[: stop - start]

    networks: list[IntegerNetwork] = []
    with exact_products():
        for _, stop, part in run_in_order(fit_some, v, slots, workers):
            networks += part
            if progress is not None:
                progress(stop, v)
    return NetworkMembers(networks=networks, slots=slots, device=device, threads=threads)


def _check_size(
    shape: tuple[int, ...], subsets: Subsets, num_classes: int, network: Network, slots: int, workers: int
) -> None:
    """Refuse networks that are too wide for exact sums, or too large for the memory, before any is trained."""
    (rows, columns, _), depth = grid_of(shape), depth_of(shape)
    hidden, taps, examples = rows * columns * network.width, 9 * depth, int(np.diff(subsets.offsets).max(initial=0))
    check_terms(hidden)
    check_terms(taps)
    weights = taps * network.width + hidden * num_classes
    pool = examples * network.copies * (rows + 2) * (columns + 2) * depth
    step = network.batch * (4 * rows * columns * taps + 3 * 4 * hidden)
    one = 2 * pool + 2 * 8 * network.steps * network.batch + step + 5 * 4 * weights  # Adam: moments and gradients
    refuse_above_free(
        slots * workers * one + 4 * len(subsets) * weights,
        f"learner=network for {len(subsets)} voters, {slots * workers} trained at once",
        "lower learner.copies, learner.batch, learner.steps or learner.width, or n_jobs",
    )


class Trainer:
    """Train a batch of networks by Adam, all slots at once; the sizes of arrays depend on the options alone.

    Parameters
    ----------
    pools : list of Pool
        What the network of each slot is trained on.
    present : bool array, shape (slots, c)
        Labels that each member has examples of.
    network : Network
        The learner, with its options.
    device : torch.device
        Where to compute.
    """

    def __init__(
        self, pools: list[Pool], present: Bool[np.ndarray, "slots c"], network: Network, device: torch.device
    ) -> None:
        self.network, self.device = network, device
        starts = np.cumsum([0, *(len(pool.maps) for pool in pools)])
        self.maps = torch.from_numpy(np.concatenate([pool.maps for pool in pools])).to(device)
        self.labels = torch.from_numpy(np.concatenate([pool.labels for pool in pools])).to(device)
        batches = np.stack([pool.batches + start for pool, start in zip(pools, starts[:-1], strict=True)], axis=1)
        self.batches = torch.from_numpy(batches).to(device)  # steps, slots, batch
        self.pools = pools
        slots, c = present.shape
        _, rows, columns, _ = self.maps.shape
        self.places = (rows - 2) * (columns - 2)
        first = np.stack([pool.first_weights for pool in pools])
        self.weights = [
            torch.from_numpy(first).float().to(device),
            torch.zeros((slots, 1, network.width), device=device),
            torch.zeros((slots, self.places * network.width, c), device=device),
            torch.zeros((slots, 1, c), device=device),
        ]
        self.present = present
        self.absent = torch.from_numpy(np.where(present, 0, -1e9)).float().to(device)[:, None]
        self.means = [torch.zeros_like(weight) for weight in self.weights]
        self.squares = [torch.zeros_like(weight) for weight in self.weights]

    def train(self) -> list[IntegerNetwork]:
        """Take all steps and return the network of each slot, rounded to integers."""
        for step in range(self.network.steps):
            self._move(step, self._gradients(self.batches[step]))
        first, first_bias, last, last_bias = (weight.cpu().numpy() for weight in self.weights)
        networks = zip(first, first_bias[:, 0], last, last_bias[:, 0], strict=True)
        return [
            to_integers(weights, pool.maps, _SCALE, mask)
            for weights, pool, mask in zip(networks, self.pools, self.present, strict=True)
        ]

    def _gradients(self, chosen: torch.Tensor) -> list[torch.Tensor]:
        """Compute the gradients of the mean cross-entropy, one minibatch per member."""
        first, first_bias, last, last_bias = self.weights
        slots, batch = chosen.shape
        inputs = patches(self.maps[chosen.reshape(-1)]).mul_(_SCALE).reshape(slots, batch * self.places, -1)
        hidden = torch.bmm(inputs, first).add_(first_bias).clamp_(min=0)
        wide = hidden.reshape(slots, batch, -1)
        scores = torch.bmm(wide, last).add_(last_bias).add_(self.absent)
        errors = torch.softmax(scores, dim=2)
        truth = self.labels[chosen.reshape(-1)].reshape(slots, batch, 1)
        errors = (errors - (truth == torch.arange(errors.shape[2], device=self.device)).float()) / batch
        back = torch.bmm(errors, last.transpose(1, 2)).reshape(hidden.shape).mul_(hidden > 0)
        return [
            torch.bmm(inputs.transpose(1, 2), back),
            back.sum(dim=1, keepdim=True),
            torch.bmm(wide.transpose(1, 2), errors),
            errors.sum(dim=1, keepdim=True),
        ]

    def _move(self, step: int, gradients: list[torch.Tensor]) -> None:
        """Take one step of Adam with decoupled weight decay; the rate rises at first and falls along a cosine."""
        network = self.network
        done = (step + 1) / network.steps
        rate = network.rate * min(1.0, done / _WARM_UP) * 0.5 * (1 + np.cos(np.pi * step / network.steps))
        bias = np.sqrt(1 - _SQUARES ** (step + 1)) / (1 - _MOMENTUM ** (step + 1))
        for weight, gradient, mean, square in zip(self.weights, gradients, self.means, self.squares, strict=True):
            mean.mul_(_MOMENTUM).add_(gradient, alpha=1 - _MOMENTUM)
            square.mul_(_SQUARES).addcmul_(gradient, gradient, value=1 - _SQUARES)
            weight.mul_(1 - rate * network.decay)
            weight.addcdiv_(mean, square.sqrt().add_(1e-8), value=-rate * bias)
