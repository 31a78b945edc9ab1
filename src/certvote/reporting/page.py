"""Define what a page shows, as data: a title, a question, and sections that each draw a selection of the runs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from certvote.reporting.accuracy import mean_accuracy, strength
from certvote.reporting.page_source import PageSource, read_source
from certvote.reporting.query import check_column, select, value
from certvote.reporting.schema import NO_KEY, read
from certvote.reporting.stated import Statement
from certvote.results.run import Run, finished

UNTITLED = "Certified accuracy"
QUESTION = (
    "How accurate does a classifier stay, provably, when an attacker removes, adds or changes e training examples?"
)


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
    envelope : tuple of str
        Columns: runs with equal values there are one curve, which has the largest of their bounds at every size.
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
    envelope: tuple[str, ...] = ()
    sizes: tuple[int, ...] | None = None
    baseline: Mapping[str, Any] | None = None
    gain_sizes: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        given = [name for name in ("best_per", "baseline", "gain_sizes") if getattr(self, name)]
        if self.envelope and given:
            raise ValueError(f"section {self.title!r}: expected envelope without {given[0]}, got both")

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
    over : tuple of str
        Seeds (``algo.seed``): runs that differ in them alone are shown as their mean, with a band.
    """

    title: str
    question: str
    sections: tuple[Section, ...]
    abstract: Mapping[str, Any] = field(default_factory=dict)
    stated: tuple[Statement, ...] = ()
    experiments: tuple[str, ...] = ()
    over: tuple[str, ...] = ()
    source: PageSource | None = field(default=None, repr=False, compare=False, metadata=NO_KEY)

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
        given = {"title": untitled, "question": QUESTION, **read(content, Mapping, "page")}
        if isinstance(given.get("over"), str):
            given["over"] = [given["over"]]
        page: Page = read(given, Page, "page")
        if not page.sections:
            raise ValueError("page.sections: expected a list of sections, got []")
    except ValueError as error:
        raise error if file is None else file.located(error) from None
    return replace(page, title=title or page.title, source=file)


def _rank(run: Run) -> tuple[float, tuple[int, int]]:
    return round(mean_accuracy(run), 12), strength(run)
