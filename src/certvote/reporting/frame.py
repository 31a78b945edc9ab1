"""Lay out a figure: panels over the same poisoning sizes, their scales, and labels beside the lines."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int64
from matplotlib.axes import Axes
from matplotlib.axes._base import _AxesBase
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.textpath import text_to_path
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from certvote.attacks.threats import THREATS, threat
from certvote.reporting.label_positions import label_positions
from certvote.reporting.line_styles import GRID, INK, MUTED, LineStyle
from certvote.reporting.query import common
from certvote.reporting.readings import Kind, keep_values
from certvote.reporting.vector import font
from certvote.results.run import Run

POINTS = 72  # per inch; lengths below are in points unless they say otherwise
LONGEST_LABEL = 52  # characters; a longer label would leave no room for the curves
_SAMPLE, _SPACE, _LEADER = 26.0, 5.0, 16.0  # a label's piece of line, the space after it, and the way to it


@dataclass(frozen=True)
class Layout:
    """Describe the size of a figure: lengths in points, and whether labels may stand at the lines' ends.

    ``finest`` is the width of the narrowest step worth drawing; coarser steps make smaller files. With a ``tolerance``
    above 0, steps too short to be seen are drawn as straight lines at most so far below them.
    """

    width: float
    axes_height: float
    text: float
    labels_at_ends: bool
    finest: float = 0.4  # a printer's or screen's pixel is not smaller
    tolerance: float = 0.0

    @property
    def line_height(self) -> float:
        """Height of a line of text in points."""
        return 1.6 * self.text

    def text_width(self, text: str) -> float:
        """Return the width of a text in points."""
        width, _, _ = text_to_path.get_text_width_height_descent(text, font(self.text), ismath=False)
        return float(width)

    def shortened(self, label: str) -> str:
        """Return a label, or as much of its beginning as the figure has room for."""
        room = self.width - _SAMPLE - _SPACE - 14
        text = label if len(label) <= LONGEST_LABEL else label[: LONGEST_LABEL - 1] + "…"
        while self.text_width(text) > room and len(text) > 2:
            text = text[:-2] + "…"
        return text


PAGE = Layout(width=7.6 * POINTS, axes_height=3.2 * POINTS, text=9.0, labels_at_ends=True)
COLUMN = Layout(width=3.3 * POINTS, axes_height=2.1 * POINTS, text=8.0, labels_at_ends=False)


@dataclass(frozen=True)
class Entry:
    """Describe a label: its text, its line's style, and where the line ends (size and value of a panel)."""

    text: str
    style: LineStyle
    size: int
    value: float


