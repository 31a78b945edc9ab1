"""Combine runs that differ in a seed alone: what each of them certifies, and how they vary."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from certvote.options import columns
from certvote.results.run import Run, finished
from certvote.types import Curve, Spread


def by_seed(runs: Sequence[Run], over: Sequence[str] | None = None) -> list[Run]:
    """Combine finished runs that differ in seeds alone into one run each, in the place of the first of them.

    A certificate holds for each seed by itself. So the curve of a combined run is the smallest of the lower bounds,
    which every seed certifies; the mean describes the seeds and certifies nothing.

    Parameters
    ----------
    runs : sequence of Run
        Runs with their curves.
    over : sequence of str or None
        Options whose values may differ; ``None``: everything that is declared as a seed.

    Returns
    -------
    list of Run
        A combined run has no seed among its options, its metrics are means, and ``spread`` says how the curves vary.
        Runs without a partner, and those whose curves have other sizes, stay as they are.

    Raises
    ------
    ValueError
        If an option of ``over`` is no seed.
    """
    seeds = columns.seeds() if over is None else tuple(map(columns.column, over))
    for name in seeds:
        if name not in columns.seeds():
            raise ValueError(f"over: expected seeds among {', '.join(columns.seeds())}, got {name}")
    groups: dict[Any, list[Run]] = {}
    for run in runs:
        groups.setdefault(_setting(run, seeds), []).append(run)
    kept = (_combined(group, seeds) if len(group) > 1 and _differ(group, seeds) else group for group in groups.values())
    return [run for group in kept for run in group]


def spread_of(curves: Sequence[Curve], runs: Sequence[str]) -> tuple[Curve, Spread]:
    """Return the lower bounds that hold for every seed, and how those of the seeds vary; the sizes are equal."""
    values = np.array([curve.certified for curve in curves])
    # The mean of equal numbers is that number: rounding must not put it below all of them.
    mean = np.clip(values.mean(axis=0), values.min(axis=0), values.max(axis=0))
    spread = Spread(tuple(runs), mean, values.std(axis=0, ddof=1), values.max(axis=0))
    return Curve(curves[0].sizes, values.min(axis=0)), spread


def _setting(run: Run, seeds: Sequence[str]) -> Any:
    """Return what runs must share: options but seeds and the backend, and sizes; an unfinished run is on its own."""
    if not finished([run]):
        return run.id
    assert run.curve is not None
    options = ((name, value) for name, value in run.options.items() if name not in seeds)
    same = frozenset((name, value) for name, value in options if name.partition(".")[0] != "backend")
    return same, run.data, run.curve.sizes.tobytes()


def _differ(group: Sequence[Run], seeds: Sequence[str]) -> bool:
    """Return whether no two runs have the same seeds."""
    return len({tuple(run.options.get(name) for name in seeds) for run in group}) == len(group)


def _combined(group: Sequence[Run], seeds: Sequence[str]) -> list[Run]:
    first = group[0]
    curve, spread = spread_of([run.curve for run in group if run.curve is not None], [run.id for run in group])
    params = {name: value for name, value in first.params.items() if columns.column(name) not in seeds}
    shared = set(first.metrics).intersection(*(run.metrics for run in group))
    metrics = {name: float(np.mean([run.metrics[name] for run in group])) for name in sorted(shared)}
    notes = list(dict.fromkeys(note for run in group for note in run.notes))
    tags = {**first.tags, "certvote.notes": json.dumps(notes)}
    return [replace(first, params=params, metrics=metrics, tags=tags, curve=curve, spread=spread)]
