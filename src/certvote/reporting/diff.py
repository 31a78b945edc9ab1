"""Render the page of two sets of runs side by side: matched runs overlaid, their differences, and what differs."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from certvote.attacks.threats import THREATS
from certvote.reporting import diff_words, labels, templates
from certvote.reporting.diff_figures import differences_figure, pair_figure
from certvote.reporting.diff_table import diff_table
from certvote.reporting.frame import COLUMN, LONGEST_LABEL, PAGE, POINTS, Layout
from certvote.reporting.limits import limits
from certvote.reporting.pairs import Matching, Pair, match, runs_of
from certvote.reporting.provenance import period, provenance
from certvote.reporting.query import common
from certvote.reporting.sections import SectionView
from certvote.reporting.views import Detail, FigureView, figure_view, table_view
from certvote.reporting.wording import counted, printable, sentence
from certvote.results.run import Run, sweeps
from certvote.runtime.names import check_name

CROWDED = 9  # differences that one figure can show and still be read
_MOST_FILES = 24  # figures of pairs that bring their files, so that a page stays below 2 MB
_SMALL = replace(COLUMN, axes_height=1.7 * POINTS)  # beside others; a page's single pair has the page's width


@dataclass(frozen=True)
class Side:
    """Hold one set of runs: what the user called it, and the runs, with the parent run if it is a sweep."""

    text: str
    runs: Sequence[Run]


def render_diff(
    a: Side, b: Side, *, name: str, out_root: Path, title: str | None = None, command: str | None = None
) -> Path:
    """Render ``out_root/name/index.html`` over the runs of A and B, and return its path.

    Parameters
    ----------
    a, b : Side
        Two sets of runs.
    name : str
        Folder of the page.
    out_root : path
        Folder of all pages.
    title : str or None
        Title of the page; ``None``: it follows from what differs.
    command : str or None
        What renders this page again.

    Raises
    ------
    ValueError
        If the name is not a plain folder name, or no runs match.
    OSError
        If the folder cannot be written.
    """
    check_name(name)
    return templates.write(diff_html(a, b, title=title, command=command), Path(out_root) / name, option="--out")


def diff_html(a: Side, b: Side, *, title: str | None = None, command: str | None = None) -> str:
    """Return the page of two sets of runs as HTML; arguments are those of :func:`render_diff`."""
    matching = match(a.runs, b.runs)
    pairs, texts = matching.pairs, pair_labels(matching.pairs)
    found = runs_of(pairs)
    runs = list({run.id: run for run in [*a.runs, *b.runs]}.values())
    return templates.page(
        "diff.html",
        title=printable(title or diff_words.title(matching, (a.text, b.text))),
        question=printable(diff_words.question(matching)),
        summary=_summary(matching),
        sides=[_about(side, name, matching) for side, name in ((a, "A"), (b, "B"))],
        abstract=[diff_words.sides_differ(matching), diff_words.verdict(pairs, texts), diff_words.averages(pairs)],
        warnings=[*diff_words.warnings(matching), *_notes(runs, found)],
        sections=_settings(matching),
        changes=matching.changes,
        number_of_pairs=len(pairs),
        records=diff_words.records(matching),
        lone=matching.lone,
        limits=limits(found),
        rows=list(zip(texts, pairs, strict=True)),
        command=command,
        **provenance(runs, found),
    )


def pair_labels(pairs: Sequence[Pair]) -> list[str]:
    """Return one label per pair, of what its two runs share and other pairs have not."""
    return [text or "all" for text in labels.short([pair.shared for pair in pairs])]


def _settings(matching: Matching) -> list[SectionView]:
    """Return one section per data set and attack; figures are numbered through."""
    groups: dict[tuple[str, str], list[Pair]] = {}
    for pair in matching.pairs:
        groups.setdefault((pair.shared.data, pair.shared.attack), []).append(pair)
    names, total = diff_words.side_names(matching), len(matching.pairs)
    coarse = Detail.of_page(total + len(groups), 2 * total)
    detail = replace(coarse, tolerance=0.0, files=Detail.files)
    alone = replace(detail, files=Detail.files if total <= _MOST_FILES else ())
    views: list[SectionView] = []
    number = 1
    for position, pairs in enumerate(groups.values(), start=1):
        short = pair_labels(pairs)
        figures = []
        for some in _readable(pairs):
            mine = [text for text, pair in zip(short, pairs, strict=True) if pair in some]
            figures.append(_overview(some, mine, number, detail))
            number += 1
        small = []
        for pair, text in zip(pairs, short, strict=True):
            layouts = (PAGE, COLUMN) if total == 1 else (_SMALL,)
            small.append((text, _pair(pair, text, names, number, alone, layouts)))
            number += 1
        if total == 1:
            figures, small = [small[0][1]], []
        table = table_view(diff_table(pairs, short), str(position), _caption(pairs), kind="results diff")
        title, anchor = _title(pairs[0]), f"section-{position}"
        views.append(SectionView(anchor, title, figures=tuple(figures), tables=(table,), small=tuple(small)))
    return views


def _readable(pairs: Sequence[Pair]) -> list[list[Pair]]:
    """Return the pairs whose differences share a figure: all, or where that is crowded, those of one algorithm."""
    if len(pairs) <= CROWDED:
        return [list(pairs)] if len(pairs) > 1 else []
    groups: dict[str, list[Pair]] = {}
    for pair in pairs:
        groups.setdefault(pair.shared.method, []).append(pair)
    return [some for some in groups.values() if 1 < len(some) <= CROWDED]


def _overview(pairs: Sequence[Pair], texts: Sequence[str], number: int, detail: Detail) -> FigureView:
    short = [textwrap.shorten(text, LONGEST_LABEL, placeholder="…") for text in texts]
    wide, narrow = (
        differences_figure(pairs, short, layout=replace(layout, finest=detail.finest)) for layout in (PAGE, COLUMN)
    )
    told = [f"{text}: {diff_words.course(pair)}" for pair, text in zip(pairs, texts, strict=True)]
    return figure_view(
        number,
        wide,
        narrow,
        title="differences between A and B",
        description=f"Line chart of B − A in percentage points against poisoned training examples. {' '.join(told)}",
        hints={f"curve-{j}": one for j, one in enumerate(told)},
        finding=diff_words.verdict(pairs, texts),
        setting=templates.sentence("differences", colored=any(pair.shared.algo for pair in pairs)),
        detail=detail,
        digits=diff_words.decimals(pairs),
    )


def _pair(
    pair: Pair, text: str, names: tuple[str, str], number: int, detail: Detail, layouts: Sequence[Layout]
) -> FigureView:
    drawn = [pair_figure(pair, names, layout=replace(layout, finest=detail.finest)) for layout in layouts]
    finding, course = diff_words.finding(pair), diff_words.course(pair)
    return figure_view(
        number,
        drawn[0],
        drawn[-1],
        title=text,
        description=f"Two curves of certified accuracy, A and B, and their difference below. {finding} {course}",
        hints={"curve-0": f"A, {text}", "curve-1": f"B, {text}", "difference": course},
        finding=finding,
        setting=course,
        detail=detail,
        digits=diff_words.decimals([pair]),
    )


def _title(pair: Pair) -> str:
    """Return data and attack of a section's pairs, as far as both sides share them."""
    run = pair.shared
    parts = [labels.data_name(run) if run.data else "", labels.attack_name(run, article=not run.data)]
    return ", ".join(filter(None, [parts[0], parts[1] if run.attack else ""])) or "All pairs"


def _caption(pairs: Sequence[Pair]) -> str:
    runs = runs_of(pairs)
    weaker = common(runs, "change") not in (None, next(iter(THREATS)))
    return templates.sentence("diff_table", attacker=labels.change_name(runs[0]) if weaker else "")


def _summary(matching: Matching) -> str:
    text = f"{counted(len(matching.pairs), 'pair')} of runs"
    text += f", {len(matching.lone)} without a partner" if matching.lone else ""
    return " · ".join(filter(None, [text, period(runs_of(matching.pairs))]))


def _about(side: Side, name: str, matching: Matching) -> tuple[str, str]:
    """Return a side's letter, and what it is: the user's words, how many runs, when."""
    chosen = [pair.a if name == "A" else pair.b for pair in matching.pairs]
    number = len(chosen) + sum(one.side == name for one in matching.lone)
    return name, f"{printable(side.text)} ({counted(number, 'run')}, {period(chosen)})"


def _notes(runs: Sequence[Run], found: Sequence[Run]) -> list[str]:
    given = [note for sweep in sweeps(runs) for note in sweep.notes if not note.startswith("left out")]
    given += [note for run in found for note in run.notes]
    return [sentence(note) for note in dict.fromkeys(given)]
