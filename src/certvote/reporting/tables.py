"""Tables of certified accuracy at round sizes: for the page, as CSV for a program, as LaTeX for a paper."""

from __future__ import annotations

import csv
import io
import math
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from certvote.reporting import labels
from certvote.reporting.query import (
    EQUAL,
    Result,
    accuracy_at,
    attained_at,
    finished,
    individual_of,
    last_size,
    telling_size,
)

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
    "–": "--",
    "…": r"\dots{}",
    **{character: rf"\{character}" for character in "&%$#_{}"},
}


@dataclass(frozen=True)
class Cell:
    """A number as the page shows it, and whether it is the best of its column."""

    text: str
    best: bool = False


@dataclass(frozen=True)
class Row:
    """One result. ``gains`` are its leads over the baseline; ``problem`` says why there are no numbers.

    ``confidence`` is that with which a probabilistic certificate holds, as text, else "".
    """

    result: Result
    label: str
    cells: tuple[Cell, ...] = ()
    gains: tuple[str, ...] = ()
    upper: tuple[str, ...] = ()
    problem: str = ""
    confidence: str = ""


@dataclass(frozen=True)
class ResultTable:
    """Certified accuracy in percent at ``sizes``; ``baseline`` names what gains are relative to, "" for none.

    Gains are those at ``gain_sizes``: unless they were named, the largest of ``sizes`` at which the bounds still say
    something, or where they do at none of them, the largest size at all.
    """

    sizes: tuple[int, ...]
    rows: tuple[Row, ...]
    baseline: str = ""
    gain_sizes: tuple[int, ...] = ()
    gain_sizes_named: bool = False


def shared_sizes(found: Sequence[Result]) -> tuple[int, ...]:
    """Round sizes up to the largest that every finished result has, (0,) without one."""
    return round_sizes(min((last_size(result) for result in finished(found)), default=0))


def result_table(
    found: Sequence[Result],
    *,
    sizes: Sequence[int] | None = None,
    baseline: Sequence[Result] = (),
    gain_sizes: Sequence[int] | None = None,
) -> ResultTable:
    """One row per result, unfinished ones with their problem, the best lower bound of each column marked.

    ``baseline`` holds one result that gains are relative to, at ``gain_sizes``; without it, each result is compared
    to the individual certificate of the same classifier, where that is among the results. Ties are decided as shown;
    0 is no best. Raises ``ValueError`` for no or negative sizes; beyond a curve's end there is no value.
    """
    digits = labels.decimals(found)
    done = finished(found)
    if sizes is None:
        sizes = round_sizes(max((last_size(result) for result in done), default=0))
    chosen = tuple(sorted(set(sizes)))
    if not chosen or chosen[0] < 0:
        raise ValueError(f"option sizes: expected poisoning sizes >= 0, got {', '.join(map(str, sizes)) or 'none'}")
    named = tuple(sorted(set(gain_sizes))) if gain_sizes else (telling_size(done, chosen) if done else 0,)
    values = {result.id: [accuracy_at(result, e) for e in chosen] for result in done}
    shown = {name: [labels.percent(value, digits) for value in row] for name, row in values.items()}
    best = [max((float(row[j]) for row in shown.values() if row[j] != "–"), default=0.0) for j in range(len(chosen))]
    bases = {result.id: baseline[0] if baseline else individual_of(result, done) for result in done}
    compared = any(base is not None and base.id != name for name, base in bases.items())
    rows = []
    for result, label in zip(found, labels.short(found), strict=True):
        if result.curve is None:
            rows.append(Row(result, label, problem=problem(result)))
            continue
        row = shown[result.id]
        cells = tuple(Cell(t, len(done) > 1 and t != "–" and float(t) == best[j] > 0) for j, t in enumerate(row))
        upper = tuple(labels.percent(attained_at(result, e), digits, up=True) for e in chosen)
        base = bases[result.id]
        gains = tuple(_difference(result, base, e, digits) for e in named) if compared else ()
        opened = upper if _open(values[result.id], result, chosen) else ()
        rows.append(Row(result, label, cells, gains, opened, confidence=labels.confidence(result)))
    name = (labels.full(baseline[0]) if baseline else "individual certificate") if compared else ""
    return ResultTable(chosen, tuple(rows), name, named if compared else (), bool(gain_sizes))


def problem(result: Result) -> str:
    """Why a result has no numbers, in one line."""
    first = next(iter(labels.printable_lines(result.error)), "")
    if result.status == "FINISHED":
        return "finished, but the database holds no curve of it"
    state = {"FAILED": "failed", "KILLED": "interrupted", "RUNNING": "not finished yet"}
    said = state.get(result.status, result.status.lower())
    return f"{said}: {first}" if first else said


