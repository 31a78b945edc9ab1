"""Choose runs of the results database: by experiment, sweep, tags and options, or by one word of a command line."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from certvote.options import columns
from certvote.results import lookup
from certvote.results.run import Run, last_words

if TYPE_CHECKING:
    from certvote.results.store import Store

OneOrMore = str | Sequence[str] | None

STATUSES = ("FINISHED", "FAILED", "KILLED", "RUNNING")

_PIECE = re.compile(r"(?:\[[^]]*\]|[^\s,])+")  # commas and spaces separate, but not inside of a list
_OPTION = re.compile(r"[A-Za-z_][\w.]*")
_FILTER = re.compile(r"[<>'\"`!]")  # no value has these; MLflow's filters do


def select(
    experiment: OneOrMore,
    uri: str | None,
    sweep: OneOrMore,
    tags: Mapping[str, Any] | None,
    options: Mapping[str, Any] | None,
    status: OneOrMore,
    repeated: bool,
) -> list[tuple[Store, Run]]:
    """Return the runs that pass every filter, oldest first, without curves, each with the store that has it.

    Parameters
    ----------
    experiment : str, sequence of str or None
        MLflow experiments; ``None``: certvote.
    uri : str or None
        Folder or MLflow tracking URI; ``None``: mlruns.
    sweep : str, sequence of str or None
        Names or ids of sweeps.
    tags, options : mapping or None
        Values wanted, each one value or a list of them.
    status : str, sequence of str or None
        Statuses wanted; ``None``: all.
    repeated : bool
        Whether to keep all runs with the same fingerprint instead of the last word on each job.

    Raises
    ------
    ValueError
        If an argument is wrong; the message names it.
    """
    wanted = _several("status", status)
    if wanted is not None and not set(wanted) <= set(STATUSES):
        raise ValueError(f"status: expected some of {', '.join(STATUSES)}, or None for all, got {status!r}")
    found = _of_sweeps(open_stores(experiment, uri), _several("sweep", sweep))
    columns.check_known("options", options or {}, [run.options for _, run in found])
    kept = [
        (store, run)
        for store, run in found
        if (wanted is None or run.status in wanted)
        and all(_among(run.tags.get(name), value) for name, value in (tags or {}).items())
        and run.has(options or {})
    ]
    return sorted(kept if repeated else _latest(kept), key=lambda pair: (pair[1].started, pair[1].id))


def named(text: str, *, uri: str, experiment: str, sweep: str | None = None) -> list[Run]:
    """Return the runs, with their curves, that one word of a command line names.

    Parameters
    ----------
    text : str
        A sweep's name or id, a run's id (or the beginning of one), options (``algo=knn,k=50,100``), an MLflow filter,
        or the name of another experiment of the database. A sweep comes with its parent run.
    uri, experiment : str
        The database, and the experiment in it.
    sweep : str or None
        Look for options, filters and runs within this sweep alone.

    Raises
    ------
    ValueError
        If nothing is found; the message says what there is.
    """
    store = lookup.existing(uri, experiment)
    inside = None if sweep is None else {run.id for _, run in _of_sweeps([store], [sweep])}
    found = _named(store, text, uri)
    if inside is not None:
        found = [run for run in found if run.id in inside]
    if not any(run.is_job for run in found):
        raise ValueError(f"expected at least one run, got none for {text!r}")
    return found


def _named(store: Store, text: str, uri: str) -> list[Run]:
    """Return the runs that a word names in an experiment, whatever their sweep."""
    options = parse(text)
    if options:
        found = store.read_runs(curves=False)
        columns.check_known("options", options, [run.options for run in found])
        return store.read_runs(run_ids=[run.id for run in found if run.has(options)])
    if re.search(r"[=<>'`]", text):
        return _filtered(store, text, "filter")
    parent, (run,) = lookup.sweep_id(store, text), lookup.run_ids(store, [text])
    if parent:
        return store.read_runs(sweep=parent)
    if run:
        return store.read_runs(run_ids=[run])
    if text in lookup.experiments(uri):
        return lookup.existing(uri, text).read_runs()
    there = ", ".join(dict.fromkeys(sweep.name for sweep in store.sweeps())) or "(none)"
    raise ValueError(
        f"expected a sweep or a run (name or id), options such as k=100, an MLflow filter or an experiment, "
        f"got {text!r}; there are the sweeps {there}"
    )


def chosen(
    *,
    uri: str,
    experiment: str,
    sweep: str | None = None,
    runs: Sequence[str] | None = None,
    filter: str | None = None,
) -> list[Run]:
    """Return the runs, with curves, that --sweep, --runs or --filter choose; by default those of the latest sweep.

    Parameters
    ----------
    uri, experiment : str
        The database, and the experiment in it.
    sweep : str or None
        Name or id of a sweep, which comes with its parent run.
    runs : sequence of str or None
        Ids of runs, or their beginnings.
    filter : str or None
        An MLflow filter.

    Raises
    ------
    ValueError
        If nothing is found, or an option is wrong; the message names it and what it was given.
    """
    store = lookup.existing(uri, experiment)
    if runs is not None:
        return store.read_runs(run_ids=run_ids(store, runs, "runs (--runs)"))
    if filter is not None:
        found, said = _filtered(store, filter, "filter (--filter)"), f"--filter {filter!r}"
    elif sweep is not None:
        found, said = store.read_runs(sweep=_sweep(store, sweep)), f"--sweep {sweep!r}"
    else:
        latest = store.latest_sweep()
        if latest is None:
            raise ValueError(f"expected a sweep in {uri} (--uri), got none; choose --runs or --filter")
        found, said = store.read_runs(sweep=latest), "the latest sweep; choose --sweep, --runs or --filter"
    if not any(run.is_job for run in found):
        raise ValueError(f"expected at least one run, got none for {said}")
    return found


def run_ids(store: Store, names: Sequence[str], argument: str) -> list[str]:
    """Return the ids of the jobs that ids, or beginnings of ids, name.

    Raises
    ------
    ValueError
        If there is no such job; the message names the argument.
    """
    try:
        ids = lookup.run_ids(store, names)
    except ValueError as error:
        raise ValueError(f"{argument}: {error}") from error
    for name, id in zip(names, ids, strict=True):
        if id is None:
            what = f"{name!r}, which is a sweep" if lookup.sweep_id(store, name) else repr(name)
            raise ValueError(
                f"{argument}: expected the id of a run of experiment {store.experiment!r}, or its first digits (6 or "
                f"more), got {what}"
            )
    return [id for id in dict.fromkeys(ids) if id is not None]


def parse(text: str) -> dict[str, list[str | None]]:
    """Parse options as on the command line (``algo=knn,k=50,100``); return none for any other text."""
    options: dict[str, list[str | None]] = {}
    name = ""
    for piece in _PIECE.findall(text):
        option, equals, value = piece.rpartition("=")
        if (equals and not _OPTION.fullmatch(option)) or not (option or name) or _FILTER.search(value):
            return {}
        name = option or name
        options.setdefault(name, []).append(None if value in ("null", "None") else value)
    return options


def open_stores(experiment: OneOrMore, uri: str | None) -> list[Store]:
    """Open the experiments of a database that are named, or the one that is used unless told otherwise."""
    names = _several("experiment", experiment) or [lookup.DEFAULT_EXPERIMENT]
    return [lookup.existing(uri or lookup.DEFAULT_URI, name) for name in dict.fromkeys(names)]


def _of_sweeps(stores: Sequence[Store], names: Sequence[str] | None) -> list[tuple[Store, Run]]:
    """Return the runs of sweeps, or of all experiments where no sweep is named, each with its store."""
    if names is None:
        return [(store, run) for store in stores for run in store.read_runs(curves=False)]
    found: dict[str, tuple[Store, Run]] = {}
    for name in names:
        ids = [(store, lookup.sweep_id(store, name)) for store in stores]
        if not any(sweep for _, sweep in ids):
            raise _no_sweep(stores, name)
        for store, sweep in ids:
            for run in store.read_runs(sweep=sweep, curves=False) if sweep else []:
                if run.is_job:
                    found[run.id] = store, run
    return list(found.values())


def _sweep(store: Store, name: str) -> str:
    """Return the id of a sweep, or raise ``ValueError``."""
    found = lookup.sweep_id(store, name)
    if found is None:
        raise _no_sweep([store], name)
    return found


def _no_sweep(stores: Sequence[Store], name: str) -> ValueError:
    """Make the error that there is no sweep of a name, with the names that there are."""
    there = list(dict.fromkeys(sweep.name for store in stores for sweep in store.sweeps()))
    return ValueError(f"sweep (--sweep): expected one of {', '.join(there) or '(none)'}, or an id, got {name!r}")


def _filtered(store: Store, filter: str, argument: str) -> list[Run]:
    """Return the runs that pass an MLflow filter; raise ``ValueError`` for what is none."""
    from certvote.results.location import TrackingError

    try:
        return store.read_runs(filter=filter)
    except TrackingError as error:
        if getattr(error.__cause__, "error_code", "") != "INVALID_PARAMETER_VALUE":
            raise
        reason = str(error.__cause__).splitlines()[0]
        raise ValueError(f"{argument}: expected an MLflow filter, got {filter!r}: {reason}") from error


def _latest(found: Sequence[tuple[Store, Run]]) -> list[tuple[Store, Run]]:
    """Keep of runs with the same fingerprint the last word on a job."""
    kept = {id(run) for run in last_words([run for _, run in found])}
    return [(store, run) for store, run in found if id(run) in kept]


def _among(value: columns.Value, wanted: Any) -> bool:
    """Return whether a value is the wanted one, or one of several."""
    allowed = wanted if isinstance(wanted, list | tuple | set | range) else [wanted]
    return any(columns.equal(value, one) for one in allowed)


def _several(argument: str, value: OneOrMore) -> list[str] | None:
    """Return an argument that may be one text or several as a list; ``None`` stays ``None``."""
    if value is None:
        return None
    several = [value] if isinstance(value, str) else list(value)
    if not several or not all(isinstance(one, str) for one in several):
        raise ValueError(f"{argument}: expected a text, a list of texts or None, got {value!r}")
    return several
