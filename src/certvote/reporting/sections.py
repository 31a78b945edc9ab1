"""The parts of a page, ready for the template: figures with captions and downloads, tables, notes."""

from __future__ import annotations

import base64
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup
from matplotlib.figure import Figure

from certvote.reporting import costs, findings, labels, plain, vector
from certvote.reporting.figures import COLUMN, PAGE, Layout, ca_figure
from certvote.reporting.looks import Look, looks
from certvote.reporting.page import Section
from certvote.reporting.plain import PlainTable
from certvote.reporting.query import (
    EQUAL,
    Result,
    accuracy_at,
    common,
    finished,
    last_size,
    select,
    telling_size,
    tells,
)
from certvote.reporting.tables import ResultTable, result_table, to_csv, to_latex


@dataclass(frozen=True)
class Detail:
    """How finely figures are drawn: the narrowest step in points, and whether letters of SVG files are shapes.

    ``tolerance`` is how far, in points, straight lines may be below curves of steps that nobody can see. Without
    ``svg_files`` a figure can be had as PDF only; ``certvote figure`` draws any runs as SVG.
    """

    finest: float = 0.4  # a printer's or screen's pixel is not smaller
    shapes: bool = True
    svg_files: bool = True
    tolerance: float = 0.0

    @classmethod
    def of_page(cls, figures: int, curves: int) -> Detail:
        """Less detail for more curves and figures, so that a page stays below 2 MB."""
        return cls(0.4 * max(1.0, curves / 30), figures <= 8, figures <= 8, 0.15 if curves > 30 else 0.0)


@dataclass(frozen=True)
class Download:
    """A file inside the page: its name and the ``data:`` address that holds it."""

    label: str
    filename: str
    address: str


@dataclass(frozen=True)
class FigureView:
    """A figure in two widths, its caption (finding first, then setting) and its files."""

    number: int
    wide: Markup
    narrow: Markup
    finding: str
    setting: str
    downloads: tuple[Download, ...]


@dataclass(frozen=True)
class TableView:
    """A table, its caption and its files.

    Per row: ``marks`` has the numbers of the notes that concern it, ``samples`` the look of its curve, if it has one.
    """

    number: int
    table: ResultTable
    caption: str
    marks: tuple[str, ...]
    samples: tuple[Look | None, ...]
    downloads: tuple[Download, ...]


@dataclass(frozen=True)
class PlainView:
    """A table of ready texts, its name in anchors, its label and caption, and its files."""

    name: str
    label: str
    table: PlainTable
    caption: str
    downloads: tuple[Download, ...]


@dataclass(frozen=True)
class SectionView:
    """One section: figure (if anything finished), tables, and notes that must stand beside them."""

    anchor: str
    title: str
    text: str
    figure: FigureView | None
    table: TableView | None
    notes: tuple[str, ...]
    searches: tuple[str, ...]
    costs: PlainView | None = None


def section_view(
    section: Section, found: Sequence[Result], *, figure_number: int, number: int, detail: Detail
) -> SectionView:
    """Everything of section ``number`` (from 1): runs chosen from ``found``, drawn, tabulated and described.

    A baseline that did not finish is a note; ``ValueError`` for one that is several runs.
    """
    chosen = section.chosen(found)
    anchor = f"section-{number}"
    title = labels.printable(section.title)
    if not chosen:
        empty = "No run matches this section."
        return SectionView(anchor, title, section.text, None, None, (empty,), ())
    notes = tuple(dict.fromkeys(labels.sentence(note) for result in chosen for note in result.notes))
    figure = _figure(section, chosen, figure_number, detail) if finished(chosen) else None
    baseline = select(chosen, section.baseline) if section.baseline is not None else []
    if len(finished(baseline)) > 1:
        raise ValueError(
            f"section {section.title!r}, baseline: expected exactly one finished run, got {len(finished(baseline))}"
        )
    if section.baseline is not None and not finished(baseline):
        notes = (*notes, "The run that this table would compare with is missing.")
    table = result_table(chosen, sizes=section.sizes, baseline=finished(baseline), gain_sizes=section.gain_sizes)
    view = _table(table, chosen, notes, number)
    gaps = tuple(findings.search_gaps(chosen))
    spent = costs.cost_table(chosen, found)
    spent_view = plain_view(spent, f"{number}b", costs.EXPLANATION) if spent is not None else None
    return SectionView(anchor, title, section.text, figure, view, notes, gaps, spent_view)


