"""Do one job, from settings to a recorded curve: data → features → votes → certified (→ attacked) → recorded."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from certvote import stages
from certvote.options import columns, plugins
from certvote.options import settings as options
from certvote.options.choices import meanings
from certvote.options.identity import code_digest, environment, fingerprint
from certvote.options.settings import Settings
from certvote.runtime.interrupts import interruptible
from certvote.runtime.memory import PeakMemory
from certvote.runtime.parents import end_with_parent
from certvote.runtime.progress import timed

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from certvote.results.store import Store
    from certvote.types import Split

log = logging.getLogger(__name__)


def run(config: DictConfig, *, command: str) -> str:
    """Do the job that a configuration describes, or find that the database has it already.

    Parameters
    ----------
    config : DictConfig
        A composed configuration.
    command : str
        The command line that does this job, for its record.

    Returns
    -------
    str
        The id of the run.

    Raises
    ------
    ValueError
        If an option is wrong; the message names it. A job alone leaves nothing behind then. What fails once it votes,
        and everything that fails in a sweep, whose report tells what became of every job, is recorded as a FAILED run
        and raised again.
    """
    end_with_parent()
    plugins.load(config.plugins)
    settings = options.load(config)

    with interruptible():
        alone = settings.tracking.sweep is None
        data = load_data(settings) if alone else None

        from certvote.results.store import Store

        job = _Job(settings, Store.open(settings.tracking), command)
        with job.recorded():
            return job.run(*(data or load_data(settings)))


def describe(settings: Settings) -> str:
    """Return a run's name: what tells it from its neighbors in a list."""
    algo, change = settings.algo, settings.attack.change
    stated = [name for name, meaning in meanings(type(algo)) if meaning.symbol or meaning.shortcut]
    words = [settings.dataset.name, settings.attack.name, "" if change == "any" else change, algo.name]
    words += [f"{name}={_short(getattr(algo, name))}" for name in stated]
    words += [settings.learner.name if "learner" in settings.groups else settings.certificate.name]
    return " ".join(word for word in words if word)


