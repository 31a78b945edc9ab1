"""Compiled rounds of the game that chooses thresholds; :mod:`certvote.certificates.thresholds` says what is played."""

from __future__ import annotations

from typing import NamedTuple, no_type_check  # Numba compiles untyped source: no checker may wrap it

import numpy as np
from numba import njit

from certvote.certificates.allocation import relax
from certvote.certificates.rivals import Reach

PLAYS_KEPT = 4
SPREAD = 3.0  # weight, in rounds, of an attacker who gives everything to one label, any label, any part of it
NOISE = 0.3  # of the charge in the first round, falling with the 0.7th power of the round


@njit(nogil=True, cache=True)
@no_type_check
def additions_needed(t: Reach, j: int, k: int, s: int) -> int:
    """Return ``τ(s)`` of pair ``j`` for ``s`` from candidate ``k``; at most ``α + 1``."""
    if t.τ.shape[0] > 0:
        return t.τ[j, k]
    return min(max(t.gap[j] - s + 1, 0), t.α + 1)


@njit(nogil=True, cache=True)
@no_type_check
def absent_additions_needed(t: Reach, i: int, bit: int, k: int, s: int) -> int:
    """Return ``τ(s)`` of the rivals of example ``i`` that have no votes, by their tie bit; at most ``α + 1``."""
    if t.absent_τ.shape[0] > 0:
        return t.absent_τ[i, bit, k]
    return min(max(t.absent_gap[i, bit] - s + 1, 0), t.α + 1)


@njit(nogil=True, cache=True)
@no_type_check
def _charges_by_gap(t: Reach, played: np.ndarray, gaps: int, width: int) -> np.ndarray:
    """Tabulate what additions charge at every candidate threshold, by label and gap, where the border does not move.

    ``played[q, x]`` is the share of plays with at least ``x`` additions of the labels in slot ``q``; the table has so
    many ``gaps``, from 0 on, and room for ``width`` candidates.
    """
    charges = np.zeros((played.shape[0], gaps, width), np.float32)
    for q in range(played.shape[0]):
        for gap in range(gaps):
            for k in range(t.candidates.size):
                charges[q, gap, k] = played[q, min(max(gap - t.candidates[k] + 1, 0), t.α + 1)]
    return charges


