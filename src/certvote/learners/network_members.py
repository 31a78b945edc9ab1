"""Voters that are small convolutional networks on images, trained with distorted copies of their examples.

Fixed filters (``orientations``), a layer of 3 × 3 filters, ReLU, a linear layer. Trained by Adam on the cross-entropy
over the labels that the voter has; gradients of two layers are short enough to be written out, and everything is
batched products of matrices, many voters at a time.

What a voter answers depends on the sequence of its own examples, its seed and its number alone:

- Copies and minibatches are drawn by the voter's own generator, and made and gathered example by example.
- Whatever the sizes of the parts: each batch of voters has the same number of slots, each minibatch the same number of
  examples, and voter ``j`` has the same slot. So the same instructions run on its numbers, whoever its neighbors are,
  and no operation mixes slots. On a CPU each batch of voters is trained by one thread, however many there are.
- Votes are exact (``network_votes``): weights and activations are rounded to integers whose sums float32 holds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float64, Int64, UInt8

from certvote.algorithms.subsets import Subsets
from certvote.learners.ballots import Progress
from certvote.learners.network_votes import NetworkVoters, Rounded, check_terms, patches, rounded
from certvote.learners.orientations import depth_of, grid_of, maps
from certvote.learners.torch_state import exact_products
from certvote.runtime.memory import refuse_above_free
from certvote.runtime.threads import in_order

_SLOTS = {"cpu": 16, "cuda": 256}  # voters trained together: no voter's arithmetic depends on how many there are
_WARM_UP = 0.1  # share of the steps in which the learning rate rises
_MOMENTUM, _SQUARES = 0.9, 0.99
_SCALE = 1 / 64  # of the maps: their usual values come near 1


@dataclass(frozen=True)
class Schedule:
    """The learner's options, as ``conf/learner/network.yaml`` explains them."""

    width: int
    steps: int
    batch: int
    rate: float
    decay: float
    copies: int
    shift: float
    rotation: float
    stretch: float
    flip: bool


def fit_network(
    inputs: UInt8[np.ndarray, "n h w ch"],
    labels: Int64[np.ndarray, " n"],
    subsets: Subsets,
    *,
    num_classes: int,
    threads: int,
    progress: Progress | None,
    **options: int | float | bool,
) -> NetworkVoters:
    """Train one network per subset, on a GPU where torch has one."""
    schedule, v = Schedule(**options), len(subsets)  # type: ignore[arg-type]
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    slots = _SLOTS[device.type]
    workers = 1 if device.type == "cuda" else threads
    _check_size(inputs.shape[1:], subsets, num_classes, schedule, slots, workers)
    present = np.zeros((v, num_classes), bool)
    for voter, members in enumerate(subsets):
        present[voter, labels[members]] = True

    def fit_some(start: int, stop: int) -> list[Rounded]:
        batch = [
            Pool.drawn(inputs, labels, subsets, voter, schedule) if voter < v else Pool.empty(inputs, schedule)
            for voter in range(start, start + slots)
        ]
        mask = np.zeros((slots, num_classes), bool)
        mask[: stop - start] = present[start:stop]
        return Trainer(batch, mask, schedule, device).trained()[: stop - start]

    networks: list[Rounded] = []
    with exact_products():
        for _, stop, part in in_order(fit_some, v, slots, workers):
            networks += part
            if progress is not None:
                progress(stop, v)
    return NetworkVoters(networks=networks, slots=slots, device=device, threads=threads)


def _check_size(
    shape: tuple[int, ...], subsets: Subsets, num_classes: int, schedule: Schedule, slots: int, workers: int
) -> None:
    """Refuse networks that are too wide for exact sums, or too large for the memory, before any is trained."""
    (rows, columns, _), depth = grid_of(shape), depth_of(shape)
    hidden, taps, examples = rows * columns * schedule.width, 9 * depth, int(np.diff(subsets.offsets).max(initial=0))
    check_terms(hidden)
    check_terms(taps)
    weights = taps * schedule.width + hidden * num_classes
    pool = examples * schedule.copies * (rows + 2) * (columns + 2) * depth
    step = schedule.batch * (4 * rows * columns * taps + 3 * 4 * hidden)
    one = 2 * pool + 2 * 8 * schedule.steps * schedule.batch + step + 5 * 4 * weights  # Adam: moments and gradients
    refuse_above_free(
        slots * workers * one + 4 * len(subsets) * weights,
        f"learner=network for {len(subsets)} voters, {slots * workers} trained at once",
        "lower learner.copies, learner.batch, learner.steps or learner.width, or n_jobs",
    )


