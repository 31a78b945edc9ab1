"""Write one figure or table over any runs by itself, for a paper or a README."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from certvote.reporting.accuracy_table import GROUP, accuracy_table
from certvote.reporting.envelope import envelopes
from certvote.reporting.figures import ca_figure, envelope_figure
from certvote.reporting.frame import COLUMN, PAGE
from certvote.reporting.page import Section
from certvote.reporting.query import prepare
from certvote.reporting.tables import to_csv, to_latex, to_markdown
from certvote.reporting.vector import pdf, svg
from certvote.results.run import Run, finished
from certvote.results.seeds import by_seed
from certvote.runtime.files import write_whole


def save_figure(runs: Sequence[Run], path: Path, *, column: bool = False, section: Section | None = None) -> None:
    """Draw the curves of runs into a file, which is written at once or not at all.

    Parameters
    ----------
    runs : sequence of Run
        Runs of the results database.
    path : path
        File, ``.svg`` or ``.pdf``.
    column : bool
        Whether the figure is as wide as one column of a paper, rather than a page.
    section : Section or None
        Section of a page whose figure it is; ``None`` draws every run.

    Raises
    ------
    ValueError
        If it is another kind of file, or no run finished.
    """
    if path.suffix not in (".svg", ".pdf"):
        raise ValueError(f"expected a file name that ends in .svg or .pdf, got {path}")
    layout, found = COLUMN if column else PAGE, prepare(runs)
    chosen = found if section is None else section.chosen(found)
    if section is not None and section.envelope and finished(chosen):
        figure = envelope_figure(envelopes(chosen, section.envelope), layout=layout)
    else:
        figure = ca_figure(by_seed(chosen), layout=layout)
    content = _on_white(svg(figure)).encode() if path.suffix == ".svg" else pdf(figure, title=path.stem)
    write_whole(path, content)


def table_text(runs: Sequence[Run], *, sizes: Sequence[int] | None = None, format: str = "markdown") -> str:
    """Return certified accuracy at round or the given sizes as text.

    Parameters
    ----------
    runs : sequence of Run
        Runs of the results database.
    sizes : sequence of int or None
        Poisoning sizes; ``None``: round ones.
    format : {"markdown", "csv", "latex"}
        Format of the table; gains are in LaTeX only.

    Raises
    ------
    ValueError
        If the format is another one, or a size is negative.
    """
    table = accuracy_table(by_seed(prepare(runs)), sizes=sizes)
    if format == "latex":
        return to_latex(table.table, caption="Certified accuracy.")
    if format not in ("markdown", "csv"):
        raise ValueError(f"expected the format markdown, csv or latex, got {format!r}")
    return to_csv(table.table) if format == "csv" else to_markdown(table.table, group=GROUP)


def _on_white(text: str) -> str:
    """Return the SVG with a white ground: its letters are dark, the page that shows it may be, too."""
    return re.sub(r"<svg\b[^>]*>", lambda tag: tag[0] + '<rect width="100%" height="100%" fill="#fff"/>', text, count=1)
