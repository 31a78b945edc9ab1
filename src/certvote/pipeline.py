"""One job, from options to a recorded curve; the only module that knows every stage."""

from __future__ import annotations

import json
import logging
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from filelock import FileLock

from certvote import settings as options
from certvote.digests import array_digest
from certvote.identity import code_digest, environment, fingerprint
from certvote.schema import Budget, Knn, RandomDivision, Rnn, Settings

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from certvote.tracking import Store
    from certvote.types import Curve, Features, Split, Votes

log = logging.getLogger(__name__)


def run(config: DictConfig, *, command: str) -> str:
    """Do the job that ``config`` describes, or find that the database has it already; the run's id.

    Raises ``ValueError`` naming the option when something is wrong with it; what fails later is recorded as a FAILED
    run and raised again.
    """
    settings = options.load(config)

    from certvote.tracking import Store

    store = Store.open(settings.tracking)
    job = _Job(settings, store, command)
    with job.recorded():
        return job.do()


class _Job:
    """The state of one job's record: nothing is in the database before ``start``."""

    def __init__(self, settings: Settings, store: Store, command: str) -> None:
        self.settings, self.store = settings, store
        self.name = describe(settings)
        self.tags = {"certvote.command": command, "certvote.code_digest": code_digest(), **environment()}
        self.params: dict[str, Any] = options.flatten(settings)
        self.run: str | None = None

    def do(self) -> str:
        split = load_split(self.settings)
        if self.settings.sizes.max > len(split.train_labels):
            raise ValueError(
                f"option sizes.max: expected at most the number of training examples, {len(split.train_labels)}, "
                f"got {self.settings.sizes.max}"
            )
        from certvote import features

        sources = features.sources(split, **options.asdict(self.settings.feature))
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
        from certvote.evidence import write_evidence

        settings, seconds = self.settings, dict[str, float]()
        run = self.start()
        with _timed(seconds, "features"):
            features = extract(split, settings)
        with _timed(seconds, "votes"):
            votes = count_votes(features, split, settings)
        with _timed(seconds, "certificate"):
            sizes = settings.sizes.all()
            curve = certify(votes, split.test_labels, sizes, settings)
        self.store.log_curve(run, curve)
        with write_evidence(settings, split, votes, curve) as evidence:
            self.store.log_artifacts(run, evidence.folder)
            self.store.log_metrics(run, {**evidence.metrics} | {f"seconds_{stage}": s for stage, s in seconds.items()})
            self.store.set_tags(
                run, {"certvote.feature_digest": features.digest, "certvote.evidence_digest": evidence.digest}
            )
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
        """Record whatever goes wrong inside as a FAILED (or, interrupted, a KILLED) run, and raise it again."""
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


# --- stages ----------------------------------------------------------------------------------------------------------


def load_split(settings: Settings, *, download: bool = True) -> Split:
    """The dataset with the attack's trigger drawn in; without ``download`` an error where its files are missing."""
    from certvote import attacks, datasets

    where: dict[str, Any] = {"data_root": Path(settings.data_root).absolute()}
    if not download and settings.dataset.name in ("mnist", "cifar10"):
        where["mirrors"] = ()
    split = datasets.load(**_options(settings.dataset, but=("recommended",)), **where)
    return attacks.apply(split, **_options(settings.attack, but=("change",)))


def extract(split: Split, settings: Settings) -> Features:
    """Feature vectors on the exact grid, from the cache where it has them."""
    from certvote import features

    cache_root = Path(settings.cache_root).absolute()
    return features.extract(split, **_options(settings.feature), cache_root=cache_root, n_jobs=settings.n_jobs)


def count_votes(features: Features, split: Split, settings: Settings) -> Votes:
    """The votes of every test example, from the cache where another certificate needed them before.

    For a kNN budget certificate they come with the window that the largest poisoning size needs.
    """
    from certvote import neighbors
    from certvote.cache import cached
    from certvote.evidence import pack, unpack

    algo = _options(settings.algo)
    name = algo.pop("name")
    if name == "knn":
        algo["window"] = settings.sizes.max if isinstance(settings.grouping, Budget) else 0

    def count() -> dict[str, np.ndarray]:
        data = features.train, split.train_labels, features.test
        with _bar(f"votes ({name})", len(features.test)) as progress:
            how: dict[str, Any] = {"num_classes": split.num_classes, "backend": settings.backend.name}
            how |= {"threads": settings.n_jobs, "progress": progress, **algo}
            votes = neighbors.knn_votes(*data, **how) if name == "knn" else neighbors.rnn_votes(*data, **how)
        return pack(votes)

    key = {
        "features": features.digest,
        "labels": array_digest(split.train_labels),
        "num_classes": split.num_classes,
        "algo": {"name": name, **algo},
        "backend": settings.backend.name,
        "code": code_digest(),
    }
    return unpack(cached(Path(settings.cache_root).absolute(), "votes", key, count))


def certify(votes: Votes, labels: np.ndarray, sizes: np.ndarray, settings: Settings) -> Curve:
    """The curve CA(e) under the certificate that ``grouping`` names."""
    chosen = settings.grouping
    if chosen.name == "none":
        from certvote.certificates import individual

        return individual.curve(votes, labels, sizes)
    if chosen.name in ("rd", "island"):
        from certvote.certificates import grouping

        seed = chosen.seed if isinstance(chosen, RandomDivision) else 0
        return grouping.curve(votes, labels, sizes, method=chosen.name, seed=seed)

    from certvote.certificates import budget

    if isinstance(chosen, Budget):
        assert chosen.stride is not None
        with _bar("budget certificate", len(sizes)) as progress:
            return budget.curve(
                votes,
                labels,
                sizes,
                tolerance=chosen.tolerance,
                seconds=chosen.seconds,
                stride=chosen.stride,
                bound=chosen.bound,
                progress=progress,
            )
    return budget.removal_curve(votes, labels, sizes)


# --- inside ----------------------------------------------------------------------------------------------------------


def _options(choice: Any, but: tuple[str, ...] = ()) -> dict[str, Any]:
    """The options of one choice, as keyword arguments of its stage."""
    values = options.asdict(choice).items()
    return {key: tuple(value) if isinstance(value, list) else value for key, value in values if key not in but}


def describe(settings: Settings) -> str:
    """A run's name: what tells it from its neighbors in a list."""
    algo = settings.algo
    value = f"k={algo.k}" if isinstance(algo, Knn) else f"r={algo.r:g}" if isinstance(algo, Rnn) else ""
    certificate = "individual" if settings.grouping.name == "none" else settings.grouping.name
    return f"{settings.dataset.name} {settings.attack.name} {algo.name} {value} {certificate}"


@contextmanager
def _bar(what: str, total: int) -> Iterator[Callable[[int, int], None]]:
    """A progress bar as a function of what is done."""
    from tqdm import tqdm

    with tqdm(total=total, desc=what, unit="ex", leave=False, disable=None) as bar:

        def show(done: int, _: int) -> None:
            bar.update(done - bar.n)

        yield show


@contextmanager
def _timed(seconds: dict[str, float], stage: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    seconds[stage] = time.perf_counter() - start


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
