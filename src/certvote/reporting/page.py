"""Define what a page shows, as data: a title, a question, and sections that each draw a selection of the runs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypeVar

from certvote.reporting.accuracy import mean_accuracy, strength
from certvote.reporting.query import select, value
from certvote.reporting.stated import Statement
from certvote.results.run import Run, finished

UNTITLED = "Certified accuracy"
QUESTION = (
    "How accurate does a classifier stay, provably, when an attacker removes, adds or changes e training examples?"
)

Kind = TypeVar("Kind")


@dataclass(frozen=True)
class Section:
    """Define one figure with its table.

    Attributes
    ----------
    title, text, caption : str
        Heading; a paragraph before the figure; what replaces the computed finding.
    where : mapping
        Filter: a value or a list of values per column (any option, ``data``, ``method``, …).
    best_per : tuple of str
        Columns: of the runs with equal values there, the one with the largest mean accuracy is kept, if one finished.
    sizes : tuple of int or None
        Columns of the table.
    baseline : mapping or None
        Filter for the one run that the table compares with, at ``gain_sizes``.
    """

    title: str
    where: Mapping[str, Any] = field(default_factory=dict)
    text: str = ""
    caption: str = ""
    best_per: tuple[str, ...] = ()
    sizes: tuple[int, ...] | None = None
    baseline: Mapping[str, Any] | None = None
    gain_sizes: tuple[int, ...] | None = None

    def chosen(self, runs: Sequence[Run]) -> list[Run]:
        """Return the runs that belong to this section."""
        kept = select(runs, self.where)
        if not self.best_per:
            return kept
        kinds = {run.id: tuple(value(run, column) for column in self.best_per) for run in kept}
        best: dict[tuple[Any, ...], Run] = {}
        for run in finished(kept):
            rival = best.setdefault(kinds[run.id], run)
            if _rank(run) > _rank(rival):
                best[kinds[run.id]] = run
        # A run that is missing stays, unless another one of its kind stands for it.
        return [x for x in kept if x is best.get(kinds[x.id]) or (x.curve is None and kinds[x.id] not in best)]


@dataclass(frozen=True)
class Page:
    """Define a page.

    Attributes
    ----------
    title, question : str
        Its title, and what it answers, in one line.
    sections : tuple of Section
        In reading order.
    abstract : mapping
        Filter for the runs that the abstract speaks of.
    stated : tuple of Statement
        A publication's numbers to set beside ours.
    experiments : tuple of str
        Files below ``conf/experiment`` whose runs it shows (``certvote paper``).
    """

    title: str
    question: str
    sections: tuple[Section, ...]
    abstract: Mapping[str, Any] = field(default_factory=dict)
    stated: tuple[Statement, ...] = ()
    experiments: tuple[str, ...] = ()

    def of_datasets(self, names: Collection[str]) -> Page:
        """Return the page without the sections that are about other data sets only."""
        about = [(section, section.where.get("dataset", [])) for section in self.sections]
        kept = [x for x, given in about if not given or set(given if isinstance(given, list) else [given]) & set(names)]
        return replace(self, sections=tuple(kept))


def load(source: Path | Mapping[str, Any], *, title: str | None = None, untitled: str = UNTITLED) -> Page:
    """Read a page definition.

    Parameters
    ----------
    source : path or mapping
        A YAML file, or its content.
    title : str or None
        What replaces the page's own title.
    untitled : str
        What stands in for a missing one.

    Raises
    ------
    ValueError
        If a key is unknown, missing or of the wrong type; the message names it.
    """
    content: object = source
    if isinstance(source, Path):
        import yaml

        content = yaml.safe_load(source.read_text(encoding="utf-8"))
    given = {"title": untitled, "question": QUESTION, **_mapping(content, "page")}
    readers = {
        "title": _text,
        "question": _text,
        "sections": _sections,
        "abstract": _mapping,
        "stated": _list_of(lambda one, place: _read(Statement, _STATEMENT, one, place)),
        "experiments": _list_of(_text),
    }
    page = _read(Page, readers, given, "page")
    return page if not title else replace(page, title=title)


def _rank(run: Run) -> tuple[float, tuple[int, int]]:
    return round(mean_accuracy(run), 12), strength(run)


# --- reading: one function per kind of value, which names the place of what is wrong ---------------------------------

Reader = Callable[[Any, str], Any]


def _read(cls: type[Kind], readers: Mapping[str, Reader], content: object, place: str) -> Kind:
    """Read an object from keys with the names of its fields."""
    given = _mapping(content, place)
    for key in given:
        if key not in readers:
            raise ValueError(f"{place}: expected keys among {', '.join(sorted(readers))}, got {key}")
    values = {}
    for item in fields(cls):  # type: ignore[arg-type]
        needed = item.default is MISSING and item.default_factory is MISSING
        unset = given.get(item.name) is None and item.default is None
        if needed or (item.name in given and not unset):
            values[item.name] = readers[item.name](given.get(item.name), f"{place}.{item.name}")
    return cls(**values)


def _text(value: Any, place: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{place}: expected a text, got {value!r}")
    return value


def _number(value: Any, place: str) -> float:
    if not isinstance(value, int | float):
        raise ValueError(f"{place}: expected a number, got {value!r}")
    return float(value)


def _size(value: Any, place: str) -> int:
    if not _is_size(value):
        raise ValueError(f"{place}: expected a whole number >= 0, got {value!r}")
    return int(value)


def _sizes(value: Any, place: str) -> tuple[int, ...]:
    if not (isinstance(value, list) and value and all(map(_is_size, value))):
        raise ValueError(f"{place}: expected a list of whole numbers >= 0, got {value!r}")
    return tuple(value)


def _columns(value: Any, place: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(column, str) for column in value):
        raise ValueError(f"{place}: expected a list of columns, got {value!r}")
    return tuple(value)


def _mapping(value: Any, place: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"{place}: expected keys with values, got {value!r}")
    return {str(key): one for key, one in value.items()}


def _list_of(reader: Reader) -> Reader:
    def read(value: Any, place: str) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise ValueError(f"{place}: expected a list, got {value!r}")
        return tuple(reader(one, f"{place}[{i}]") for i, one in enumerate(value))

    return read


def _sections(value: Any, place: str) -> tuple[Section, ...]:
    if not isinstance(value, list) or not value:
        raise ValueError(f"{place}: expected a list of sections, got {value!r}")
    return tuple(_read(Section, _SECTION, one, f"{place}[{i}]") for i, one in enumerate(value))


def _is_size(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


_SECTION: Mapping[str, Reader] = {
    **dict.fromkeys(("title", "text", "caption"), _text),
    **dict.fromkeys(("where", "baseline"), _mapping),
    **dict.fromkeys(("sizes", "gain_sizes"), _sizes),
    "best_per": _columns,
}
_STATEMENT: Mapping[str, Reader] = {
    **dict.fromkeys(("says", "source", "why"), _text),
    **dict.fromkeys(("of", "minus"), _mapping),
    **dict.fromkeys(("value", "tolerance"), _number),
    "size": _size,
}
