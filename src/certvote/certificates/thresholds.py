"""Threshold splitting: a bound of what breaks that keeps removals and additions apart.

Theorem 16 of docs/certificates.md: give every example ``i`` a threshold ``s_i``. If ``i`` breaks, then
``R_{a_i} ≥ s_i``, or ``A_l ≥ τ_il(s_i)`` for some rival ``l``, where ``τ_il(s)`` is the least number of additions with
which at most ``s - 1`` removals break it. So with

    Φ_a(r) = #{i : a_i = a, s_i ≤ r},    Ψ_l(t) = #{i : a_i ≠ l, s_i > 0, τ_il(s_i) ≤ t},

at most ``max Σ_a Φ_a(R_a) + max Σ_l Ψ_l(A_l)`` examples break, each maximum within its own budget: two knapsacks that
are solved exactly. With ``N`` thresholds for every example, ``N`` times as many are charged, and the sum is divided by
``N``: such mixtures are what makes the bound tight.

**Choosing thresholds** is a game. The defender picks a threshold for every example, the attacker removals and
additions; an example is charged once if ``R_{a_i} ≥ s_i`` and once for every ``l`` with ``A_l ≥ τ_il(s_i)``. Fictitious
play approaches its value: in turn, each replies to the average of all that the other has played. Later rounds count
more (round ``j`` has weight ``j²``), the attacker is also held to spread a little over everything that was never
played, and a little noise breaks ties; both fade. Whatever is played is a valid bound, so rounds and noise are a matter
of quality only, and both are fixed: results do not depend on the machine.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Int64

from certvote.certificates.allocation import allocate_rows
from certvote.certificates.rivals import Reach
from certvote.certificates.threshold_kernels import Game, go_on, new_game, play, within_box

REMEMBERED = 24
"""Rounds at a larger size that count for as much when a game goes on at a smaller one."""


def split(t: Reach, *, rounds: int, before: Game | None = None) -> tuple[Int64[np.ndarray, " e+1"], Game]:
    """Bound what breaks at one size, and at all smaller ones, by threshold splitting.

    Parameters
    ----------
    t : Reach
        What an attack of this size can reach.
    rounds : int
        Rounds of fictitious play, at least 1.
    before : Game, optional
        A game at a larger size, to go on with.

    Returns
    -------
    upper : int64 array, shape (e + 1,)
        Most examples that break at every size up to this one; within a box, at sizes that have additions for it.
    game : Game
        What was played.

    References
    ----------
    docs/certificates.md, Theorem 16.
    """
    played = before is not None and before.counted[0] > 0
    game = go_on(before, t.ρ, t.α, REMEMBERED) if played else new_game(t.classes, t.ρ, t.α)
    budgets = np.arange(max(t.ρ, t.α) + 1)
    if t.label.size == 0:
        return np.zeros(budgets.size, np.int64), game
    Φ, Ψ, N = play(t, game, rounds)
    given = t.low.sum()  # 0 unless the additions are within a box
    added = allocate_rows(within_box(t, Ψ))[np.clip(budgets - given, 0, t.α - given)]
    charged = allocate_rows(Φ)[np.minimum(budgets, t.ρ)] + added
    return np.minimum(charged // N, t.label.size), game
