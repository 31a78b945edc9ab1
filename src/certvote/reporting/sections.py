"""Draw, tabulate and describe the runs of one section of a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from certvote.attacks.threats import threat
from certvote.reporting import findings, labels, templates
from certvote.reporting.accuracy import last_size, searched_further, shown_at, telling_size, tells
from certvote.reporting.accuracy_table import AccuracyTable, accuracy_table
from certvote.reporting.costs import cost_table
from certvote.reporting.envelope import envelopes, joint_confidence
from certvote.reporting.envelope_table import envelope_table
from certvote.reporting.figures import ca_figure, envelope_figure, envelope_styles, success_figure
from certvote.reporting.frame import COLUMN, PAGE, Layout
from certvote.reporting.page import Section
from certvote.reporting.query import common, select
from certvote.reporting.success import aimed, success_at, success_table
from certvote.reporting.views import Detail, FigureView, TableView, figure_view, table_view
from certvote.reporting.wording import count, percent, printable, sentence
from certvote.results.headline import round_sizes
from certvote.results.run import Run, finished


@dataclass(frozen=True)
class SectionView:
    """Hold one section: its figures, its tables, notes that must stand beside them, and small figures with titles."""

    anchor: str
    title: str
    text: str = ""
    figures: tuple[FigureView, ...] = ()
    notes: tuple[str, ...] = ()
    tables: tuple[TableView, ...] = ()
    small: tuple[tuple[str, FigureView], ...] = ()


def section_view(
    section: Section, runs: Sequence[Run], *, figure_number: int, number: int, detail: Detail
) -> SectionView:
    """Return everything of section ``number`` (from 1): runs chosen from ``runs``, drawn, tabulated and described.

    A baseline that did not finish is a note.

    Raises
    ------
    ValueError
        If the baseline is several runs.
    """
    chosen = section.chosen(runs)
    view = SectionView(f"section-{number}", printable(section.title), section.text)
    if not chosen:
        return replace(view, notes=("No run matches this section.",))
    notes = tuple(dict.fromkeys(sentence(note) for run in chosen for note in run.notes))
    if section.envelope and finished(chosen):
        return replace(view, notes=notes, **_best_of_several(section, chosen, figure_number, number, detail))
    baseline = [] if section.baseline is None else finished(select(chosen, section.baseline))
    if len(baseline) > 1:
        raise ValueError(f"section {section.title!r}, baseline: expected exactly one finished run, got {len(baseline)}")
    if section.baseline is not None and not baseline:
        notes = (*notes, "The run that this table would compare with is missing.")
    table = accuracy_table(chosen, sizes=section.sizes, baseline=baseline, gain_sizes=section.gain_sizes, notes=notes)
    caption = f"Certified accuracy in percent at poisoning size e; {explanation(table, chosen)}"
    source = f"{setting(chosen).split('.')[0]}." if finished(chosen) else caption
    following = (*findings.attacks(chosen), *findings.search_gaps(chosen))
    tables = [table_view(table.table, str(number), caption, kind="results", source=source, following=following)]
    costs = cost_table(chosen, runs)
    if costs is not None:
        tables.append(table_view(costs, f"{number}b", templates.sentence("costs")))
    figures = (_figure(section, chosen, figure_number, detail),) if finished(chosen) else ()
    if aimed(chosen):
        rates = success_table(chosen, section.sizes)
        tables.append(table_view(rates, f"{number}s", templates.sentence("success_rates"), kind="results"))
        figures = (*figures, _success_figure(chosen, figure_number + 1, detail))
    return replace(view, figures=figures, notes=notes, tables=tuple(tables))


def alternative(runs: Sequence[Run]) -> str:
    """Describe a figure for readers who cannot see it: the axes, and every curve at both of its ends."""
    done = finished(runs)
    return templates.sentence("alternative", curves=list(zip(done, labels.short(done), strict=True)))


def setting(runs: Sequence[Run], *, bands: bool = True) -> str:
    """Say what a figure's runs have in common: certified accuracy of what, on which data, under which attack.

    ``bands`` says whether the figure shows what searches leave open.
    """
    done = finished(runs)
    return templates.sentence(
        "setting",
        done=done,
        n_train=common(done, "n_train"),
        n_test=common(done, "n_test"),
        threat=threat(done[0].change).caption if common(done, "change") else None,
        band=bands and any(map(searched_further, done)),
        attacked=any(run.attacked is not None for run in done),
        missing=len(runs) - len(done),
    )


def explanation(table: AccuracyTable, runs: Sequence[Run]) -> str:
    """Say how to read a table: which numbers are bold, what gains are relative to, how numbers are rounded."""
    done = finished(runs)
    # Gains at the only size at which bounds still say something, though the table goes on, need a word.
    told = len(table.gain_sizes) == 1 and not table.named and table.gain_sizes[0] in table.sizes[:-1]
    return templates.sentence(
        "explanation",
        finished=bool(done),
        seeds=any(run.spread for run in done),
        baseline=table.baseline,
        sizes=[count(e) for e in table.gain_sizes],
        telling=told and tells(done, table.gain_sizes[0]),
    )


def _success_figure(chosen: Sequence[Run], number: int, detail: Detail) -> FigureView:
    finest = Layout.finest if detail.tolerance else detail.finest
    some, digits = aimed(chosen), labels.decimals(aimed(chosen))
    wide, narrow = (success_figure(some, layout=replace(layout, finest=finest)) for layout in (PAGE, COLUMN))
    said = [
        (label, percent(success_at(run, last_size(run)), digits, up=True), count(last_size(run)))
        for run, label in zip(some, labels.short(some), strict=True)
    ]
    return figure_view(
        number,
        wide,
        narrow,
        title="Attack success rate",
        description=templates.sentence("success_alternative", curves=said),
        hints={
            f"curve-{j}": f"{label}: at most {value} % at e = {size}" for j, (label, value, size) in enumerate(said)
        },
        finding=templates.sentence("success_finding", curves=said),
        setting=templates.sentence("success_setting"),
        detail=detail,
    )


def _best_of_several(
    section: Section, chosen: Sequence[Run], figure_number: int, number: int, detail: Detail
) -> dict[str, Any]:
    """Return figures and tables of a section whose curves are each the largest of several at every size."""
    done = finished(chosen)
    found = envelopes(done, section.envelope)
    last = max(int(one.sizes[-1]) for one in found)
    sizes = section.sizes or round_sizes(last)
    table = envelope_table(found, envelope_styles(found), sizes)
    unsure = [(labels.name(one.runs[0], "algo"), joint_confidence(one.runs), len(one.runs))
              for one in found if one.runs[0].probabilistic]  # fmt: skip
    wide, narrow = (envelope_figure(found, layout=layout) for layout in _layouts(detail))
    figure = figure_view(
        figure_number,
        wide,
        narrow,
        title=section.title,
        description=templates.sentence("envelope_alternative", found=found, last=last),
        hints={f"curve-{j}": one.label for j, one in enumerate(found)},
        finding=printable(section.caption) or findings.headline(chosen, name_data=False),
        setting=f"{templates.sentence('envelope', found=found, unsure=unsure)} {setting(chosen, bands=False)}",
        detail=detail,
    )
    tables = [table_view(table, str(number), templates.sentence("envelope_table"), kind="results")]
    costs = cost_table([run for one in found for run in one.givers], chosen)
    if costs is not None:
        tables.append(table_view(costs, f"{number}b", templates.sentence("costs")))
    return {"figures": (figure,), "tables": tuple(tables)}


def _layouts(detail: Detail) -> tuple[Layout, Layout]:
    """Return the layouts for a page and for a column, as finely as the page draws."""
    finest = Layout.finest if detail.tolerance else detail.finest
    wide, narrow = (replace(layout, finest=finest, tolerance=detail.tolerance) for layout in (PAGE, COLUMN))
    return wide, narrow


def _figure(section: Section, chosen: Sequence[Run], number: int, detail: Detail) -> FigureView:
    done = finished(chosen)
    wide, narrow = (ca_figure(chosen, layout=layout) for layout in _layouts(detail))
    digits = labels.decimals(done)
    hints = {}
    for j, (run, label) in enumerate(zip(done, labels.short(done), strict=True)):
        size = telling_size([run], [last_size(run)])
        value = f"{'' if run.spread else 'at least '}{percent(shown_at(run, size), digits)}"
        hints[f"curve-{j}"] = f"{label}: {value} % at e = {count(size)}"
    return figure_view(
        number,
        wide,
        narrow,
        title=section.title,
        description=alternative(chosen),
        hints=hints,
        finding=printable(section.caption) or findings.headline(chosen, name_data=False),
        setting=setting(chosen),
        detail=detail,
        digits=digits,
    )
