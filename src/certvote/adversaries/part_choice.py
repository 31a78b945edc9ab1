"""Choose which parts to poison, and how, so that as many test examples as possible change.

Test example ``i`` breaks once the poisoned parts reduce its margin ``m_i`` to 0, and the budget is shared by all. The
choice is relaxed: shares ``x`` of actions are done, and ``Σ_i g_i σ((Σ_j x_j D_ji - m_i) / τ)`` is increased by
conditional gradients (Frank and Wolfe, 1956) while ``τ`` falls. ``D_ji`` is what action ``j`` takes off margin ``i``.
Each step moves ``x`` towards the best actions for the derivatives, at most one in a part; then shares are rounded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float, Int64

if TYPE_CHECKING:
    from scipy.sparse import csr_array

STEPS = 60
_REACHES = (0.3, 1.0)  # how far the first weights look, as a share of what the budget might take off a margin
_WIDEST, _NARROWEST = 0.3, 0.01  # τ, as the same share
_SMALLEST_STEP = 0.08
_ROUNDED_EVERY = 5  # steps


@dataclass(frozen=True)
class Effects:
    """Say what actions do to the margins of test examples.

    Attributes
    ----------
    reduction : sparse float32 array, shape (j, q)
        What each action takes off each margin.
    part : int64 array, shape (j,)
        The part, or bucket, that each action poisons.
    removes, adds : bool array, shape (j,)
        Whether it removes a training example, and whether it adds one.
    margin : int64 array, shape (q,)
        Margins: a test example keeps its label while its margin is at least 1.
    gain : float array, shape (q,)
        What each test example is worth: negative if the label is wrong, so that the attacker would correct it.
    """

    reduction: csr_array
    part: Int64[np.ndarray, " j"]
    removes: Bool[np.ndarray, " j"]
    adds: Bool[np.ndarray, " j"]
    margin: Int64[np.ndarray, " q"]
    gain: Float[np.ndarray, " q"]

    def value(self, chosen: Int64[np.ndarray, " k"]) -> float:
        """Return what the actions are worth if their effects add up."""
        return float(self.gain[self.reduction[chosen].sum(axis=0) >= self.margin].sum())


def choose_actions(
    effects: Effects, removals: int, additions: int, *, check: Callable[[], None] = lambda: None
) -> Int64[np.ndarray, " k"]:
    """Choose actions, at most one in a part, with at most so many removals and additions.

    Parameters
    ----------
    effects : Effects
        What actions do.
    removals, additions : int
        The most removals and additions.
    check : callable
        Called before each step, to end the search by raising.

    Returns
    -------
    int64 array, shape (k,)
        The best choice that was found, most useful first; empty if none is worth anything.
    """
    best, value = np.empty(0, np.int64), effects.value(np.empty(0, np.int64))
    for reach in _REACHES:
        for chosen in _search(effects, removals, additions, reach, check):
            found = effects.value(chosen)
            if found > value:
                best, value = chosen, found
    return best


def _search(
    effects: Effects, removals: int, additions: int, reach: float, check: Callable[[], None]
) -> Iterator[Int64[np.ndarray, " k"]]:
    """Yield a rounded choice every few steps."""
    reduction, transposed = effects.reduction, effects.reduction.T.tocsr()
    x = np.zeros(reduction.shape[0], np.float32)
    flat = _best_actions(effects, reduction @ np.maximum(effects.gain, 0).astype(np.float32), removals, additions)
    scale = max(float(np.quantile(reduction[flat].sum(axis=0), 0.9)), 1.0) if flat.size else 1.0
    for step in range(STEPS):
        check()
        if step == 0:
            weights = np.exp(-np.maximum(effects.margin, 0) / (reach * scale))
        else:
            τ = max(scale * _WIDEST * (_NARROWEST / _WIDEST) ** (step / (STEPS - 1)), 0.5)
            share = 1 / (1 + np.exp(-np.clip((transposed @ x - effects.margin + 0.5) / τ, -30, 30)))
            weights = share * (1 - share)
        scores = reduction @ (effects.gain * weights).astype(np.float32)
        corner = _best_actions(effects, scores, removals, additions)
        x *= np.float32(1 - _step(step))
        x[corner] += np.float32(_step(step))
        if step % _ROUNDED_EVERY == _ROUNDED_EVERY - 1 or step == 0:
            yield _best_actions(effects, x, removals, additions)


def _step(step: int) -> float:
    """Return how far a step goes towards the best actions."""
    return 1.0 if step == 0 else max(2 / (step + 2), _SMALLEST_STEP)


def _best_actions(effects: Effects, scores: np.ndarray, removals: int, additions: int) -> np.ndarray:
    """Return the actions with the largest positive scores that the budget allows, at most one in a part."""
    chosen: list[int] = []
    used = set[int]()
    order = np.argsort(-scores, kind="stable")[: int((scores > 0).sum())]
    rows = zip(
        order.tolist(),
        effects.part[order].tolist(),
        effects.removes[order].tolist(),
        effects.adds[order].tolist(),
        strict=True,
    )
    for action, part, removes, adds in rows:
        if part in used or removes > removals or adds > additions:
            continue
        chosen.append(action)
        used.add(part)
        removals, additions = removals - removes, additions - adds
        if removals <= 0 and additions <= 0:
            break
    return np.array(chosen, dtype=np.int64)
