"""Say how a choice is named and drawn in labels, tables and figures."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, get_args

Fill = Literal["full", "none", "left", "top"]
MARKERS = "os^DPXv<>pHhd*"  # of matplotlib, those with an inside that can be filled


@dataclass(frozen=True)
class Label:
    """Name of a choice in text, and its look in figures.

    Attributes
    ----------
    name : str
        The name in a sentence or a table.
    short : str
        A shorter name beside a curve, "" where the name is short enough.
    order : int
        Place in lists and legends; smaller ones come first.
    color, marker, fill : str
        Color (``#rrggbb``), matplotlib marker and its filling: for algorithms.
    dashes, width : tuple of float or None, float
        Lengths of dashes and gaps in points (``None``: a solid line), and the line's width: for certificates.
    key : str
        Name in page definitions (``method: roe``), where it is not the choice's own.

    Raises
    ------
    ValueError
        If the color, the marker or its filling is none.
    """

    name: str
    short: str = ""
    order: int = 100
    color: str = "#777777"
    marker: str = "o"
    fill: Fill = "full"
    dashes: tuple[float, ...] | None = None
    width: float = 1.4
    key: str = ""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"#[0-9A-Fa-f]{6}", self.color):
            raise ValueError(f"label {self.name!r}: expected a color like #0072B2, got {self.color!r}")
        if len(self.marker) != 1 or self.marker not in MARKERS:
            raise ValueError(f"label {self.name!r}: expected a marker among {' '.join(MARKERS)}, got {self.marker!r}")
        if self.fill not in get_args(Fill):
            raise ValueError(
                f"label {self.name!r}: expected a filling among {', '.join(get_args(Fill))}, got {self.fill!r}"
            )
