"""Both values and their difference at round sizes: for the page, as tidy CSV, as LaTeX."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass

from certvote.reporting import diff_words, labels, plain
from certvote.reporting.diff_figures import pair_looks
from certvote.reporting.looks import Look
from certvote.reporting.pairs import Pair
from certvote.reporting.plain import PlainTable
from certvote.reporting.query import accuracy_at
from certvote.reporting.tables import csv_text, round_sizes


@dataclass(frozen=True)
class DiffRow:
    """One pair: its label, looks of A's and B's curves, and the texts of A, B and B − A per size, then over all."""

    label: str
    looks: tuple[Look, Look]
    a: tuple[str, ...]
    b: tuple[str, ...]
    difference: tuple[str, ...]


@dataclass(frozen=True)
class DiffTable:
    """Certified accuracy in percent at ``sizes``; the last number of every row is the mean over all sizes."""

    sizes: tuple[int, ...]
    rows: tuple[DiffRow, ...]
    pairs: tuple[Pair, ...]


def diff_table(pairs: Sequence[Pair], texts: Sequence[str]) -> DiffTable:
    """One row per pair, at round sizes up to the longest curve that both have."""
    sizes = round_sizes(max(int(pair.sizes[-1]) for pair in pairs))
    digits = diff_words.decimals(pairs)
    rows = []
    for pair, text in zip(pairs, texts, strict=True):
        numbers = [(accuracy_at(pair.a, e), accuracy_at(pair.b, e)) for e in sizes]
        numbers.append((float(pair.certified(pair.a).mean()), float(pair.certified(pair.b).mean())))
        a, b = (tuple(labels.percent(both[i], digits) for both in numbers) for i in (0, 1))
        difference = tuple(_points(100 * (high - low), digits) for low, high in numbers)
        rows.append(DiffRow(text, pair_looks(pair), a, b, difference))
    return DiffTable(sizes, tuple(rows), tuple(pairs))


def to_csv(table: DiffTable) -> str:
    """One row per pair and size, full precision, as shares of the test set; safe to open in a spreadsheet program."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(["pair", "e", "certified_A", "certified_B", "difference", "run_A", "run_B"])
    for row, pair in zip(table.rows, table.pairs, strict=True):
        for e in table.sizes:
            a, b = accuracy_at(pair.a, e), accuracy_at(pair.b, e)
            if not math.isnan(b - a):
                writer.writerow([csv_text(row.label), e, repr(a), repr(b), repr(b - a), pair.a.id, pair.b.id])
    return buffer.getvalue()


def to_latex(table: DiffTable, *, caption: str) -> str:
    """Three lines per pair: A, B, B − A."""
    head = ("", "", *map(labels.count, table.sizes), "mean")
    lines = [
        (label, side, *cells)
        for row in table.rows
        for label, side, cells in ((row.label, "A", row.a), ("", "B", row.b), ("", "B − A", row.difference))
    ]
    return plain.to_latex(PlainTable(head, tuple(lines), frozenset(range(2, len(head)))), caption=caption)


def _points(points: float, digits: int) -> str:
    return "–" if math.isnan(points) else diff_words.signed(points, digits)
