"""Read the results database as tidy pandas tables: runs, curves, sweeps, and the evidence behind them.

    from certvote import results

    results.sweeps()                                             # what there is
    results.runs(sweep="mnist")                                  # a row per run: options, headline numbers, records
    results.curves(options={"k": [3000, 5000]})                  # a row per run and poisoning size
    votes, labels = results.votes(run)                           # what a run's curve was computed from

Options go by their names on the command line (``algo``, ``k``, ``algo.k``, ``certificate.seconds``), and so do columns.
Nothing is computed again, and reading leaves no database behind where there was none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from certvote.options import columns
from certvote.results.estimates import PEAK_MEMORY
from certvote.results.run import Run
from certvote.results.seeds import by_seed
from certvote.results.selection import open_stores, select
from certvote.runtime.temporary import temporary_folder

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from jaxtyping import Int64

    from certvote.results.selection import OneOrMore
    from certvote.results.store import Store
    from certvote.types import Attacked, Curve, Election, Votes

_SIZED = ("CA", "ASR")  # metrics that a run has at round poisoning sizes
# Columns of a run's record, behind its options and metrics, and the tags that they come from.
_RECORDS = {
    "sweep": "mlflow.parentRunId",
    "command": "certvote.command",
    "error": "certvote.error",
    "version": "certvote.version",
    "fingerprint": "certvote.fingerprint",
    "data_digest": "certvote.data_digest",
    "feature_digest": "certvote.feature_digest",
    "code_digest": "certvote.code_digest",
    "evidence_digest": "certvote.evidence_digest",
    "record_digest": "certvote.record_digest",
}


def runs(
    experiment: OneOrMore = None,
    *,
    uri: str | None = None,
    sweep: OneOrMore = None,
    tags: Mapping[str, Any] | None = None,
    options: Mapping[str, Any] | None = None,
    status: OneOrMore = "FINISHED",
    repeated: bool = False,
) -> pd.DataFrame:
    """Return a table of runs: options with their types, headline numbers, times, records; oldest first.

    Parameters
    ----------
    experiment : str, sequence of str or None
        MLflow experiments of the database; ``None``: certvote.
    uri : str or None
        Folder or MLflow tracking URI; ``None``: mlruns.
    sweep : str, sequence of str or None
        Names or ids of sweeps, with the runs that they reused; of sweeps that share a name the newest counts.
    tags, options : mapping or None
        Values wanted, each one value or a list of them; ``None`` is an option that is not set.
    status : str, sequence of str or None
        Statuses wanted; ``None``: all.
    repeated : bool
        Whether to keep all runs with equal options, data and code instead of the newest.

    Returns
    -------
    DataFrame
        A row per run. Accuracies are shares, not percent: ``CA_<e>`` at round sizes (and ``ASR_<e>``, the attack
        success rate of the worst target, for attacks that have one), ``auc`` the mean of CA over all sizes,
        ``median_certified_size`` the largest size at which half of the test examples are certified. An option that a
        run has not, or that is not set, is missing (NA).

    Raises
    ------
    ValueError
        If an argument is wrong; the message names it.
    """
    import pandas as pd

    found = select(experiment, uri, sweep, tags, options, status, repeated)
    rows = [_row(store, run) for store, run in found]
    names = columns.ordered({name for _, run in found for name in run.options})
    metrics = _metric_names({name for _, run in found for name in run.metrics})
    order = ["run", "name", "experiment", "status", "started", "seconds", *names, *metrics, *_RECORDS, "url"]
    frame = pd.DataFrame({name: _series(name, [row.get(name) for row in rows]) for name in order})
    frame["started"] = pd.to_datetime([round(1000 * run.started) for _, run in found], unit="ms", utc=True)
    return frame


def curves(
    experiment: OneOrMore = None,
    *,
    uri: str | None = None,
    sweep: OneOrMore = None,
    tags: Mapping[str, Any] | None = None,
    options: Mapping[str, Any] | None = None,
    show: Sequence[str] | None = None,
    repeated: bool = False,
    over: OneOrMore = None,
) -> pd.DataFrame:
    """Return a table of curves: a row per finished run and poisoning size.

    Parameters
    ----------
    experiment, uri, sweep, tags, options, repeated
        Filters, as for :func:`runs`; a run that did not finish proves nothing and is left out.
    show : sequence of str or None
        Options that get a column; ``None``: those that vary.
    over : str, sequence of str or None
        Seeds (``"algo.seed"``): runs that differ in them alone become one curve.

    Returns
    -------
    DataFrame
        Columns ``run``, the options shown, ``e``, ``certified`` (the lower bound of CA(e)), ``attained`` (the other
        side of the certificate's own search, missing where it does not search), ``attacked`` (what an attack has left
        of the accuracy, missing at sizes that were not attacked) and ``success`` (the upper bound of ASR(e) for the
        worst target, missing for attacks without one). With ``over`` also ``seeds`` (their number), ``mean``,
        ``deviation`` and ``highest`` over them; ``certified`` is the lowest, which every seed certifies, and ``run``
        has the ids of all.

    Raises
    ------
    ValueError
        If an argument is wrong; the message names it.
    """
    import numpy as np
    import pandas as pd

    found = select(experiment, uri, sweep, tags, options, "FINISHED", repeated)
    read = [
        run
        for store in dict.fromkeys(store for store, _ in found)
        for run in store.read_runs(run_ids=[run.id for owner, run in found if owner is store])
        if run.curve is not None
    ]
    read = read if over is None else by_seed(read, [over] if isinstance(over, str) else over)
    values = {run.id: run.options for run in (read if over is not None else [run for _, run in found])}
    shown = _varying(list(values.values())) if show is None else columns.check_known("show", show, values.values())
    length = [len(run.curve.sizes) for run in read if run.curve is not None]
    names = [" ".join(run.spread.runs) if run.spread else run.id for run in read]
    parts: dict[str, Any] = {"run": np.repeat(np.array(names, dtype=object), length)}
    for name in shown:
        whole = _series(name, [values[run.id].get(name) for run in read])
        parts[name] = whole.repeat(length).reset_index(drop=True)
    return pd.DataFrame(parts | _numbers(read) | (_seeds(read) if over is not None else {}))


def sweeps(experiment: OneOrMore = None, *, uri: str | None = None) -> pd.DataFrame:
    """Return a table of sweeps, newest first: id, name, experiment, status, start and command.

    Parameters
    ----------
    experiment, uri
        As for :func:`runs`.
    """
    import pandas as pd

    found = [(store.experiment, run) for store in open_stores(experiment, uri) for run in store.sweeps()]
    frame = pd.DataFrame(
        {
            "sweep": _series("sweep", [run.id for _, run in found]),
            "name": _series("name", [run.name for _, run in found]),
            "experiment": _series("experiment", [name for name, _ in found]),
            "status": _series("status", [run.status for _, run in found]),
            "started": pd.to_datetime([round(1000 * run.started) for _, run in found], unit="ms", utc=True),
            "command": _series("command", [run.tags.get("certvote.command") for _, run in found]),
        }
    )
    return frame.sort_values("started", ascending=False, ignore_index=True)


def votes(run: str, *, uri: str | None = None) -> tuple[Votes | Election, Int64[np.ndarray, " m"]]:
    """Read everything that a run's certificate looked at.

    Parameters
    ----------
    run : str
        Id of a run.
    uri : str or None
        Folder or MLflow tracking URI; ``None``: mlruns.

    Returns
    -------
    tuple of Votes or Election, and int64 array, shape (m,)
        Votes or the outcome of an election, and true labels.
    """
    from certvote.results import lookup
    from certvote.results.evidence import load_votes

    with temporary_folder() as folder:
        return load_votes(lookup.download(uri or lookup.DEFAULT_URI, _id(run), "votes.npz", folder))


def certified_sizes(run: str, *, uri: str | None = None) -> Int64[np.ndarray, " m"]:
    """Read the largest poisoning size at which each test example is certified on its own.

    Parameters
    ----------
    run, uri
        As for :func:`votes`.

    Returns
    -------
    int64 array, shape (m,)
        Sizes; -1 where an example is misclassified on clean data.
    """
    import numpy as np

    from certvote.results import lookup

    with temporary_folder() as folder:
        path = lookup.download(uri or lookup.DEFAULT_URI, _id(run), "certified_sizes.npz", folder)
        with np.load(path, allow_pickle=False) as file:
            return np.asarray(file["certified_sizes"], dtype=np.int64)


def _id(run: str) -> str:
    """Return the id of a run, or raise ``ValueError`` for what is no text."""
    if not isinstance(run, str):
        raise ValueError(f"run: expected the id of a run, got {type(run).__name__}")
    return run


def _row(store: Store, run: Run) -> dict[str, Any]:
    """Return the row of one run."""
    head = {"run": run.id, "name": run.name, "experiment": store.experiment, "status": run.status}
    times = {"started": run.started, "seconds": run.seconds}
    metrics = {name: _metric(name, value) for name, value in run.metrics.items()}
    return {
        **head,
        **times,
        **run.options,
        **metrics,
        **{column: run.tags.get(tag) for column, tag in _RECORDS.items()},
        "url": run.url,
    }


def _metric(name: str, value: float) -> float | int | None:
    """Return a metric as a table has it: a median size below 0 is missing."""
    if name == "median_certified_size":
        return int(value) if 0 <= value < 2**62 else None  # an edited one may be NaN or infinite
    return value


def _metric_names(names: Iterable[str]) -> list[str]:
    """Sort names of metrics: summaries first, accuracy and attack success by size, then seconds and memory."""

    def place(name: str) -> tuple[int, int, str]:
        """Return the place of a metric among all."""
        kind, _, size = name.partition("_")
        if kind in _SIZED and size.isdigit():
            return 1 + _SIZED.index(kind), int(size), ""
        return (1 + len(_SIZED) if name.startswith(("seconds_", PEAK_MEMORY)) else 0), 0, name

    return sorted(names, key=place)


def _varying(options: Sequence[Mapping[str, columns.Value]]) -> list[str]:
    """Return the options with several values, without those that only come and go with their group's choice."""
    several = set()
    names = columns.ordered({name for one in options for name in one})
    for name in names:
        group, _, _ = name.partition(".")
        several_values = len({one[name] for one in options if name in one}) > 1
        sometimes = not all(name in one for one in options)
        if several_values or (sometimes and group not in several):
            several.add(name)
    return [name for name in names if name in several]


