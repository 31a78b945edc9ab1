"""Define a page from the runs alone, without crowded figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from certvote.options import columns
from certvote.reporting import labels
from certvote.reporting.page import QUESTION, UNTITLED, Page, Section
from certvote.reporting.query import select
from certvote.results.run import Run
from certvote.results.seeds import by_seed

CROWDED = 9  # curves that one figure can show and still be read


def default_page(runs: Sequence[Run], *, title: str | None = None) -> Page:
    """Return a page with one section per data set and attack; where that would be crowded, the best curves and all.

    The overview has the best run of every algorithm and certificate; the details are split by algorithm, and by
    certificate where even that is too much. Runs that differ in a seed alone count as one curve.
    """
    runs, sections = by_seed(runs), list[Section]()
    held_out = len({run.holdout for run in runs}) > 1
    first = {(run.data, run.holdout, run.attack): run for run in reversed(runs)}
    for data, holdout, attack in dict.fromkeys((run.data, run.holdout, run.attack) for run in runs):
        name = labels.setting_name(first[data, holdout, attack])
        name += " (validation part)" if holdout is not None else ""
        where = {"data": data, "attack": attack} | ({"holdout": holdout} if held_out else {})
        inside = select(runs, where)
        if len(inside) <= CROWDED:
            sections.append(Section(name, where))
            continue
        if len({(x.method, x.certificate, x.change) for x in inside}) < len(inside):
            text = "For each algorithm and certificate, the run with the largest area under its curve."
            sections.append(Section(name, where, text=text, best_per=("method", "certificate", "change")))
        sections += _details(inside, where, name)
    made = ", ".join(dict.fromkeys(map(labels.data_name, runs)))
    heading = title or (f"{UNTITLED} on {made}" if made else UNTITLED)
    return Page(heading, QUESTION, tuple(sections), over=columns.seeds())


def _details(inside: Sequence[Run], where: Mapping[str, Any], name: str) -> list[Section]:
    sections = []
    for method in dict.fromkeys(run.method for run in inside):
        mine = [run for run in inside if run.method == method]
        title = f"{name}: {labels.name(mine[0], 'algo')}"
        certificates = {run.certificate: run for run in reversed(mine)}
        if len(mine) <= CROWDED or len(certificates) == 1:
            sections.append(Section(title, {**where, "method": method}))
            continue
        for certificate in dict.fromkeys(run.certificate for run in mine):
            one = f"{title}, {labels.name(certificates[certificate], 'certificate')}"
            sections.append(Section(one, {**where, "method": method, "certificate": certificate}))
    return sections
