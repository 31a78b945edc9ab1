"""Tabulate certified accuracy at round sizes, with the best of each column and the gains over a baseline."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from certvote.reporting import labels
from certvote.reporting.accuracy import (
    accuracy_at,
    attacked_at,
    attained_at,
    deviation_at,
    highest_at,
    individual_of,
    last_size,
    searched_further,
    shown_at,
    telling_size,
)
from certvote.reporting.line_styles import line_styles
from certvote.reporting.tables import Cell, Column, Row, Table, csv_text
from certvote.reporting.wording import count, percent, sentence, signed
from certvote.results.headline import round_sizes
from certvote.results.run import Run, finished

GROUP, GAIN = "certified accuracy (%) at e =", "gain (points)"


@dataclass(frozen=True)
class AccuracyTable:
    """Hold certified accuracies in percent at sizes, and what gains are relative to.

    Attributes
    ----------
    table : Table
        One row per run, and where a search left something open one for its other side.
    sizes, gain_sizes : tuple of int
        Poisoning sizes of the columns. Unless named, gains are those at the largest size at which the bounds still say
        something, or where they do at none of them, the largest size at all.
    baseline : str
        Name of what gains are relative to, "" for none.
    named : bool
        Whether the sizes of gains were named.
    """

    table: Table
    sizes: tuple[int, ...]
    gain_sizes: tuple[int, ...] = ()
    baseline: str = ""
    named: bool = False


def accuracy_table(
    runs: Sequence[Run],
    *,
    sizes: Sequence[int] | None = None,
    baseline: Sequence[Run] = (),
    gain_sizes: Sequence[int] | None = None,
    notes: Sequence[str] | None = None,
) -> AccuracyTable:
    """Tabulate runs, unfinished ones with their problem, the best lower bound of each column marked.

    Bounds are rounded down and ties are decided as shown; 0 is no best, and beyond a curve's end there is no value.

    Parameters
    ----------
    runs : sequence of Run
        Runs that ``query.prepare`` returned.
    sizes : sequence of int or None
        Poisoning sizes; ``None``: round ones up to the largest.
    baseline : sequence of Run
        One run that gains are relative to; without it, every run is compared with the individual certificate of the
        same classifier, where that is among ``runs``.
    gain_sizes : sequence of int or None
        Poisoning sizes of the gains.
    notes : sequence of str or None
        The notes of all runs as sentences beside the table, for rows to refer to by their numbers.

    Raises
    ------
    ValueError
        If there are no sizes, or negative ones.
    """
    digits, done = labels.decimals(runs), finished(runs)
    chosen = _checked(round_sizes(max(map(last_size, done), default=0)) if sizes is None else sizes)
    gained = tuple(sorted(set(gain_sizes))) if gain_sizes else (telling_size(done, chosen) if done else 0,)
    bases = {run.id: baseline[0] if baseline else individual_of(run, done) for run in done}
    compared = [base for id, base in bases.items() if base is not None and base.id != id]
    if not compared:
        gained, name = (), ""
    else:
        own = labels.name(compared[0], "certificate")
        name = labels.full(baseline[0]) if baseline else f"the {own} certificate"
    shown = {run.id: [percent(shown_at(run, e), digits) for e in chosen] for run in done}
    best = [max((float(row[j]) for row in shown.values() if row[j] != "–"), default=0.0) for j in range(len(chosen))]
    styles = dict(zip((run.id for run in done), line_styles(done), strict=True))
    places = {run.id: j for j, run in enumerate(done)}  # as figures count curves
    rows = []
    for run, label in zip(runs, labels.short(runs), strict=True):
        marks = ", ".join(str(1 + notes.index(sentence(note))) for note in run.notes) if notes else ""
        head = Cell(label, style=styles.get(run.id), marks=marks, remark=_confidence(run))
        if run.curve is None:
            rows.append(Row(head, problem=labels.problem(run)))
            continue
        spread = [_deviation(run, e, digits) for e in chosen]
        cells = [
            Cell(text + more, len(done) > 1 and text != "–" and float(text) == best[j] > 0)
            for j, (text, more) in enumerate(zip(shown[run.id], spread, strict=True))
        ]
        gains = [Cell(_gain(run, bases[run.id], e, digits)) for e in gained]
        rows.append(Row(head, (*cells, *gains), reads=f"curve-{places[run.id]}"))
        if searched_further(run, chosen):
            upper = [Cell(percent(attained_at(run, e), digits, up=True)) for e in chosen]
            aside = (*upper, *([Cell("")] * len(gained)))
            rows.append(Row(Cell("other side of its search"), aside, "aside", reads=f"band-{places[run.id]}"))
        if run.attacked is not None:
            left = [Cell(percent(attacked_at(run, e), digits, up=True)) for e in chosen]
            aside = (*left, *([Cell("")] * len(gained)))
            rows.append(Row(Cell("attack carried out"), aside, "aside", reads=f"attack-{places[run.id]}"))
    columns = [Column("curve", numeric=False, unseen=True), *(Column(count(e), GROUP) for e in chosen)]
    columns += [Column(f"at e = {count(e)}", GAIN, kind="gain") for e in gained]
    table = Table(tuple(columns), tuple(rows), tuple(_records(runs, chosen)))
    return AccuracyTable(table, chosen, gained, name, bool(gain_sizes))


def _checked(sizes: Sequence[int]) -> tuple[int, ...]:
    chosen = tuple(sorted(set(sizes)))
    if not chosen or chosen[0] < 0:
        raise ValueError(f"option sizes: expected poisoning sizes >= 0, got {', '.join(map(str, sizes)) or 'none'}")
    return chosen


def _confidence(run: Run) -> str:
    said = labels.confidence(run) if run.curve is not None else ""
    return f"with confidence {said}" if said else ""


def _gain(run: Run, base: Run | None, size: int, digits: int) -> str:
    if base is None or base.id == run.id:
        return "–"
    return signed(100 * (shown_at(run, size) - shown_at(base, size)), digits)


def _deviation(run: Run, size: int, digits: int) -> str:
    """Return the standard deviation over seeds in points, " ± 0.21", "" for a single run."""
    deviation = deviation_at(run, size)
    return "" if math.isnan(deviation) else f" ± {100 * deviation:.{digits}f}"


def _records(runs: Sequence[Run], sizes: Sequence[int]) -> list[tuple[str, ...]]:
    """Return the rows of the CSV file: one per run, in full precision, as shares of the test set."""
    searched = any(searched_further(run, sizes) for run in runs)
    numbers: dict[str, tuple[Callable[[Run, int], float], int]] = {f"CA_{e}": (shown_at, e) for e in sizes}
    if any(run.spread for run in runs):
        sides = {"lowest": accuracy_at, "highest": highest_at, "deviation": deviation_at}
        numbers |= {f"{name}_{e}": (side, e) for e in sizes for name, side in sides.items()}
    numbers |= {f"attained_{e}": (attained_at, e) for e in sizes} if searched else {}
    attacked = any(run.attacked is not None for run in runs)
    numbers |= {f"attacked_{e}": (attacked_at, e) for e in sizes} if attacked else {}
    found = []
    for run, label in zip(runs, labels.short(runs), strict=True):
        sure = run.confidence if run.probabilistic and run.curve is not None else None
        texts = {
            "label": label,
            "algorithm": labels.name(run, "algo"),
            "parameter": labels.parameters(run),
            "learner": labels.name(run, "learner"),
            "certificate": labels.name(run, "certificate"),
            "confidence": "" if sure is None else repr(sure),
            "dataset": run.data,
            "feature": run.feature,
            "attack": run.attack,
            "change": run.change,
            "status": run.status,
            "run": " ".join(run.spread.runs) if run.spread else run.id,
        }
        values = {name: read(run, e) for name, (read, e) in numbers.items()}
        cells = {name: "" if math.isnan(number) else repr(number) for name, number in values.items()}
        problem = "" if run.curve is not None else labels.problem(run)
        found.append({name: csv_text(text) for name, text in texts.items()} | cells | {"problem": csv_text(problem)})
    return [tuple(found[0]), *(tuple(record.values()) for record in found)] if found else []
