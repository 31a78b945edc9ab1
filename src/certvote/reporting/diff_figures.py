"""A pair's two curves with their difference below, and the differences of many pairs in one figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float64
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter

from certvote.reporting import styles
from certvote.reporting.figures import Layout
from certvote.reporting.looks import Look, looks
from certvote.reporting.pairs import Pair
from certvote.reporting.panels import Entry, Frame
from certvote.reporting.query import common, last_size
from certvote.reporting.vector import plain_matplotlib

LEAST_SPAN = 2.0  # points that a scale of differences spans at least, so that none looks larger than it is
_LOWER = 0.45  # height of the panel with the difference, relative to that with the curves
_COUNTED = {"insert": "added", "delete": "removed"}


def pair_figure(pair: Pair, names: tuple[str, str], *, layout: Layout) -> Figure:
    """Both curves of a pair above, B − A in percentage points below; ``names`` are what A and B are called.

    The lines have the gids ``curve-0`` (A), ``curve-1`` (B) and ``difference``.
    """
    results = pair.a, pair.b
    largest = max(1, *(last_size(result) for result in results))
    n_train = common(results, "n_train")
    ends, heights = layout.labels_at_ends, (_LOWER * layout.axes_height, layout.axes_height)
    appearance = pair_looks(pair)
    with plain_matplotlib():
        frame = Frame.around(layout, names, largest=largest, heights=heights, share=bool(n_train), ends=ends)
        figure = frame.figure()
        lower, upper = frame.axes(figure, 0), frame.axes(figure, 1)
        last: list[tuple[int, float]] = []
        highest = 0.0
        for j, (result, look) in enumerate(zip(results, appearance, strict=True)):
            curve = result.curve
            assert curve is not None
            frame.step(upper, curve.sizes, 100 * curve.certified, look, index=j, number=2)
            highest = max(highest, 100 * float(curve.certified.max()))
            last.append((last_size(result), 100 * float(curve.certified[-1])))
        upper.set_ylim(0, 100 if highest > 80 else max(10, 10 * (int(highest // 10) + 1)))
        _difference(lower, frame, pair, appearance)
        frame.scales(upper, label="certified accuracy (%)", n_train=n_train)
        frame.scales(lower, label="B − A (points)", counted=_counted([pair]))
        lower.yaxis.set_major_formatter(FuncFormatter(_signed))
        entries = [
            Entry(name, look, *frame.end(upper, 1, *end))
            for name, look, end in zip(names, appearance, last, strict=True)
        ]
        frame.labels(figure, entries, panel=1)
    return figure


def pair_looks(pair: Pair) -> tuple[Look, Look]:
    """A's curve looks as anywhere else; so does B's, unless it is of the same kind: then it is lighter and hollow."""
    (a,), (b,) = looks([pair.a]), looks([pair.b])
    if a == b:
        b = replace(b, color=styles.shade(b.color, 0.42), fill="none" if b.fill == "full" else "left")
    return a, b


def differences_figure(pairs: Sequence[Pair], texts: Sequence[str], *, layout: Layout) -> Figure:
    """B − A of every pair in percentage points; the line with gid ``curve-<j>`` is the ``j``-th pair."""
    largest = max(1, *(int(pair.sizes[-1]) for pair in pairs))
    n_train = common([result for pair in pairs for result in (pair.a, pair.b)], "n_train")
    appearance = looks([pair.shared for pair in pairs])
    with plain_matplotlib():
        ends, heights = layout.labels_at_ends, (layout.axes_height,)
        frame = Frame.around(layout, texts, largest=largest, heights=heights, share=bool(n_train), ends=ends)
        figure = frame.figure()
        axes = frame.axes(figure, 0)
        _zero(axes, largest)
        for j, (pair, look) in enumerate(zip(pairs, appearance, strict=True)):
            frame.step(axes, pair.sizes, pair.points, look, index=j, number=len(pairs))
        _span(axes, [pair.points for pair in pairs])
        frame.scales(axes, label="B − A (percentage points)", counted=_counted(pairs), n_train=n_train)
        axes.yaxis.set_major_formatter(FuncFormatter(_signed))
        entries = [
            Entry(text, look, *frame.end(axes, 0, int(pair.sizes[-1]), float(pair.points[-1])))
            for text, look, pair in zip(texts, appearance, pairs, strict=True)
        ]
        frame.labels(figure, entries, panel=0)
    return figure


def _difference(axes: Axes, frame: Frame, pair: Pair, appearance: Sequence[Look]) -> None:
    """B − A as a line in ink; the area above zero has B's color, that below has A's."""
    kept = frame.kept(pair.sizes)
    sizes, points = pair.sizes[kept], pair.points[kept]
    for look, part in zip(appearance, (np.minimum(points, 0), np.maximum(points, 0)), strict=True):
        axes.fill_between(sizes, 0, part, step="pre", color=look.color, alpha=0.35, linewidth=0)
    _zero(axes, frame.largest)
    axes.add_line(
        Line2D(sizes, points, color=styles.INK, linewidth=1.2, drawstyle="steps-pre", gid="difference", zorder=3)
    )
    _span(axes, [points])


def _zero(axes: Axes, largest: int) -> None:
    axes.add_line(Line2D([0, largest], [0, 0], color=styles.MUTED, linewidth=0.8, zorder=2))


def _span(axes: Axes, points: Sequence[Float64[np.ndarray, " s"]]) -> None:
    """The y scale of differences: zero is always on it."""
    low, high = min(0.0, *(float(p.min()) for p in points)), max(0.0, *(float(p.max()) for p in points))
    missing = max(0.0, LEAST_SPAN - (high - low)) / 2
    margin = 0.06 * (high - low) + missing
    axes.set_ylim(low - margin, high + margin)


def _signed(value: float, _: int) -> str:
    return "0" if abs(value) < 1e-9 else f"{value:+g}".replace("-", "−")


def _counted(pairs: Sequence[Pair]) -> str:
    """What the x scale counts: removals or additions where the attacker may do nothing else."""
    change = common([result for pair in pairs for result in (pair.a, pair.b)], "change")
    return f"{_COUNTED.get(str(change), 'poisoned')} training examples e"
