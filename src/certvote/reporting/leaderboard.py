"""Render a leaderboard: the entries of every setting, ranked, on one self-contained page."""

from __future__ import annotations

import itertools
import math
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from certvote.reporting import labels, templates
from certvote.reporting.accuracy import attacked_at
from certvote.reporting.claims import Claim
from certvote.reporting.limits import limits
from certvote.reporting.provenance import period, provenance
from certvote.reporting.query import prepare
from certvote.reporting.sections import SectionView
from certvote.reporting.standings import Entry, Setting, standings
from certvote.reporting.tables import Cell, Column, Row, Table, csv_text
from certvote.reporting.views import table_view
from certvote.reporting.wording import count, counted, percent, printable, sentence
from certvote.results.check import Check
from certvote.results.lookup import DEFAULT_EXPERIMENT, DEFAULT_URI
from certvote.results.run import Run, finished
from certvote.runtime.files import write_whole

TITLE = "Certified robustness leaderboard"
QUESTION = "Which classifier is proven to stay most accurate when an attacker changes e training examples?"
GROUP, MEAN, ATTACKED = "certified accuracy (%) at e =", "mean (%)", "attacked (%)"

_PASSWORD = re.compile(r"(?<=://)([^/@:]*):[^/@]*(?=@)")


@dataclass(frozen=True)
class EntryView:
    """Hold what stands below the table about one entry: its anchor, title and lines with commands.

    ``command`` computes the run, ``audit`` says whether it was recomputed, ``check`` is the command that does so, and
    ``attack`` says what an attack that was carried out has left; each is "" for a claim, or where there is none.
    """

    anchor: str
    title: str
    entry: Entry
    database: str = ""
    command: str = ""
    audit: str = ""
    check: str = ""
    attack: str = ""


@dataclass(frozen=True)
class BoardView(SectionView):
    """Hold one setting: its table, and what stands below about each entry."""

    entries: tuple[EntryView, ...] = ()


def leaderboard_html(
    runs: Sequence[Run],
    claims: Sequence[Claim] = (),
    *,
    title: str | None = None,
    sizes: Sequence[int] | None = None,
    audits: Mapping[str, Sequence[Check]] | None = None,
    databases: Mapping[str, str] | None = None,
    experiment: str = DEFAULT_EXPERIMENT,
    command: str = "",
) -> str:
    """Return a leaderboard as HTML; the same runs and claims give the same text.

    Parameters
    ----------
    runs : sequence of Run
        Runs of any results databases; those without a curve are named, not ranked.
    claims : sequence of Claim
        Claims of publications.
    title : str or None
        Title of the page.
    sizes : sequence of int or None
        Poisoning sizes to show; ``None``: round ones of each setting.
    audits : mapping or None
        Audits by the ids of their runs; a run without one is "not audited".
    databases : mapping or None
        Where each run was read from, by its id; ``None``: mlruns.
    experiment : str
        MLflow experiment of the runs.
    command : str
        What renders the page.

    Raises
    ------
    ValueError
        If there is nothing to show, or a size is negative.
    """
    if sizes is not None and min(sizes, default=-1) < 0:
        raise ValueError(f"option --sizes: expected poisoning sizes >= 0, got {', '.join(map(str, sizes)) or 'none'}")
    found = prepare(runs)
    done = [replace(run, url=without_password(run.url or "")) for run in finished(found)]
    if not done and not claims:
        raise ValueError("expected at least one finished run or one claim, got none")
    settings = standings(done, claims, sizes=sizes, audits=audits)
    where = {run.id: (databases or {}).get(run.id, DEFAULT_URI) for run in done}
    views = [_board(setting, number, where, experiment) for number, setting in enumerate(settings, start=1)]
    return templates.page(
        "leaderboard.html",
        title=printable(title or TITLE),
        question=QUESTION,
        summary=_summary(done, claims),
        abstract=[
            templates.sentence("leader", setting=x, best=x.entries[0]) for x in settings if x.runs and x.ranks[0]
        ],
        warnings=_missing(found),
        sections=views,
        limits=limits(done),
        command=without_password(command),
        audits=bool(audits),
        claims=bool(claims),
        **{**provenance(runs, done, ()), "run_commands": []},  # each command stands with its entry
    )