def _numbers(read: Sequence[Run]) -> dict[str, np.ndarray]:
    """Join sizes, bounds, other sides of searches, success rates and what attacks have left, curve after curve."""
    import numpy as np

    found = [(run.curve, run) for run in read if run.curve is not None]
    empty = [np.empty(0)]  # there may be no curve at all

    def or_missing(values: np.ndarray | None, curve: Curve) -> np.ndarray:
        return np.full(len(curve.sizes), np.nan) if values is None else values

    return {
        "e": np.concatenate([curve.sizes for curve, _ in found] or empty).astype(np.int64),
        "certified": np.concatenate([curve.certified for curve, _ in found] or empty),
        "attained": np.concatenate([or_missing(curve.attained, curve) for curve, _ in found] or empty),
        "attacked": np.concatenate(
            [or_missing(_attacked(run.attacked, curve), curve) for curve, run in found] or empty
        ),
        "success": np.concatenate([or_missing(run.success, curve) for curve, run in found] or empty),
    }


def _attacked(attacked: Attacked | None, curve: Curve) -> np.ndarray | None:
    """Return what attacks have left at the sizes of a curve, NaN at those that were not attacked."""
    import numpy as np

    if attacked is None:
        return None
    left = dict(zip(attacked.sizes.tolist(), attacked.accuracy.tolist(), strict=True))
    return np.array([left.get(size, np.nan) for size in curve.sizes.tolist()])


