"""Run a whole study: every experiment that a page definition names, then the page over all of them.

Each experiment is a sweep in a process of its own, so that one which fails, or is killed for its memory, leaves the
others alone. What the database has already is not computed again: a study that was interrupted goes on where it
stopped.
"""

from __future__ import annotations

import logging
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from certvote.runtime.paths import conf_dir, shipped

if TYPE_CHECKING:
    from certvote.reporting.page import Page
    from certvote.results.run import Run

log = logging.getLogger(__name__)

# Names alone: a path would leave the search path, and Hydra runs what a file there tells it to.
_EXPERIMENT = re.compile(r"\w[\w-]*(/\w[\w-]*)*")


@dataclass(frozen=True)
class Where:
    """Hold the database, the folder of pages, and further Hydra overrides for every experiment."""

    uri: str = "mlruns"
    experiment: str = "certvote"
    out: Path = Path("reports/html")
    overrides: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for override in self.overrides:
            if override.startswith(("tracking.", "report_root", "name=", "experiment=", "-")):
                raise ValueError(
                    f"expected options of jobs (sizes.max=100), or --uri, --experiment, --out; got {override}"
                )

    def arguments(self, experiment: str) -> list[str]:
        """Return the arguments that make ``certvote run`` sweep an experiment into this database."""
        places = {"tracking.uri": self.uri, "tracking.experiment": self.experiment, "report_root": str(self.out)}
        usual = {"tracking.uri": Where.uri, "tracking.experiment": Where.experiment, "report_root": str(Where.out)}
        mine = [f"{option}={_quoted(value)}" for option, value in places.items() if value != usual[option]]
        return ["-m", f"experiment={experiment}", *mine, *self.overrides]


@dataclass(frozen=True)
class Step:
    """Describe one experiment of a study: its file, the name of its sweep, and the data set that it is about."""

    experiment: str
    sweep: str
    dataset: str


@dataclass
class _Outcome:
    """Collect the runs of all steps so far, and what is not as it should be."""

    runs: dict[str, Run] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def run_study(
    page: str, *, datasets: Sequence[str] = (), skip: Sequence[str] = (), where: Where | None = None
) -> tuple[Path, list[str]]:
    """Run the experiments of a page definition and render the page.

    The page is rendered whatever fails, and says what is missing where it would stand.

    Parameters
    ----------
    page : str
        A name (``jia2022``, of ``reports/pages/jia2022.yaml``) or a file.
    datasets : sequence of str
        Leave out experiments and sections about other data sets.
    skip : sequence of str
        Leave out experiments with one of these texts in their names.
    where : Where or None
        Database, folder of pages and further options.

    Returns
    -------
    tuple of Path and list of str
        The page, and what is incomplete.

    Raises
    ------
    ValueError
        If a page, data set or option is unknown, before anything runs.
    """
    from certvote.reporting import render_report
    from certvote.reporting.labels import dataset_name
    from certvote.reporting.page import load

    where = where or Where()
    file = definition(page)
    whole = load(file)
    if not whole.experiments:
        raise ValueError(f"{file}: expected experiments, the files below conf/experiment to run, got none")
    whole.check()
    every = steps(whole, where.overrides)
    known = list(dict.fromkeys(step.dataset for step in every))
    if unknown := sorted(set(datasets) - set(known)):
        raise ValueError(f"option datasets: expected some of {', '.join(known)}, got {', '.join(unknown)}")
    asked_for = [step for step in every if not datasets or step.dataset in datasets]
    for text in skip:
        if not any(text in step.experiment for step in every):
            raise ValueError(f"option skip: expected a part of an experiment's name, got {text}")
    skipped = [step.experiment for step in asked_for if any(text in step.experiment for text in skip)]
    chosen = [step for step in asked_for if step.experiment not in skipped]
    asked = ", ".join(map(dataset_name, datasets))
    absent = {name: f"only {asked} was asked for" for name in known if datasets and name not in datasets}

    outcome = _Outcome()
    start = time.monotonic()
    for number, step in enumerate(chosen, start=1):
        elapsed = _duration(time.monotonic() - start)
        log.info("figure %d of %d: %s (%s so far)", number, len(chosen), step.experiment, elapsed)
        _do(step, where, outcome)
    notes = [*outcome.notes, *(f"{dataset_name(name)} is not on this page, as {why}" for name, why in absent.items())]
    notes += [f"not run, as asked for: {', '.join(skipped)}"] if skipped else []
    path = render_report(
        list(outcome.runs.values()),
        name=file.stem,
        out_root=where.out,
        page=whole.of_datasets([step.dataset for step in asked_for]),
        command=command(page, datasets, skip),
        notes=notes,
        absent=absent,
    )
    log.info("all of it in %s: %s", _duration(time.monotonic() - start), path)
    return path, outcome.notes


