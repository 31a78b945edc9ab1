"""Choose which training examples to remove, so that as many test examples as possible lose the voters that they need.

The problem is one of maximum coverage: test example ``i`` breaks once at least ``n_i`` of its voters with the predicted
label are removed, and ``e`` removals are shared by all. It is relaxed: shares ``x`` of examples are removed, and
``Σ_i g_i σ((Σ_z x_z B_iz - n_i) / τ)`` is increased by conditional gradients (Frank and Wolfe, 1956) while ``τ`` falls.
Each step moves ``x`` towards the ``e`` examples with the largest derivatives; the largest shares are then removed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Bool, Int64

from certvote.adversaries.neighborhoods import NEVER, Needs, Neighborhoods

STEPS = 60
_WIDEST, _NARROWEST = 0.2, 0.003  # τ, as a share of the number of removals
_SMALLEST_STEP = 0.08
_ROUNDED_EVERY = 5  # steps


@dataclass(frozen=True)
class Removals:
    """Hold a choice of removals.

    Attributes
    ----------
    examples : int64 array, shape (ρ,)
        Training examples.
    turned : bool array, shape (q,)
        Test examples whose prediction turns.
    value : int
        Test examples that break, less those that are corrected.
    """

    examples: Int64[np.ndarray, " ρ"]
    turned: Bool[np.ndarray, " q"]
    value: int


@dataclass(frozen=True)
class _Label:
    """Voters with one label: ``votes[i, z]`` says whether example ``z`` votes for the ``i``-th of ``queries``."""

    queries: np.ndarray  # i64
    needed: np.ndarray  # i64
    gain: np.ndarray  # f32
    votes: np.ndarray  # f32[queries, examples]


def choose_removals(
    known: Neighborhoods,
    needs: Needs,
    most: int,
    *,
    steps: int = STEPS,
    check: Callable[[], None] = lambda: None,
) -> Removals:
    """Choose at most ``most`` training examples to remove.

    Parameters
    ----------
    known : Neighborhoods
        The test examples.
    needs : Needs
        What breaks each of them.
    most : int
        Largest number of removals.
    steps : int
        Number of steps.
    check : callable
        Called before each step, to end the search by raising.
    """
    for_nothing = needs.removals == 0
    best = Removals(np.empty(0, np.int64), for_nothing, int(known.gain[for_nothing].sum()))
    labels = [_label(known, needs, a) for a in range(len(known.members))]
    number = np.array([part.votes.shape[1] for part in labels])
    most = min(most, int(number.sum()) - 1)  # a training set has at least one example
    if most <= 0 or not any(part.queries.size for part in labels):
        return best
    bounds = np.concatenate([[0], np.cumsum(number)])
    parts = [slice(a, b) for a, b in pairwise(bounds)]
    x = np.zeros(bounds[-1], np.float32)
    gradient = np.empty_like(x)
    for step in range(steps):
        check()
        τ = max(most * _WIDEST * (_NARROWEST / _WIDEST) ** (step / max(steps - 1, 1)), 0.5)
        for part, at in zip(labels, parts, strict=True):
            gradient[at] = _weights(part, x[at], τ, most, first=step == 0) @ part.votes
        corner = np.zeros_like(x)
        corner[_largest(gradient, most)] = 1
        share = np.float32(1 if step == 0 else max(2 / (step + 2), _SMALLEST_STEP))
        x += share * (corner - x)
        if step % _ROUNDED_EVERY == _ROUNDED_EVERY - 1 or step == steps - 1:
            chosen = _largest(x, most)
            chosen = chosen[x[chosen] > 0]
            turned = _turned(labels, parts, chosen, for_nothing)
            value = int(known.gain[turned].sum())
            if value > best.value:
                best = Removals(np.concatenate(known.members)[chosen], turned, value)
    return best


def _label(known: Neighborhoods, needs: Needs, a: int) -> _Label:
    """Collect the test examples with predicted label ``a`` that removals may turn, and their voters."""
    queries = np.flatnonzero((known.predicted == a) & (needs.removals > 0) & (needs.removals < NEVER))
    votes = np.empty((queries.size, len(known.members[a])), np.float32)
    for row, i in zip(votes, queries, strict=True):
        row[:] = known.own[i] <= needs.radius[i]
    return _Label(queries, needs.removals[queries], known.gain[queries].astype(np.float32), votes)


def _weights(part: _Label, x: np.ndarray, τ: float, most: int, *, first: bool) -> np.ndarray:
    """Compute the derivative of each test example's term; at first those with few needed removals weigh most."""
    if first:
        weights = np.exp(-2 * part.needed / most)
    else:
        share = 1 / (1 + np.exp(-np.clip((part.votes @ x - part.needed) / τ, -30, 30)))
        weights = share * (1 - share)
    return np.asarray(part.gain * weights, dtype=np.float32)


def _largest(values: np.ndarray, number: int) -> np.ndarray:
    """Return the indices of the largest values."""
    return np.argpartition(-values, number - 1)[:number]


def _turned(labels: list[_Label], parts: list[slice], chosen: np.ndarray, for_nothing: np.ndarray) -> np.ndarray:
    """Return which test examples turn when ``chosen`` are removed."""
    gone = np.zeros(parts[-1].stop, np.float32)
    gone[chosen] = 1
    turned = for_nothing.copy()
    for part, at in zip(labels, parts, strict=True):
        turned[part.queries] = part.votes @ gone[at] >= part.needed
    return turned
