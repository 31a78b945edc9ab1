"""How each curve of a figure is drawn: its algorithm's color and marker, its certificate's line, and variations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from matplotlib.lines import Line2D
from numpy.typing import ArrayLike

from certvote.reporting import styles
from certvote.reporting.query import Result

_FILLS: tuple[Literal["full", "none", "left", "top"], ...] = ("full", "none", "left", "top")


@dataclass(frozen=True)
class Look:
    """One curve's color, marker, filling of the marker, dashes (lengths in points, ``None``: solid) and width."""

    color: str
    marker: str
    fill: Literal["full", "none", "left", "top"]
    dashes: tuple[float, ...] | None
    width: float

    def line(self, x: ArrayLike, y: ArrayLike, **more: Any) -> Line2D:
        """A line that looks like this, not yet part of a figure."""
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
            markerfacecoloralt=styles.PAPER,
            markerfacecolor=styles.PAPER if self.fill == "none" else self.color,
            markeredgewidth=1.0,
            dash_capstyle="butt",
            solid_capstyle="butt",
            **more,
        )


def looks(found: Sequence[Result]) -> list[Look]:
    """One look per result. Several of one algorithm and certificate differ in lightness and marker filling.

    They can be told apart in grey too; a single one has exactly the color of its algorithm.
    """
    kinds = [(result.method, result.grouping) for result in found]
    drawn = []
    for i, (method, grouping) in enumerate(kinds):
        index, several = kinds[:i].count((method, grouping)), kinds.count((method, grouping))
        position = 0.0 if several == 1 else -0.3 + 0.8 * index / (several - 1)
        style, line = styles.algorithm(method), styles.certificate(grouping)
        color = styles.shade(style.color, position)
        fill = _FILLS[(_FILLS.index(style.fill) + index) % len(_FILLS)]
        drawn.append(Look(color, style.marker, fill, line.dashes, line.width))
    return drawn