def _seeds(found: Sequence[Run]) -> dict[str, np.ndarray]:
    """Join what is known over seeds, one curve after the other; a single run is its own mean."""
    import numpy as np

    rows: list[tuple[Any, ...]] = [(np.empty(0),) * 4]
    for run in found:
        assert run.curve is not None
        alone, spread = run.curve.certified, run.spread
        number = np.full(len(alone), len(spread.runs) if spread else 1)
        unknown = np.full(len(alone), np.nan)
        rows.append((number, *((spread.mean, spread.deviation, spread.highest) if spread else (alone, unknown, alone))))
    seeds, mean, deviation, highest = (np.concatenate(parts) for parts in zip(*rows, strict=True))
    return {"seeds": seeds.astype(np.int64), "mean": mean, "deviation": deviation, "highest": highest}


def _series(name: str, values: Sequence[Any]) -> pd.Series:
    """Make a column: whole numbers as ``Int64``, others as ``float64``, flags as ``boolean``, text as it is."""
    import pandas as pd

    kinds: set[Any] = {type(value) for value in values if value is not None} or {columns.kind(name)}
    if kinds == {bool}:
        return pd.Series(values, dtype="boolean")
    if kinds == {int}:
        return pd.Series(values, dtype="Int64")
    if kinds <= {int, float}:
        return pd.Series(values, dtype="float64")
    return pd.Series(values, dtype=None if values else object)
