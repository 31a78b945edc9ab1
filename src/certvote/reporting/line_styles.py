"""Choose how each curve of a figure is drawn: color says the algorithm, line style says the certificate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, get_args

from matplotlib.lines import Line2D
from matplotlib.markers import MarkerStyle
from matplotlib.path import Path
from numpy.typing import ArrayLike

from certvote.options.labels import Fill
from certvote.results.run import Run

# Neutral colors. In a page they become CSS variables, so that axes and text follow light and dark mode.
INK, MUTED, GRID, PAPER = "#1b1c1e", "#64666a", "#dedfe1", "#fefefd"
CSS_VARIABLES = {INK: "var(--ink)", MUTED: "var(--muted)", GRID: "var(--grid)", PAPER: "var(--paper)"}

_FILLS: tuple[Fill, ...] = get_args(Fill)
_SAMPLE_CENTER, _SAMPLE_SIZE = (13.0, 5.0), 5.2  # of a marker in a table's piece of line, 26 units wide and 10 high
_SVG = {Path.MOVETO: "M", Path.LINETO: "L", Path.CURVE3: "Q", Path.CURVE4: "C", Path.CLOSEPOLY: "z"}


@dataclass(frozen=True)
class LineStyle:
    """Describe how one curve is drawn.

    Attributes
    ----------
    color, marker, fill : str
        Color (``#rrggbb``), matplotlib marker and its filling.
    dashes : tuple of float or None
        Lengths of dashes and gaps in points; ``None``: a solid line.
    width : float
        Width of the line in points.
    """

    color: str
    marker: str
    fill: Fill
    dashes: tuple[float, ...] | None
    width: float

    def line(self, x: ArrayLike, y: ArrayLike, **more: Any) -> Line2D:
        """Return a line in this style, not yet part of a figure."""
        dashes = None if self.dashes is None else tuple(length / self.width for length in self.dashes)
        return Line2D(
            x,
            y,
            color=self.color,
            linewidth=self.width,
            linestyle="-" if dashes is None else (0, dashes),
            marker=self.marker,
            markersize=4.6,
            fillstyle="full" if self.fill == "none" else self.fill,  # hollow is opaque: the line ends at its rim
            markerfacecoloralt=PAPER,
            markerfacecolor=PAPER if self.fill == "none" else self.color,
            markeredgewidth=1.0,
            dash_capstyle="butt",
            solid_capstyle="butt",
            **more,
        )

    @cached_property
    def marker_path(self) -> str:
        """The marker as an SVG path, for the piece of line that a table shows."""
        style = MarkerStyle(self.marker)
        path = style.get_path().transformed(style.get_transform())
        across, down = _SAMPLE_CENTER
        drawn = []
        for points, code in path.iter_segments(simplify=False):
            pairs = zip(points[::2], points[1::2], strict=True)
            moved = [f"{across + _SAMPLE_SIZE * x:.1f} {down - _SAMPLE_SIZE * y:.1f}" for x, y in pairs]
            drawn.append(_SVG[code] + ("" if code == Path.CLOSEPOLY else " ".join(moved)))
        return "".join(drawn)


def line_styles(runs: Sequence[Run]) -> list[LineStyle]:
    """Return one style per run; several of one algorithm and certificate differ in lightness and marker filling.

    They can be told apart in grey too; a single one has exactly the color of its algorithm.
    """
    kinds = [(run.method, run.certificate) for run in runs]
    styles = []
    for i, (run, kind) in enumerate(zip(runs, kinds, strict=True)):
        index, several = kinds[:i].count(kind), kinds.count(kind)
        position = 0.0 if several == 1 else -0.3 + 0.8 * index / (several - 1)
        algorithm, certificate = run.label("algo"), run.label("certificate")
        fill = _FILLS[(_FILLS.index(algorithm.fill) + index) % len(_FILLS)]
        color = shade(algorithm.color, position)
        styles.append(LineStyle(color, algorithm.marker, fill, certificate.dashes, certificate.width))
    return styles


def shade(color: str, position: float) -> str:
    """Return the color made darker (``position`` < 0) or lighter (> 0): -1 is black, 1 white, 0 the color itself."""
    target = 255 if position > 0 else 0
    weight = abs(position)
    channels = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(c + (target - c) * weight):02x}" for c in channels)
