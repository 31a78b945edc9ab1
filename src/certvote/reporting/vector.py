"""Figures as vector graphics: SVG and PDF files for a paper, SVG inside a page that follows its fonts and colors."""

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

from certvote.reporting import styles

_SVG, _XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
_NUMBER = re.compile(r"-?\d+\.\d{2,}")
_PATH = re.compile(r'(?<= d=")M [^"]*(?=")')
_COMMENT, _BLANK = re.compile(r"<!--.*?-->", re.DOTALL), re.compile(r">\s+<")
_REFERENCE = re.compile(r"url\(#")


def font(size: float) -> FontProperties:
    """The figures' font in a size in points. It ships with matplotlib, so figures are the same on every machine."""
    return FontProperties(family="DejaVu Sans", size=size)


def svg(figure: Figure, *, shapes: bool = True) -> str:
    """The figure as an SVG file whose letters are shapes, so that it looks the same in every program.

    With ``shapes=False`` letters are text in a font that the reader's program chooses, in half the space.
    """
    settings = {"svg.fonttype": "path" if shapes else "none"}
    text = _saved(figure, "svg", settings, {"Date": None, "Creator": None}).decode()
    return _BLANK.sub("><", _COMMENT.sub("", _PATH.sub(lambda match: compact(match[0]), text)))


def pdf(figure: Figure, *, title: str) -> bytes:
    """The figure as a PDF file with its fonts inside, the same bytes every time."""
    info = {"Title": title, "CreationDate": None, "Producer": None, "Creator": None}
    return _saved(figure, "pdf", {"pdf.fonttype": 42}, info)


def page_svg(figure: Figure, *, prefix: str, title: str, description: str, hints: Mapping[str, str]) -> str:
    """The figure as an ``<svg>`` element for a page: real text in the page's font, neutral colors as CSS variables.

    Ids get ``prefix``, so that several figures can share a page. ``title`` and ``description`` are for readers who
    cannot see it; ``hints`` maps ids of the figure's parts to what a mouse over them shows.
    """
    text = _saved(figure, "svg", {"svg.fonttype": "none"}, {"Date": None, "Creator": None, "Type": None}).decode()
    for color, variable in styles.CSS_VARIABLES.items():
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


def compact(path: str) -> str:
    """An SVG path of straight lines in relative steps of 0.01 points, which takes a fifth of the space.

    Positions, not steps, are rounded, so that errors do not add up. Curved paths are returned as they are.
    """
    tokens = path.split()
    closed = tokens[-1:] == ["z"]
    tokens = tokens[:-1] if closed else tokens
    if set(tokens[::3]) - {"M", "L"} or len(tokens) % 3:
        return path
    written, x, y = [], 0, 0
    for command, *position in zip(tokens[::3], tokens[1::3], tokens[2::3], strict=True):
        to_x, to_y = (round(100 * float(number)) for number in position)
        if command == "M":
            written.append(f"M{_hundredths(to_x)} {_hundredths(to_y)}")
        elif to_y == y:
            written.append(f"h{_hundredths(to_x - x)}")
        elif to_x == x:
            written.append(f"v{_hundredths(to_y - y)}")
        else:
            written.append(f"l{_hundredths(to_x - x)} {_hundredths(to_y - y)}")
        x, y = to_x, to_y
    return "".join(written) + "z" * closed


def _hundredths(number: int) -> str:
    text = f"{number / 100:.2f}".rstrip("0").rstrip(".")
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
            element.set(name, compact(value))
        elif name in ("x", "y", "transform", "width", "height", "clip-path", "points"):
            short = _NUMBER.sub(lambda match: f"{float(match[0]):.2f}".rstrip("0").rstrip("."), value)
            element.set(name, _REFERENCE.sub(f"url(#{prefix}", short))


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
    """Matplotlib's own defaults, whatever style the user's machine has, and the user's settings again afterwards."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams["path.simplify"] = False  # steps stay exact; their number is limited when they are drawn
        yield
