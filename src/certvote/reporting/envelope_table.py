"""Tabulate envelopes: the best guarantee of every method at round sizes, and with which options."""

from __future__ import annotations

import math
from collections.abc import Sequence

from certvote.reporting import labels
from certvote.reporting.accuracy_table import GROUP
from certvote.reporting.envelope import Envelope, choice_label, envelope
from certvote.reporting.line_styles import LineStyle
from certvote.reporting.tables import Cell, Column, Row, Table, csv_text
from certvote.reporting.wording import count, percent

BEST, BY = "best of all", "with"


def envelope_table(found: Sequence[Envelope], styles: Sequence[LineStyle], sizes: Sequence[int]) -> Table:
    """Tabulate envelopes, a row each with the options that give its bounds below, and the best of all of them last.

    The CSV file has a row per envelope and size, with the id of the run that gives the bound.

    Parameters
    ----------
    found : sequence of Envelope
        Envelopes on the same test examples and against the same attacker.
    styles : sequence of LineStyle
        How each of them is drawn.
    sizes : sequence of int
        Poisoning sizes of the columns.
    """
    digits = labels.decimals([run for one in found for run in one.runs])
    bounds = {one.label: [percent(one.at(e)[0], digits) for e in sizes] for one in found}
    highest = [max((float(row[j]) for row in bounds.values() if row[j] != "–"), default=0.0) for j in range(len(sizes))]
    rows: list[Row] = []
    for one, style in zip(found, styles, strict=True):
        texts = bounds[one.label]
        cells = [Cell(text, text != "–" and float(text) == highest[j] > 0) for j, text in enumerate(texts)]
        rows.append(Row(Cell(one.label, style=style), tuple(cells)))
        if len(one.runs) > 1:
            rows.append(Row(Cell(BY), tuple(Cell(_choice(one, e)) for e in sizes), kind="aside"))
    if len(found) > 1:
        best = envelope([run for one in found for run in one.runs])
        givers = [next((one.label for one in found if best.at(e)[1] in one.runs), "–") for e in sizes]
        rows.append(Row(Cell(BEST), tuple(Cell(percent(best.at(e)[0], digits)) for e in sizes)))
        rows.append(Row(Cell("by"), tuple(map(Cell, givers)), kind="aside"))
    columns = (Column("method", numeric=False, unseen=True), *(Column(count(e), GROUP) for e in sizes))
    return Table(columns, tuple(rows), tuple(_records(found, sizes)))


def _choice(one: Envelope, size: int) -> str:
    bound, run = one.at(size)
    return choice_label(run, one.runs) if run is not None and bound > 0 else "–"


def _records(found: Sequence[Envelope], sizes: Sequence[int]) -> list[tuple[str, ...]]:
    records: list[tuple[str, ...]] = [("method", "size", "certified", "options", "certificate", "confidence", "run")]
    for one in found:
        for size in sizes:
            bound, run = one.at(size)
            if run is None or math.isnan(bound):
                continue
            sure = repr(run.confidence) if run.probabilistic else ""
            texts = (one.label, str(size), repr(bound), choice_label(run, one.runs), run.certificate, sure, run.id)
            records.append(tuple(map(csv_text, texts)))
    return records
