"""Base classifiers by name, trained in one batch, and the votes of the ensemble that they make.

What a voter answers depends on the sequence of its own examples, its seed and the input, and on nothing else; each
learner's module says what guarantees it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32, Int32, Int64, Integer, UInt8, UInt16

from certvote.algorithms.subsets import Subsets
from certvote.checks import is_integer, is_real, plain_array
from certvote.learners.ballots import Ballots, Progress, label_type
from certvote.runtime.threads import in_order, workers


@runtime_checkable
class Voters(Protocol):
    """What a learner leaves behind after training."""

    def ready(self, inputs: Any) -> AbstractContextManager[Ballots]:
        """The voters made ready for one array of inputs, as long as the context lasts."""
        ...


@dataclass(frozen=True)
class Option:
    """Type and range of a learner's option, both ends included."""

    kind: type
    least: float | int = 0
    most: float | int = 1

    def meaning(self) -> str:
        """What is expected, in words."""
        if self.kind is bool:
            return "true or false"
        return f"{'an integer' if self.kind is int else 'a number'} from {self.least:g} to {self.most:g}"

    def fits(self, value: object) -> bool:
        """Whether the value has the type and is in the range."""
        if self.kind is bool:
            return isinstance(value, bool)
        if self.kind is int:
            return is_integer(value) and self.least <= value <= self.most
        return is_real(value) and self.least <= value <= self.most


@dataclass(frozen=True)
class Learner:
    """One way to train: what it takes, its options, and the function, imported only when it is used."""

    takes: Literal["features", "images"]
    options: Mapping[str, Option]
    load: Callable[[], Callable[..., Voters]]


def _nearest() -> Callable[..., Voters]:
    from certvote.learners.nearest import fit_nearest

    return fit_nearest


def _logistic() -> Callable[..., Voters]:
    from certvote.learners.logistic import fit_logistic

    return fit_logistic


def _network() -> Callable[..., Voters]:
    from certvote.learners.network import fit_network

    return fit_network


LEARNERS: Mapping[str, Learner] = {
    "nearest": Learner("features", {}, _nearest),
    "logistic": Learner(
        "features",
        {"l2": Option(float, 1e-9, 1e9), "root": Option(bool), "steps": Option(int, 1, 10**6)},
        _logistic,
    ),
    "network": Learner(
        "images",
        {
            "width": Option(int, 1, 2**15),
            "steps": Option(int, 1, 10**6),
            "batch": Option(int, 1, 2**15),
            "rate": Option(float, 1e-9, 1),
            "decay": Option(float, 0, 1),
            "copies": Option(int, 1, 2**15),
            "shift": Option(float, 0, 1000),
            "rotation": Option(float, 0, 180),
            "stretch": Option(float, 0, 2),
            "flip": Option(bool),
        },
        _network,
    ),
}


def check_options(name: str, given: Mapping[str, Any]) -> None:
    """Raise ``ValueError`` unless these are the options of the learner ``name``, all of them and in range."""
    known = LEARNERS[name].options
    if set(given) != set(known):
        raise ValueError(
            f"learner {name}: expected the options {', '.join(known) or 'none'}, got {', '.join(given) or 'none'}"
        )
    for key, option in known.items():
        if not option.fits(given[key]):
            raise ValueError(f"option learner.{key}: expected {option.meaning()}, got {given[key]!r}")


