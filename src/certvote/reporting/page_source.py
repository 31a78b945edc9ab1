"""Read the YAML file of a page or of a leaderboard's entry, and find the line of each of its values for errors."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class PageSource:
    """Hold a file, its content, and the line of every value by its place (``page.sections[0].where.k``).

    Places begin with ``root``.
    """

    file: Path
    content: Any
    lines: Mapping[str, int]
    root: str = "page"

    def located(self, error: ValueError) -> ValueError:
        """Return an error whose message starts with a place, with file and line before it."""
        place = str(error).partition(":")[0]
        while place not in self.lines and place != self.root:
            place = re.sub(r"(\.[^.\[]*|\[\d+\])$", "", place) if re.search(r"[.\[]", place) else self.root
        return ValueError(f"{self.file}, line {self.lines.get(place, 1)}: {error}")


def read_source(file: Path, root: str = "page") -> PageSource:
    """Read a YAML file; the places of its values begin with ``root``.

    Raises
    ------
    ValueError
        If it is no YAML, or a key is no text or stands twice; the message has file and line.
    """
    import yaml

    try:
        text = file.read_text(encoding="utf-8")
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        content = yaml.safe_load(text)
    except UnicodeDecodeError as error:
        raise ValueError(f"{file}: expected text in UTF-8, got {error.object[error.start : error.end]!r}") from error
    except yaml.YAMLError as error:
        mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise ValueError(f"{file}{line}: expected YAML, got {problem or error}") from error
    return PageSource(file, content, {} if node is None else dict(_lines(file, node, root)), root)


def _lines(file: Path, node: Any, place: str) -> Iterator[tuple[str, int]]:
    """Yield the place and the line of a node and of those below it."""
    import yaml

    yield place, node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        for i, part in enumerate(node.value):
            yield from _lines(file, part, f"{place}[{i}]")
    if isinstance(node, yaml.MappingNode):
        seen = set[str]()
        for key, value in node.value:
            here = f"{file}, line {key.start_mark.line + 1}: {place}"
            if key.tag != "tag:yaml.org,2002:str":
                raise ValueError(f"{here}: expected texts as keys, got {getattr(key, 'value', key.tag)}")
            if key.value in seen:
                raise ValueError(f"{here}: expected every key once, got {key.value} again")
            seen.add(key.value)
            yield from _lines(file, value, f"{place}.{key.value}")
