"""The page that shows two sets of runs side by side: matched runs overlaid, their differences, and what differs."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from markupsafe import Markup
from matplotlib.figure import Figure

from certvote.reporting import diff_tables, diff_words, labels, limits, provenance, query, templates, vector
from certvote.reporting.diff_figures import differences_figure, pair_figure
from certvote.reporting.diff_tables import DiffTable
from certvote.reporting.figures import COLUMN, LONGEST_LABEL, PAGE, Layout
from certvote.reporting.pairs import Matching, Pair, match
from certvote.reporting.render import GLUED, write_page
from certvote.reporting.result import notes
from certvote.reporting.sections import Detail, Download, FigureView, data_address
from certvote.reporting.shared import share_styles
from certvote.runtime.names import check_name
from certvote.types import Run

CROWDED = 9  # differences that one figure can show and still be read
_MOST_FILES = 24  # figures of pairs that bring their files, so that a page stays below 2 MB

# A small panel beside others; a page's single pair has the page's width.
_SMALL = replace(COLUMN, axes_height=1.7 * 72)


@dataclass(frozen=True)
class Side:
    """One set of runs: what the user called it, and the runs, with the parent run if it is a sweep."""

    text: str
    runs: Sequence[Run]


@dataclass(frozen=True)
class SettingView:
    """The pairs on one data set under one attack: their differences together, their table, every pair by itself."""

    anchor: str
    title: str
    overviews: tuple[FigureView, ...]
    table: DiffTable
    caption: str
    downloads: tuple[Download, ...]
    pairs: tuple[tuple[str, FigureView], ...]


@dataclass(frozen=True)
class PairRow:
    """Where the two records of a pair are."""

    label: str
    a: str
    b: str
    a_url: str | None
    b_url: str | None
    seconds: tuple[str, str]


def render_diff(
    a: Side, b: Side, *, name: str, out_root: Path, title: str | None = None, command: str | None = None
) -> Path:
    """Render ``out_root/name/index.html`` over the runs of A and B, and return its path.

    ``command`` is what renders this page again. Raises ``ValueError`` for a name that is not a plain folder name, or
    if no runs match; ``OSError`` for a folder that cannot be written.
    """
    check_name(name)
    html = diff_html(a, b, title=title, command=command)
    folder = Path(out_root) / name
    try:
        return write_page(html, folder)
    except OSError as error:
        raise OSError(f"option --out: cannot write {folder}: {error.strerror or error}") from error


def diff_html(a: Side, b: Side, *, title: str | None = None, command: str | None = None) -> str:
    """The page as text; the same runs give the same bytes."""
    matching = match(a.runs, b.runs)
    pairs, texts = matching.pairs, pair_labels(matching.pairs)
    found = diff_words.all_results(pairs)
    runs = list({run.id: run for run in [*a.runs, *b.runs]}.values())
    jobs = [run for run in runs if run.id in {result.id for result in found}]
    environment = templates.environment()
    environment.filters["glue"] = lambda text: GLUED.sub("\N{NO-BREAK SPACE}", str(text))
    environment.filters["count"] = labels.count
    html = environment.get_template("diff.html").render(
        title=labels.printable(title or diff_words.title(matching, (a.text, b.text))),
        question=labels.printable(diff_words.question(matching)),
        summary=_summary(matching),
        sides=[_about(side, name, matching) for side, name in ((a, "A"), (b, "B"))],
        abstract=[diff_words.sides_differ(matching), diff_words.verdict(pairs, texts), *_means(pairs)],
        warnings=[*diff_words.warnings(matching), *_notes(runs, found)],
        sections=_settings(matching, texts),
        changes=matching.changes,
        number_of_pairs=len(pairs),
        records=_records(matching),
        lone=matching.lone,
        meaning=[diff_words.MEANING, *limits.meaning(found)],
        certificates=limits.certificates(found),
        assumptions=limits.assumptions(found),
        common_options=provenance.common_options(found),
        rows=[_row(pair, text) for pair, text in zip(pairs, texts, strict=True)],
        command=command,
        commands=[x for x in dict.fromkeys(run.tags.get("certvote.command", "") for run in query.sweeps(runs)) if x],
        run_commands=list(dict.fromkeys(labels.printable(x.command) for x in found if x.command)),
        digests=provenance.digests(found),
        versions=provenance.versions(jobs),
    )
    return share_styles(html)


def pair_labels(pairs: Sequence[Pair]) -> list[str]:
    """One label per pair, of what its two runs share and other pairs have not."""
    return [text or "all" for text in labels.short([pair.shared for pair in pairs])]


def _settings(matching: Matching, texts: Sequence[str]) -> list[SettingView]:
    """One section per data set and attack; figures are numbered through."""
    groups: dict[tuple[str, str], list[Pair]] = {}
    for pair in matching.pairs:
        groups.setdefault((pair.shared.data, pair.shared.attack), []).append(pair)
    names = diff_words.side_names(matching)
    detail = Detail.of_page(len(matching.pairs) + len(groups), 2 * len(matching.pairs))
    views: list[SettingView] = []
    number = 1
    for position, ((data, attack), pairs) in enumerate(groups.items(), start=1):
        short = pair_labels(pairs)
        overviews = []
        for some in _readable(pairs):
            mine = [text for text, pair in zip(short, pairs, strict=True) if pair in some]
            overviews.append(_overview(some, mine, number, detail))
            number += 1
        single = len(matching.pairs) == 1
        drawn = []
        for pair, text in zip(pairs, short, strict=True):
            files = len(matching.pairs) <= _MOST_FILES
            drawn.append((text, _pair(pair, text, names, number, detail, single=single, files=files)))
            number += 1
        title = ", ".join(
            part for part in (data and labels.dataset_name(data), attack and labels.attack_name(attack)) if part
        )
        table = diff_tables.diff_table(pairs, short)
        caption = _table_caption(pairs)
        views.append(
            SettingView(
                f"section-{position}",
                (title or "All pairs").replace(", a ", ", "),
                tuple(overviews),
                table,
                caption,
                _table_files(table, position, caption),
                tuple(drawn),
            )
        )
    return views


def _readable(pairs: Sequence[Pair]) -> list[list[Pair]]:
    """The pairs whose differences share a figure: all, or where that is crowded, those of one algorithm, or none."""
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
    return _view(
        number,
        (wide, narrow),
        title=f"Figure {number}: differences between A and B",
        description=f"Line chart of B − A in percentage points against poisoned training examples. {' '.join(told)}",
        hints={f"curve-{j}": one for j, one in enumerate(told)},
        finding=diff_words.verdict(pairs, texts),
        setting="B − A for every pair, in percentage points: above zero, more is proven for B. "
        + ("Color says the algorithm, line style the certificate." if any(pair.shared.algo for pair in pairs) else ""),
        shapes=detail.shapes,
        files=True,
    )


def _pair(
    pair: Pair, text: str, names: tuple[str, str], number: int, detail: Detail, *, single: bool, files: bool
) -> FigureView:
    layouts: tuple[Layout, ...] = (PAGE, COLUMN) if single else (_SMALL,)
    drawn = [pair_figure(pair, names, layout=replace(layout, finest=detail.finest)) for layout in layouts]
    hints = {"curve-0": f"A, {text}", "curve-1": f"B, {text}", "difference": diff_words.course(pair)}
    finding = diff_words.finding(pair)
    return _view(
        number,
        (drawn[0], drawn[-1]),
        title=f"Figure {number}: {text}",
        description=f"Two curves of certified accuracy, A and B, and their difference below. {finding} "
        f"{diff_words.course(pair)}",
        hints=hints,
        finding=finding,
        setting=diff_words.course(pair),
        shapes=detail.shapes,
        files=files,
    )


def _view(
    number: int,
    drawn: tuple[Figure, Figure],
    *,
    title: str,
    description: str,
    hints: dict[str, str],
    finding: str,
    setting: str,
    shapes: bool,
    files: bool,
) -> FigureView:
    wide, narrow = drawn
    texts = {"title": labels.printable(title), "description": labels.printable(description)}
    shown = Markup(vector.page_svg(wide, prefix=f"f{number}w-", hints=hints, **texts))
    small = shown if narrow is wide else Markup(vector.page_svg(narrow, prefix=f"f{number}n-", hints=hints, **texts))
    downloads: tuple[Download, ...] = ()
    if files:
        svg, pdf = vector.svg(narrow, shapes=shapes).encode(), vector.pdf(narrow, title=texts["title"])
        downloads = (
            Download("SVG", f"figure-{number}.svg", data_address(svg, "image/svg+xml")),
            Download("PDF", f"figure-{number}.pdf", data_address(pdf, "application/pdf")),
        )
    return FigureView(number, shown, small, finding, setting, downloads)


def _table_caption(pairs: Sequence[Pair]) -> str:
    text = (
        "Certified accuracy in percent at poisoning size e, and the difference B − A in percentage points; the mean is "
        "that over all sizes of a pair. Bounds are rounded down, differences are those of the unrounded bounds."
    )
    change = query.common(diff_words.all_results(pairs), "change")
    return text if change in ("any", None) else f"{text} The attacker: {labels.change_name(change)}."


def _table_files(table: DiffTable, number: int, caption: str) -> tuple[Download, ...]:
    csv, latex = diff_tables.to_csv(table), diff_tables.to_latex(table, caption=caption)
    return (
        Download("CSV", f"table-{number}.csv", data_address(csv.encode(), "text/csv;charset=utf-8")),
        Download("LaTeX", f"table-{number}.tex", data_address(latex.encode(), "application/x-tex;charset=utf-8")),
    )


def _summary(matching: Matching) -> str:
    day = provenance.period(diff_words.all_results(matching.pairs))
    text = f"{len(matching.pairs)} pair{'s' if len(matching.pairs) != 1 else ''} of runs"
    text += f", {len(matching.lone)} without a partner" if matching.lone else ""
    return f"{text} · {day}" if day else text


def _about(side: Side, name: str, matching: Matching) -> tuple[str, str]:
    """A side's letter, and what it is: the user's words, how many runs, when."""
    chosen = [pair.a if name == "A" else pair.b for pair in matching.pairs]
    number = len(chosen) + sum(one.side == name for one in matching.lone)
    day = provenance.period(chosen)
    said = f"{labels.printable(side.text)} ({labels.count(number)} run{'s' if number != 1 else ''}, {day})"
    return name, said


def _means(pairs: Sequence[Pair]) -> list[str]:
    """The mean difference over sizes and pairs, where there are several."""
    if len(pairs) < 2:
        return []
    digits = diff_words.decimals(pairs)
    means = [float(pair.points.mean()) for pair in pairs]
    mean = diff_words.signed(sum(means) / len(means), digits)
    return [f"Averaged over all sizes and pairs, the difference B − A is {mean} points."]


def _notes(runs: Sequence[Run], found: Sequence[query.Result]) -> list[str]:
    given = [note for sweep in query.sweeps(runs) for note in notes(sweep) if not note.startswith("left out")]
    given += [note for result in found for note in result.notes]
    return [labels.sentence(note) for note in dict.fromkeys(given)]


def _records(matching: Matching) -> list[tuple[str, str]]:
    """For data, features, code and version: whether the two records of every pair agree."""
    columns = {"data": "data_digest", "features": "feature_digest", "code": "code_digest", "version": "version"}
    said = []
    for name, column in columns.items():
        known = [pair for pair in matching.pairs if getattr(pair.a, column) and getattr(pair.b, column)]
        same = sum(getattr(pair.a, column) == getattr(pair.b, column) for pair in known)
        if known:
            all_same, none = same == len(known), same == 0
            said.append((name, "the same" if all_same else "different" if none else f"the same in {same} pairs"))
    return said


def _row(pair: Pair, text: str) -> PairRow:
    seconds = tuple("–" if x.seconds is None else f"{x.seconds:,.1f}" for x in (pair.a, pair.b))
    urls = provenance.web_link(pair.a.url), provenance.web_link(pair.b.url)
    return PairRow(text, pair.a.id, pair.b.id, *urls, (seconds[0], seconds[1]))
