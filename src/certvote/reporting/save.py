"""One figure or table over any runs by itself, for a paper or a README."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

from certvote.reporting.figures import COLUMN, PAGE, ca_figure
from certvote.reporting.query import results
from certvote.reporting.tables import result_table, to_csv, to_latex, to_markdown
from certvote.reporting.vector import pdf, svg
from certvote.types import Run


def save_figure(runs: Sequence[Run], path: Path, *, column: bool = False) -> None:
    """Draw the curves of ``runs`` into ``path``, ``.svg`` or ``.pdf``; ``column``: as wide as one column of a paper.

    The file is written at once or not at all. Raises ``ValueError`` for another kind of file, or no finished run.
    """
    if path.suffix not in (".svg", ".pdf"):
        raise ValueError(f"expected a file name that ends in .svg or .pdf, got {path}")
    figure = ca_figure(results(runs), layout=COLUMN if column else PAGE)
    content = _on_white(svg(figure)).encode() if path.suffix == ".svg" else pdf(figure, title=path.stem)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}-", delete=False) as draft:
        draft.write(content)
    Path(draft.name).chmod(0o644)
    Path(draft.name).replace(path)


def _on_white(text: str) -> str:
    """The SVG with a white ground: its letters are dark, the page that shows it may be, too."""
    return re.sub(r"<svg\b[^>]*>", lambda tag: tag[0] + '<rect width="100%" height="100%" fill="#fff"/>', text, count=1)


def table_text(runs: Sequence[Run], *, sizes: Sequence[int] | None = None, format: str = "markdown") -> str:
    """Certified accuracy at round or the given sizes as Markdown, CSV or LaTeX; ``ValueError`` for another format."""
    table = result_table(results(runs), sizes=sizes)
    if format == "latex":
        return to_latex(table, caption="Certified accuracy.")
    if format not in ("markdown", "csv"):
        raise ValueError(f"expected the format markdown, csv or latex, got {format!r}")
    return to_markdown(table) if format == "markdown" else to_csv(table)
