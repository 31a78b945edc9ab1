"""Run many jobs as a sweep: checks before the first, one parent run over all, a report after the last."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from certvote.options.commands import run_command
from certvote.options.settings import Settings
from certvote.planning.combinations import Combination, combinations
from certvote.planning.plan import plan, show
from certvote.planning.rules import Rules
from certvote.runtime.interrupts import check, interruptible
from certvote.runtime.launchers import logs_elsewhere, threads_per_job
from certvote.runtime.names import check_name

if TYPE_CHECKING:
    from hydra.core.config_loader import ConfigLoader
    from hydra.core.override_parser.types import Override
    from hydra.core.utils import JobReturn
    from hydra.plugins.launcher import Launcher
    from omegaconf import DictConfig

    from certvote.results.store import Store

log = logging.getLogger(__name__)


class SweepError(RuntimeError):
    """Report that some jobs of a sweep failed; the others are in the database."""


@dataclass(frozen=True)
class _Work:
    """Hold the jobs of a sweep that are worth running."""

    jobs: list[list[str]]  # overrides of every job worth running
    settings: Settings  # of the first job; name, title and tracking are the same for all
    notes: list[str]


def sweep(
    config: DictConfig,
    overrides: Sequence[Override],
    rules: Rules,
    *,
    arguments: list[str],
    loader: ConfigLoader,
    launcher: Launcher,
) -> Sequence[JobReturn]:
    """Run jobs under one parent run in the database, and render their report; with ``plan=true`` only list them.

    Parameters
    ----------
    config : DictConfig
        The base configuration.
    overrides : sequence of Override
        The options of the sweep, each with one or several values.
    rules : Rules
        Say which combinations of them are jobs.
    arguments : list of str
        The command line, for the record.
    loader, launcher
        Hydra's, to compose and to start jobs.

    Raises
    ------
    ValueError
        If an option is wrong, before anything starts.
    SweepError
        If jobs failed, at the end.
    """
    with interruptible():
        jobs, added = rules.jobs(overrides)
        found = combinations(config, jobs, loader, rules=rules, added=added)
        first = found[0].settings
        if first.plan:
            show(plan(found, first.tracking), as_json=first.plan == "json")
            return []
        return _run(config, _worth_running(config, found), arguments, launcher)


def _run(config: DictConfig, work: _Work, arguments: list[str], launcher: Launcher) -> Sequence[JobReturn]:
    """Run jobs, and render the report whatever fails."""
    threads = _threads(config, work)

    from certvote.results.store import Store

    name = work.settings.name or time.strftime("sweep-%Y-%m-%d-%H%M%S")
    command = run_command(arguments, multirun=True)
    store = Store.open(work.settings.tracking)
    parent = store.start_sweep(name, command=command, title=work.settings.title, notes=work.notes)
    log.info("sweep %r: %d jobs", name, len(work.jobs))
    status = "FAILED"
    try:
        own = [f"tracking.sweep={parent}", *threads]
        results = launcher.launch([[*job, *own] for job in work.jobs], initial_job_idx=0)
        check()
        if logs_elsewhere(config.hydra.launcher):
            _log_results(work, results)
        failed = [result for result in results if result.status.name != "COMPLETED"]
        if failed:
            raise SweepError(
                f"{len(failed)} of {len(results)} jobs failed; what failed and why stands above, "
                "in the results database and in the report"
            )
        status = "FINISHED"
        return results
    except KeyboardInterrupt:
        status = "KILLED"
        raise
    finally:
        store.end_sweep(parent, status)
        if status != "KILLED":
            _report(store, parent, name, work.settings)


def _log_results(work: _Work, results: Sequence[JobReturn]) -> None:
    """Log what became of jobs that wrote their own lines to files."""
    for overrides, result in zip(work.jobs, results, strict=True):
        job = " ".join(overrides)
        if result.status.name == "COMPLETED":
            log.info("finished: %s [run %s]", job, result.return_value)
        else:
            log.error("failed: %s: %s", job, result._return_value)


def _threads(config: DictConfig, work: _Work) -> list[str]:
    """Return the override that shares the cores among jobs that run side by side, where the user left it open."""
    threads = None if work.settings.n_jobs is not None else threads_per_job(config.hydra.launcher, len(work.jobs))
    return [] if threads is None else [f"n_jobs={threads}"]


def _worth_running(config: DictConfig, found: Sequence[Combination]) -> _Work:
    """Leave out undefined combinations and jobs equal to an earlier one, and say so."""
    kept = [one for one in found if one.is_job]
    undefined = {one.undefined.combination: one.undefined for one in found if one.undefined is not None}
    if not kept:
        raise next(iter(undefined.values()))
    repeated = sum(one.repeats is not None and one.undefined is None for one in found)
    if repeated:
        plural = "s" if repeated > 1 else ""
        log.info("left out: %d combination%s with the effective settings of another job", repeated, plural)
    first = kept[0].settings
    if first.name is not None:
        check_name(first.name)
    _check_report_root(first.report_root)
    notes = []
    for lacks in dict.fromkeys(error.lacks for error in undefined.values()):
        left_out = [combination for combination, error in undefined.items() if error.lacks == lacks]
        notes.append(f"left out, as no {lacks} is defined for them: {'; '.join(left_out)}")
    for note in notes:
        log.warning(note)
    return _Work([one.overrides for one in kept], first, notes)


def _check_report_root(folder: str) -> None:
    """Check, before the work rather than after it, that the report has a place."""
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"option report_root: expected a folder that can be written, got {folder}: {error}") from error


def _report(store: Store, parent: str, name: str, settings: Settings) -> None:
    """Render the sweep's report and log it with the parent run."""
    from certvote.reporting import render_report

    runs = store.read_runs(sweep=parent)
    page = render_report(runs, name=name, title=settings.title, out_root=Path(settings.report_root))
    store.log_report(parent, page)
    log.info("report: %s", page)
