"""Run many jobs as a sweep: checks before the first, one parent run over all, a report after the last."""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from certvote.options import settings as options
from certvote.options.choices import shortcuts
from certvote.options.commands import run_command
from certvote.options.settings import Settings, UndefinedCombinationError
from certvote.runtime.interrupts import check, interruptible
from certvote.runtime.launchers import logs_elsewhere, threads_per_job
from certvote.runtime.names import check_name

if TYPE_CHECKING:
    from hydra.core.config_loader import ConfigLoader
    from hydra.core.utils import JobReturn
    from hydra.plugins.launcher import Launcher
    from omegaconf import DictConfig

    from certvote.results.store import Store

log = logging.getLogger(__name__)


class SweepError(RuntimeError):
    """Report that some jobs of a sweep failed; the others are in the database."""


@dataclass(frozen=True)
class _Plan:
    """Hold the jobs of a sweep that are worth running."""

    jobs: list[list[str]]  # overrides of every job worth running
    settings: Settings  # of the first job; name, title and tracking are the same for all
    notes: list[str]


def sweep(
    config: DictConfig, jobs: list[list[str]], *, arguments: list[str], loader: ConfigLoader, launcher: Launcher
) -> Sequence[JobReturn]:
    """Run jobs under one parent run in the database, and render their report.

    Parameters
    ----------
    config : DictConfig
        The base configuration.
    jobs : list of list of str
        Overrides of each job.
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
        return _run(config, _plan(config, jobs, loader), arguments, launcher)


def _run(config: DictConfig, plan: _Plan, arguments: list[str], launcher: Launcher) -> Sequence[JobReturn]:
    """Run the jobs of a plan, and render the report whatever fails."""
    threads = _threads(config, plan)

    from certvote.results.store import Store

    name = plan.settings.name or time.strftime("sweep-%Y-%m-%d-%H%M%S")
    command = run_command(arguments, multirun=True)
    store = Store.open(plan.settings.tracking)
    parent = store.start_sweep(name, command=command, title=plan.settings.title, notes=plan.notes)
    log.info("sweep %r: %d jobs", name, len(plan.jobs))
    status = "FAILED"
    try:
        own = [f"tracking.sweep={parent}", *threads]
        results = launcher.launch([[*job, *own] for job in plan.jobs], initial_job_idx=0)
        check()
        if logs_elsewhere(config.hydra.launcher):
            _log_results(plan, results)
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
            _report(store, parent, name, plan.settings)


def _log_results(plan: _Plan, results: Sequence[JobReturn]) -> None:
    """Log what became of jobs that wrote their own lines to files."""
    for overrides, result in zip(plan.jobs, results, strict=True):
        job = " ".join(overrides)
        if result.status.name == "COMPLETED":
            log.info("finished: %s [run %s]", job, result.return_value)
        else:
            log.error("failed: %s: %s", job, result._return_value)


def _threads(config: DictConfig, plan: _Plan) -> list[str]:
    """Return the override that shares the cores among jobs that run side by side, where the user left it open."""
    threads = None if plan.settings.n_jobs is not None else threads_per_job(config.hydra.launcher, len(plan.jobs))
    return [] if threads is None else [f"n_jobs={threads}"]


def _plan(config: DictConfig, jobs: list[list[str]], loader: ConfigLoader) -> _Plan:
    """Compose and check every job; leave out undefined combinations and jobs equal to an earlier one."""
    from omegaconf import open_dict

    seen: dict[str, Settings] = {}
    kept: list[list[str]] = []
    undefined: dict[str, UndefinedCombinationError] = {}
    repeated = 0
    same = _SameJobs()
    for job in jobs:
        if same.known(job):
            repeated += 1
            continue
        composed = loader.load_sweep_config(config, list(job))
        same.add(job, composed)
        with open_dict(composed):
            del composed["hydra"]
        try:
            settings = options.load(composed)
        except UndefinedCombinationError as error:
            if len(jobs) == 1:
                raise
            undefined.setdefault(error.combination, error)
            continue
        identity = json.dumps(options.flatten(settings), sort_keys=True, default=str)
        if identity in seen:
            repeated += 1
            continue
        seen[identity] = settings
        kept.append(job)
    if not kept:
        raise next(iter(undefined.values()))
    if repeated:
        plural = "s" if repeated > 1 else ""
        log.info("left out: %d combination%s with the effective settings of another job", repeated, plural)
    first = next(iter(seen.values()))
    if first.name is not None:
        check_name(first.name)
    _check_report_root(first.report_root)
    notes = [f"left out, as no certificate is defined for them: {'; '.join(undefined)}"] if undefined else []
    for note in notes:
        log.warning(note)
    return _Plan(kept, first, notes)


class _SameJobs:
    """Tell which jobs differ from an earlier one in shortcuts alone that nothing reads: k of two jobs with algo=dpa.

    Composing a job takes some 50 ms, and a sweep over the parameters of several algorithms has thousands of them.
    """

    def __init__(self) -> None:
        self._shortcuts = frozenset(shortcuts())
        self._read: dict[tuple[str, ...], set[str]] = {}  # shortcuts that a configuration refers to
        self._seen: set[tuple[str, ...]] = set()

    def known(self, job: list[str]) -> bool:
        """Return whether a job with the same effect has been added."""
        return self._rest(job) in self._read and self._effect(job) in self._seen

    def add(self, job: list[str], composed: DictConfig) -> None:
        """Add a job with its configuration, in which values may still refer to others (``${k}``)."""
        from omegaconf import OmegaConf

        text = OmegaConf.to_yaml(composed)
        read = {name for name in self._shortcuts if re.search(rf"\$\{{[^{{}}]*\b{name}\b", text)}
        self._read.setdefault(self._rest(job), read)
        self._seen.add(self._effect(job))

    def _rest(self, job: list[str]) -> tuple[str, ...]:
        return tuple(override for override in job if _name(override) not in self._shortcuts)

    def _effect(self, job: list[str]) -> tuple[str, ...]:
        idle = self._shortcuts - self._read[self._rest(job)]
        return tuple(override for override in job if _name(override) not in idle)


def _name(override: str) -> str:
    return override.partition("=")[0].lstrip("+")


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