def train(
    name: str,
    inputs: Float32[np.ndarray, "n d"] | UInt8[np.ndarray, "n h w ch"],
    labels: Integer[np.ndarray, " n"],
    subsets: Subsets,
    *,
    num_classes: int,
    threads: int | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> Ensemble:
    """Train one voter per subset of the training set ``inputs``: features on the exact grid, or images for a network.

    ``options`` are the learner's own, all of them. ``threads`` limits the cores in use (``None``: all). ``progress`` is
    called with the number of voters trained and their total. Raises ``ValueError`` for an unknown learner, options out
    of range, and inputs that the learner does not take.
    """
    if name not in LEARNERS:
        raise ValueError(f"learner: expected one of {', '.join(LEARNERS)}, got {name!r}")
    learner = LEARNERS[name]
    check_options(name, options)
    if threads is not None and not (is_integer(threads) and threads >= 1):
        raise ValueError(f"threads: expected an integer >= 1, or None for all cores, got {threads!r}")
    inputs = _checked_inputs("inputs", inputs, name)
    labels = _checked_labels(labels, len(inputs), num_classes)
    if len(subsets.members) and not 0 <= subsets.members.min() <= subsets.members.max() < len(inputs):
        raise ValueError(
            f"subsets: expected members 0 to {len(inputs) - 1}, got {subsets.members.min()} to {subsets.members.max()}"
        )
    voters = learner.load()(
        inputs, labels, subsets, num_classes=num_classes, threads=workers(threads), progress=progress, **options
    )
    return Ensemble(voters, name, inputs.shape[1:], num_voters=len(subsets), num_classes=num_classes)


@dataclass(frozen=True)
class Ensemble:
    """Trained voters. Answers are put together from chunks of the inputs and do not depend on the chunks."""

    voters: Voters
    learner: str
    shape: tuple[int, ...]
    num_voters: int
    num_classes: int

    def first_choices(
        self, inputs: Float32[np.ndarray, "m d"] | UInt8[np.ndarray, "m h w ch"], *, progress: Progress | None = None
    ) -> UInt8[np.ndarray, "m v"] | UInt16[np.ndarray, "m v"]:
        """The label that each voter gives each input."""
        return self._kept(inputs, 1, progress)[:, :, 0]

    def rankings(
        self, inputs: Float32[np.ndarray, "m d"] | UInt8[np.ndarray, "m h w ch"], *, progress: Progress | None = None
    ) -> UInt8[np.ndarray, "m v c"] | UInt16[np.ndarray, "m v c"]:
        """All labels in each voter's order for each input, the best first."""
        return self._kept(inputs, self.num_classes, progress)

    def counts(
        self, inputs: Float32[np.ndarray, "m d"] | UInt8[np.ndarray, "m h w ch"], *, progress: Progress | None = None
    ) -> Int32[np.ndarray, "m c"]:
        """How many voters give each input each label; in memory that does not grow with the number of inputs."""
        c = self.num_classes
        counts = np.zeros((len(inputs), c), np.int32)
        for start, stop, chosen in self._chunks(inputs, 1, progress):
            cells = chosen[:, :, 0] + c * np.arange(stop - start)[:, None]
            counts[start:stop] = np.bincount(cells.reshape(-1), minlength=c * (stop - start)).reshape(-1, c)
        return counts

    def _kept(self, inputs: Any, depth: int, progress: Progress | None) -> np.ndarray:
        kept = np.empty((len(inputs), self.num_voters, depth), label_type(self.num_classes))
        for start, stop, chosen in self._chunks(inputs, depth, progress):
            kept[start:stop] = chosen
        return kept

    def _chunks(self, inputs: Any, depth: int, progress: Progress | None) -> Iterator[tuple[int, int, np.ndarray]]:
        inputs = _checked_inputs("inputs", inputs, self.learner)
        if inputs.shape[1:] != self.shape:
            raise ValueError(
                f"inputs: expected shape {list(self.shape)} each, as in training, got {list(inputs.shape[1:])}"
            )
        with self.voters.ready(inputs) as ballots:

            def task(start: int, stop: int) -> np.ndarray:
                return ballots(start, stop, depth)

            for start, stop, chosen in in_order(task, len(inputs), ballots.rows, ballots.workers):
                yield start, stop, chosen
                if progress is not None:
                    progress(stop, len(inputs))


def _checked_inputs(argument: str, given: Any, name: str) -> np.ndarray:
    inputs: np.ndarray = plain_array(argument, given)
    if LEARNERS[name].takes == "images":
        if inputs.ndim != 4 or inputs.dtype != np.uint8 or 0 in inputs.shape[1:]:
            raise ValueError(
                f"learner={name}: expected images, uint8 [n h w channels], got {inputs.dtype} {list(inputs.shape)}; "
                "choose another learner for vectors"
            )
    elif inputs.ndim != 2 or inputs.dtype != np.float32 or inputs.shape[1] == 0:
        raise ValueError(f"learner={name}: expected features, float32 [n d], got {inputs.dtype} {list(inputs.shape)}")
    return inputs


def _checked_labels(labels: Any, n: int, num_classes: int) -> Int64[np.ndarray, " n"]:
    if not (is_integer(num_classes) and 1 <= num_classes <= 2**16):
        raise ValueError(f"num_classes: expected an integer from 1 to 65536, got {num_classes!r}")
    labels = plain_array("labels", labels)
    if labels.shape != (n,) or labels.dtype.kind not in "iu":
        raise ValueError(f"labels: expected one integer for each of the {n} examples, got {list(labels.shape)}")
    if n and not 0 <= labels.min() <= labels.max() < num_classes:
        raise ValueError(f"labels: expected 0 to {num_classes - 1}, got {labels.min()} to {labels.max()}")
    converted: Int64[np.ndarray, " n"] = labels.astype(np.int64)
    return converted
