"""Tabulate the pairs of two sets of runs: both values and their difference at round sizes."""

from __future__ import annotations

import math
from collections.abc import Sequence

from certvote.reporting.accuracy import accuracy_at
from certvote.reporting.diff_figures import pair_styles
from certvote.reporting.diff_words import decimals
from certvote.reporting.pairs import Pair
from certvote.reporting.tables import Cell, Column, Row, Table, csv_text
from certvote.reporting.wording import count, difference, percent
from certvote.results.headline import round_sizes

GROUP = "certified accuracy (%) at e ="


def diff_table(pairs: Sequence[Pair], texts: Sequence[str]) -> Table:
    """Tabulate pairs at round sizes up to the longest curve that both have, then their means over all sizes.

    Three rows per pair: A, B and B − A. Its CSV file has one row per pair and size, in full precision, as shares of the
    test set.
    """
    sizes = round_sizes(max(int(pair.sizes[-1]) for pair in pairs))
    digits = decimals(pairs)
    columns = [
        Column("pair", numeric=False, unseen=True),
        Column("side", numeric=False, unseen=True),
        *(Column(count(e), GROUP) for e in sizes),
    ]
    columns.append(Column("mean", kind="mean"))
    rows: list[Row] = []
    records: list[tuple[str, ...]] = [("pair", "e", "certified_A", "certified_B", "difference", "run_A", "run_B")]
    for pair, text in zip(pairs, texts, strict=True):
        low, high = ([accuracy_at(run, e) for e in sizes] for run in (pair.a, pair.b))
        for e, a, b in zip(sizes, low, high, strict=True):
            if not math.isnan(b - a):
                records.append((csv_text(text), str(e), repr(a), repr(b), repr(b - a), pair.a.id, pair.b.id))
        low.append(float(pair.certified(pair.a).mean()))
        high.append(float(pair.certified(pair.b).mean()))
        for side, style, values in zip("AB", pair_styles(pair), (low, high), strict=True):
            head = Cell(text) if side == "A" else None
            cells = [Cell(side, style=style), *(Cell(percent(value, digits)) for value in values)]
            rows.append(Row(head, tuple(cells), span=3))
        points = [Cell(difference(100 * (b - a), digits)) for a, b in zip(low, high, strict=True)]
        rows.append(Row(None, (Cell("B − A"), *points), kind="difference"))
    return Table(tuple(columns), tuple(rows), tuple(records))