def definition(page: str) -> Path:
    """Return the file of a page definition: one that exists, or one that ships under this name."""
    for file in (Path(page), shipped("bundled_pages", "reports/pages") / f"{page}.yaml"):
        if file.is_file():
            return file
    names = sorted(file.stem for file in shipped("bundled_pages", "reports/pages").glob("*.yaml"))
    raise ValueError(f"option page: expected a file or one of {', '.join(names)}, got {page}")


def steps(page: Page, overrides: Sequence[str] = ()) -> list[Step]:
    """Return the experiments of a page with what they are about; raise ``ValueError`` for one that does not compose."""
    from hydra import compose, initialize_config_dir

    from certvote.options import settings

    settings.register()
    for number, experiment in enumerate(page.experiments):
        if not _EXPERIMENT.fullmatch(experiment):
            wrong = f"expected the name of a file below conf/experiment (jia2022/mnist), got {experiment!r}"
            raise page.located(ValueError(f"page.experiments[{number}]: {wrong}"))
    found = []
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        for experiment in page.experiments:
            config = compose("config", overrides=[f"experiment={experiment}", *overrides], return_hydra_config=True)
            if not config.name:
                raise ValueError(f"experiment {experiment}: expected a name, for its sweep, got none")
            found.append(Step(experiment, config.name, config.hydra.runtime.choices.dataset))
    return found


def command(page: str, datasets: Sequence[str], skip: Sequence[str]) -> str:
    """Return what a reader types to have all of this again."""
    options = [*(["--datasets", *datasets] if datasets else []), *(["--skip", *skip] if skip else [])]
    return shlex.join(["python", "-m", "certvote", "paper", page, *options])


def _do(step: Step, where: Where, outcome: _Outcome) -> None:
    """Sweep one experiment and collect its runs, or note why there are none."""
    from certvote.results.store import Store

    begun = time.time()
    code = _sweep(where.arguments(step.experiment))
    store = Store(where.uri, where.experiment)
    # The database's clock has milliseconds, another machine's may be a little behind.
    mine = [run for run in store.sweeps() if run.name == step.sweep and run.started >= begun - 5]
    if not mine:
        outcome.notes.append(f"{step.experiment} did not start (exit code {code}); none of its runs is here")
        return
    runs = store.read_runs(sweep=mine[0].id)
    outcome.runs |= {run.id: run for run in runs}
    failed = [run for run in runs if run.is_job and run.status != "FINISHED"]
    if failed or code:
        outcome.notes.append(_incomplete(step, failed, code))


def _sweep(arguments: Sequence[str]) -> int:
    """Sweep in another process, its output on this terminal, and return the exit code."""
    process = subprocess.Popen([sys.executable, "-m", "certvote", "run", *arguments])
    try:
        code = process.wait()
    except KeyboardInterrupt:
        process.wait()  # it was interrupted, too, and still records so
        raise
    if code == 130:
        raise KeyboardInterrupt
    return code


def _incomplete(step: Step, failed: Sequence[Run], code: int) -> str:
    """Say what is missing of an experiment."""
    if not failed:
        return f"{step.experiment} ended with exit code {code}"
    error = next((run.tags["certvote.error"] for run in failed if run.tags.get("certvote.error")), "")
    reason = f": {error.splitlines()[0]}" if error else ""
    return (
        f"{step.experiment} is incomplete: {len(failed)} run{'s' if len(failed) > 1 else ''} without a result{reason}"
    )


def _quoted(value: str) -> str:
    """Return a value as Hydra reads it."""
    if re.fullmatch(r"[\w./:@-]+", value):
        return value
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _duration(seconds: float) -> str:
    """Return a duration for a person."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
