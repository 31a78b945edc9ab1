"""Say what a command would do before it does it: which jobs are done, which would run, and what they would cost."""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from certvote import job, stages
from certvote.options import settings as options
from certvote.options.identity import code_digest, fingerprint
from certvote.results.estimates import Estimate, Estimator
from certvote.results.process import PROCESS, died

if TYPE_CHECKING:
    from certvote.options.settings import Settings, Tracking
    from certvote.planning.combinations import Combination
    from certvote.results.run import Run
    from certvote.types import Split

FORMAT = 1  # raise it when a field of the JSON form is renamed or removed

_WORDS = {
    "done": "done",
    "run": "to run",
    "running": "running",
    "refused": "refused",
    "undefined": "undefined",
    "repeated": "repeated",
}


@dataclass(frozen=True)
class Entry:
    """Say what would become of one combination.

    Attributes
    ----------
    overrides : tuple of str
        Its options on the command line.
    name : str
        The name that its run would have.
    state : str
        ``done`` (the database has it), ``run``, ``running`` (another process is at it), ``refused`` (an option does not
        fit the data: it would fail), ``undefined`` (no certificate is defined) or ``repeated`` (an earlier one equals
        it).
    run : str or None
        Id of the run that did it, or is at it.
    repeats : int or None
        Place of the earlier combination that it is equal to.
    reason : str
        Why it is in this state, "" where that needs no words.
    estimate : Estimate or None
        What similar runs took, for jobs that would run.
    """

    overrides: tuple[str, ...]
    name: str
    state: str
    run: str | None = None
    repeats: int | None = None
    reason: str = ""
    estimate: Estimate | None = None


def plan(combinations: Sequence[Combination], tracking: Tracking) -> list[Entry]:
    """Return what would become of each combination; nothing is started or written.

    Parameters
    ----------
    combinations : sequence of Combination
        The combinations of a sweep, or one job alone.
    tracking : Tracking
        The results database; it may be absent.
    """
    look = _Look(tracking)
    entries = []
    for one in combinations:
        overrides = tuple(text for text in one.overrides if not text.startswith("plan="))
        found: dict[str, Any] = {}
        if one.undefined is not None:
            found = {"state": "undefined", "reason": str(one.undefined)}
        elif one.repeats is not None:
            found = {"state": "repeated", "repeats": one.repeats}
        else:
            found = look.up(one.settings)
        entries.append(Entry(overrides, job.describe(one.settings), **found))
    return entries


class _Look:
    """Look jobs up in the database; what several of them share is read once."""

    def __init__(self, tracking: Tracking) -> None:
        runs = _runs(tracking)
        self._of_fingerprint: dict[str, Run] = {}  # the newest that finished, or else one at work
        for run in runs:  # oldest first
            known = self._of_fingerprint.get(run.identity)
            at_work = run.status == "RUNNING" and not died(run.tags.get(PROCESS))
            if run.status == "FINISHED" or (at_work and known is None):
                self._of_fingerprint[run.identity] = run
        self._estimator = Estimator(runs)
        self._splits: dict[str, Split | Exception] = {}
        self._sources: dict[str, dict[str, str]] = {}
        self._code = functools.cache(lambda modules: code_digest(modules))

    def up(self, settings: Settings) -> dict[str, Any]:
        """Return what would become of a job, as fields of its entry."""
        split = self._split(settings)
        if isinstance(split, OSError):
            return {"state": "run", "reason": "its data is not at hand, so it is not known whether it is done"}
        try:
            if isinstance(split, Exception):
                raise split
            stages.check(settings, split)
            sources = self._sources_of(settings, split)
        except (ValueError, OSError) as error:
            return {"state": "refused", "reason": next(iter(str(error).splitlines()), type(error).__name__)}
        identity = options.effective(settings) | sources
        mine = fingerprint(identity, split.digest, self._code(tuple(job.code_modules(settings))))
        found = self._of_fingerprint.get(mine)
        if found is not None and found.status == "RUNNING":
            return {"state": "running", "run": found.id}
        if found is not None and not settings.rerun:
            return {"state": "done", "run": found.id}
        again = "" if found is None else f"again, as rerun=true; run {found.id} did it"
        return {"state": "run", "reason": again, "estimate": self._estimator.estimate(settings, split)}

    def _split(self, settings: Settings) -> Split | Exception:
        """Return the data without downloading any, or why it cannot be read."""
        key = _text(settings.dataset.name, asdict(settings.dataset), settings.attack.name, asdict(settings.attack))
        if key not in self._splits:
            try:
                self._splits[key] = stages.load_split(settings, download=False)
            except (ValueError, OSError) as error:
                self._splits[key] = error
        return self._splits[key]

    def _sources_of(self, settings: Settings, split: Split) -> dict[str, str]:
        key = _text(split.digest, settings.feature.name, asdict(settings.feature), settings.groups)
        if key not in self._sources:
            self._sources[key] = job.sources_of(settings, split)
        return self._sources[key]


