"""Poison chosen parts: try changes in every part, and choose by what the members then say.

Effects are computed for one change at a time, and taken as if they added up; what counts is measured afterwards
(`certvote.adversaries.carry_out`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from certvote.adversaries.base import Target
from certvote.adversaries.contents import describe, find_contents
from certvote.adversaries.poison import Poison
from certvote.adversaries.retraining import NOTHING, Actions, Contents, Queries, Retraining
from certvote.adversaries.variants import variants
from certvote.certificates.base import Problem
from certvote.certificates.change import allowed, keeps_inputs

if TYPE_CHECKING:
    from certvote.adversaries.part_choice import Effects
    from certvote.algorithms.base import Inputs

MOST_ROUNDS = 3  # each poisons every part at most once
_MOST_QUERIES = 4000  # test examples that the attacker looks at
_UNLIKELY = 1e-3  # weight of labels that no test example suggests


@dataclass(frozen=True)
class _Tried:
    """Hold actions, what they add, and their effects on one training set."""

    actions: Actions
    contents: Contents
    effects: Effects


class PartAttack:
    """Make poisons of any size from actions on single parts.

    Parameters
    ----------
    target : Target
        The ensemble, the clean training set and the test examples.
    largest : int
        Largest poisoning size.
    candidates : int
        Contents, and removals, that are tried for every part.
    seed : int
        Seed of the random choices.
    """

    def __init__(self, target: Target, largest: int, *, candidates: int, seed: int) -> None:
        rule = target.algo.hash_rule
        assert rule is not None
        self.target, self.rule, self.candidates, self.seed = target, rule, candidates, seed
        rng = np.random.default_rng([seed, largest])
        self.queries = _queries(target, largest, rng)
        self.first = None
        if (self.queries.gain > 0).any():
            self.first = self._try(Poison.none(target.inputs), largest, rng)

    def __call__(self, size: int) -> Poison:
        """Choose actions, put them into practice, and go on with the poisoned training set while budget is left."""
        from certvote.adversaries.part_choice import choose_actions
        from certvote.runtime import interrupts

        poison = Poison.none(self.target.inputs)
        if self.first is None:
            return poison
        rng = np.random.default_rng([self.seed, size])  # not that of the sizes before: any may be resumed
        ρ, α = self._budget(size)
        tried = self.first
        for round_ in range(MOST_ROUNDS):
            if round_:
                tried = self._try(poison, size, rng)
            left = ρ - len(poison.removed), α - len(poison.added_labels)
            chosen = choose_actions(tried.effects, *left, check=interrupts.check)
            before, poison = poison, self._extended(poison, tried, chosen, rng)
            if poison.size == before.size or (len(poison.removed), len(poison.added_labels)) == (ρ, α):
                break
        return replace(poison, images=None) if keeps_inputs(self.target.change) else poison

    def _budget(self, size: int) -> tuple[int, int]:
        """Return the most removals and additions: after removals every part could still have an example."""
        ρ, α = allowed(self.target.change, size)
        if not keeps_inputs(self.target.change):
            ρ = min(ρ, max(len(self.target.inputs.labels) - self.rule.buckets, 0))
        return ρ, α

    def _try(self, poison: Poison, size: int, rng: np.random.Generator) -> _Tried:
        """Compute what actions on every part do after a poison."""
        from certvote.adversaries.part_choice import Effects
        from certvote.runtime.progress import progress_bar

        target, inputs = self.target, poison.apply(self.target.inputs, "any")
        clean = len(target.inputs.labels) - len(poison.removed)  # rows that are not the attacker's own come first
        ρ, α = self._budget(size)
        retraining = Retraining(target, inputs, self.queries)
        scale = max(0.5 * (max(ρ, α) if keeps_inputs(target.change) else ρ + α) * retraining.most_voters, 1)
        weights = np.maximum(self.queries.gain, 0) * np.exp(-np.maximum(retraining.margin, 0) / scale)
        contents = Contents(inputs.examples[:0], inputs.train[:0], inputs.labels[:0])
        actions = []
        if keeps_inputs(target.change):
            relabelled, contents = self._relabellings(inputs, clean, weights, rng)
            actions.append(relabelled)
        else:
            if α:
                contents = find_contents(target, retraining, weights, number=self.candidates, rng=rng)
                actions.append(_additions(self.rule.buckets, len(contents.labels)))
            if ρ:
                actions.append(self._removals(inputs, clean, weights, rng))
        tried = Actions.concatenate(actions)
        with progress_bar("parts", len(tried), "change") as progress:
            reduction = retraining.reductions(tried, contents, progress)
        effects = Effects(
            reduction=reduction,
            part=tried.part,
            removes=tried.gone != NOTHING,
            adds=tried.new != NOTHING,
            margin=retraining.margin,
            gain=self.queries.gain,
        )
        return _Tried(tried, contents, effects)

    def _removals(self, inputs: Inputs, clean: int, weights: np.ndarray, rng: np.random.Generator) -> Actions:
        """Draw examples of every part, more often with labels that the attacker wants to take votes from."""
        bucket = self.rule.bucket_of(inputs.examples[:clean], inputs.labels[:clean])
        likely = np.bincount(self.queries.winner, weights=weights, minlength=inputs.num_classes)
        likely = np.maximum(likely, _UNLIKELY * likely.max())[inputs.labels[:clean]]
        order = np.lexsort((rng.exponential(size=clean) / likely, bucket))
        starts = np.searchsorted(bucket[order], np.arange(self.rule.buckets))
        rows = order[np.arange(clean) - starts[bucket[order]] < self.candidates]
        return Actions(bucket[rows], rows, np.full(len(rows), NOTHING))

    def _relabellings(
        self, inputs: Inputs, clean: int, weights: np.ndarray, rng: np.random.Generator
    ) -> tuple[Actions, Contents]:
        """Draw examples of every part, and give them labels that test examples with their label might turn to."""
        drawn, c = self._removals(inputs, clean, weights, rng), inputs.num_classes
        pairs = np.bincount(c * self.queries.winner + self.queries.rival, weights=weights, minlength=c * c)
        pairs = pairs.reshape(c, c) + _UNLIKELY * pairs.max() * (1 - np.eye(c))
        limits = np.cumsum(pairs, axis=1)
        limits /= limits[:, -1:]  # a label's own interval is empty
        old = inputs.labels[drawn.gone]
        labels = (rng.random(len(old))[:, None] >= limits[old]).sum(axis=1)
        contents = Contents(inputs.examples[drawn.gone], inputs.train[drawn.gone], labels)
        return Actions(drawn.part, drawn.gone, np.arange(len(drawn))), contents

    def _extended(self, poison: Poison, tried: _Tried, chosen: np.ndarray, rng: np.random.Generator) -> Poison:
        """Return the poison with further actions; contents are varied until they fall into the parts wanted."""
        target, actions = self.target, tried.actions
        kept = np.setdiff1d(np.arange(len(target.inputs.labels)), poison.removed)
        gone, new, part = actions.gone[chosen], actions.new[chosen], actions.part[chosen]
        adds = new != NOTHING
        contents = tried.contents
        if keeps_inputs(target.change):
            examples, vectors, labels = (getattr(contents, name)[new] for name in ("examples", "vectors", "labels"))
        else:
            examples, labels = self._varied(contents, new[adds], part[adds], rng)
            vectors = describe(target, examples) if len(examples) else contents.vectors[:0]
        images = target.inputs.examples[:0] if poison.images is None else poison.images
        return Poison(
            removed=np.concatenate([poison.removed, kept[gone[gone != NOTHING]]]),
            added=np.concatenate([poison.added, vectors.astype(poison.added.dtype)]),
            added_labels=np.concatenate([poison.added_labels, labels]),
            images=np.concatenate([images, examples]),
        )

    def _varied(
        self, contents: Contents, new: np.ndarray, part: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return contents that fall into parts, and their labels; what cannot be varied so far is left out."""
        clean, feature = self.target.inputs.examples, self.target.feature
        whole = clean.dtype.kind in "iu" or feature is None
        step = 1.0 if whole or feature is None else 2.0 ** -feature.bits(clean.shape[1:])
        examples, labels = [], []
        for content in np.unique(new):
            wanted = part[new == content].tolist()
            label = int(contents.labels[content])
            found = variants(
                contents.examples[content],
                label,
                wanted,
                self.rule,
                low=float(clean.min()),
                high=float(clean.max()),
                step=step,
                rng=rng,
            )
            examples += list(found.values())
            labels += [label] * len(found)
        shape = (len(examples), *clean.shape[1:])
        return np.array(examples, dtype=clean.dtype).reshape(shape), np.array(labels, dtype=np.int64)


def _additions(buckets: int, contents: int) -> Actions:
    """Return the actions that add each content to each part."""
    part, new = (grid.reshape(-1) for grid in np.mgrid[:buckets, :contents])
    return Actions(part, np.full(len(part), NOTHING), new)


def _queries(target: Target, largest: int, rng: np.random.Generator) -> Queries:
    """Choose the test examples to look at: those without a certificate for the largest size."""
    truth, inputs = target.test_labels, target.inputs
    votes = target.algo.votes(inputs, target.work)
    problem = Problem(votes, truth, np.array([largest]), len(inputs.labels), target.change)
    winner = problem.predicted
    others = votes.counts.astype(np.int64) * inputs.num_classes + np.arange(inputs.num_classes)  # the larger of equals
    others[np.arange(len(winner)), winner] = -1
    right = winner == truth
    rival = np.where(right, np.argmax(others, axis=1), truth)
    rows = np.flatnonzero((target.algo.certified_sizes(problem) < largest) & (winner != rival))
    if len(rows) > _MOST_QUERIES:
        rows = np.sort(rng.choice(rows, _MOST_QUERIES, replace=False))
    return Queries(rows, inputs.test[rows], winner[rows], rival[rows], np.where(right[rows], 1.0, -1.0))
