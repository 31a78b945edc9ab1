"""The stages of a job, each called with the typed options that concern it; what they compute is kept in the cache."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from certvote.options.identity import code_digest
from certvote.options.schema import Bagging, Budget, Dask, Dpa, RandomDivision, Settings, Torch
from certvote.runtime import interrupts
from certvote.runtime.digests import array_digest
from certvote.types import Election

if TYPE_CHECKING:
    from certvote.types import Curve, Features, Split, Votes


@dataclass(frozen=True)
class Certified:
    """What certificates say: the curve, each test example's certified size where it has one, and who abstains.

    ``sizes`` is -1 for an example that is wrong on clean data, and for one on which a voting ensemble abstains.
    """

    curve: Curve
    sizes: np.ndarray
    abstained: np.ndarray | None = None


def load_split(settings: Settings, *, download: bool = True) -> Split:
    """The dataset with the attack's trigger drawn in; without ``download`` an error where its files are missing."""
    from certvote import attacks, datasets

    where: dict[str, Any] = {"data_root": Path(settings.data_root).absolute()}
    if not download and settings.dataset.name in ("mnist", "cifar10"):
        where["mirrors"] = ()
    split = datasets.load(**options_of(settings.dataset, but=("recommended",)), **where)
    return attacks.apply(split, **options_of(settings.attack, but=("change",)))


def extract(split: Split, settings: Settings) -> Features:
    """Feature vectors on the exact grid, from the cache where it has them."""
    from certvote import features

    cache_root = Path(settings.cache_root).absolute()
    return features.extract(split, **options_of(settings.feature), cache_root=cache_root, n_jobs=settings.n_jobs)


def count_votes(
    features: Features | None, split: Split, settings: Settings, seconds: dict[str, float]
) -> Votes | Election:
    """The votes of every test example, from the cache where another certificate needed them before.

    kNN's come with the neighbors around the k-th that its certificate looks at. ``seconds`` is told how long training
    and voting took, when they were done.
    """
    from certvote import polling
    from certvote.results.evidence import pack, unpack
    from certvote.runtime.cache import cached

    algo = {**options_of(settings.algo, but=("alpha", "election")), "window": _window(settings)}
    asked = settings.algo.election if isinstance(settings.algo, Dpa) else "plurality"

    def count() -> dict[str, np.ndarray]:
        taken: dict[str, float] = {}
        outcomes = _counted(features, split, settings, taken)
        packed = {f"{election}_{name}": a for election, votes in outcomes.items() for name, a in pack(votes).items()}
        return {**packed, **{f"seconds_{stage}": np.array(s) for stage, s in taken.items()}}

    key = {
        "inputs": array_digest(split.train, split.test) if features is None else features.digest,
        "labels": array_digest(split.train_labels),
        "num_classes": split.num_classes,
        "algo": algo,
        "code": code_digest(),
    }
    if settings.voters:
        # which voter sees an example follows from the example itself, not from its features
        key |= {
            "elections": polling.elections(settings),
            "learner": options_of(settings.learner),
            "examples": array_digest(split.train),
        }
    else:
        key["backend"] = settings.backend.name
    arrays = cached(Path(settings.cache_root).absolute(), "votes", key, count)
    seconds |= {stage: float(taken) for stage, taken in _under("seconds_", arrays).items()}
    return unpack(_under(f"{asked}_", arrays))


