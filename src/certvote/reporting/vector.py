"""Write figures as vector graphics: SVG and PDF files, and SVG inside a page that follows its fonts and colors."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from xml.etree import ElementTree

import matplotlib
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties

from certvote.reporting.line_styles import CSS_VARIABLES

_SVG, _XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
_NUMBER = re.compile(r"-?\d+\.\d{2,}")
_PATH = re.compile(r'(?<= d=")M [^"]*(?=")')
_COMMENT, _BLANK = re.compile(r"<!--.*?-->", re.DOTALL), re.compile(r">\s+<")
_REFERENCE = re.compile(r"url\(#")
_IDS = re.compile(r"^#(.+)$|url\(#([^)]+)\)")
_UNTURNED = re.compile(r"rotate\(-?0 [^)]*\)")
_NUMBERED = re.compile(r"(figure|patch|axes|[xy]tick|line2d|text|matplotlib\.axis|\w*Collection)_\d+$")  # by matplotlib


def font(size: float) -> FontProperties:
    """Return the figures' font, which ships with matplotlib: figures are the same on every machine."""
    return FontProperties(family="DejaVu Sans", size=size)


def svg(figure: Figure, *, shapes: bool = True) -> str:
    """Return the figure as the text of an SVG file.

    Its letters are shapes, so that it looks the same in every program; with ``shapes=False`` they are text in a font
    that the reader's program chooses, in half the space.
    """
    settings = {"svg.fonttype": "path" if shapes else "none"}
    text = _saved(figure, "svg", settings, {"Date": None, "Creator": None}).decode()
    return _BLANK.sub("><", _COMMENT.sub("", _PATH.sub(lambda match: compact(match[0]), text)))


def pdf(figure: Figure, *, title: str) -> bytes:
    """Return the figure as a PDF file with its fonts inside, the same bytes every time."""
    info = {"Title": title, "CreationDate": None, "Producer": None, "Creator": None}
    return _saved(figure, "pdf", {"pdf.fonttype": 42}, info)


def page_svg(figure: Figure, *, prefix: str, title: str, description: str, hints: Mapping[str, str]) -> str:
    """Return the figure as an ``<svg>`` element: real text in the page's font, neutral colors as CSS variables.

    Lengths are rounded to a tenth of a point: less than what a screen shows, and half of the file.

    Parameters
    ----------
    figure : Figure
        The figure.
    prefix : str
        Beginning of all ids, so that several figures can share a page.
    title, description : str
        For readers who cannot see the figure.
    hints : mapping
        What a mouse over a part of the figure shows, by the part's id.
    """
    text = _saved(figure, "svg", {"svg.fonttype": "none"}, {"Date": None, "Creator": None, "Type": None}).decode()
    for color, variable in CSS_VARIABLES.items():
        text = text.replace(color, variable)
    root = ElementTree.fromstring(text)
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag.endswith(("}metadata", "}style")):  # a style sheet would reach out of the figure
                parent.remove(child)
    for element in root.iter():
        _localize(element, prefix)
    for element in root.iter():
        hint = hints.get(element.get("id", "").removeprefix(prefix))
        if hint is not None:
            element.insert(0, _text("title", hint))
    _forget_ids(root)
    for name in ("width", "height"):
        del root.attrib[name]
    root.set("style", "stroke-linejoin: round; stroke-linecap: butt")
    root.set("role", "img")
    root.set("aria-labelledby", f"{prefix}title {prefix}desc")
    root.insert(0, _text("desc", description, f"{prefix}desc"))
    # An empty outer title would be shown as a hint everywhere; the figure's name is for screen readers only.
    root.insert(0, _text("title", title, f"{prefix}title"))
    ElementTree.register_namespace("", _SVG)
    return _BLANK.sub("><", ElementTree.tostring(root, encoding="unicode"))