def write_leaderboard(html: str, file: Path) -> Path:
    """Write the page and return its path; a page that is there is replaced at once or not at all."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        return write_whole(file, html.encode())
    except OSError as error:
        raise OSError(f"option -o: cannot write {file}: {error.strerror or error}") from error


# --- one setting -----------------------------------------------------------------------------------------------------


def board_table(setting: Setting, anchors: Sequence[str]) -> Table:
    """Tabulate a setting, an entry a row that leads to its anchor; the highest of the runs in each column is marked.

    Its CSV file has full precision, as shares of the test set, and says what is a claim.
    """
    attacked = _attacked(setting)
    shown = [[*map(entry.at, setting.sizes), entry.mean(setting.last)] for entry in setting.entries]
    measured = [x.run is not None and not x.refuted for x in setting.entries]
    best = [max(map(_number, column)) for column in zip(*itertools.compress(shown, measured), strict=True)]
    rows = []
    for entry, rank, texts, ours, anchor in zip(setting.entries, setting.ranks, shown, measured, anchors, strict=True):
        bold = [ours and _number(text) == top > 0 for text, top in zip(texts, best or [0.0] * len(texts), strict=True)]
        cells = [Cell("–" if rank is None else str(rank)), *map(Cell, texts, bold)]
        cells += [Cell(_left(entry, setting.last))] if attacked else []
        cells.append(Cell(audit_state(entry)))
        kind = "claim" if entry.claim else "refuted" if entry.refuted else ""
        rows.append(Row(Cell(entry.name, remark=_remark(entry), leads_to=anchor), tuple(cells), kind))
    columns = [Column("entry", numeric=False), Column("rank"), *(Column(count(e), GROUP) for e in setting.sizes)]
    columns.append(Column(f"e\N{NO-BREAK SPACE}≤\N{NO-BREAK SPACE}{count(setting.last)}", MEAN, kind="mean"))
    columns += [Column(f"e = {count(setting.last)}", ATTACKED)] if attacked else []
    columns.append(Column("audit", numeric=False))
    return Table(tuple(columns), tuple(rows), tuple(_records(setting)))


def audit_state(entry: Entry) -> str:
    """Say whether a row was recomputed: only an audit of this rendering knows it."""
    if entry.run is None:
        return "a claim"
    if entry.checks is None:
        return "not audited"
    return "does not hold" if entry.refuted else "recomputed"


def audit_text(checks: Sequence[Check] | None) -> str:
    """Say what an audit found."""
    if checks is None:
        return "Not audited when this page was rendered. This recomputes its curve and compares:"
    failed = [check.statement + (f" ({check.detail})" if check.detail else "") for check in checks if not check.holds]
    if failed:
        return f"THE RECORD DOES NOT HOLD, and has no rank. It failed: {'; '.join(failed)}."
    left = [check.statement for check in checks if not check.checked]
    more = f" Not checked: {'; '.join(left)}." if left else ""
    held = counted(len(checks) - len(left), "statement")
    return f"Recomputed when this page was rendered: {held} held.{more} This repeats it:"


def _board(setting: Setting, number: int, where: Mapping[str, str], experiment: str) -> BoardView:
    anchors = [f"entry-{number}-{place}" for place in range(1, len(setting.entries) + 1)]
    caption = templates.sentence("standings", last=setting.last, claims=any(x.claim for x in setting.entries))
    table = table_view(board_table(setting, anchors), str(number), caption, kind="results board", source=setting.title)
    entries = []
    for entry, rank, anchor in zip(setting.entries, setting.ranks, anchors, strict=True):
        title = f"{rank}. {entry.name}" if rank else entry.name
        title += f" ({entry.detail})" if entry.detail else ""
        if entry.run is None:
            entries.append(EntryView(anchor, title, entry))
            continue
        database = without_password(where[entry.run.id])
        check = audit_command(entry.run.id, database, experiment)
        command, attack = without_password(entry.run.tag("command")), _attack(entry.run, entry.digits)
        entries.append(EntryView(anchor, title, entry, database, command, audit_text(entry.checks), check, attack))
    text = f"{setting.details}."
    return BoardView(f"section-{number}", setting.title, text, tables=(table,), entries=tuple(entries))


def audit_command(run: str, uri: str, experiment: str) -> str:
    """Return ``python -m certvote audit …``, quoted for a shell; of the database only what is not the default."""
    words = ["python", "-m", "certvote", "audit", run]
    words += [] if uri == DEFAULT_URI else ["--uri", uri]
    words += [] if experiment == DEFAULT_EXPERIMENT else ["--experiment", experiment]
    return printable(shlex.join(words))


def without_password(uri: str) -> str:
    """Return a line with addresses without their passwords: pages are shown to others."""
    return _PASSWORD.sub(r"\1", printable(uri))


def _attacked(setting: Setting) -> bool:
    return any(run.attacked is not None for run in setting.runs)


def _left(entry: Entry, size: int) -> str:
    left = math.nan if entry.run is None else attacked_at(entry.run, size)
    return percent(left, entry.digits, up=True)


def _attack(run: Run, digits: int) -> str:
    """Say what the largest attack that was carried out on a run's training set has left."""
    if run.attacked is None:
        return ""
    size = int(run.attacked.sizes[-1])
    left = percent(run.attacked.at(size), digits, up=True)
    certified = run.curve.certified_at(size) if run.curve is not None else math.nan
    attack = labels.name(run, "adversary").capitalize()
    return templates.sentence("attack_left", size=size, left=left, certified=percent(certified, digits), attack=attack)


