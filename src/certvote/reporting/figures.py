"""Draw certified accuracy over the poisoning size, with matplotlib's objects (no global state)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon

from certvote.reporting import labels
from certvote.reporting.envelope import Envelope, envelope
from certvote.reporting.frame import PAGE, POINTS, Entry, Frame, Layout, accuracy_limits, counted_examples, marked
from certvote.reporting.line_styles import INK, LineStyle, line_styles
from certvote.reporting.polyline import above, below
from certvote.reporting.query import common, prepare
from certvote.reporting.readings import Kind, Reading, keep_values
from certvote.reporting.vector import plain_matplotlib, svg
from certvote.results.run import Run, finished
from certvote.types import Attacked, Curve, Spread

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
        own search attained. Where attacks were carried out, ``attack-<j>`` is the accuracy that they left, and
        ``between-<j>`` reaches from the curve up to it. Labels stand at the lines' ends, or below the axes where that
        has no room.

    Raises
    ------
    ValueError
        If no run has a curve.
    """
    drawn = finished(runs)
    texts = labels.short(drawn) if len(drawn) > 1 else [""] * len(drawn)
    lines = [
        _Line(text, style, _curve(run), run.attacked, run.spread)
        for text, style, run in zip(texts, line_styles(drawn), drawn, strict=True)
    ]
    return _figure(lines, drawn, layout, "certified accuracy CA(e) (%)")[0]


def success_figure(runs: Sequence[Run], *, layout: Layout = PAGE) -> Figure:
    """Draw the upper bound of ASR(e), for the worst target, of all finished runs whose attack has one.

    Parameters, result and errors are those of :func:`ca_figure`.
    """
    drawn = [run for run in finished(runs) if run.success is not None]
    texts = labels.short(drawn) if len(drawn) > 1 else [""] * len(drawn)
    lines = [
        _Line(text, style, Curve(_curve(run).sizes, run.success), kind="ceiling")
        for text, style, run in zip(texts, line_styles(drawn), drawn, strict=True)
        if run.success is not None
    ]
    return _figure(lines, drawn, layout, "attack success rate ASR(e) (%)")[0]


def envelope_figure(found: Sequence[Envelope], *, layout: Layout = PAGE) -> Figure:
    """Draw the envelope of every method as steps, and the largest of them all as a broad pale line behind.

    Parameters
    ----------
    found : sequence of Envelope
        Envelopes on the same test examples and against the same attacker.
    layout : Layout
        Size of the figure.

    Returns
    -------
    Figure
        The line with gid ``curve-<j>`` is the ``j``-th envelope; ``best`` is the largest of them at every size.
    """
    texts = [one.label for one in found] if len(found) > 1 else [""]
    curves = [one.curve for one in found]
    lines = [_Line(*one) for one in zip(texts, envelope_styles(found), curves, strict=True)]
    runs = [run for one in found for run in one.runs]
    figure, axes = _figure(lines, runs, layout, "certified accuracy CA(e) (%)")
    if len(found) > 1:
        best = envelope(runs)
        band = Line2D(best.sizes, 100 * best.certified, drawstyle="steps-pre", color=INK, alpha=0.14, linewidth=9)
        band.set(gid="best", solid_capstyle="butt", zorder=2)
        axes.add_line(band)
    return figure


def envelope_styles(found: Sequence[Envelope]) -> list[LineStyle]:
    """Return one style per envelope: that of the run which gives its bound at most sizes."""
    return line_styles([one.givers[0] for one in found])


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


@dataclass(frozen=True)
class _Line:
    """Hold a curve with its label, "" for none, its style, what attacks have left, and how seeds vary."""

    text: str
    style: LineStyle
    curve: Curve
    attacked: Attacked | None = None
    spread: Spread | None = None
    kind: Kind = "bound"

    @property
    def shown(self) -> np.ndarray:
        """Return the values of the line itself: the mean of several seeds."""
        return self.curve.certified if self.spread is None else self.spread.mean


