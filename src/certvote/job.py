"""One job, from options to a recorded curve: what is found in the database, computed, logged, and what went wrong."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from certvote import fitting, stages
from certvote.options import settings as options
from certvote.options.identity import code_digest, environment, fingerprint
from certvote.options.schema import Bagging, Dpa, FiniteAggregation, Knn, Rnn, Settings
from certvote.runtime.interrupts import interruptible

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from certvote.results import Store
    from certvote.types import Split

log = logging.getLogger(__name__)


def run(config: DictConfig, *, command: str) -> str:
    """Do the job that ``config`` describes, or find that the database has it already; the run's id.

    Raises ``ValueError`` naming the option when something is wrong with it, and leaves nothing behind then; what fails
    later is recorded as a FAILED run and raised again. In a sweep, whose report tells what became of every job, both
    are recorded.
    """
    settings = options.load(config)

    with interruptible():
        alone = settings.tracking.sweep is None
        data = _data(settings) if alone else None

        from certvote.results import Store

        job = _Job(settings, Store.open(settings.tracking), command)
        with job.recorded():
            return job.do(*(data or _data(settings)))


def _data(settings: Settings) -> tuple[Split, dict[str, str]]:
    """The data, which the options fit, and digests of the files that its features come from."""
    split = stages.load_split(settings)
    fitting.check(settings, split)
    if not settings.looks_at_features:
        return split, {}
    from certvote import features

    return split, features.sources(split, **options.asdict(settings.feature))


class _Job:
    """The state of one job's record: nothing is in the database before ``start``."""

    def __init__(self, settings: Settings, store: Store, command: str) -> None:
        self.settings, self.store = settings, store
        self.name = describe(settings)
        self.tags = {"certvote.command": command, "certvote.code_digest": code_digest(), **environment()}
        self.params: dict[str, Any] = options.flatten(settings)
        self.run: str | None = None

    def do(self, split: Split, sources: dict[str, str]) -> str:
        mine = fingerprint(options.effective(self.settings) | sources, split.digest)
        self.tags["certvote.sources"] = json.dumps(sources, sort_keys=True)
        self.tags |= {
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
            self.store.bury(mine)
            done = None if self.settings.rerun else self.store.finished(mine)
            if done is not None:
                log.info("skipped: %s is finished already, as run %s (rerun=true computes it again)", self.name, done)
                if self.settings.tracking.sweep:
                    self.store.reuse(self.settings.tracking.sweep, done)
                return done
            return self._compute(split)

    def _compute(self, split: Split) -> str:
        from certvote.results.evidence import write_evidence

        settings, seconds = self.settings, dict[str, float]()
        run = self.start()
        features = None
        if settings.looks_at_features:
            with stages.timed(seconds, "features"):
                features = stages.extract(split, settings)
        votes = stages.count_votes(features, split, settings, seconds)
        with stages.timed(seconds, "certificate"):
            certified = stages.certify(votes, split.test_labels, len(split.train_labels), settings)
        self.store.log_curve(run, certified.curve)
        with write_evidence(settings, split, votes, certified) as evidence:
            self.store.log_artifacts(run, evidence.folder)
            self.store.log_metrics(run, {**evidence.metrics} | {f"seconds_{stage}": s for stage, s in seconds.items()})
            tags = {"certvote.evidence_digest": evidence.digest}
            if features is not None:
                tags["certvote.feature_digest"] = features.digest
            self.store.set_tags(run, tags)
        self.store.end_run(run, "FINISHED")
        log.info("%s: %s  [run %s]", self.name, evidence.summary, run)
        return run

    def start(self) -> str:
        if self.run is None:
            self.run = self.store.start_run(
                self.name, sweep=self.settings.tracking.sweep, params=self.params, tags=self.tags
            )
        return self.run

    @contextmanager
    def recorded(self) -> Iterator[None]:
        """Record what goes wrong inside as a FAILED (or, interrupted, a KILLED) run, and raise it again."""
        try:
            yield
        except KeyboardInterrupt:
            if self.run is not None:
                self.store.end_run(self.run, "KILLED")
            raise
        except Exception as error:
            try:
                self.store.fail_run(self.start(), f"{type(error).__name__}: {error}", traceback.format_exc())
            except Exception as second:  # the database itself may be what failed
                log.error("and the failure could not be recorded: %s", second)
            raise


def describe(settings: Settings) -> str:
    """A run's name: what tells it from its neighbors in a list."""
    change = settings.attack.change
    certificate = "individual" if settings.grouping.name == "none" else settings.grouping.name
    words = [settings.dataset.name, settings.attack.name, "" if change == "any" else change, settings.algo.name]
    words += [_value(settings), settings.learner.name if settings.voters else certificate]
    return " ".join(word for word in words if word)


def _value(settings: Settings) -> str:
    match settings.algo:
        case Knn(k=k):
            return f"k={k}"
        case Rnn(r=r):
            return f"r={r:g}"
        case Bagging(voters=voters, subsample=subsample):
            return f"voters={voters} subsample={subsample}"
        case FiniteAggregation(parts=parts, spread=spread, election=election):
            return f"parts={parts} spread={spread} {election}"
        case Dpa(parts=parts, election=election):
            return f"parts={parts} {election}"
    raise AssertionError(settings.algo.name)


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
