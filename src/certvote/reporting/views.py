"""Make figures and tables ready for a template: with captions, and with the files that a reader can download."""

from __future__ import annotations

import base64
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup
from matplotlib.figure import Figure

from certvote.reporting import vector
from certvote.reporting.readings import figure_data
from certvote.reporting.tables import Table, to_csv, to_latex
from certvote.reporting.wording import printable


@dataclass(frozen=True)
class Detail:
    """Say how finely the figures of a page are drawn, and which files they come with.

    ``finest`` is the width of the narrowest step and ``tolerance`` how far straight lines may be below curves of steps
    that nobody can see, in points; ``shapes``: letters of SVG files are shapes. ``certvote figure`` draws any runs.
    """

    finest: float = 0.4  # a printer's or screen's pixel is not smaller
    tolerance: float = 0.0
    shapes: bool = True
    files: tuple[str, ...] = ("SVG", "PDF")

    @classmethod
    def of_page(cls, figures: int, curves: int) -> Detail:
        """Return less detail for more curves and figures, so that a page stays below 2 MB."""
        few = figures <= 8
        tolerance = 0.15 if curves > 30 else 0.0
        return cls(0.4 * max(1.0, curves / 30), tolerance, few, ("SVG", "PDF") if few else ("PDF",))


@dataclass(frozen=True)
class Download:
    """Hold a file inside the page: its name and the ``data:`` address with its content."""

    label: str
    filename: str
    address: str

    @classmethod
    def of(cls, label: str, filename: str, content: str | bytes, kind: str) -> Download:
        """Return a file of a MIME type."""
        data = content.encode() if isinstance(content, str) else content
        return cls(label, filename, f"data:{kind};base64,{base64.b64encode(data).decode()}")


@dataclass(frozen=True)
class FigureView:
    """Hold a figure in two widths, its caption (finding first, then setting), its files, and the data behind it."""

    number: int
    wide: Markup
    narrow: Markup
    finding: str
    setting: str
    downloads: tuple[Download, ...]
    data: Markup


@dataclass(frozen=True)
class TableView:
    """Hold a table, its name in anchors, its label, caption and CSS class, its files, and lines that follow it."""

    name: str
    label: str
    table: Table
    caption: str
    kind: str
    downloads: tuple[Download, ...]
    following: tuple[str, ...] = ()


def figure_view(
    number: int,
    wide: Figure,
    narrow: Figure,
    *,
    title: str,
    description: str,
    hints: Mapping[str, str],
    finding: str,
    setting: str,
    detail: Detail,
    digits: int = 1,
) -> FigureView:
    """Return a figure with its caption and files; the narrow one, which may be the same, is also that of the files.

    ``title`` and ``description`` are for readers who cannot see it; ``hints`` says what a mouse over a part shows.
    Readers read values with ``digits`` digits off it.
    """
    texts = {"title": f"Figure {number}: {printable(title)}", "description": printable(description)}
    shown = Markup(vector.page_svg(wide, prefix=f"f{number}w-", hints=hints, **texts))
    small = shown if narrow is wide else Markup(vector.page_svg(narrow, prefix=f"f{number}n-", hints=hints, **texts))
    files = []
    if "SVG" in detail.files:
        text = vector.svg(narrow, shapes=detail.shapes)
        files.append(Download.of("SVG", f"figure-{number}.svg", text, "image/svg+xml"))
    if "PDF" in detail.files:
        pdf = vector.pdf(narrow, title=texts["title"])
        files.append(Download.of("PDF", f"figure-{number}.pdf", pdf, "application/pdf"))
    widths = {f"f{number}w-": wide} | ({} if narrow is wide else {f"f{number}n-": narrow})
    return FigureView(number, shown, small, finding, setting, tuple(files), figure_data(widths, digits=digits))


def table_view(
    table: Table,
    name: str,
    caption: str,
    *,
    kind: str = "plain",
    source: str = "",
    following: tuple[str, ...] = (),
) -> TableView:
    """Return a table with its caption and files; ``source`` is the caption of the LaTeX file, where it is another."""
    latex = to_latex(table, caption=textwrap.shorten(source or caption, 300))
    label = f"Table {name}" if name[0].isdigit() else "Table"
    files = (
        Download.of("CSV", f"table-{name}.csv", to_csv(table), "text/csv;charset=utf-8"),
        Download.of("LaTeX", f"table-{name}.tex", latex, "application/x-tex;charset=utf-8"),
    )
    return TableView(name, label, table, caption, kind, files, following)