@dataclass(frozen=True)
class Frame:
    """Hold the places of panels and labels in points; panel 0 is the lowest.

    ``columns`` of labels stand below the panels; 0 where labels stand at the lines' ends, or there are none.
    """

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
        cls, layout: Layout, texts: Sequence[str], *, largest: int, heights: Sequence[float], share: bool
    ) -> Frame:
        """Make room for panels of these heights, their scales (a second one above if ``share``), and labels."""
        widest = _SAMPLE + _SPACE + max(map(layout.text_width, texts), default=0.0)
        line = layout.line_height
        ends = layout.labels_at_ends and widest + 24 <= 0.42 * layout.width and len(texts) * line <= 1.05 * max(heights)
        columns = rows = 0
        if texts and not ends:
            columns = max(1, min(len(texts), int((layout.width - 8) // (widest + 12))))
            rows = -(-len(texts) // columns)
            columns = -(-len(texts) // rows)
        right = _LEADER + widest + 6 if texts and ends else 1.8 * layout.text
        bottoms = [3.6 * layout.text + (rows * line + 4 if rows else 0)]
        for height in heights[:-1]:
            bottoms.append(bottoms[-1] + height + 1.6 * layout.text)
        total = bottoms[-1] + heights[-1] + (4.0 if share else 0.8) * layout.text
        return cls(layout, largest, 4.8 * layout.text, right, tuple(bottoms), tuple(heights), total, columns)

    @property
    def width(self) -> float:
        """Width of the panels in points."""
        return self.layout.width - self.left - self.right

    def figure(self) -> Figure:
        """Return an empty figure of this size."""
        return Figure(figsize=(self.layout.width / POINTS, self.total / POINTS))

    def axes(self, figure: Figure, panel: int) -> Axes:
        """Add the axes of a panel, with the x scale's limits."""
        place = self.left / self.layout.width, self.bottoms[panel] / self.total
        axes = figure.add_axes((*place, self.width / self.layout.width, self.heights[panel] / self.total))
        axes.set_xlim(0, self.largest)
        return axes

    # --- curves ------------------------------------------------------------------------------------------------

    def steps(
        self,
        axes: Axes,
        sizes: Int64[np.ndarray, " s"],
        values: Float64[np.ndarray, " s"],
        style: LineStyle,
        *,
        index: int,
        number: int,
        upper: Float64[np.ndarray, " s"] | None = None,
        lower: Float64[np.ndarray, " s"] | None = None,
        kind: Kind = "bound",
    ) -> None:
        """Draw curve ``index`` of ``number`` as steps: a value at one size holds down to the size before.

        The line has the gid ``curve-<index>``, and a band up to ``upper``, from the line or from ``lower``, the gid
        ``band-<index>``. Readers of a page can read their values, rounded as their ``kind`` says.
        """
        keep_values(axes, sizes, values, index=index, upper=upper, lower=lower, kind=kind)
        marks = marked(len(sizes), index, number)
        kept = np.union1d(self.visible(sizes, values, *(side for side in (upper, lower) if side is not None)), marks)
        if upper is not None:
            low = values if lower is None else lower
            band = axes.fill_between(sizes[kept], low[kept], upper[kept], step="pre", color=style.color, alpha=0.2)
            band.set(gid=f"band-{index}", linewidth=0)
        x, y, at = sizes[kept], values[kept], np.searchsorted(kept, marks).tolist()
        axes.add_line(
            style.line(x, y, drawstyle="steps-pre", markevery=at, gid=f"curve-{index}", clip_on=False, zorder=3)
        )

    def visible(self, sizes: Int64[np.ndarray, " s"], *values: Float64[np.ndarray, " s"]) -> Int64[np.ndarray, " k"]:
        """Return the indices of sizes worth drawing: both ends, and visible steps behind which a value changes.

        A step between two of them has the height of the later one: never more than a falling curve itself.
        """
        width = float(sizes[-1]) / self.largest * self.width
        stride = max(1, math.ceil(len(sizes) * self.layout.finest / max(width, 1.0)))
        kept = np.unique(np.append(np.arange(len(sizes) - 1, -1, -stride), 0))
        needed: Bool[np.ndarray, " k"] = np.ones(len(kept), dtype=bool)
        needed[1:-1] = np.any([value[kept[1:-1]] != value[kept[2:]] for value in values], axis=0)
        changing: Int64[np.ndarray, " k"] = kept[needed]
        return changing

    # --- scales ------------------------------------------------------------------------------------------------

    def scales(self, axes: Axes, *, label: str, counted: str = "", n_train: int | None = None) -> None:
        """Draw the scales of a panel, with as many ticks as are needed to read values off.

        ``label`` is what the y scale shows, ``counted`` what the x scale below counts ("" for none); with ``n_train``
        there is a second one above, in percent of the training set.
        """
        text = self.layout.text
        tall = axes.get_position().height * self.total > 120
        axes.yaxis.set_major_locator(MaxNLocator(nbins=5 if tall else 3, steps=[1, 2, 5, 10]))
        axes.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10], integer=True))
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        axes.set_ylabel(label, fontproperties=font(text), color=INK)
        axes.yaxis.set_label_coords(-3.9 * text / self.width, 0.5)  # labels of all panels in one line
        if counted:
            axes.set_xlabel(counted, fontproperties=font(text), color=INK)
        axes.tick_params(labelbottom=bool(counted))
        _plain_scale(axes, text, INK)
        if n_train:
            scale = 100 / n_train
            share = (lambda e: np.multiply(e, scale)), (lambda percent: np.divide(percent, scale))
            above = axes.secondary_xaxis("top", functions=share)
            above.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
            above.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
            above.set_xlabel("share of the training set (%)", fontproperties=font(text), color=MUTED)
            _plain_scale(above, text, MUTED)
        for side in ("right", "top"):
            axes.spines[side].set_visible(False)
        axes.grid(axis="y", color=GRID, linewidth=0.7)
        axes.set_axisbelow(True)
        axes.patch.set_visible(False)

    # --- labels ------------------------------------------------------------------------------------------------

    def labels(self, figure: Figure, axes: Axes, entries: Sequence[Entry], *, panel: int = 0) -> None:
        """Write labels beside the ends of a panel's lines, kept apart, or below all panels."""
        if self.columns:
            rows = -(-len(entries) // self.columns)
            for j, entry in enumerate(entries):
                column, row = divmod(j, rows)
                x = 6 + column * (self.layout.width - 8) / self.columns
                self._label(figure, j, entry, x, (rows - row - 0.5) * self.layout.line_height + 2)
            return
        low, high = axes.get_ylim()
        bottom, height = self.bottoms[panel], self.heights[panel]
        ends = [bottom + height * (entry.value - low) / (high - low) for entry in entries]
        x = self.left + self.width + _LEADER
        places = label_positions(ends, gap=self.layout.line_height, low=bottom, high=bottom + height)
        for j, (entry, end, y) in enumerate(zip(entries, ends, places, strict=True)):
            start = self.left + self.width * entry.size / self.largest
            across, up = [(start + 2) / POINTS, (x - 3) / POINTS], [end / POINTS, y / POINTS]
            leader = Line2D(across, up, color=MUTED, linewidth=0.5, gid=f"leader-{j}")
            leader.set_transform(figure.dpi_scale_trans)
            figure.add_artist(leader)
            self._label(figure, j, entry, x, y)

    def _label(self, figure: Figure, index: int, entry: Entry, x: float, y: float) -> None:
        """Write a label at a place in points: a piece of the line with its marker, and the text beside it."""
        across = [x / POINTS, (x + _SAMPLE / 2) / POINTS, (x + _SAMPLE) / POINTS]
        sample = entry.style.line(across, [y / POINTS] * 3, markevery=[1], gid=f"sample-{index}")
        sample.set_transform(figure.dpi_scale_trans)
        figure.add_artist(sample)
        figure.text(
            (x + _SAMPLE + _SPACE) / self.layout.width,
            y / self.total,
            entry.text,
            fontproperties=font(self.layout.text),
            color=INK,
            va="center_baseline",
            gid=f"label-{index}",
            parse_math=False,  # a label is the user's text, not a formula
        )


def marked(points: int, index: int, number: int) -> Int64[np.ndarray, " m"]:
    """Return the points of curve ``index`` of ``number`` that get a marker, one at least.

    They are few, evenly spaced, and shifted from curve to curve so that none hides another's.
    """
    stride = max(1, points // 5)
    return np.arange(min(points - 1, stride * (2 * index + number) // (2 * number)), points, stride)


def accuracy_limits(axes: Axes, highest: float) -> None:
    """Set the y scale of an accuracy in percent: from 0 to 100, or to the next ten above low curves."""
    axes.set_ylim(0, 100 if highest > 80 else max(10, 10 * (int(highest // 10) + 1)))


def counted_examples(runs: Sequence[Run]) -> str:
    """Return what e counts, for the x scale: "poisoned training examples e", or "added" against a weaker attacker."""
    change = common(runs, "change")
    return f"{threat(str(change) if change in THREATS else next(iter(THREATS))).counted} training examples e"


def _plain_scale(axes: _AxesBase, text: float, color: str) -> None:
    axes.tick_params(length=3, width=0.7, color=MUTED, labelcolor=color)
    for tick in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        tick.set_fontproperties(font(text))
    for spine in axes.spines.values():
        spine.set(color=MUTED, linewidth=0.7)