@njit(nogil=True, cache=True)
@no_type_check
def defend(
    t: Reach,
    removed: np.ndarray,
    added: np.ndarray,
    slot: np.ndarray,
    noise: float,
    seed: int,
    Φ: np.ndarray,
    Ψ: np.ndarray,
    weight: int,
) -> None:
    """Choose the best threshold of every example against all plays of the attacker, and charge what it costs.

    Parameters
    ----------
    t : Reach
        What can be reached.
    removed : float32 array, shape (c, ρ + 2)
        Share of plays with at least so many removals of a label; 0 in the last column.
    added : float32 array, shape (slots, α + 2)
        The same for additions; labels that were never played share slot 0.
    slot : int64 array, shape (c,)
        Slot of every label.
    noise, seed : float, int
        Largest random part of a charge, and where its sequence starts.
    Φ, Ψ : int64 array, shapes (c, ρ + 1) and (c, α + 1)
        Receive, ``weight`` times, the examples charged from so many removals or additions on.
    """
    K, c = t.candidates.size, slot.size
    moving = t.absent_τ.shape[0] > 0
    charge = np.empty(-(-K // 16) * 16, np.float32)
    by_gap = _charges_by_gap(t, added, 0 if moving else t.ρ + t.α + 1, charge.size)
    newΦ, newΨ = np.zeros(Φ.shape, np.int64), np.zeros(Ψ.shape, np.int64)
    charged = np.zeros((2, c, t.α + 1), np.int64)  # rivals without votes, by tie bit, own label, and additions
    listed = np.full(c, -1)
    played = np.flatnonzero(slot > 0)
    state = (seed * 2654435761 + 1) & 0xFFFFFFFF  # a linear congruential generator, the same on every machine
    for i in range(t.label.size):
        a, lowest, first, last = t.label[i], t.helped[i], t.start[i], t.start[i + 1]
        # Thresholds above what breaks the example without additions are always charged; rivals with larger gaps than
        # this are never charged below it.
        end = np.searchsorted(t.candidates, max(t.alone[i], lowest), side="right")
        farthest = t.α + min(t.alone[i], t.ρ + 1) - 1
        absent = moving or min(t.absent_gap[i, 0], t.absent_gap[i, 1]) <= farthest  # rivals without votes in reach
        for k in range(end):
            state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
            charge[k] = removed[a, max(t.candidates[k], lowest)] + noise * (state >> 8) / 2**24
        for j in range(first, last):
            q = slot[t.rival[j]]
            if moving:
                for k in range(end):
                    charge[k] += added[q, t.τ[j, k]]
            elif t.gap[j] <= farthest:
                gap = max(t.gap[j], 0)
                for k in range(charge.size):
                    charge[k] += by_gap[q, gap, k]
        if absent:
            for j in range(first, last):
                listed[t.rival[j]] = i
            for l in played:  # noqa: E741 (the paper's label)
                bit = 1 if l < a else 0
                if l != a and listed[l] != i:
                    if moving:
                        for k in range(end):
                            charge[k] += added[slot[l], t.absent_τ[i, bit, k]]
                    elif t.absent_gap[i, bit] <= farthest:
                        gap = max(t.absent_gap[i, bit], 0)
                        for k in range(charge.size):
                            charge[k] += by_gap[slot[l], gap, k]
        charge[0] = removed[a, lowest]  # additions alone never reach the lowest threshold
        best = 0
        for k in range(1, end):
            if charge[k] < charge[best]:
                best = k
        s = max(t.candidates[best], lowest)
        if s <= t.ρ:
            newΦ[a, s] += 1
        if s > lowest:
            for j in range(first, last):
                x = additions_needed(t, j, best, s)
                if x <= t.α:
                    newΨ[t.rival[j], x] += 1
            for bit in range(2):
                x = absent_additions_needed(t, i, bit, best, s)
                if x <= t.α:
                    charged[bit, a, x] += 1
                    for j in range(first, last):  # these are charged one by one
                        if (t.rival[j] < a) == (bit == 1):
                            newΨ[t.rival[j], x] -= 1
    # Rivals without votes: of a label a, all others, those above it with tie bit 0, those below with 1.
    for x in range(t.α + 1):
        above, below = 0, 0
        for l in range(c):  # noqa: E741
            newΨ[l, x] += above
            above += charged[0, l, x]
            newΨ[c - 1 - l, x] += below
            below += charged[1, c - 1 - l, x]
    _accumulate(newΦ, weight, Φ)
    _accumulate(newΨ, weight, Ψ)


@njit(nogil=True, cache=True)
@no_type_check
def _accumulate(counts: np.ndarray, weight: int, total: np.ndarray) -> None:
    """Add ``weight`` times the running sums of the rows of ``counts`` to ``total``."""
    for l in range(counts.shape[0]):  # noqa: E741
        running = 0
        for x in range(counts.shape[1]):
            running += counts[l, x]
            total[l, x] += weight * running


@njit(nogil=True, cache=True)
@no_type_check
def _at_least(
    plays: np.ndarray, low: int, high: int, spread: float, labels: int, weight: float, shares: np.ndarray
) -> None:
    """Write into ``shares[x]`` the share of plays with at least ``x`` of a label, and of the attacker that spreads.

    ``plays[x]`` is the weight of those with exactly ``x``. The attacker that spreads gives one of ``labels`` labels any
    amount from ``low + 1`` to ``high``, and ``low`` to the others.
    """
    running = 0.0
    shares[:] = 0.0
    for x in range(high, low, -1):
        running += plays[x] + spread / labels / (high - low)
        shares[x] = running / weight
    shares[: low + 1] = 1.0 + spread / weight


@njit(nogil=True, cache=True)
@no_type_check
def within_box(t: Reach, Ψ: np.ndarray) -> np.ndarray:
    """Return the charges of additions as functions of how many exceed the lower corner of the box."""
    left = t.α - t.low.sum()
    G = np.empty((t.classes, left + 1), Ψ.dtype)
    for l in range(t.classes):  # noqa: E741 (the paper's label)
        for x in range(left + 1):
            G[l, x] = Ψ[l, min(t.low[l] + x, t.high[l])]
    return G


class Game(NamedTuple):
    """What has been played: charges of all thresholds, and the attacker's plays by weight.

    Attributes
    ----------
    Φ, Ψ : int64 array, shapes (c, ρ + 1) and (c, α + 1)
        Examples charged from so many removals or additions on, over all rounds.
    counted : int64 array, shape (2,)
        Thresholds per example that they count, ``N``; number of the last round.
    removed, added : float64 array, shapes (c, ρ + 1) and (c, α + 1)
        Weight of the plays with exactly so many removals or additions of a label.
    removals, additions : int64 array, shape (PLAYS_KEPT, c)
        Last plays.
    """

    Φ: np.ndarray
    Ψ: np.ndarray
    counted: np.ndarray
    removed: np.ndarray
    added: np.ndarray
    removals: np.ndarray
    additions: np.ndarray


@njit(nogil=True, cache=True)
@no_type_check
def new_game(c: int, ρ: int, α: int) -> Game:
    """Return a game that nobody has played."""
    return Game(
        np.zeros((c, ρ + 1), np.int64),
        np.zeros((c, α + 1), np.int64),
        np.zeros(2, np.int64),
        np.zeros((c, ρ + 1)),
        np.zeros((c, α + 1)),
        np.zeros((PLAYS_KEPT, c), np.int64),
        np.zeros((PLAYS_KEPT, c), np.int64),
    )


@njit(nogil=True, cache=True)
@no_type_check
def go_on(game: Game, ρ: int, α: int, last_round: int) -> Game:
    """Take a game over to a smaller size, with the weight of as many rounds as are to be remembered.

    Thresholds are valid at every smaller size, and charges that are scaled by ``γ`` and rounded up count at least
    ``γ N`` thresholds.
    """
    old, N = game.counted[0], last_round**3 // 3
    further = new_game(game.Φ.shape[0], ρ, α)
    further.counted[:] = N, last_round
    further.Φ[:] = (game.Φ[:, : ρ + 1] * N + old - 1) // old
    further.Ψ[:] = (game.Ψ[:, : α + 1] * N + old - 1) // old
    for plays, fewer in ((game.removed, further.removed), (game.added, further.added)):
        most = fewer.shape[1] - 1
        for x in range(plays.shape[1]):
            fewer[:, min(x, most)] += plays[:, x] * N / old
    return further


@njit(nogil=True, cache=True)
@no_type_check
def play(t: Reach, game: Game, rounds: int) -> tuple[np.ndarray, np.ndarray, int]:
    """Play further rounds of a game; return ``Φ``, ``Ψ`` and ``N`` after the round with the best bound."""
    c, left = t.classes, t.α - t.low.sum()
    bestΦ, bestΨ, bestN, best = game.Φ, game.Ψ, 1, 2**62
    corners = np.empty((c, max(t.ρ, t.α) + 2), np.int32)
    shares_removed = np.empty((c, t.ρ + 2), np.float32)
    slot = np.zeros(c, np.int64)
    for _ in range(rounds):
        game.counted[1] += 1
        j = game.counted[1]
        weight = float(max(game.counted[0], 1))
        spread = SPREAD * weight / j
        slots = 1
        for l in range(c):  # noqa: E741
            _at_least(game.removed[l], 0, t.ρ, spread, c, weight, shares_removed[l])
            slot[l] = 0
            if t.low[l] > 0 or game.added[l, 1:].any():
                slot[l] = slots
                slots += 1
        shares_added = np.empty((slots, t.α + 2), np.float32)
        _at_least(np.zeros(t.α + 1), 0, t.α, spread, c, weight, shares_added[0])
        for l in range(c):  # noqa: E741
            if slot[l] > 0:
                _at_least(game.added[l], t.low[l], t.high[l], spread, c, weight, shares_added[slot[l]])
        defend(t, shares_removed, shares_added, slot, NOISE / j**0.7, j, game.Φ, game.Ψ, j * j)
        game.counted[0] += j * j
        N, R, A = game.counted[0], game.removals[j % PLAYS_KEPT], game.additions[j % PLAYS_KEPT]
        upper = relax(game.Φ, t.ρ, corners, R)[0] + relax(within_box(t, game.Ψ), left, corners, A)[0]
        if upper // N < best:
            best = upper // N
            bestΦ, bestΨ, bestN = game.Φ.copy(), game.Ψ.copy(), N
        for l in range(c):  # noqa: E741
            A[l] = min(A[l] + t.low[l], t.high[l])
            game.removed[l, R[l]] += j * j
            game.added[l, A[l]] += j * j
    return bestΦ, bestΨ, bestN
