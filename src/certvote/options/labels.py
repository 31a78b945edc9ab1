"""Say how a choice is named and drawn in labels, tables and figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Fill = Literal["full", "none", "left", "top"]


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
