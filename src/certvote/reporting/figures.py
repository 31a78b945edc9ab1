"""Figures of certified accuracy over the poisoning size, drawn with matplotlib's objects (no global state)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int64
from matplotlib.axes import Axes
from matplotlib.axes._base import _AxesBase
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon
from matplotlib.textpath import text_to_path
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from certvote.reporting import labels, styles
from certvote.reporting.looks import Look, looks
from certvote.reporting.polyline import above, below
from certvote.reporting.query import Result, common, finished, last_size, results
from certvote.reporting.spread import spread
from certvote.reporting.vector import font, plain_matplotlib, svg
from certvote.types import Curve, Run

POINTS = 72  # per inch; lengths below are in points unless they say otherwise
LONGEST_LABEL = 52  # characters; a longer label would leave no room for the curves
_COUNTED: dict[str | None, str] = {"insert": "added", "delete": "removed"}  # what e counts, by what an attacker may do
_SHORT_STEP = 1.0  # points; the corners of narrower steps are not seen
_SAMPLE, _SPACE = 26.0, 5.0  # length of the piece of line before a label, and the space between them


@dataclass(frozen=True)
class Layout:
    """Width of a figure, height of its axes, size of its text, and whether labels may stand at the lines' ends.

    ``finest`` is the width of the narrowest step worth drawing; coarser steps make smaller files. With a ``tolerance``
    > 0, also in points, steps too short to be seen are drawn as straight lines so little below them.
    """

    width: float
    axes_height: float
    text: float
    labels_at_ends: bool
    finest: float = 0.4  # a printer's or screen's pixel is not smaller
    tolerance: float = 0.0


PAGE = Layout(width=7.6 * POINTS, axes_height=3.2 * POINTS, text=9.0, labels_at_ends=True)
COLUMN = Layout(width=3.3 * POINTS, axes_height=2.1 * POINTS, text=8.0, labels_at_ends=False)
_ARTIFACT = Layout(width=5.0 * POINTS, axes_height=2.8 * POINTS, text=9.0, labels_at_ends=False)


@dataclass(frozen=True)
class _Frame:
    """The axes' place in the figure, and the rows and columns of the labels below it (0: none there)."""

    left: float
    bottom: float
    width: float
    height: float
    total_width: float
    total_height: float
    rows: int
    columns: int

    @property
    def right(self) -> float:
        return self.left + self.width


def ca_figure(found: Sequence[Result], *, layout: Layout = PAGE) -> Figure:
    """Draw CA(e) of all finished results as steps, in percent, with a second scale for the share of the training set.

    The line with gid ``curve-<j>`` is the ``j``-th finished result; ``band-<j>`` reaches up to what the
    certificate's own search attained. Labels stand at the lines' ends, or below the axes where that has no room.
    Raises ``ValueError`` if no result has a curve.
    """
    drawn = finished(found)
    if not drawn:
        raise ValueError("expected at least one finished run to draw, got none")
    appearance = looks(drawn)
    with plain_matplotlib():
        texts = [_shortened(label, layout) for label in labels.short(drawn)] if len(drawn) > 1 else []
        widest = max((_text_width(text, layout) for text in texts), default=0.0)
        frame = _framed(drawn, layout, len(texts), _SAMPLE + _SPACE + widest)
        figure = Figure(figsize=(frame.total_width / POINTS, frame.total_height / POINTS))
        place = (frame.left / frame.total_width, frame.bottom / frame.total_height)
        axes = figure.add_axes((*place, frame.width / frame.total_width, frame.height / frame.total_height))
        _scales(axes, drawn, layout)
        for j, (result, look) in enumerate(zip(drawn, appearance, strict=True)):
            _curve(axes, frame, layout, result, look, j, len(drawn))
        if texts and not frame.rows:
            _labels_at_ends(figure, axes, frame, layout, drawn, appearance, texts)
        elif texts:
            _labels_below(figure, frame, layout, appearance, texts)
    return figure


def curve_svg(curve: Curve, *, algo: str = "", grouping: str = "none", n_train: int | None = None) -> str:
    """A figure of one curve as an SVG file's text, to be kept beside its run.

    ``algo`` and ``grouping`` choose color and line, ``n_train`` adds the scale in percent of the training set.
    """
    params = {"algo.name": algo, "grouping.name": grouping}
    if n_train is not None:
        params["data.n_train"] = str(n_train)
    run = Run("curve", "curve", "FINISHED", 0.0, None, params, {}, {}, curve)
    return svg(ca_figure(results([run]), layout=_ARTIFACT))


