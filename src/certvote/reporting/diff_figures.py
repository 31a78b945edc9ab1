"""Draw a pair's two curves with their difference below, and the differences of many pairs in one figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float64
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter

from certvote.reporting.accuracy import last_size
from certvote.reporting.frame import Entry, Frame, Layout, accuracy_limits, counted_examples
from certvote.reporting.line_styles import INK, MUTED, LineStyle, line_styles, shade
from certvote.reporting.pairs import Pair, runs_of
from certvote.reporting.query import common
from certvote.reporting.readings import Reading
from certvote.reporting.vector import plain_matplotlib

LEAST_SPAN = 2.0  # points that a scale of differences spans at least, so that none looks larger than it is
_LOWER = 0.45  # height of the panel with the difference, relative to that with the curves


def pair_figure(pair: Pair, names: tuple[str, str], *, layout: Layout) -> Figure:
    """Draw both curves of a pair, and B − A in percentage points below them.

    Parameters
    ----------
    pair : Pair
        Two runs.
    names : tuple of str
        What A and B are called beside their curves.
    layout : Layout
        Size of the figure.

    Returns
    -------
    Figure
        Its lines have the gids ``curve-0`` (A), ``curve-1`` (B) and ``difference``.
    """
    runs = pair.a, pair.b
    n_train = common(runs, "n_train")
    heights = (_LOWER * layout.axes_height, layout.axes_height)
    styles = pair_styles(pair)
    with plain_matplotlib():
        largest = max(1, *map(last_size, runs))
        frame = Frame.around(layout, names, largest=largest, heights=heights, share=bool(n_train))
        figure = frame.figure()
        lower, upper = frame.axes(figure, 0), frame.axes(figure, 1)
        entries, highest = [], 0.0
        for j, (run, style, name) in enumerate(zip(runs, styles, names, strict=True)):
            assert run.curve is not None
            certified = 100 * run.curve.certified
            frame.steps(upper, run.curve.sizes, certified, style, index=j, number=2)
            highest = max(highest, float(certified.max()))
            entries.append(Entry(name, style, last_size(run), float(certified[-1])))
        accuracy_limits(upper, highest)
        _difference(lower, frame, pair, styles)
        frame.scales(upper, label="certified accuracy (%)", n_train=n_train)
        frame.scales(lower, label="B − A (points)", counted=counted_examples(runs))
        lower.yaxis.set_major_formatter(FuncFormatter(_signed))
        frame.labels(figure, upper, entries, panel=1)
    return figure


def pair_styles(pair: Pair) -> tuple[LineStyle, LineStyle]:
    """Return the styles of A and B: as anywhere else, but where they are of the same kind B is lighter and hollow."""
    (a,), (b,) = line_styles([pair.a]), line_styles([pair.b])
    if a == b:
        b = replace(b, color=shade(b.color, 0.42), fill="none" if b.fill == "full" else "left")
    return a, b


def differences_figure(pairs: Sequence[Pair], texts: Sequence[str], *, layout: Layout) -> Figure:
    """Draw B − A of every pair in percentage points; the line with gid ``curve-<j>`` is the ``j``-th pair."""
    n_train = common(runs_of(pairs), "n_train")
    with plain_matplotlib():
        largest = max(1, *(int(pair.sizes[-1]) for pair in pairs))
        frame = Frame.around(layout, texts, largest=largest, heights=(layout.axes_height,), share=bool(n_train))
        figure = frame.figure()
        axes = frame.axes(figure, 0)
        _zero(axes, largest)
        styles = line_styles([pair.shared for pair in pairs])
        for j, (pair, style) in enumerate(zip(pairs, styles, strict=True)):
            frame.steps(axes, pair.sizes, pair.points, style, index=j, number=len(pairs), kind="difference")
        _span(axes, [pair.points for pair in pairs])
        counted = counted_examples(runs_of(pairs))
        frame.scales(axes, label="B − A (percentage points)", counted=counted, n_train=n_train)
        axes.yaxis.set_major_formatter(FuncFormatter(_signed))
        entries = [
            Entry(text, style, int(pair.sizes[-1]), float(pair.points[-1]))
            for text, style, pair in zip(texts, styles, pairs, strict=True)
        ]
        frame.labels(figure, axes, entries)
    return figure


def _difference(axes: Axes, frame: Frame, pair: Pair, styles: Sequence[LineStyle]) -> None:
    """Draw B − A as a line in ink; the area above zero has B's color, that below has A's."""
    kept = frame.visible(pair.sizes, pair.points)
    sizes, points = pair.sizes[kept], pair.points[kept]
    for style, part in zip(styles, (np.minimum(points, 0), np.maximum(points, 0)), strict=True):
        axes.fill_between(sizes, 0, part, step="pre", color=style.color, alpha=0.35, linewidth=0)
    _zero(axes, frame.largest)
    axes.add_artist(Reading("difference", pair.sizes, pair.points, "difference"))
    axes.add_line(Line2D(sizes, points, color=INK, linewidth=1.2, drawstyle="steps-pre", gid="difference", zorder=3))
    _span(axes, [points])


def _zero(axes: Axes, largest: int) -> None:
    axes.add_line(Line2D([0, largest], [0, 0], color=MUTED, linewidth=0.8, zorder=2))


def _span(axes: Axes, points: Sequence[Float64[np.ndarray, " s"]]) -> None:
    """Set the y scale of differences: zero is always on it."""
    low, high = min(0.0, *(float(p.min()) for p in points)), max(0.0, *(float(p.max()) for p in points))
    missing = max(0.0, LEAST_SPAN - (high - low)) / 2
    margin = 0.06 * (high - low) + missing
    axes.set_ylim(low - margin, high + margin)


def _signed(value: float, _: int) -> str:
    return "0" if abs(value) < 1e-9 else f"{value:+g}".replace("-", "−")
