"""Tabulate the attack success rates of backdoor attacks, and how the rate of single targets differs."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from certvote.reporting import labels
from certvote.reporting.accuracy import last_size
from certvote.reporting.tables import Cell, Column, Row, Table, csv_text
from certvote.reporting.wording import count, percent
from certvote.results.headline import round_sizes
from certvote.results.run import Run, finished

GROUP = "attack success rate (%), at most, at e ="


def aimed(runs: Sequence[Run]) -> list[Run]:
    """Return the finished runs whose attack has a target."""
    return [run for run in finished(runs) if run.success is not None]


def success_at(run: Run, size: int) -> float:
    """Return the upper bound of ASR(``size``) for the worst target: that of the next computed size, else NaN."""
    if run.curve is None or run.success is None:
        return math.nan
    index = int(np.searchsorted(run.curve.sizes, size))  # ASR rises with e, so the bound at a larger size holds, too
    return float(run.success[index]) if index < len(run.success) else math.nan


def success_table(runs: Sequence[Run], sizes: Sequence[int] | None = None) -> Table:
    """Tabulate the attack success rate of every run with a target, rounded up, the lowest of each column marked.

    Parameters
    ----------
    runs : sequence of Run
        Runs that ``query.prepare`` returned, at least one of them with a target.
    sizes : sequence of int or None
        Poisoning sizes; ``None``: round ones up to the largest.

    Returns
    -------
    Table
        A row per run, for its worst target; a single run with several targets has a row for each of the worst ones.
    """
    some = aimed(runs)
    digits, every = labels.decimals(some), max(map(last_size, some))
    chosen = tuple(sorted(set(round_sizes(every) if sizes is None else sizes)))
    shown = [[percent(success_at(run, e), digits, up=True) for e in chosen] for run in some]
    least = [min((float(row[j]) for row in shown if row[j] != "–"), default=math.inf) for j in range(len(chosen))]
    rows = []
    for label, texts in zip(labels.short(some), shown, strict=True):
        best = [len(some) > 1 and text != "–" and float(text) == least[j] < 100 for j, text in enumerate(texts)]
        rows.append(Row(Cell(label), tuple(map(Cell, texts, best))))
    if len(some) == 1 and len(some[0].targets) > 1:
        for target, rates in some[0].targets.items():
            texts = [percent(rates.get(str(e), math.nan), digits, up=True) for e in chosen]
            rows.append(Row(Cell(f"target {target}"), tuple(map(Cell, texts)), kind="aside"))
    columns = [Column("curve", numeric=False, unseen=True), *(Column(count(e), GROUP) for e in chosen)]
    heads = ("label", "target", "run", *(f"ASR_{e}" for e in chosen))
    records = [
        (csv_text(label), _target(run), run.id, *(repr(success_at(run, e)) for e in chosen))
        for run, label in zip(some, labels.short(some), strict=True)
    ]
    return Table(tuple(columns), tuple(rows), (heads, *records))


def _target(run: Run) -> str:
    """Return the target of a run's attack, "worst" where it is every label."""
    target = run.option("attack.target")
    return "worst" if target is None else str(target)