def _under(prefix: str, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Those whose name has the prefix, by the rest of their name."""
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


def _window(settings: Settings) -> int:
    """How far around the k-th neighbor a certificate of kNN looks."""
    joint, one_sided = isinstance(settings.grouping, Budget), settings.attack.change != "any"
    return settings.sizes.max if settings.algo.name == "knn" and (joint or one_sided) else 0


def _counted(
    features: Features | None, split: Split, settings: Settings, seconds: dict[str, float]
) -> dict[str, Votes | Election]:
    """By the name of the election."""
    if settings.voters:
        from certvote import polling

        return polling.poll(features, split, settings, seconds)
    from certvote import neighbors

    assert features is not None
    data = features.train, split.train_labels, features.test
    how: dict[str, Any] = {"num_classes": split.num_classes, "backend": _backend(settings)}
    how["scratch"] = Path(settings.cache_root).absolute() / "shards"
    algo = options_of(settings.algo, but=("name",))
    with timed(seconds, "votes"), bar(f"votes ({settings.algo.name})", len(features.test)) as progress:
        how |= {"threads": settings.n_jobs, "progress": progress, **algo}
        if settings.algo.name == "knn":
            return {"plurality": neighbors.knn_votes(*data, window=_window(settings), **how)}
        return {"plurality": neighbors.rnn_votes(*data, **how)}


def _backend(settings: Settings) -> Any:
    """Return the backend's name, or the backend with its options."""
    from certvote import neighbors

    chosen = settings.backend
    if isinstance(chosen, Torch):
        return neighbors.Torch(chosen.memory)
    if isinstance(chosen, Dask):
        return neighbors.Dask(chosen.address, chosen.workers, chosen.memory)
    return chosen.name


def certify(votes: Votes | Election, labels: np.ndarray, n_train: int, settings: Settings) -> Certified:
    """The curve CA(e) under the certificate that ``algo``, ``grouping`` and ``attack.change`` name."""
    sizes, change = settings.sizes.all(), settings.attack.change
    algo = settings.algo
    if isinstance(votes, Election):
        from certvote.certificates import dpa

        return Certified(
            dpa.election_curve(votes, labels, sizes, change=change), dpa.election_sizes(votes, labels, change=change)
        )
    if isinstance(algo, Bagging):
        from certvote.certificates import bagging

        how: dict[str, Any] = {"n_train": n_train, "subsample": algo.subsample, "alpha": algo.alpha}
        return Certified(
            bagging.curve(votes, labels, sizes, **how, change=change),
            bagging.certified_sizes(votes.counts, labels, **how, change=change),
            bagging.abstains(votes.counts, **how),
        )
    if isinstance(algo, Dpa):
        from certvote.certificates import dpa

        return Certified(
            dpa.curve(votes, labels, sizes, change=change), dpa.certified_sizes(votes.counts, labels, change=change)
        )
    from certvote.certificates import individual

    return Certified(_joint(votes, labels, sizes, settings), individual.votes_sizes(votes, labels, change=change))


def _joint(votes: Votes, labels: np.ndarray, sizes: np.ndarray, settings: Settings) -> Curve:
    """The curve of kNN and rNN."""
    chosen, change = settings.grouping, settings.attack.change
    if chosen.name == "none":
        from certvote.certificates import individual

        return individual.curve(votes, labels, sizes, change=change)
    if chosen.name in ("rd", "island"):
        from certvote.certificates import grouping

        seed = chosen.seed if isinstance(chosen, RandomDivision) else 0
        return grouping.curve(votes, labels, sizes, method=chosen.name, seed=seed, change=change)

    from certvote.certificates import budget

    if isinstance(chosen, Budget):
        how = options_of(chosen, but=("name",))
        with bar("budget certificate", len(sizes)) as progress:
            return budget.curve(votes, labels, sizes, **how, change=change, progress=progress)
    return budget.removal_curve(votes, labels, sizes, change=change)


# --- what stages are called with -------------------------------------------------------------------------------------


def options_of(choice: Any, but: tuple[str, ...] = ()) -> dict[str, Any]:
    """The options of one choice, as keyword arguments of its stage."""
    values = asdict(choice).items()
    return {key: tuple(value) if isinstance(value, list) else value for key, value in values if key not in but}


@contextmanager
def bar(what: str, total: int, unit: str = "ex") -> Iterator[Callable[[int, int], None]]:
    """A progress bar as a function of what is done."""
    from tqdm import tqdm

    with tqdm(total=total, desc=what, unit=unit, leave=False, disable=None) as shown:

        def show(done: int, _: int) -> None:
            interrupts.check()
            shown.update(done - shown.n)

        yield show


@contextmanager
def timed(seconds: dict[str, float], stage: str) -> Iterator[None]:
    """Add how long the block takes to ``seconds[stage]``."""
    start = time.perf_counter()
    yield
    seconds[stage] = seconds.get(stage, 0.0) + time.perf_counter() - start