def plain_view(table: PlainTable, name: str, caption: str) -> PlainView:
    """A table of ready texts with its files."""
    latex = plain.to_latex(table, caption=textwrap.shorten(caption, 300))
    label = f"Table {name}" if name[0].isdigit() else "Table"
    return PlainView(name, label, table, caption, _files(f"table-{name}", plain.to_csv(table), latex))


def _files(name: str, csv: str, latex: str) -> tuple[Download, ...]:
    return (
        Download("CSV", f"{name}.csv", data_address(csv.encode(), "text/csv;charset=utf-8")),
        Download("LaTeX", f"{name}.tex", data_address(latex.encode(), "application/x-tex;charset=utf-8")),
    )


def alternative(found: Sequence[Result]) -> str:
    """What the figure shows, in words: the axes, and every curve at both of its ends."""
    done = finished(found)
    digits = labels.decimals(done)
    largest = max(last_size(result) for result in done)
    said = [
        f"{label} falls from {labels.percent(accuracy_at(result, 0), digits)} % to "
        f"{labels.percent(accuracy_at(result, last_size(result)), digits)} % at {labels.count(last_size(result))}"
        for result, label in zip(done, labels.short(done), strict=True)
    ]
    return (
        f"Line chart of certified accuracy in percent against 0 to {labels.count(largest)} poisoned training "
        f"examples, {len(done)} curve{'s' if len(done) != 1 else ''}: {'; '.join(said)}."
    )


def setting(found: Sequence[Result]) -> str:
    """What the figure's runs have in common: certified accuracy of what, on which data, under which attack."""
    done = finished(found)
    algos = list(dict.fromkeys(labels.method_name(result) for result in done))
    parts = ["Certified accuracy", f"of {labels.listed(algos)}"]
    names = list(dict.fromkeys(labels.dataset_name(result.data) for result in done))
    sizes = []
    tested = "validation" if all(result.holdout is not None for result in done) else "test"
    for column, kind in (("n_train", "training"), ("n_test", tested)):
        value = common(done, column)
        if value is not None:
            sizes.append(f"{labels.count(value)} {kind}")
    features = list(dict.fromkeys(labels.feature_name(result.feature) for result in done if result.feature))
    details = [f"{' and '.join(features)} features"] if features else []
    details += [f"{' and '.join(sizes)} {done[0].noun}"] if sizes else []
    parts.append(f"on {' and '.join(names)}" + (f" ({'; '.join(details)})" if details else ""))
    attacks = list(dict.fromkeys(labels.attack_name(result.attack) for result in done))
    parts.append(f"under {' and '.join(attacks)}.")
    text = " ".join(parts) + "".join(f" {said}" for said in _said_of_ensembles(done))
    text += " Each curve is a lower bound; color says the algorithm, line style the certificate."
    if any(_has_band(result) for result in done):
        text += " The shaded band above a budget curve is what its bound leaves open."
    for name, confidence in dict.fromkeys((labels.method_name(x), labels.confidence(x)) for x in done):
        if confidence:
            text += f" The certificate of {name} is probabilistic: it holds with confidence {confidence}."
    missing = len(found) - len(done)
    if missing:
        text += (
            f" {missing} run{'s' if missing > 1 else ''} of this setting {'have' if missing > 1 else 'has'} no curve."
        )
    return text


