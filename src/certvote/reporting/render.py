"""One self-contained HTML page from runs: written like a paper, readable offline, replaced in one step."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from certvote.reporting import (
    findings,
    labels,
    limits,
    page,
    provenance,
    query,
    result,
    sections,
    stated,
    tables,
    templates,
)
from certvote.reporting.page import Page
from certvote.reporting.shared import share_styles
from certvote.runtime.names import check_name
from certvote.types import Run

_LEFT_OUT = "left out"  # how a note starts that is about jobs which are not there, not about the numbers
_NAME = r"\b[ekrdNξζα]"
# A number stays on one line with its sign or name.
GLUED = re.compile(rf" (?=%)|(?<={_NAME}) (?== )|(?<={_NAME} =) |(?<=\bfig\.) (?=\d)")


def render_report(
    runs: Sequence[Run],
    *,
    name: str,
    title: str | None = None,
    out_root: Path,
    command: str | Sequence[str] | None = None,
    page: Path | Mapping[str, Any] | Page | None = None,
    links: Mapping[str, str] | None = None,
    notes: Sequence[str] = (),
    absent: Mapping[str, str] | None = None,
) -> Path:
    """Render the page ``out_root/name/index.html`` over any runs, finished or not, and return its path.

    Raises ``ValueError`` for a name that is not a plain folder name, ``OSError`` for a folder that cannot be written.
    """
    check_name(name)
    folder = Path(out_root) / name
    html = page_html(runs, title=title, page=page, command=command, links=links, notes=notes, absent=absent)
    try:
        return write_page(html, folder)
    except OSError as error:
        raise OSError(f"option report_root: cannot write {folder}: {error.strerror or error}") from error


def render(
    runs: Sequence[Run],
    *,
    title: str | None = None,
    out_dir: Path,
    page: Path | Mapping[str, Any] | Page | None = None,
    command: str | Sequence[str] | None = None,
    links: Mapping[str, str] | None = None,
    notes: Sequence[str] = (),
    absent: Mapping[str, str] | None = None,
) -> Path:
    """Render ``out_dir/index.html`` and return its path; a page that is there is replaced at once or not at all.

    ``page`` defines title, question and sections (``certvote.reporting.page.load``); without one they follow from
    the runs. ``command`` is what reproduces them, ``links`` are named web addresses for the page's end,
    ``notes`` concern the page as a whole: they stand below the abstract, or beside the list of runs if they start
    with "left out", so say only what is not there. ``absent`` says of data sets why nothing of them is here. The same
    runs give the same bytes.
    """
    return write_page(
        page_html(runs, title=title, page=page, command=command, links=links, notes=notes, absent=absent), out_dir
    )


def write_page(html: str, out_dir: Path) -> Path:
    out_dir.mkdir(parents=True, exist_ok=True)
    target = out_dir / "index.html"
    handle, draft = tempfile.mkstemp(dir=out_dir, prefix=".index-", suffix=".html")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(html)
        Path(draft).chmod(0o644)  # a draft starts out readable by its owner alone
        Path(draft).replace(target)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
    return target


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
    """The page as text."""
    found = query.results(runs)
    definition = _definition(found, page, title)
    curves = sum(len(query.finished(section.chosen(found))) for section in definition.sections)
    detail = sections.Detail.of_page(len(definition.sections), curves)
    views: list[sections.SectionView] = []
    for number, section in enumerate(definition.sections, start=1):
        drawn = sum(view.figure is not None for view in views)
        views.append(sections.section_view(section, found, figure_number=drawn + 1, number=number, detail=detail))
    jobs = [run for run in runs if run.id in {result.id for result in found}]
    about_all = _notes(runs, notes)
    measured = [stated.measure(statement, found, absent) for statement in definition.stated]
    summary = stated.summary(measured)
    compared = sections.plain_view(stated.stated_table(measured), "stated", stated.EXPLANATION) if measured else None
    environment = templates.environment()
    environment.filters["glue"] = lambda text: GLUED.sub("\N{NO-BREAK SPACE}", str(text))
    environment.filters["count"] = labels.count
    html = environment.get_template("page.html").render(
        title=labels.printable(definition.title),
        question=labels.printable(definition.question),
        summary=_summary(found),
        abstract=findings.abstract(found, query.select(found, definition.abstract)),
        compared_in_words=summary,
        stated=compared,
        warnings=[labels.sentence(note) for note in about_all if not note.startswith(_LEFT_OUT)],
        left_out=[labels.sentence(note) for note in about_all if note.startswith(_LEFT_OUT)],
        sections=views,
        meaning=limits.meaning(found),
        certificates=limits.certificates(found) + limits.ensembles(found),
        assumptions=limits.assumptions(found),
        common_options=provenance.common_options(found),
        rows=provenance.run_rows(found),
        unfinished=[(row, problem) for row, problem in _problems(found)],
        commands=_commands(runs, command),
        run_commands=list(dict.fromkeys(labels.printable(x.command) for x in found if x.command)),
        digests=provenance.digests(found),
        versions=provenance.versions(jobs),
        links=_links(runs, links),
    )
    return share_styles(html)


def _definition(
    found: Sequence[query.Result], source: Path | Mapping[str, Any] | Page | None, title: str | None
) -> page.Page:
    if isinstance(source, Page):
        return source if title is None else replace(source, title=title)
    return page.default(found, title=title) if source is None else page.load(source, title=title)


def _summary(found: Sequence[query.Result]) -> str:
    """How many runs there are, how many finished, and when they ran."""
    done = len(query.finished(found))
    text = f"{labels.count(len(found))} run{'s' if len(found) != 1 else ''}, {labels.count(done)} finished"
    day = provenance.period(found)
    return f"{text} · {day}" if day else text


def _problems(found: Sequence[query.Result]) -> list[tuple[str, str]]:
    """Runs without a result, with everything their record says about why."""
    names = labels.short(found)
    return [
        (name, "\n".join(labels.printable_lines(result.error)) or tables.problem(result))
        for result, name in zip(found, names, strict=True)
        if result.curve is None
    ]


def _commands(runs: Sequence[Run], command: str | Sequence[str] | None) -> list[str]:
    if command is None:
        given = [run.tags.get("certvote.command", "") for run in query.sweeps(runs)]
    else:
        given = [command] if isinstance(command, str) else list(command)
    return [labels.printable(line) for line in dict.fromkeys(given) if line]


def _notes(runs: Sequence[Run], notes: Sequence[str]) -> list[str]:
    given = [*notes, *(note for sweep in query.sweeps(runs) for note in result.notes(sweep))]
    about_jobs: dict[str, dict[str, None]] = {}  # of several sweeps, each left-out combination once
    for note in given:
        if note.startswith(_LEFT_OUT):
            reason, _, combinations = note.partition(": ")
            about_jobs.setdefault(reason, {}).update(dict.fromkeys(combinations.split("; ")))
    kept = [note for note in given if not note.startswith(_LEFT_OUT)]
    kept += [f"{reason}: {'; '.join(combinations)}" for reason, combinations in about_jobs.items()]
    return [labels.printable(note).removesuffix(": ") for note in dict.fromkeys(kept)]


def _links(runs: Sequence[Run], links: Mapping[str, str] | None) -> list[tuple[str, str]]:
    named = [(f"sweep {run.name}", run.url) for run in query.sweeps(runs)] + list((links or {}).items())
    return [(labels.printable(name), url) for name, url in named if url and provenance.web_link(url)]