def compact(path: str, scale: int = 100) -> str:
    """Return an SVG path of straight lines in relative steps of 0.01 points (1 / ``scale``), in a fifth of the space.

    Positions, not steps, are rounded, so that errors do not add up. Curved paths are returned as they are.
    """
    tokens = path.split()
    closed = tokens[-1:] == ["z"]
    tokens = tokens[:-1] if closed else tokens
    if set(tokens[::3]) - {"M", "L"} or len(tokens) % 3:
        return path
    moves: list[tuple[str, int, int]] = []
    x = y = 0
    for command, *position in zip(tokens[::3], tokens[1::3], tokens[2::3], strict=True):
        to_x, to_y = (round(scale * float(number)) for number in position)
        _add_move(moves, (to_x, to_y) if command == "M" else (to_x - x, to_y - y), start=command == "M")
        x, y = to_x, to_y
    written = (
        f"{kind}{' '.join(_short(n, scale) for n in _needed(kind, across, down))}" for kind, across, down in moves
    )
    return "".join(written) + "z" * closed


def _add_move(moves: list[tuple[str, int, int]], step: tuple[int, int], *, start: bool) -> None:
    """Add a step, to the one before it if both go the same way along an axis."""
    across, down = step
    kind = "M" if start else "l" if across and down else "h" if across else "v"
    if not start and not across and not down:
        return
    last, before_across, before_down = moves[-1] if moves else ("", 0, 0)
    if kind == last and kind in "hv" and before_across * across + before_down * down > 0:
        moves[-1] = (kind, before_across + across, before_down + down)
    else:
        moves.append((kind, across, down))


def _needed(kind: str, across: int, down: int) -> tuple[int, ...]:
    return (across,) if kind == "h" else (down,) if kind == "v" else (across, down)


def _short(number: int, scale: int) -> str:
    text = f"{number / scale:.2f}".rstrip("0").rstrip(".")
    return text.replace("0.", ".", 1) if text.lstrip("-").startswith("0.") else text


def _localize(element: ElementTree.Element, prefix: str) -> None:
    """Make an element fit into a page: prefixed ids, short numbers, no fonts of its own."""
    target = element.attrib.pop(f"{{{_XLINK}}}href", None)
    if target is not None:
        element.set("href", f"#{prefix}{target.removeprefix('#')}")
    for name, value in list(element.attrib.items()):
        if name == "id":
            element.set(name, prefix + value)
        elif name == "style":
            declarations = [part.strip() for part in value.split(";") if part.strip()]
            kept = [part for part in declarations if not part.startswith(("font-family", "font:"))]
            fonts = [part for part in declarations if part.startswith("font:")]
            sizes = [re.sub(r"font:.*?([\d.]+px).*", r"font-size: \1", part) for part in fonts]
            element.set(name, "; ".join(kept + sizes))
        elif name == "d":
            shortened = compact(value, 10)
            element.set(name, " ".join(_NUMBER.sub(_rounded, value).split()) if shortened == value else shortened)
        elif name in ("x", "y", "transform", "width", "height", "clip-path", "points"):
            short = _UNTURNED.sub("", _NUMBER.sub(_rounded, value))
            element.set(name, _REFERENCE.sub(f"url(#{prefix}", short))
            if not short:
                del element.attrib[name]


def _rounded(number: re.Match[str]) -> str:
    return f"{float(number[0]):.2f}".rstrip("0").rstrip(".")


def _forget_ids(root: ElementTree.Element) -> None:
    """Take away matplotlib's own ids, except where something refers to them."""
    used = {
        reference
        for element in root.iter()
        for value in element.attrib.values()
        for pair in _IDS.findall(value)
        for reference in pair
    }
    for element in root.iter():
        name = element.get("id", "")
        if name not in used and _NUMBERED.search(name):
            del element.attrib["id"]


def _text(tag: str, content: str, name: str | None = None) -> ElementTree.Element:
    element = ElementTree.Element(f"{{{_SVG}}}{tag}", {"id": name} if name else {})
    element.text = content
    return element


def _saved(figure: Figure, kind: str, settings: dict[Any, Any], metadata: Mapping[str, object]) -> bytes:
    buffer = io.BytesIO()
    with plain_matplotlib():
        matplotlib.rcParams.update({"svg.hashsalt": "certvote", **settings})
        figure.savefig(buffer, format=kind, metadata=dict(metadata), transparent=True)
    return buffer.getvalue()


@contextmanager
def plain_matplotlib() -> Iterator[None]:
    """Use matplotlib's own defaults, and restore the user's settings afterwards."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams["path.simplify"] = False  # steps stay exact; their number is limited when they are drawn
        yield