def _said_of_ensembles(done: Sequence[Result]) -> list[str]:
    """What the attacker may do where that is not everything, and what ensembles are made of."""
    said = []
    changes = {result.change for result in done}
    if changes == {"insert"}:
        said.append("The attacker may only add: e counts added examples.")
    if changes == {"delete"}:
        said.append("The attacker may only remove: e counts removed examples.")
    if len(changes) > 1:
        said.append(
            "Where a label says insertions or removals only, the attacker may do nothing else, and e counts these."
        )
    learners = dict.fromkeys(labels.learner_name(result.learner) for result in done if result.learner)
    if len(learners) == 1:
        said.append(f"Base classifier of every ensemble: {next(iter(learners))}.")
    return said


def _has_band(result: Result) -> bool:
    """Whether the two sides of a certificate's search differ anywhere, so that a band is seen between them."""
    curve = result.curve
    return curve is not None and curve.attained is not None and bool((curve.attained - curve.certified > EQUAL).any())


def data_address(content: bytes, kind: str) -> str:
    """A file as a ``data:`` address."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def _figure(section: Section, chosen: Sequence[Result], number: int, detail: Detail) -> FigureView:
    done = finished(chosen)
    finest = Layout.finest if detail.tolerance else detail.finest
    layouts = (replace(layout, finest=finest, tolerance=detail.tolerance) for layout in (PAGE, COLUMN))
    wide, narrow = (ca_figure(chosen, layout=layout) for layout in layouts)
    texts = {"title": f"Figure {number}: {labels.printable(section.title)}", "description": alternative(chosen)}
    hints = {f"curve-{j}": label for j, label in enumerate(labels.short(done))}
    digits = labels.decimals(done)
    for j, result in enumerate(done):
        size = telling_size([result], [last_size(result)])
        value = labels.percent(accuracy_at(result, size), digits)
        hints[f"curve-{j}"] += f": at least {value} % at e = {labels.count(size)}"
    files = [Download("PDF", f"figure-{number}.pdf", _pdf_address(narrow, texts["title"]))]
    if detail.svg_files:
        paper_svg = data_address(vector.svg(narrow, shapes=detail.shapes).encode(), "image/svg+xml")
        files.insert(0, Download("SVG", f"figure-{number}.svg", paper_svg))
    return FigureView(
        number,
        Markup(vector.page_svg(wide, prefix=f"f{number}w-", hints=hints, **texts)),
        Markup(vector.page_svg(narrow, prefix=f"f{number}n-", hints=hints, **texts)),
        labels.printable(section.caption) or findings.headline(chosen, name_data=False),
        setting(chosen),
        tuple(files),
    )


def _pdf_address(figure: Figure, title: str) -> str:
    return data_address(vector.pdf(figure, title=title), "application/pdf")


def _table(table: ResultTable, chosen: Sequence[Result], notes: Sequence[str], number: int) -> TableView:
    caption = f"Certified accuracy in percent at poisoning size e; {table_explanation(table)}"
    marks = tuple(", ".join(str(1 + notes.index(labels.sentence(note))) for note in result.notes) for result in chosen)
    drawn = iter(looks(finished(chosen)))
    samples = tuple(next(drawn) if result.curve is not None else None for result in chosen)
    source = textwrap.shorten(f"{setting(chosen).split('.')[0]}.", 300) if finished(chosen) else caption
    return TableView(
        number,
        table,
        caption,
        marks,
        samples,
        _files(f"table-{number}", to_csv(table), to_latex(table, caption=source)),
    )


def table_explanation(table: ResultTable) -> str:
    """How to read the table: which numbers are bold, what gains are relative to, how numbers are rounded."""
    text = "the best of each column is bold. Bounds are rounded down."
    if table.baseline:
        sizes = labels.listed([labels.count(e) for e in table.gain_sizes])
        name = table.baseline.removesuffix(".")
        text += f" Gain: points above {'the ' if name == 'individual certificate' else ''}{name} at e = {sizes}"
        done = finished([row.result for row in table.rows])
        (size, *more) = table.gain_sizes
        chosen = not more and not table.gain_sizes_named and size in table.sizes[:-1]
        if chosen and tells(done, size):
            text += ", the largest size here at which a fifth of the accuracy without an attack is still guaranteed"
        text += "."
    if not any(row.cells for row in table.rows):
        return "no run of this setting has finished."
    return text
