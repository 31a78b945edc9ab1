"""Write numbers, enumerations and notes as text."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from urllib.parse import urlsplit

FILTERS = (
    *("clauses", "count", "counted", "difference", "glued", "listed", "lower_first", "percent", "printable", "seconds"),
    *("signed", "web_link"),
)
"""Functions that templates may use."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]+")
_WORD = re.compile(r"(?![ekr]\b)[a-z]+(?=[ ,;:.!?]|$)(?!\.\w)")  # in lower case; kNN, k and algo=knn are names
_NAME = r"\b[ekrdNξζα]"
_GLUED = re.compile(rf" (?=%)|(?<={_NAME}) (?== )|(?<={_NAME} =) |(?<=\bfig\.) (?=\d)")


def printable(text: str) -> str:
    """Return the text without control characters, which neither XML nor a PDF can hold."""
    return _CONTROL.sub(" ", text).strip()


def printable_lines(text: str) -> list[str]:
    """Return the lines of a longer text, each printable, without empty ones."""
    return [line for line in map(printable, text.splitlines()) if line]


def sentence(note: str) -> str:
    """Return a note as a sentence: with a capital first letter, unless it starts with a name, and a full stop."""
    text = printable(note)
    text = text[:1].upper() + text[1:] if _WORD.match(text) else text
    return text if not text or text.endswith((".", "!", "?", "…")) else f"{text}."


def lower_first(text: str) -> str:
    """Return the start of a sentence for the inside of another; names (kNN, CLIP) keep their capitals."""
    first, space, rest = text.partition(" ")
    return (first.lower() if first[:1].isupper() and first[1:].islower() else first) + space + rest


def glued(text: object) -> str:
    """Return the text with no-break spaces between a number and its sign or name."""
    return _GLUED.sub("\N{NO-BREAK SPACE}", str(text))


def listed(names: Sequence[str]) -> str:
    """Return an enumeration: "a, b and c"."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def clauses(parts: Sequence[str]) -> str:
    """Return clauses for a sentence: a comma before the last one, semicolons between more than two."""
    return ", and ".join(parts) if len(parts) <= 2 else f"{'; '.join(parts[:-1])}; and {parts[-1]}"


def count(number: int) -> str:
    """Return a whole number with thousands separators."""
    return f"{number:,}"


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, in the plural where it is not 1: "3 runs"."""
    return f"{count(number)} {noun}{'' if number == 1 else 's'}"


def percent(value: float, digits: int, *, up: bool = False) -> str:
    """Return a share as percent, rounded down (``up`` for an upper bound): no rounding claims more than is proven."""
    if math.isnan(value):
        return "–"
    scale = 10**digits
    scaled = value * 100 * scale
    whole = math.ceil(scaled - 1e-6) if up else math.floor(scaled + 1e-6)
    return f"{whole / scale:.{digits}f}"


def signed(points: float, digits: int) -> str:
    """Return a difference in points with its sign: "+0.03", "−1.20", "–" for NaN."""
    return "–" if math.isnan(points) else f"{points:+.{digits}f}".replace("-", "−")


def difference(points: float, digits: int) -> str:
    """Return a difference in points with its sign, "0.0" without one, "–" for NaN."""
    text = signed(points, digits)
    return text if math.isnan(points) or round(points, digits) else text.lstrip("+−")


def seconds(value: float | None) -> str:
    """Return a duration in seconds with one digit, "–" for none."""
    return "–" if value is None else f"{value:,.1f}"


def web_link(url: str | None) -> str:
    """Return the address if it leads to a web server, else "": a database may hold a ``javascript:`` link."""
    return url if url and urlsplit(url).scheme in ("http", "https") else ""


def short_number(value: float) -> str:
    """Return a number with no more digits than it needs."""
    return str(int(value)) if float(value).is_integer() else f"{value:g}"
