"""Define what a page shows, as data: a title, a question, and sections that each draw a selection of the runs."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from certvote.reporting.accuracy import mean_accuracy, strength
from certvote.reporting.page_source import PageSource, read_source
from certvote.reporting.query import check_column, select, value
from certvote.reporting.stated import Statement
from certvote.results.run import Run, finished

UNTITLED = "Certified accuracy"
QUESTION = (
    "How accurate does a classifier stay, provably, when an attacker removes, adds or changes e training examples?"
)


_NO_KEY = {"key": False}  # metadata of a field that a definition does not set
_MOST_SIZES = 40


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
    source: PageSource | None = field(default=None, repr=False, compare=False, metadata=_NO_KEY)

    def check(self, runs: Sequence[Run] = ()) -> None:
        """Check that all filters are over columns that runs have, or may have.

        Raises
        ------
        ValueError
            If one is not; the message names file, line and key.
        """
        for place, columns in self._columns():
            for column in columns:
                try:
                    check_column(column, runs)
                except ValueError as error:
                    raise self.located(ValueError(f"{place}.{column}: {error}")) from None

    def located(self, error: ValueError) -> ValueError:
        """Return an error whose message starts with a place on the page, with file and line if it has a file."""
        return error if self.source is None else self.source.located(error)

    def _columns(self) -> Iterator[tuple[str, Iterable[str]]]:
        """Yield the columns that the definition names, with their places."""
        yield "page.abstract", self.abstract
        for i, section in enumerate(self.sections):
            yield f"page.sections[{i}].where", section.where
            yield f"page.sections[{i}].baseline", section.baseline or ()
            yield f"page.sections[{i}].best_per", section.best_per
        for i, statement in enumerate(self.stated):
            yield f"page.stated[{i}].of", statement.of
            yield f"page.stated[{i}].minus", statement.minus or ()

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
    file = read_source(source) if isinstance(source, Path) else None
    content = source if file is None else file.content
    try:
        page: Page = _read({"title": untitled, "question": QUESTION, **_read(content, Mapping, "page")}, Page, "page")
    except ValueError as error:
        raise error if file is None else file.located(error) from None
    return replace(page, title=title or page.title, source=file)


def _rank(run: Run) -> tuple[float, tuple[int, int]]:
    return round(mean_accuracy(run), 12), strength(run)


def _read(value: Any, kind: Any, place: str) -> Any:
    """Read a value as a field of this kind; ``place`` names it where it is something else."""
    if get_origin(kind) is UnionType:
        return None if value is None else _read(value, get_args(kind)[0], place)
    if is_dataclass(kind):
        return _read_object(value, kind, place)
    if get_origin(kind) is tuple:
        one = get_args(kind)[0]
        if not isinstance(value, list) or (one in (int, Section) and not value):
            raise ValueError(f"{place}: expected a list of {_MANY[one]}, got {value!r}")
        if one is int and len(value) > _MOST_SIZES:
            raise ValueError(f"{place}: expected at most {_MOST_SIZES} sizes, each a column, got {len(value)}")
        return tuple(_read(part, one, f"{place}[{i}]") for i, part in enumerate(value))
    types, expected = _KINDS[get_origin(kind) or kind]
    if not isinstance(value, types) or isinstance(value, bool) or (kind is int and value < 0):
        raise ValueError(f"{place}: expected {expected}, got {value!r}")
    if kind is float and not math.isfinite(value):
        raise ValueError(f"{place}: expected a finite number, got {value!r}")
    if get_origin(kind) is Mapping:
        for column, wanted in value.items():
            _check_wanted(wanted, f"{place}.{column}")
    return {str(key): one for key, one in value.items()} if isinstance(value, Mapping) else value


def _check_wanted(wanted: Any, place: str) -> None:
    """Check that a filter wants one value of a column, or one of several."""
    for one in wanted if isinstance(wanted, list) and wanted else [wanted]:
        if not isinstance(one, str | int | float | None) or (isinstance(one, float) and not math.isfinite(one)):
            raise ValueError(f"{place}: expected a value, or a list of values, got {wanted!r}")


def _read_object(value: Any, kind: Any, place: str) -> Any:
    """Read an object from keys with the names of its fields."""
    given, types = _read(value, Mapping, place), get_type_hints(kind)
    hints = {item.name: types[item.name] for item in fields(kind) if item.metadata != _NO_KEY}
    for key in given:
        if key not in hints:
            raise ValueError(f"{place}: expected keys among {', '.join(sorted(hints))}, got {key}")
    needed = {item.name for item in fields(kind) if item.default is MISSING and item.default_factory is MISSING}
    names = [name for name in hints if name in given or name in needed]
    return kind(**{name: _read(given.get(name), hints[name], f"{place}.{name}") for name in names})


_KINDS: Mapping[Any, tuple[Any, str]] = {
    str: (str, "a text"),
    int: (int, "a whole number >= 0"),
    float: (int | float, "a number"),
    Mapping: (Mapping, "keys with values"),
}
_MANY: Mapping[Any, str] = {str: "texts", int: "whole numbers >= 0", Section: "sections", Statement: "statements"}
