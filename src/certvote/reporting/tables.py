"""Hold a table as a page shows it, and write it as CSV, LaTeX and Markdown."""

from __future__ import annotations

import csv
import html
import io
import itertools
import re
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from certvote.reporting.line_styles import LineStyle
from certvote.reporting.wording import printable

_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "≤": r"$\le$",
    "≥": r"$\ge$",
    "−": r"$-$",
    "×": r"$\times$",
    "±": r"$\pm$",
    "–": "--",
    "…": r"\dots{}",
    **{character: rf"\{character}" for character in "&%$#_{}"},
}


_FORMULA = re.compile(r"(\b[ekrdN] =(?: \d[\d.,]*(?<![.,]))?)")


@dataclass(frozen=True)
class Column:
    """Describe a column.

    Attributes
    ----------
    head, group : str
        Its head, and a head above that it shares with its neighbors.
    numeric : bool
        Whether it has numbers rather than words.
    kind : str
        CSS class of its cells.
    unseen : bool
        Whether the head is for screen readers alone.
    """

    head: str
    group: str = ""
    numeric: bool = True
    kind: str = ""
    unseen: bool = False


@dataclass(frozen=True)
class Cell:
    """Hold a text, whether it is the best of its column, and what stands with it: a piece of line, notes.

    ``leads_to`` is the id of an element of the page that a click on the text shows, "" for none.
    """

    text: str
    best: bool = False
    style: LineStyle | None = None
    marks: str = ""
    remark: str = ""
    leads_to: str = ""


@dataclass(frozen=True)
class Row:
    """Hold one row of a table.

    Attributes
    ----------
    head : Cell or None
        What the row is about; ``None`` where the head above, with a larger ``span``, says so.
    cells : tuple of Cell
        One cell per further column; none with a ``problem``, which says why.
    kind : str
        CSS class of the row; rows of the kind "aside" are in the page only, not in files.
    below : tuple of str
        Lines that stand below the row.
    reads : str
        The gid of what a figure draws with the values of this row, where one does.
    """

    head: Cell | None
    cells: tuple[Cell, ...] = ()
    kind: str = ""
    problem: str = ""
    below: tuple[str, ...] = ()
    span: int = 1
    reads: str = ""


@dataclass(frozen=True)
class Table:
    """Hold columns, the first of which names the rows, and rows; ``records`` are the rows of its CSV file.

    Without ``records`` the CSV file has what the page shows.
    """

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    records: tuple[tuple[str, ...], ...] = ()

    @property
    def groups(self) -> tuple[tuple[str, int], ...]:
        """Heads above several columns, with their number; none where no column has one."""
        named = itertools.groupby(self.columns, key=lambda column: column.group)
        found = tuple((name, len(list(columns))) for name, columns in named)
        return found if any(name for name, _ in found) else ()

    @property
    def blocks(self) -> tuple[tuple[Row, ...], ...]:
        """Rows that belong together: each with a head, and those that it spans."""
        starts = [i for i, row in enumerate(self.rows) if row.head is not None and row.kind != "aside"]
        return tuple(self.rows[start:end] for start, end in itertools.pairwise([*starts, len(self.rows)]))


def plain_table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, texts: int = 1) -> Table:
    """Return a table of ready texts; the first ``texts`` columns are words, the others numbers."""
    columns = tuple(Column(head, numeric=j >= texts) for j, head in enumerate(heads))
    return Table(columns, tuple(Row(Cell(head), tuple(map(Cell, cells))) for head, *cells in rows))


# --- CSV -------------------------------------------------------------------------------------------------------------