def to_csv(table: ResultTable) -> str:
    """Full precision as shares of the test set, one row per result; safe to open in a spreadsheet program."""
    head = ["label", "algorithm", "parameter", "learner", "certificate", "confidence"]
    head += ["dataset", "feature", "attack", "change", "status", "run"]
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    bounds = any(row.upper for row in table.rows)
    columns = [f"CA_{e}" for e in table.sizes] + [f"attained_{e}" for e in table.sizes] * bounds
    writer.writerow([*head, *columns, "problem"])
    for row in table.rows:
        x = row.result
        texts = [
            row.label,
            labels.method_name(x),
            labels.parameter(x),
            labels.learner_name(x.learner),
            labels.certificate_name(x),
            "" if not row.confidence or (sure := labels.confidence_number(x)) is None else repr(sure),
            x.data,
            x.feature,
            x.attack,
            x.change,
            x.status,
            x.id,
        ]
        numbers = [accuracy_at(x, e) for e in table.sizes] + [attained_at(x, e) for e in table.sizes] * bounds
        cells = ["" if math.isnan(number) else repr(number) for number in numbers]
        writer.writerow([*map(csv_text, texts), *cells, csv_text(row.problem)])
    return buffer.getvalue()


def csv_text(text: str) -> str:
    """Text that a spreadsheet program will not run as a formula."""
    plain = labels.printable(text)
    return f"'{plain}" if plain.startswith(("=", "+", "-", "@")) else plain


def to_markdown(table: ResultTable) -> str:
    """A Markdown table in percent, lower bounds rounded down, the best of each column in bold."""
    head = ["certified accuracy (%) at e =", *(f"{e:,}" for e in table.sizes)]
    lines = [head, ["---", *["---:"] * len(table.sizes)]]
    for row in table.rows:
        cells = [f"**{cell.text}**" if cell.best else cell.text for cell in row.cells]
        lines.append([row.label, *cells] if cells else [row.label, row.problem, *[""] * (len(table.sizes) - 1)])
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def to_latex(table: ResultTable, *, caption: str) -> str:
    """A ``table`` environment for the package booktabs, with the best of each column in bold."""
    columns = "l" + "r" * (len(table.sizes) + len(table.gain_sizes))
    span = len(columns) - 1
    head = ["", *map(_latex_count, table.sizes), *(f"at $e = {_latex_count(e)}$" for e in table.gain_sizes)]
    lines = [
        "% needs \\usepackage{booktabs}",
        "\\begin{table}",
        "  \\centering",
        f"  \\caption{{{latex(caption)}}}",
        f"  \\begin{{tabular}}{{{columns}}}",
        "    \\toprule",
        f"    & \\multicolumn{{{len(table.sizes)}}}{{c}}{{certified accuracy (\\%) at poisoning size $e$}}"
        + _latex_gain(len(table.gain_sizes))
        + " \\\\",
        f"    \\cmidrule(lr){{2-{len(table.sizes) + 1}}}",
        f"    {' & '.join(head)} \\\\",
        "    \\midrule",
    ]
    for row in table.rows:
        if row.problem:
            body = [f"\\multicolumn{{{span}}}{{l}}{{{latex(textwrap.shorten(row.problem, 60))}}}"]
        else:
            body = [f"\\textbf{{{cell.text}}}" if cell.best else latex(cell.text) for cell in row.cells]
            body += map(latex, row.gains)
        lines.append(f"    {' & '.join([latex(row.label), *body])} \\\\")
    lines += ["    \\bottomrule", "  \\end{tabular}", "\\end{table}", ""]
    return "\n".join(lines)


def _latex_gain(number: int) -> str:
    if number < 2:
        return " & gain (points)" * number
    return f" & \\multicolumn{{{number}}}{{c}}{{gain (points)}}"


def _latex_count(number: int) -> str:
    return labels.count(number).replace(",", "{,}")


def latex(text: str) -> str:
    """The text with every character that LaTeX reads as a command escaped."""
    return re.sub(r"[\W_]", lambda match: _LATEX.get(match[0], match[0]), labels.printable(text))


def _difference(result: Result, base: Result | None, size: int, digits: int) -> str:
    if base is None or base.id == result.id:
        return "–"
    points = 100 * (accuracy_at(result, size) - accuracy_at(base, size))
    return "–" if math.isnan(points) else f"{points:+.{digits}f}".replace("-", "−")


def _open(certified: Sequence[float], result: Result, sizes: Sequence[int]) -> bool:
    """Whether a search left anything open."""
    return any(attained_at(result, e) - low > EQUAL for low, e in zip(certified, sizes, strict=True))
