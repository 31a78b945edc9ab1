"""Render one self-contained HTML page over runs: written like a paper, readable offline, replaced in one step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from certvote.reporting import findings, labels, stated, templates
from certvote.reporting.default_page import default_page
from certvote.reporting.limits import limits
from certvote.reporting.page import Page, load
from certvote.reporting.provenance import further_options, period, provenance
from certvote.reporting.query import prepare, select
from certvote.reporting.sections import SectionView, section_view
from certvote.reporting.views import Detail, table_view
from certvote.reporting.wording import count, counted, printable, sentence
from certvote.results.run import Run, finished, sweeps
from certvote.runtime.names import check_name

_LEFT_OUT = "left out"  # how a note starts that is about jobs which are not there, not about the numbers


def render_report(runs: Sequence[Run], *, name: str, out_root: Path, **page: Any) -> Path:
    """Render the page ``out_root/name/index.html`` over any runs, finished or not, and return its path.

    Parameters
    ----------
    runs : sequence of Run
        Runs of the results database, with their sweeps.
    name : str
        Folder of the page.
    out_root : path
        Folder of all pages.
    **page
        Further arguments of :func:`page_html`.

    Raises
    ------
    ValueError
        If the name is not a plain folder name, or the page's definition is wrong.
    OSError
        If the folder cannot be written.
    """
    check_name(name)
    return templates.write(page_html(runs, **page), Path(out_root) / name, option="report_root")


def render(runs: Sequence[Run], *, out_dir: Path, **page: Any) -> Path:
    """Render ``out_dir/index.html`` and return its path; a page that is there is replaced at once or not at all.

    Further arguments are those of :func:`page_html`.
    """
    return templates.write(page_html(runs, **page), out_dir, option="out_dir")


def page_html(
    runs: Sequence[Run],
    *,
    title: str | None = None,
    page: Path | Mapping[str, Any] | Page | None = None,
    command: str | Sequence[str] | None = None,
    links: Mapping[str, str] | None = None,
    notes: Sequence[str] = (),
    absent: Mapping[str, str] | None = None,
) -> str:
    """Return a page over runs as HTML; the same runs give the same text.

    Parameters
    ----------
    runs : sequence of Run
        Runs of the results database, with their sweeps.
    title : str or None
        Title of the page, instead of its own.
    page : path, mapping, Page or None
        Definition of title, question and sections (``certvote.reporting.page.load``); ``None``: they follow from the
        runs.
    command : str, sequence of str or None
        What reproduces the runs; ``None``: the commands of their sweeps.
    links : mapping or None
        Web addresses by name, for the page's end.
    notes : sequence of str
        What concerns the page as a whole: it stands below the abstract, or beside the list of runs if it starts with
        "left out", so says only what is not there.
    absent : mapping or None
        Reasons why nothing of a data set is here, by its name.
    """
    found = prepare(runs)
    definition = _definition(found, page, title)
    if found:
        definition.check(found)
    curves = sum(len(finished(section.chosen(found))) for section in definition.sections)
    detail = Detail.of_page(len(definition.sections), curves)
    views: list[SectionView] = []
    for number, section in enumerate(definition.sections, start=1):
        drawn = sum(len(view.figures) for view in views)
        views.append(section_view(section, found, figure_number=drawn + 1, number=number, detail=detail))
    about_all = _notes(runs, notes)
    measured = [stated.measure(statement, found, absent) for statement in definition.stated]
    compared = table_view(stated.stated_table(measured), "stated", templates.sentence("stated")) if measured else None
    return templates.page(
        "page.html",
        title=printable(definition.title),
        question=printable(definition.question),
        summary=_summary(found),
        abstract=findings.abstract(found, select(found, definition.abstract)),
        compared_in_words=stated.summary(measured),
        stated=compared,
        warnings=[sentence(note) for note in about_all if not note.startswith(_LEFT_OUT)],
        left_out=[sentence(note) for note in about_all if note.startswith(_LEFT_OUT)],
        sections=views,
        limits=limits(found),
        rows=list(zip(found, labels.short(found), further_options(found), strict=True)),
        states=labels.STATES,
        links={**{f"sweep {run.name}": run.url for run in sweeps(runs)}, **(links or {})},
        **provenance(runs, found, command),
    )


def _definition(found: Sequence[Run], source: Path | Mapping[str, Any] | Page | None, title: str | None) -> Page:
    if isinstance(source, Page):
        return source if title is None else replace(source, title=title)
    return default_page(found, title=title) if source is None else load(source, title=title)


def _summary(found: Sequence[Run]) -> str:
    """Return how many runs there are, how many finished, and when they ran."""
    text = f"{counted(len(found), 'run')}, {count(len(finished(found)))} finished"
    return " · ".join(filter(None, [text, period(found)]))


def _notes(runs: Sequence[Run], notes: Sequence[str]) -> list[str]:
    """Return the notes of a page and its sweeps; of several sweeps, each left-out combination once."""
    given = [*notes, *(note for sweep in sweeps(runs) for note in sweep.notes)]
    about_jobs: dict[str, dict[str, None]] = {}
    for note in given:
        if note.startswith(_LEFT_OUT):
            reason, _, combinations = note.partition(": ")
            about_jobs.setdefault(reason, {}).update(dict.fromkeys(combinations.split("; ")))
    kept = [note for note in given if not note.startswith(_LEFT_OUT)]
    kept += [f"{reason}: {'; '.join(combinations)}" for reason, combinations in about_jobs.items()]
    return [printable(note).removesuffix(": ") for note in dict.fromkeys(kept)]
