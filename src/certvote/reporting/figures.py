"""Draw certified accuracy over the poisoning size, with matplotlib's objects (no global state)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Polygon

from certvote.reporting import labels
from certvote.reporting.accuracy import last_size, shown_at
from certvote.reporting.frame import PAGE, POINTS, Entry, Frame, Layout, accuracy_limits, counted_examples, marked
from certvote.reporting.line_styles import LineStyle, line_styles
from certvote.reporting.polyline import above, below
from certvote.reporting.query import common, prepare
from certvote.reporting.readings import keep_values
from certvote.reporting.vector import plain_matplotlib, svg
from certvote.results.run import Run, finished
from certvote.types import Curve

_SHORT_STEP = 1.0  # points; the corners of narrower steps are not seen
_ARTIFACT = Layout(width=5.0 * POINTS, axes_height=2.8 * POINTS, text=9.0, labels_at_ends=False)


def ca_figure(runs: Sequence[Run], *, layout: Layout = PAGE) -> Figure:
    """Draw CA(e) of all finished runs as steps, in percent, with a second scale for the share of the training set.

    Parameters
    ----------
    runs : sequence of Run
        Runs that ``query.prepare`` returned.
    layout : Layout
        Size of the figure.

    Returns
    -------
    Figure
        The line with gid ``curve-<j>`` is the ``j``-th finished run; ``band-<j>`` reaches up to what the certificate's
        own search attained. Labels stand at the lines' ends, or below the axes where that has no room.

    Raises
    ------
    ValueError
        If no run has a curve.
    """
    drawn = finished(runs)
    if not drawn:
        raise ValueError("expected at least one finished run to draw, got none")
    largest = max(1, *map(last_size, drawn))
    n_train = common(drawn, "n_train")
    with plain_matplotlib():
        texts = [layout.shortened(label) for label in labels.short(drawn)] if len(drawn) > 1 else []
        frame = Frame.around(layout, texts, largest=largest, heights=(layout.axes_height,), share=bool(n_train))
        figure = frame.figure()
        axes = frame.axes(figure, 0)
        accuracy_limits(axes, max(100 * _highest(run).max() for run in drawn))
        frame.scales(axes, label="certified accuracy CA(e) (%)", counted=counted_examples(drawn), n_train=n_train)
        styles = line_styles(drawn)
        for j, (run, style) in enumerate(zip(drawn, styles, strict=True)):
            _draw(axes, frame, run, style, j, len(drawn))
        entries = [
            Entry(text, style, last_size(run), 100 * shown_at(run, last_size(run)))
            for text, style, run in zip(texts, styles, drawn, strict=bool(texts))
        ]
        frame.labels(figure, axes, entries)
    return figure


def curve_svg(curve: Curve, params: Mapping[str, str]) -> str:
    """Draw one curve as the text of an SVG file, to be kept beside its run.

    Parameters
    ----------
    curve : Curve
        Certified accuracy over poisoning sizes.
    params : mapping
        The run's options as recorded, with ``data.n_train``.
    """
    run = Run("curve", "curve", "FINISHED", 0.0, None, params, {}, {}, curve)
    return svg(ca_figure(prepare([run]), layout=_ARTIFACT))


def _draw(axes: Axes, frame: Frame, run: Run, style: LineStyle, index: int, number: int) -> None:
    """Draw one curve as steps, or as straight lines where its steps are too short to be seen.

    Of several seeds it is their mean, with a band from the lowest to the highest.
    """
    curve, spread = _curve(run), run.spread
    if spread is not None:
        mean, lower, highest = (100 * values for values in (spread.mean, curve.certified, spread.highest))
        frame.steps(axes, curve.sizes, mean, style, index=index, number=number, upper=highest, lower=lower)
        return
    certified = 100 * curve.certified
    width = float(curve.sizes[-1]) / frame.largest * frame.width
    upper = None if curve.attained is None else 100 * curve.attained
    if not frame.layout.tolerance or width / len(curve.sizes) > _SHORT_STEP:
        frame.steps(axes, curve.sizes, certified, style, index=index, number=number, upper=upper)
        return
    keep_values(axes, curve.sizes, certified, index=index, upper=upper)
    low, high = axes.get_ylim()
    tolerance = frame.layout.tolerance / frame.layout.axes_height * (high - low)
    x, y = below(curve.sizes, certified, tolerance)
    if (_upper(curve) > curve.certified).any():
        upper_x, upper_y = above(curve.sizes, 100 * _upper(curve), tolerance)
        corners = np.column_stack([np.append(x, upper_x[::-1]), np.append(y, upper_y[::-1])])
        axes.add_patch(Polygon(corners, color=style.color, alpha=0.2, linewidth=0, gid=f"band-{index}"))
    axes.add_line(style.line(x, y, markevery=[], gid=f"curve-{index}", clip_on=False, zorder=3))
    at = marked(len(certified), index, number)
    on_curve = curve.sizes[at], certified[at]
    markers = style.line(*on_curve, gid=f"markers-{index}", clip_on=False, zorder=3)
    markers.set_linestyle("none")
    axes.add_line(markers)


def _curve(run: Run) -> Curve:
    assert run.curve is not None
    return run.curve


def _highest(run: Run) -> np.ndarray:
    return _upper(_curve(run)) if run.spread is None else run.spread.highest


def _upper(curve: Curve) -> np.ndarray:
    return curve.certified if curve.attained is None else curve.attained
