"""A table of ready texts under column heads, for the page, as CSV for a program, as LaTeX for a paper."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from certvote.reporting import labels
from certvote.reporting.tables import csv_text, latex


@dataclass(frozen=True)
class PlainTable:
    """``rows`` of texts under ``head``; the first column names the row, of the others ``numeric`` are numbers.

    ``details`` has a line or more per row that stands below it, () for none.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: frozenset[int]
    details: tuple[tuple[str, ...], ...] = ()

    def below(self, row: int) -> tuple[str, ...]:
        """What stands below a row."""
        return self.details[row] if self.details else ()


def to_csv(table: PlainTable) -> str:
    """Every cell as the page shows it, numbers with a plain minus sign; safe to open in a spreadsheet program."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    details = ["details"] if any(table.details) else []
    writer.writerow([*map(csv_text, table.head), *details])
    for index, row in enumerate(table.rows):
        cells = [_number(cell) if column in table.numeric else csv_text(cell) for column, cell in enumerate(row)]
        writer.writerow([*cells, *([csv_text(" ".join(table.below(index)))] if details else [])])
    return buffer.getvalue()


def to_latex(table: PlainTable, *, caption: str) -> str:
    """A ``table`` environment for the package booktabs; the lines below rows are left to the text."""
    columns = "".join("r" if column in table.numeric else "l" for column in range(len(table.head)))
    lines = [
        "% needs \\usepackage{booktabs}",
        "\\begin{table}",
        "  \\centering",
        f"  \\caption{{{latex(caption)}}}",
        f"  \\begin{{tabular}}{{{columns}}}",
        "    \\toprule",
        f"    {_line(table.head)}",
        "    \\midrule",
        *(f"    {_line(row)}" for row in table.rows),
        "    \\bottomrule",
        "  \\end{tabular}",
        "\\end{table}",
        "",
    ]
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return " & ".join(map(latex, cells)) + " \\\\"


def _number(text: str) -> str:
    """A number that programs read: no thousands separators, the minus of keyboards, nothing for a dash."""
    plain = labels.printable(text).replace(",", "").replace("−", "-")
    return "" if plain == "–" else plain.removeprefix("+")