def _runs(tracking: Tracking) -> list[Run]:
    """Return the jobs of a database, oldest first; none where there is no database or experiment yet."""
    from certvote.results import lookup
    from certvote.results.location import Location

    location = Location.of(tracking.uri)
    if location.uri.startswith("sqlite:///") and not Path(location.uri.removeprefix("sqlite:///")).is_file():
        return []
    if tracking.experiment not in lookup.experiments(tracking.uri):
        return []
    return lookup.existing(tracking.uri, tracking.experiment).read_runs(curves=False)


def _text(*values: Any) -> str:
    return json.dumps(values, sort_keys=True, default=str)


# --- how it is shown -------------------------------------------------------------------------------------------------


def show(entries: Sequence[Entry], *, as_json: bool) -> None:
    """Write a plan to standard output, as text or as JSON."""
    text = json.dumps(as_data(entries), indent=1) if as_json else "\n".join(_lines(entries))
    sys.stdout.write(text + "\n")


def as_data(entries: Sequence[Entry]) -> dict[str, Any]:
    """Return a plan in values that JSON has."""
    return {"format": FORMAT, "jobs": [asdict(entry) for entry in entries], "total": _total(entries)}


def _total(entries: Sequence[Entry]) -> dict[str, Any]:
    """Return how many jobs there are in each state, and what those that would run take together."""
    estimates = [entry.estimate for entry in entries if entry.state == "run" and entry.estimate is not None]
    memory = [one.memory_mb for one in estimates if one.memory_mb is not None]
    return {
        **{state: sum(entry.state == state for entry in entries) for state in _WORDS},
        "estimated": len(estimates),
        "seconds": sum(one.seconds for one in estimates),
        "memory_mb": max(memory, default=None),
    }


def _lines(entries: Sequence[Entry]) -> Iterator[str]:
    """Yield a line per combination, and one about all of them."""
    state = max(len(_WORDS[entry.state]) for entry in entries)
    names = _names(entries)
    width = max(map(len, names))
    for entry, name in zip(entries, names, strict=True):
        remark = f"the same as {names[entry.repeats]}" if entry.repeats is not None else _remark(entry)
        yield f"{_WORDS[entry.state]:{state}}  {name:{width}}  {remark}".rstrip()
    total = _total(entries)
    counts = ", ".join(f"{total[name]} {word}" for name, word in _WORDS.items() if total[name])
    yield f"{len(entries)} combination{'' if len(entries) == 1 else 's'}: {counts}"
    if total["run"]:
        costs = f"{_duration(total['seconds'])} one after the other" if total["estimated"] else "no estimate"
        memory = "" if total["memory_mb"] is None else f", at most {total['memory_mb']:,.0f} MB"
        missing = total["run"] - total["estimated"]
        without = f"; no estimate for {missing}" if missing and total["estimated"] else ""
        yield f"to run: {costs}{memory}{without}"


def _names(entries: Sequence[Entry]) -> list[str]:
    """Return the options in which entries differ, or the name of the only one."""
    if len(entries) == 1:
        return [entries[0].name]
    shared = set.intersection(*(set(entry.overrides) for entry in entries))
    return [" ".join(text for text in entry.overrides if text not in shared) or entry.name for entry in entries]


def _remark(entry: Entry) -> str:
    """Return what there is to say about an entry beside its state."""
    parts = [f"run {entry.run}"] if entry.run else []
    parts += [entry.reason] if entry.reason else []
    if entry.state == "run":
        parts.append(_costs(entry.estimate))
    return "; ".join(parts)


def _costs(estimate: Estimate | None) -> str:
    if estimate is None:
        return "no estimate"
    memory = "" if estimate.memory_mb is None else f", at most {estimate.memory_mb:,.0f} MB"
    similar = f"{estimate.runs} similar run{'' if estimate.runs == 1 else 's'}"
    spread = "" if estimate.runs == 1 else f": {estimate.least_seconds:.1f} to {estimate.most_seconds:.1f} s"
    return f"about {_duration(estimate.seconds)}{memory} ({similar}{spread})"


def _duration(seconds: float) -> str:
    """Return a duration for a person: 4.2 s, 3 min 20 s, 5 h 10 min."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