def _number(text: str) -> float:
    return -math.inf if text == "–" else float(text)


def _remark(entry: Entry) -> str:
    """Say what stands below a name: who claims it, what tells it from others, the confidence of its certificate."""
    if entry.claim is not None:
        sure = ", probabilistic" if entry.claim.probabilistic else ""
        return f"claim of {printable(entry.claim.source)}, not measured here{sure}"
    said = labels.confidence(entry.run) if entry.run is not None else ""
    return ", ".join(filter(None, [entry.detail, f"with confidence {said}" if said else ""]))


def _records(setting: Setting) -> list[tuple[str, ...]]:
    """Return the rows of the CSV file, in full precision."""
    numbers = *(f"CA_{e}" for e in setting.sizes), f"mean_0_{setting.last}"
    rows = [("entry", "kind", "rank", *numbers, "audit", "run", "url")]
    for entry, rank in zip(setting.entries, setting.ranks, strict=True):
        values = [*map(entry.curve.certified_at, setting.sizes), entry.area(setting.last)]
        kind, link = ("claim", entry.claim.url) if entry.claim else ("run", "")
        texts = ["" if math.isnan(value) else repr(float(value)) for value in values]
        run = "" if entry.run is None else entry.run.id
        row = (
            csv_text(", ".join(filter(None, [entry.name, entry.detail]))),
            kind,
            "" if rank is None else str(rank),
            *texts,
            audit_state(entry),
            run,
            link,
        )
        rows.append(row)
    return rows


# --- the page --------------------------------------------------------------------------------------------------------


def _summary(done: Sequence[Run], claims: Sequence[Claim]) -> str:
    text = f"{counted(len(done), 'run')}, {counted(len(claims), 'claim')} of publications"
    return " · ".join(filter(None, [text, period(done)]))


def _missing(found: Sequence[Run]) -> list[str]:
    """Return a note on each run that has no curve to rank."""
    return [
        sentence(f"no curve of {labels.full(run)} on {labels.data_name(run)}, run {run.id[:8]}: {labels.problem(run)}")
        for run in found
        if not finished([run])
    ]