def _short(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def load_data(settings: Settings) -> tuple[Split, dict[str, str]]:
    """Read the data, check that the options fit it, and identify the files that its features come from."""
    split = stages.load_split(settings)
    stages.check(settings, split)
    return split, sources_of(settings, split)


def sources_of(settings: Settings, split: Split) -> dict[str, str]:
    """Return what identifies the files that features and base classifiers come from."""
    sources = settings.feature.sources(split) if "feature" in settings.groups else {}
    return sources | (settings.learner.sources() if "learner" in settings.groups else {})


def code_modules(settings: Settings) -> list[str]:
    """Return the modules whose code, with all that they import, a job's result depends on."""
    return [stages.__name__, *settings.modules()]


def recorded(settings: Settings) -> dict[str, Any]:
    """Return the options that a run records as parameters: those that tell runs apart when they are compared.

    Where things are kept and what a sweep is called stand in the run's ``config.yaml``. Timings depend on ``n_jobs``.
    """
    flat = options.flatten(settings)
    return {name: value for name, value in flat.items() if name == "n_jobs" or not columns.is_bookkeeping(name)}


class _Job:
    """Keep one job's record: nothing is in the database before :meth:`start`."""

    def __init__(self, settings: Settings, store: Store, command: str) -> None:
        from certvote.results.run import LABELS, recorded_labels

        self.settings, self.store = settings, store
        self.name = describe(settings)
        self.code = code_digest(code_modules(settings))
        self.tags = {"certvote.command": command, "certvote.code_digest": self.code, **environment()}
        self.tags[LABELS] = recorded_labels(settings)
        self.params = recorded(settings)
        self.run_id: str | None = None

    def run(self, split: Split, sources: dict[str, str]) -> str:
        """Find the job's result in the database, or compute it."""
        identity = options.effective(self.settings) | sources
        mine = fingerprint(identity, split.digest, self.code)
        self.tags |= {
            "certvote.sources": json.dumps(sources, sort_keys=True),
            "certvote.fingerprint": mine,
            "certvote.data_digest": split.digest,
            "certvote.notes": json.dumps(split.notes),
        }
        self.params |= {
            "data.name": split.name,
            "data.n_train": len(split.train_labels),
            "data.n_test": len(split.test_labels),
            "data.num_classes": split.num_classes,
        }
        with _lock(self.settings, mine):
            self.store.close_dead_runs(mine)
            done = None if self.settings.rerun else self.store.finished(mine)
            if done is not None:
                log.info("skipped: %s is finished already, as run %s (rerun=true computes it again)", self.name, done)
                if self.settings.tracking.sweep:
                    self.store.reuse(self.settings.tracking.sweep, done)
                return done
            return self._compute(split, identity)

    def _compute(self, split: Split, identity: dict[str, Any]) -> str:
        from certvote.results.estimates import PEAK_MEMORY
        from certvote.results.evidence import bounds, targets, write_evidence

        settings, seconds, memory = self.settings, dict[str, float](), PeakMemory()
        features = None
        if "feature" in settings.groups:
            if settings.tracking.sweep is not None:
                self.start()
            with timed(seconds, "features"):
                features = stages.extract(split, settings)
        run = self.start()
        votes = stages.count_votes(features, split, settings, seconds)
        with timed(seconds, "certificate"):
            certified = stages.certify(votes, split.test_labels, len(split.train_labels), settings)
        self.store.log_curve(run, certified.curve)
        if certified.success is not None:
            self.store.log_success(run, certified.success)
        attack = None
        if "adversary" in settings.groups:
            from certvote.adversaries.carry_out import carry_out

            with timed(seconds, "adversary"):
                attack = carry_out(settings, split, features, votes, certified.curve)
            self.store.log_attacked(run, attack.curve)
        with write_evidence(settings, identity, split, votes, certified, attack) as evidence:
            self.store.log_artifacts(run, evidence.folder)
            costs = {f"seconds_{stage}": s for stage, s in seconds.items()}
            if (peak := memory.bytes()) is not None:
                costs[PEAK_MEMORY] = peak / 1e6
            self.store.log_metrics(run, {**evidence.metrics, **costs})
            tags = {"certvote.evidence_digest": evidence.digest, "certvote.bounds": json.dumps(bounds(certified.curve))}
            if certified.success is not None:
                tags["certvote.targets"] = json.dumps(targets(certified.success))
            if features is not None:
                tags["certvote.feature_digest"] = features.digest
                if features.files:
                    tags["certvote.feature_files"] = json.dumps(features.files, sort_keys=True)
            self.store.set_tags(run, tags)
        self.store.finish_run(run)
        log.info("%s: %s  [run %s]", self.name, evidence.summary, run)
        return run

    def start(self) -> str:
        """Create the run in the database, once."""
        if self.run_id is None:
            sweep = self.settings.tracking.sweep
            self.run_id = self.store.start_run(self.name, sweep=sweep, params=self.params, tags=self.tags)
        return self.run_id

    @contextmanager
    def recorded(self) -> Iterator[None]:
        """Record what goes wrong inside as a FAILED (or, interrupted, a KILLED) run, and raise it again."""
        try:
            yield
        except KeyboardInterrupt:
            if self.run_id is not None:
                self.store.end_run(self.run_id, "KILLED")
            raise
        except Exception as error:
            if self.run_id is None and self.settings.tracking.sweep is None:
                raise  # an option did not fit data, feature or folder
            try:
                self.store.fail_run(self.start(), f"{type(error).__name__}: {error}", traceback.format_exc())
            except Exception as second:  # the database itself may be what failed
                log.error("and the failure could not be recorded: %s", second)
            raise


@contextmanager
def _lock(settings: Settings, fingerprint: str) -> Iterator[None]:
    """Let equal jobs of two sweeps wait for each other, so that the second finds the first one's result."""
    folder = Path(settings.cache_root).absolute() / "locks"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / f"{fingerprint[:32]}.lock")
        lock.acquire()
    except OSError as error:
        raise ValueError(f"option cache_root: expected a folder that can be written, got {folder}: {error}") from error
    try:
        yield
    finally:
        lock.release()
