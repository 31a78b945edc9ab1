"""Report runs of the results database: figures, tables, sentences, and one self-contained HTML page."""

from certvote.reporting.figures import ca_figure, curve_svg
from certvote.reporting.render import render, render_report
from certvote.reporting.save import save_figure, table_text

__all__ = ["ca_figure", "curve_svg", "render", "render_report", "save_figure", "table_text"]