def _framed(drawn: Sequence[Result], layout: Layout, entries: int, widest: float) -> _Frame:
    left, line = 4.4 * layout.text, _line_height(layout)
    at_ends = (
        layout.labels_at_ends and entries * line <= layout.axes_height * 1.05 and widest + 24 <= 0.4 * layout.width
    )
    right = 24 + widest if entries and at_ends else 1.8 * layout.text
    top = (4.0 if common(drawn, "n_train") else 0.8) * layout.text
    rows, columns = 0, 1
    if entries and not at_ends:
        columns = max(1, min(entries, int((layout.width - 8) // (widest + 12))))
        rows = -(-entries // columns)
        columns = -(-entries // rows)
    bottom = 3.6 * layout.text + (rows * line + 4 if rows else 0)
    height = bottom + layout.axes_height + top
    width = layout.width - left - right
    return _Frame(left, bottom, width, layout.axes_height, layout.width, height, rows, columns)


def _scales(axes: Axes, drawn: Sequence[Result], layout: Layout) -> None:
    """Both x scales, the y scale from 0, and only as many lines as are needed to read values off."""
    largest = max(1, *(last_size(result) for result in drawn))
    highest = max(_highest(result) for result in drawn)
    axes.set_xlim(0, largest)
    axes.set_ylim(0, 100 if highest > 80 else max(10, 10 * (int(highest // 10) + 1)))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10], integer=True))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.set_xlabel(
        f"{_COUNTED.get(common(drawn, 'change'), 'poisoned')} training examples e",
        fontproperties=font(layout.text),
        color=styles.INK,
    )
    axes.set_ylabel("certified accuracy CA(e) (%)", fontproperties=font(layout.text), color=styles.INK)
    _plain_scale(axes, layout, styles.INK)
    n_train = common(drawn, "n_train")
    if n_train:
        scale = 100 / n_train
        above = axes.secondary_xaxis("top", functions=(lambda e: np.multiply(e, scale), lambda p: np.divide(p, scale)))
        above.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
        above.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        above.set_xlabel("share of the training set (%)", fontproperties=font(layout.text), color=styles.MUTED)
        _plain_scale(above, layout, styles.MUTED)
    for side in ("right", "top"):
        axes.spines[side].set_visible(False)
    axes.grid(axis="y", color=styles.GRID, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.patch.set_visible(False)


def _plain_scale(axes: _AxesBase, layout: Layout, color: str) -> None:
    axes.tick_params(length=3, width=0.7, color=styles.MUTED, labelcolor=color)
    for tick in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        tick.set_fontproperties(font(layout.text))
    for spine in axes.spines.values():
        spine.set(color=styles.MUTED, linewidth=0.7)


def _curve(axes: Axes, frame: _Frame, layout: Layout, result: Result, look: Look, j: int, number: int) -> None:
    curve = result.curve
    assert curve is not None
    width = last_size(result) / axes.get_xlim()[1] * frame.width
    if layout.tolerance and width / len(curve.sizes) <= _SHORT_STEP:
        _smooth_curve(axes, layout, curve, look, j, number)
        return
    kept = _visible(len(curve.sizes), width, layout.finest)
    kept = kept[_changes(curve, kept)]
    sizes, certified = curve.sizes[kept], 100 * curve.certified[kept]
    if curve.attained is not None:
        attained = 100 * curve.attained[kept]
        band = axes.fill_between(sizes, certified, attained, step="pre", color=look.color, alpha=0.2)
        band.set(gid=f"band-{j}", linewidth=0)
    # A bound at one size holds for all smaller sizes down to the one before it: steps go up at their left end.
    line = look.line(sizes, certified, drawstyle="steps-pre", gid=f"curve-{j}", clip_on=False, zorder=3)
    line.set_markevery(_marked(len(sizes), j, number))
    axes.add_line(line)


def _smooth_curve(axes: Axes, layout: Layout, curve: Curve, look: Look, j: int, number: int) -> None:
    """A curve of many short steps as straight lines below them, its markers where they belong."""
    tolerance = layout.tolerance / layout.axes_height * (axes.get_ylim()[1] - axes.get_ylim()[0])
    certified = 100 * curve.certified
    x, y = below(curve.sizes, certified, tolerance)
    if curve.attained is not None and (curve.attained > curve.certified).any():
        upper_x, upper_y = above(curve.sizes, 100 * curve.attained, tolerance)
        corners = np.column_stack([np.append(x, upper_x[::-1]), np.append(y, upper_y[::-1])])
        axes.add_patch(Polygon(corners, color=look.color, alpha=0.2, linewidth=0, gid=f"band-{j}"))
    axes.add_line(look.line(x, y, markevery=[], gid=f"curve-{j}", clip_on=False, zorder=3))
    start, stride = _marked(len(certified), j, number)
    marks = look.line(curve.sizes[start::stride], certified[start::stride], clip_on=False, zorder=3)
    marks.set_linestyle("none")
    axes.add_line(marks)


def _marked(points: int, j: int, number: int) -> tuple[int, int]:
    """The first marker and how far the next ones are; a single point always has one.

    They are few, and shifted from curve to curve so that none hides another's.
    """
    stride = max(1, points // 5)
    return min(points - 1, stride * (2 * j + number) // (2 * number)), stride


def _visible(number: int, width: float, finest: float) -> Int64[np.ndarray, " kept"]:
    """Indices of the sizes worth drawing on ``width`` points: all, or evenly spaced ones, with both ends.

    A step between two of them has the height of the later one: never higher than the curve itself.
    """
    stride = max(1, math.ceil(number * finest / max(width, 1.0)))
    return np.unique(np.append(np.arange(number - 1, -1, -stride), 0))


def _changes(curve: Curve, kept: Int64[np.ndarray, " kept"]) -> Bool[np.ndarray, " kept"]:
    """Which of the kept sizes a step needs: both ends, and those behind which the curve falls."""
    needed = np.ones(len(kept), dtype=bool)
    values = [curve.certified] if curve.attained is None else [curve.certified, curve.attained]
    needed[1:-1] = np.any([value[kept[1:-1]] != value[kept[2:]] for value in values], axis=0)
    return needed


def _labels_at_ends(
    figure: Figure,
    axes: Axes,
    frame: _Frame,
    layout: Layout,
    drawn: Sequence[Result],
    appearance: Sequence[Look],
    texts: Sequence[str],
) -> None:
    (_, x_max), (_, y_max) = axes.get_xlim(), axes.get_ylim()
    ends = [
        (frame.left + frame.width * last_size(result) / x_max, frame.bottom + frame.height * _last(result) / y_max)
        for result in drawn
    ]
    wanted = [y for _, y in ends]
    x = frame.right + 16
    placed = spread(wanted, gap=_line_height(layout), low=frame.bottom, high=frame.bottom + frame.height)
    for (x_end, y_end), y, look, text in zip(ends, placed, appearance, texts, strict=True):
        _line(figure, [(x_end + 2) / POINTS, (x - 3) / POINTS], [y_end / POINTS, y / POINTS])
        _entry(figure, frame, layout, x, y, look, text)


def _labels_below(
    figure: Figure, frame: _Frame, layout: Layout, appearance: Sequence[Look], texts: Sequence[str]
) -> None:
    pitch = (frame.total_width - 8) / frame.columns
    for j, (look, text) in enumerate(zip(appearance, texts, strict=True)):
        column, row = divmod(j, frame.rows)
        y = (frame.rows - row - 0.5) * _line_height(layout) + 2
        _entry(figure, frame, layout, 6 + column * pitch, y, look, text)


def _entry(figure: Figure, frame: _Frame, layout: Layout, x: float, y: float, look: Look, text: str) -> None:
    """A piece of the line with its marker, and the label beside it."""
    ends = [x / POINTS, (x + _SAMPLE / 2) / POINTS, (x + _SAMPLE) / POINTS]
    sample = look.line(ends, [y / POINTS] * 3, markevery=[1])
    sample.set_transform(figure.dpi_scale_trans)
    figure.add_artist(sample)
    figure.text(
        (x + _SAMPLE + _SPACE) / frame.total_width,
        y / frame.total_height,
        text,
        fontproperties=font(layout.text),
        color=styles.INK,
        va="center_baseline",
        parse_math=False,  # a label is the user's text, not a formula
    )


def _line(figure: Figure, x: Sequence[float], y: Sequence[float]) -> None:
    leader = Line2D(x, y, color=styles.MUTED, linewidth=0.5)
    leader.set_transform(figure.dpi_scale_trans)
    figure.add_artist(leader)


def _text_width(text: str, layout: Layout) -> float:
    width, _, _ = text_to_path.get_text_width_height_descent(text, font(layout.text), ismath=False)
    return float(width)


def _line_height(layout: Layout) -> float:
    return 1.6 * layout.text


def _highest(result: Result) -> float:
    curve = result.curve
    assert curve is not None
    return 100 * float((curve.certified if curve.attained is None else curve.attained).max())


def _last(result: Result) -> float:
    curve = result.curve
    assert curve is not None
    return 100 * float(curve.certified[-1])


def _shortened(label: str, layout: Layout) -> str:
    """The label, or as much of its beginning as the figure has room for."""
    room = layout.width - _SAMPLE - _SPACE - 14
    text = label if len(label) <= LONGEST_LABEL else label[: LONGEST_LABEL - 1] + "…"
    while _text_width(text, layout) > room and len(text) > 2:
        text = text[:-2] + "…"
    return text
