"""Threshold splitting: a bound of what breaks that keeps removals and additions apart (docs/certificates.md, Theorem 16).

Give every example ``i`` a threshold ``s_i``. If ``i`` breaks, then ``R_{a_i} ≥ s_i``, or ``A_l ≥ τ_il(s_i)`` for some
rival ``l``, where ``τ_il(s)`` is the least number of additions with which at most ``s - 1`` removals break it. So with

    Φ_a(r) = #{i : a_i = a, s_i ≤ r},    Ψ_l(t) = #{i : a_i ≠ l, s_i > 0, τ_il(s_i) ≤ t},

at most ``max Σ_a Φ_a(R_a) + max Σ_l Ψ_l(A_l)`` examples break, each maximum within its own budget: two knapsacks that
are solved exactly. With ``N`` thresholds for every example, ``N`` times as many are charged, and the sum is divided by
``N``: such mixtures are what makes the bound tight.

**Choosing thresholds** is a game. The defender picks a threshold for every example, the attacker removals and additions;
an example is charged once if ``R_{a_i} ≥ s_i`` and once for every ``l`` with ``A_l ≥ τ_il(s_i)``. Fictitious play
approaches its value: in turn, each replies to the average of all that the other has played. Later rounds count more
(round ``j`` has weight ``j²``), the attacker is also held to spread a little over everything that was never played, and
a little noise breaks ties; both fade. Whatever is played is a valid bound, so rounds and noise are a matter of
quality only, and both are fixed: results do not depend on the machine.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from certvote.certificates.allocation import allocate_rows
from certvote.certificates.rivals import Reach
from certvote.certificates.threshold_kernels import play


@dataclass(frozen=True)
class Splitting:
    """Hold the best bound of a game, and what the attacker played in its last rounds.

    Attributes
    ----------
    upper : int64 array, shape (e + 1,)
        Most examples that break at every size up to the game's.
    removals, additions : int64 array, shape (plays, c)
        Last plays of the attacker.
    """

    upper: np.ndarray
    removals: np.ndarray
    additions: np.ndarray


def split(t: Reach, *, rounds: int) -> Splitting:
    """Bound what breaks at one size, and at all smaller ones, by threshold splitting.

    Parameters
    ----------
    t : Reach
        What an attack of this size can reach.
    rounds : int
        Rounds of fictitious play.

    Returns
    -------
    Splitting
        Bounds and plays.

    References
    ----------
    docs/certificates.md, Theorem 16.
    """
    size = max(t.ρ, t.α)
    if t.label.size == 0:
        none = np.zeros((0, t.classes), np.int64)
        return Splitting(np.zeros(size + 1, np.int64), none, none)
    Φ, Ψ, N, removals, additions = play(t, rounds)
    budgets = np.arange(size + 1)
    charged = allocate_rows(Φ)[np.minimum(budgets, t.ρ)] + allocate_rows(Ψ)[np.minimum(budgets, t.α)]
    return Splitting(np.minimum(charged // N, t.label.size), removals, additions)