def to_csv(table: Table) -> str:
    """Return a table as CSV that is safe to open in a spreadsheet program."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerows(table.records or _shown(table))
    return buffer.getvalue()


def csv_text(text: str) -> str:
    """Return text that a spreadsheet program will not run as a formula."""
    plain = printable(text)
    return f"'{plain}" if plain.startswith(("=", "+", "-", "@")) else plain


def _shown(table: Table) -> Iterable[list[str]]:
    """Yield the rows as the page shows them, numbers as programs read them."""
    details = any(row.below for row in table.rows)
    yield [csv_text(column.head) for column in table.columns] + ["details"] * details
    for row in table.rows:
        cells = [row.head or Cell(""), *row.cells]
        texts = [
            _number(cell.text) if column.numeric else csv_text(cell.text)
            for column, cell in zip(table.columns, cells, strict=True)
        ]
        yield texts + [csv_text(" ".join(row.below))] * details


def _number(text: str) -> str:
    """Return a number that programs read: no thousands separators, the minus of keyboards, nothing for a dash."""
    plain = printable(text).replace(",", "").replace("−", "-")
    return "" if plain == "–" else plain.removeprefix("+")


# --- LaTeX -----------------------------------------------------------------------------------------------------------


def to_latex(table: Table, *, caption: str) -> str:
    """Return a ``table`` environment for the package booktabs, with the best of each column in bold."""
    shape = "".join("r" if column.numeric else "l" for column in table.columns)
    lines = [
        "% needs \\usepackage{booktabs}",
        "\\begin{table}",
        "  \\centering",
        f"  \\caption{{{latex(caption)}}}",
        f"  \\begin{{tabular}}{{{shape}}}",
        "    \\toprule",
        *(f"    {line}" for line in _latex_groups(table)),
        f"    {_latex_line(['' if column.unseen else latex(column.head) for column in table.columns])}",
        "    \\midrule",
        *(f"    {_latex_row(row, len(table.columns))}" for row in table.rows if row.kind != "aside"),
        "    \\bottomrule",
        "  \\end{tabular}",
        "\\end{table}",
        "",
    ]
    return "\n".join(lines)


def latex(text: str) -> str:
    """Return the text for LaTeX: every character that it reads as a command escaped, "e = 1,000" as a formula."""
    parts = _FORMULA.split(printable(text))
    parts[1::2] = [f"${part.replace(',', '{,}')}$" for part in parts[1::2]]
    parts[::2] = [re.sub(r"[\W_]", lambda match: _LATEX.get(match[0], match[0]), part) for part in parts[::2]]
    return "".join(parts)


def _latex_groups(table: Table) -> list[str]:
    if not table.groups:
        return []
    heads, rules, start = [], [], 1
    for name, number in table.groups:
        heads.append(latex(name) if number == 1 or not name else f"\\multicolumn{{{number}}}{{c}}{{{latex(name)}}}")
        heads += [""] * (number - 1) * (not name)
        rules += [f"\\cmidrule(lr){{{start}-{start + number - 1}}}"] if name and number > 1 else []
        start += number
    return [_latex_line(heads), *rules]


def _latex_row(row: Row, number: int) -> str:
    head = "" if row.head is None else latex(row.head.text)
    if row.problem:
        return _latex_line([head, f"\\multicolumn{{{number - 1}}}{{l}}{{{latex(textwrap.shorten(row.problem, 60))}}}"])
    cells = [f"\\textbf{{{latex(cell.text)}}}" if cell.best else latex(cell.text) for cell in row.cells]
    return _latex_line([head, *cells])


def _latex_line(cells: Sequence[str]) -> str:
    return " & ".join(cells) + " \\\\"


# --- Markdown --------------------------------------------------------------------------------------------------------


def to_markdown(table: Table, *, group: str) -> str:
    """Return the columns of a group as a Markdown table, with the best of each column in bold."""
    places = [j for j, column in enumerate(table.columns[1:]) if column.group == group]
    lines = [[group, *(table.columns[1:][j].head for j in places)], ["---", *["---:"] * len(places)]]
    for row in table.rows:
        if row.kind != "aside" and row.head is not None:
            cells = (
                [row.cells[j] for j in places] if row.cells else [Cell(row.problem), *[Cell("")] * (len(places) - 1)]
            )
            lines.append([row.head.text, *(f"**{cell.text}**" if cell.best else cell.text for cell in cells)])
    return "".join("| " + " | ".join(map(markdown, line)) + " |\n" for line in lines)


def markdown(text: str) -> str:
    """Return text for a cell of a Markdown table: no end of the cell in it, and no HTML."""
    return html.escape(text, quote=False).replace("|", "\\|")
