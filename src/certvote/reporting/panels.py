"""Panels of a figure above each other over the same poisoning sizes: steps, scales, and labels at the lines' ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64
from matplotlib.axes import Axes
from matplotlib.axes._base import _AxesBase
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.textpath import text_to_path
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from certvote.reporting import styles
from certvote.reporting.figures import POINTS, Layout
from certvote.reporting.looks import Look
from certvote.reporting.spread import spread
from certvote.reporting.vector import font

_SAMPLE, _SPACE, _LEADER = 24.0, 5.0, 16.0  # a label's piece of line, the space after it, and the way to it


@dataclass(frozen=True)
class Entry:
    """A label, the look of its line, and where the line ends, in points from the figure's lower left corner."""

    text: str
    look: Look
    x: float
    y: float


@dataclass(frozen=True)
class Frame:
    """Where the panels lie, in points; panel 0 is the lowest. ``columns`` of labels stand below them, or 0."""

    layout: Layout
    largest: int  # poisoning size at the right end
    left: float
    right: float
    bottoms: tuple[float, ...]
    heights: tuple[float, ...]
    total: float
    columns: int

    @classmethod
    def around(
        cls, layout: Layout, texts: Sequence[str], *, largest: int, heights: Sequence[float], share: bool, ends: bool
    ) -> Frame:
        """Room for panels of these heights, for the axes' labels, for a second scale if ``share``, and for ``texts``.

        These stand at the lines' ends if ``ends`` and there is room, or else in columns below.
        """
        widest = _SAMPLE + _SPACE + max(text_width(text, layout) for text in texts)
        ends = ends and widest <= 0.42 * layout.width and len(texts) * line_height(layout) <= 1.05 * max(heights)
        columns = 0 if ends else max(1, min(len(texts), int((layout.width - 8) // (widest + 12))))
        rows = -(-len(texts) // columns) if columns else 0
        right = _LEADER + widest + 4 if ends else 1.8 * layout.text
        bottoms = [3.6 * layout.text + (rows * line_height(layout) + 4 if rows else 0)]
        for height in heights[:-1]:
            bottoms.append(bottoms[-1] + height + 1.6 * layout.text)
        total = bottoms[-1] + heights[-1] + (4.0 if share else 0.8) * layout.text
        return cls(layout, largest, 4.8 * layout.text, right, tuple(bottoms), tuple(heights), total, columns)

    @property
    def width(self) -> float:
        return self.layout.width - self.left - self.right

    def figure(self) -> Figure:
        """An empty figure of this size."""
        return Figure(figsize=(self.layout.width / POINTS, self.total / POINTS))

    def axes(self, figure: Figure, panel: int) -> Axes:
        """The axes of one panel, with the x scale's limits."""
        place = self.left / self.layout.width, self.bottoms[panel] / self.total
        axes = figure.add_axes((*place, self.width / self.layout.width, self.heights[panel] / self.total))
        axes.set_xlim(0, self.largest)
        return axes

    def end(self, axes: Axes, panel: int, size: int, value: float) -> tuple[float, float]:
        """A point of a panel in points from the figure's lower left corner."""
        low, high = axes.get_ylim()
        up = (value - low) / (high - low)
        return self.left + self.width * size / self.largest, self.bottoms[panel] + self.heights[panel] * up

    def kept(self, sizes: Int64[np.ndarray, " s"]) -> Int64[np.ndarray, " kept"]:
        """Indices of the sizes worth drawing, with both ends; a step between two has the height of the later one."""
        width = float(sizes[-1]) / self.largest * self.width
        stride = max(1, int(np.ceil(len(sizes) * self.layout.finest / max(width, 1.0))))
        return np.unique(np.append(np.arange(len(sizes) - 1, -1, -stride), 0))

    def step(
        self,
        axes: Axes,
        sizes: Int64[np.ndarray, " s"],
        values: Float64[np.ndarray, " s"],
        look: Look,
        *,
        index: int,
        number: int,
    ) -> None:
        """Line ``index`` of ``number``, gid ``curve-<index>``: a value holds down to the size before its own."""
        kept = self.kept(sizes)
        line = look.line(sizes[kept], values[kept], drawstyle="steps-pre", clip_on=False, zorder=3)
        line.set_gid(f"curve-{index}")
        stride = max(1, len(kept) // 5)  # markers are few, and shifted from line to line, so that none hides another's
        line.set_markevery((min(len(kept) - 1, stride * (2 * index + number) // (2 * number)), stride))
        axes.add_line(line)

    def scales(self, axes: Axes, *, label: str, counted: str = "", n_train: int | None = None) -> None:
        """The y scale with its ``label``; the x scale below if ``counted`` names it, and above as share of n_train."""
        text = self.layout.text
        tall = axes.get_position().height * self.total > 120
        axes.yaxis.set_major_locator(MaxNLocator(nbins=5 if tall else 3, steps=[1, 2, 5, 10]))
        axes.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10], integer=True))
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        axes.set_ylabel(label, fontproperties=font(text), color=styles.INK)
        axes.yaxis.set_label_coords(-3.9 * text / self.width, 0.5)  # labels of all panels in one line
        if counted:
            axes.set_xlabel(counted, fontproperties=font(text), color=styles.INK)
        axes.tick_params(labelbottom=bool(counted))
        _plain(axes, text, styles.INK)
        if n_train:
            scale = 100 / n_train
            share = (lambda e: np.multiply(e, scale)), (lambda percent: np.divide(percent, scale))
            above = axes.secondary_xaxis("top", functions=share)
            above.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
            above.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
            above.set_xlabel("share of the training set (%)", fontproperties=font(text), color=styles.MUTED)
            _plain(above, text, styles.MUTED)
        for side in ("right", "top"):
            axes.spines[side].set_visible(False)
        axes.grid(axis="y", color=styles.GRID, linewidth=0.7)
        axes.set_axisbelow(True)
        axes.patch.set_visible(False)

    def labels(self, figure: Figure, entries: Sequence[Entry], *, panel: int) -> None:
        """Labels beside the ends of a panel's lines, kept apart, or below all panels."""
        if self.columns:
            rows = -(-len(entries) // self.columns)
            for j, entry in enumerate(entries):
                column, row = divmod(j, rows)
                x = 6 + column * (self.layout.width - 8) / self.columns
                self._label(figure, entry, x, (rows - row - 0.5) * line_height(self.layout) + 2)
            return
        low, x = self.bottoms[panel], self.left + self.width + _LEADER
        gap, high = line_height(self.layout), low + self.heights[panel]
        for entry, y in zip(entries, spread([entry.y for entry in entries], gap=gap, low=low, high=high), strict=True):
            ends = [(entry.x + 2) / POINTS, (x - 3) / POINTS], [entry.y / POINTS, y / POINTS]
            leader = Line2D(*ends, color=styles.MUTED, linewidth=0.5)
            leader.set_transform(figure.dpi_scale_trans)
            figure.add_artist(leader)
            self._label(figure, entry, x, y)

    def _label(self, figure: Figure, entry: Entry, x: float, y: float) -> None:
        ends = [x / POINTS, (x + _SAMPLE / 2) / POINTS, (x + _SAMPLE) / POINTS]
        sample = entry.look.line(ends, [y / POINTS] * 3, markevery=[1])
        sample.set_transform(figure.dpi_scale_trans)
        figure.add_artist(sample)
        figure.text(
            (x + _SAMPLE + _SPACE) / self.layout.width,
            y / self.total,
            entry.text,
            fontproperties=font(self.layout.text),
            color=styles.INK,
            va="center_baseline",
            parse_math=False,  # a label is the user's text, not a formula
        )


def text_width(text: str, layout: Layout) -> float:
    """Width of a text in points."""
    width, _, _ = text_to_path.get_text_width_height_descent(text, font(layout.text), ismath=False)
    return float(width)


def line_height(layout: Layout) -> float:
    """Height of a line of text in points."""
    return 1.6 * layout.text


def _plain(axes: _AxesBase, text: float, color: str) -> None:
    axes.tick_params(length=3, width=0.7, color=styles.MUTED, labelcolor=color)
    for tick in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        tick.set_fontproperties(font(text))
    for spine in axes.spines.values():
        spine.set(color=styles.MUTED, linewidth=0.7)