@dataclass(frozen=True)
class Pool:
    """What one voter is trained on: maps of its examples and their copies, and which of them, step by step."""

    maps: UInt8[np.ndarray, "k rows columns maps"]
    labels: Int64[np.ndarray, " k"]
    batches: Int64[np.ndarray, "steps batch"]
    first_weights: Float64[np.ndarray, "taps width"]

    @classmethod
    def drawn(cls, images: np.ndarray, labels: np.ndarray, subsets: Subsets, voter: int, schedule: Schedule) -> Pool:
        members = subsets.members[subsets.offsets[voter] : subsets.offsets[voter + 1]]
        if len(members) == 0:
            return cls.empty(images, schedule)
        rng, taps = np.random.default_rng(int(subsets.seeds[voter])), 9 * depth_of(images.shape[1:])
        which = np.repeat(members, schedule.copies)
        distortions = random_distortions(rng, len(which), images.shape[1:], schedule)
        distortions[:: schedule.copies] = np.eye(2, 3)  # the example itself
        return cls(
            maps=maps(images, which, distortions),
            labels=labels[which],
            batches=rng.integers(0, len(which), (schedule.steps, schedule.batch)),
            first_weights=rng.normal(0, np.sqrt(2 / taps), (taps, schedule.width)),
        )

    @classmethod
    def empty(cls, images: np.ndarray, schedule: Schedule) -> Pool:
        """Zeros to fill a slot with."""
        (rows, columns, _), depth = grid_of(images.shape[1:]), depth_of(images.shape[1:])
        return cls(
            maps=np.zeros((1, rows + 2, columns + 2, depth), np.uint8),
            labels=np.zeros(1, np.int64),
            batches=np.zeros((schedule.steps, schedule.batch), np.int64),
            first_weights=np.zeros((9 * depth, schedule.width)),
        )


def random_distortions(
    rng: np.random.Generator, size: int, shape: tuple[int, ...], schedule: Schedule
) -> Float64[np.ndarray, "size 2 3"]:
    """Affine maps around the center: rotation, stretch and slant, shift, and, if asked for, a reflection."""
    draws = rng.uniform(-1, 1, (size, 7))
    angle = np.deg2rad(schedule.rotation) * draws[:, 0]
    high, wide = (np.exp(schedule.stretch * draws[:, axis]) for axis in (1, 2))
    wide = np.where(schedule.flip & (draws[:, 3] < 0), -wide, wide)
    slant = 2 * schedule.stretch * draws[:, 4]
    matrices = np.empty((size, 2, 3))
    matrices[:, 0, 0], matrices[:, 0, 1] = np.cos(angle) * high, -np.sin(angle) * wide
    matrices[:, 1, 0], matrices[:, 1, 1] = np.sin(angle) * high + slant, np.cos(angle) * wide
    matrices[:, :, 2] = schedule.shift * draws[:, 5:]
    return matrices


class Trainer:
    """Adam on all slots at once; sizes depend on the options alone."""

    def __init__(self, pools: list[Pool], present: np.ndarray, schedule: Schedule, device: torch.device) -> None:
        self.schedule, self.device = schedule, device
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
            torch.zeros((slots, 1, schedule.width), device=device),
            torch.zeros((slots, self.places * schedule.width, c), device=device),
            torch.zeros((slots, 1, c), device=device),
        ]
        self.present = present
        self.absent = torch.from_numpy(np.where(present, 0, -1e9)).float().to(device)[:, None]
        self.means = [torch.zeros_like(weight) for weight in self.weights]
        self.squares = [torch.zeros_like(weight) for weight in self.weights]

    def trained(self) -> list[Rounded]:
        for step in range(self.schedule.steps):
            self._move(step, self._gradients(self.batches[step]))
        first, first_bias, last, last_bias = (weight.cpu().numpy() for weight in self.weights)
        networks = zip(first, first_bias[:, 0], last, last_bias[:, 0], strict=True)
        return [
            rounded(network, pool.maps, _SCALE, mask)
            for network, pool, mask in zip(networks, self.pools, self.present, strict=True)
        ]

    def _gradients(self, chosen: torch.Tensor) -> list[torch.Tensor]:
        """Of the mean cross-entropy on one minibatch per slot."""
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
        """One step of Adam with decoupled weight decay; the rate rises at first and falls along a cosine."""
        schedule = self.schedule
        done = (step + 1) / schedule.steps
        rate = schedule.rate * min(1.0, done / _WARM_UP) * 0.5 * (1 + np.cos(np.pi * step / schedule.steps))
        bias = np.sqrt(1 - _SQUARES ** (step + 1)) / (1 - _MOMENTUM ** (step + 1))
        for weight, gradient, mean, square in zip(self.weights, gradients, self.means, self.squares, strict=True):
            mean.mul_(_MOMENTUM).add_(gradient, alpha=1 - _MOMENTUM)
            square.mul_(_SQUARES).addcmul_(gradient, gradient, value=1 - _SQUARES)
            weight.mul_(1 - rate * schedule.decay)
            weight.addcdiv_(mean, square.sqrt().add_(1e-8), value=-rate * bias)