def _figure(lines: Sequence[_Line], runs: Sequence[Run], layout: Layout, values: str) -> tuple[Figure, Axes]:
    """Draw lines over the poisoning sizes of the runs that they come from; ``values`` says what their values are.

    Raises
    ------
    ValueError
        If there is no line.
    """
    if not lines:
        raise ValueError("expected at least one finished run to draw, got none")
    largest = max(1, *(int(line.curve.sizes[-1]) for line in lines))
    n_train = common(runs, "n_train")
    with plain_matplotlib():
        texts = [layout.shortened(line.text) for line in lines if line.text]
        frame = Frame.around(layout, texts, largest=largest, heights=(layout.axes_height,), share=bool(n_train))
        figure = frame.figure()
        axes = frame.axes(figure, 0)
        accuracy_limits(axes, max(100 * _highest(line) for line in lines))
        frame.scales(axes, label=values, counted=counted_examples(runs), n_train=n_train)
        for j, line in enumerate(lines):
            if line.attacked is not None:
                _draw_attacked(axes, frame, line.curve, line.attacked, line.style, j)
            _draw(axes, frame, line, j, len(lines))
        entries = [
            Entry(text, line.style, int(line.curve.sizes[-1]), 100 * float(line.shown[-1]))
            for text, line in zip(texts, lines, strict=bool(texts))
        ]
        frame.labels(figure, axes, entries)
    return figure, axes


def _draw(axes: Axes, frame: Frame, line: _Line, index: int, number: int) -> None:
    """Draw one curve as steps, or as straight lines where its steps are too short to be seen.

    Of several seeds it is their mean, with a band from the lowest to the highest.
    """
    curve, style, spread = line.curve, line.style, line.spread
    if spread is not None:
        mean, lowest, highest = (100 * values for values in (spread.mean, curve.certified, spread.highest))
        frame.steps(axes, curve.sizes, mean, style, index=index, number=number, upper=highest, lower=lowest)
        return
    certified = 100 * curve.certified
    width = float(curve.sizes[-1]) / frame.largest * frame.width
    upper = None if curve.attained is None else 100 * curve.attained
    if not frame.layout.tolerance or width / len(curve.sizes) > _SHORT_STEP:
        frame.steps(axes, curve.sizes, certified, style, index=index, number=number, upper=upper, kind=line.kind)
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


def _draw_attacked(axes: Axes, frame: Frame, curve: Curve, attacked: Attacked, style: LineStyle, index: int) -> None:
    """Draw what attacks have left as a thin line with a marker per attack, and shade what is between it and a curve."""
    upper = 100 * np.array([attacked.at(size) for size in curve.sizes.tolist()])
    axes.add_artist(Reading(f"attack-{index}", curve.sizes, upper, "ceiling"))
    kept = frame.visible(curve.sizes, 100 * curve.certified, upper)
    band = axes.fill_between(
        curve.sizes[kept], 100 * curve.certified[kept], upper[kept], step="pre", color=style.color, alpha=0.1
    )
    band.set(gid=f"between-{index}", linewidth=0)
    line = style.line(attacked.sizes, 100 * attacked.accuracy, drawstyle="steps-post", clip_on=False, zorder=2)
    line.set(gid=f"attack-{index}", linewidth=0.8, markersize=3, marker="v", linestyle="-")
    axes.add_line(line)


def _highest(line: _Line) -> float:
    """Return the largest accuracy that is drawn for a line."""
    attacked = 0.0 if line.attacked is None else float(line.attacked.accuracy.max())
    highest = _upper(line.curve) if line.spread is None else line.spread.highest
    return max(float(highest.max()), attacked)


def _curve(run: Run) -> Curve:
    assert run.curve is not None
    return run.curve


def _upper(curve: Curve) -> np.ndarray:
    return curve.certified if curve.attained is None else curve.attained
