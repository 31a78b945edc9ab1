"""Keep the values of a figure's curves beside its drawing, so that a page can state them where a reader points."""

from __future__ import annotations

import itertools
import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from jaxtyping import Float64, Int64
from markupsafe import Markup
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

Kind = Literal["bound", "ceiling", "difference"]
"""What a value is: a lower bound is rounded down, the other side of a search up, a difference to the nearest."""

_ROUNDING: Mapping[Kind, Any] = {
    "bound": lambda scaled: np.floor(scaled + 1e-6),  # as wording.percent
    "ceiling": lambda scaled: np.ceil(scaled - 1e-6),
    "difference": np.rint,
}
_UNIT = re.compile(r"^(.*?) \(([^()]*)\)$")  # of a scale: "certified accuracy CA(e) (%)"


class Reading(Artist):
    """Hold the values of a curve or of a band's upper side; it is part of a figure's axes and draws nothing.

    Parameters
    ----------
    gid : str
        The gid of what is drawn. Parts whose gids end with the same number (``curve-0``, ``band-0``, ``label-0``)
        belong together.
    sizes : int array, shape (s,)
        Poisoning sizes at which the value was computed.
    values : float array, shape (s,)
        Values on the scale of the axes: percent, or percentage points.
    kind : {"bound", "ceiling", "difference"}
        How a value is rounded. A bound and a difference hold down to the size before, a ceiling at its own size alone.
    """

    def __init__(
        self, gid: str, sizes: Int64[np.ndarray, " s"], values: Float64[np.ndarray, " s"], kind: Kind = "bound"
    ) -> None:
        super().__init__()
        self.set_gid(gid)
        self.sizes, self.values, self.kind = sizes, values, kind

    def rounded(self, digits: int) -> Int64[np.ndarray, " s"]:
        """Return the values as whole numbers of the last of ``digits`` digits."""
        whole: Int64[np.ndarray, " s"] = np.asarray(_ROUNDING[self.kind](self.values * 10**digits), dtype=np.int64)
        return whole


def keep_values(
    axes: Axes,
    sizes: Int64[np.ndarray, " s"],
    values: Float64[np.ndarray, " s"],
    *,
    index: int,
    upper: Float64[np.ndarray, " s"] | None = None,
    lower: Float64[np.ndarray, " s"] | None = None,
    kind: Kind = "bound",
) -> None:
    """Add the values of ``curve-<index>``, and of both sides of ``band-<index>``, to the axes that draw them.

    A band with a lower side is between bounds; another one reaches up to the other side of a search.
    """
    axes.add_artist(Reading(f"curve-{index}", sizes, values, kind))
    if upper is not None:
        axes.add_artist(Reading(f"band-{index}", sizes, upper, "ceiling" if lower is None else "bound"))
    if lower is not None:
        axes.add_artist(Reading(f"low-{index}", sizes, lower))


def figure_data(figures: Mapping[str, Figure], *, digits: int) -> Markup:
    """Return what the script of a page needs to read a figure, as JSON that may stand in a ``<script>`` element.

    Parameters
    ----------
    figures : mapping
        The same figure in several widths, by the prefix of its ids in the page.
    digits : int
        Digits after the decimal point.

    Returns
    -------
    Markup
        The values of the first figure's curves, and where the scales of each figure are; "" without a curve.
    """
    first = next(iter(figures.values()))
    curves = [_curve(first, one, i, digits) for i, axes in enumerate(_panels(first)) for one in _readings(axes)]
    if not curves:
        return Markup("")
    views = {prefix: _view(figure) for prefix, figure in figures.items()}
    text = json.dumps({"digits": digits, "views": views, "curves": curves}, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c"))  # nothing can end the element, all else is JSON


def encode(numbers: Sequence[int] | Int64[np.ndarray, " s"]) -> str:
    """Return whole numbers as their steps, the first one from 0, in about a character for each of a falling curve.

    ``a`` … ``z`` are falls by 0 … 25, ``A`` … ``Z`` rises by 1 … 26, ``+100`` and ``-100`` any others, and ``b*5`` is
    five times ``b``.
    """
    steps = np.diff(np.asarray(numbers, dtype=np.int64), prepend=0).tolist()
    groups = [(_step(step), len(list(same))) for step, same in itertools.groupby(steps)]
    return "".join(f"{step}*{times}" if len(step) * times > 3 and times > 1 else step * times for step, times in groups)


def _step(step: int) -> str:
    return chr(97 - step) if -26 < step <= 0 else chr(64 + step) if 0 < step < 27 else f"{step:+d}"


def _panels(figure: Figure) -> list[Axes]:
    """Return the axes with curves, the highest first."""
    return sorted((axes for axes in figure.axes if _readings(axes)), key=lambda axes: -axes.get_position().y0)


def _readings(axes: Axes) -> list[Reading]:
    return [child for child in axes.get_children() if isinstance(child, Reading)]


def _curve(figure: Figure, reading: Reading, panel: int, digits: int) -> dict[str, Any]:
    """Return one reading; a curve without a label is called as its scale."""
    assert reading.axes is not None
    gid = str(reading.get_gid())
    scale = _UNIT.match(reading.axes.get_ylabel())
    group = gid.rpartition("-")[2]
    named = (text.get_text() for text in figure.texts if text.get_gid() == f"label-{group}")
    kept = np.isfinite(reading.values)
    return {
        "gid": gid,
        "name": next(named, scale[1] if scale else gid),
        "unit": scale[2].split()[-1] if scale else "",
        "kind": reading.kind,
        "panel": panel,
        "sizes": encode(reading.sizes[kept]),
        "values": encode(reading.rounded(digits)[kept]),
    }


def _view(figure: Figure) -> dict[str, Any]:
    """Return where the scales are, in points from the upper left corner, as an SVG file counts."""
    width, height = 72 * figure.get_size_inches()
    panels = _panels(figure)
    places = [axes.get_position() for axes in panels]
    left, right = (_short(width * end) for end in (places[0].x0, places[0].x1))
    scales = [
        [*axes.get_ylim(), _short(height * (1 - place.y0)), _short(height * (1 - place.y1))]
        for axes, place in zip(panels, places, strict=True)
    ]
    return {
        "x": [left, right],
        "largest": math.floor(panels[0].get_xlim()[1]),
        "scales": scales,
        "legend": _legend(figure, width, height, min(place.y0 for place in places)),
    }


def _legend(figure: Figure, width: float, height: float, lowest: float) -> float:
    """Return the shape (width : height) of a figure without the labels below its panels, 0 where they are beside."""
    labels = [text for text in figure.texts if (text.get_gid() or "").startswith("label-")]
    highest = max((text.get_position()[1] for text in labels), default=1.0)
    if highest > lowest:
        return 0.0
    return round(width / (height * (1 - highest) - float(labels[0].get_fontsize())), 4)


def _short(length: float) -> float:
    return round(float(length), 1)
