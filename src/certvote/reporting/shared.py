"""Styles that many parts of a page repeat, said once: a page of many figures takes a third less space."""

from __future__ import annotations

import re
from collections import Counter

_STYLE = re.compile(r' style="([^"{}<>]+)"')
_OFTEN = 8  # a class and its rule take as much space as a few repetitions


def share_styles(html: str) -> str:
    """The page with ``style`` attributes that it repeats as classes of its own style sheet.

    Rules of a class yield to any inline style, and no other rule of the page speaks of these properties.
    """
    often = [style for style, number in Counter(_STYLE.findall(html)).most_common() if number >= _OFTEN]
    names = {style: f"s{index}" for index, style in enumerate(often)}
    rules = "".join(f".{name} {{ {style} }}\n" for style, name in names.items())

    def shared(match: re.Match[str]) -> str:
        return f' class="{names[match[1]]}"' if match[1] in names else match[0]

    start, end, rest = html.partition("</style>")
    return f"{start}{rules}{end}{_STYLE.sub(shared, rest)}" if rules else html
