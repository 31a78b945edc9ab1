"""Define what a learner is: how the base classifiers of an ensemble, its members, are trained.

A new learner is a class ``@choice("learner", …)`` in a module of its own and a file ``conf/learner/….yaml``. Its
soundness condition: a member depends on the sequence of its own examples and its seed, and on nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from jaxtyping import Float32, Int64, Integer, UInt8

from certvote.checks import is_integer, plain_array
from certvote.options import Label
from certvote.options.choices import Choice, choices

if TYPE_CHECKING:
    from certvote.algorithms.subsets import Subsets
    from certvote.learners.ensemble import Ensemble, Members
    from certvote.runtime.progress import Progress
    from certvote.types import Split


@dataclass
class Learner(Choice):
    """Train base classifiers, one per subset of the training set."""

    label: ClassVar[Label] = Label("unnamed")

    inputs: ClassVar[Literal["features", "images"]] = "features"
    """Whether members look at feature vectors or at images."""

    slow: ClassVar[bool] = False
    """Whether members take so long to answer that every election is decided from one set of answers."""

    def fit(
        self,
        inputs: np.ndarray,
        labels: Int64[np.ndarray, " n"],
        subsets: Subsets,
        *,
        num_classes: int,
        threads: int,
        progress: Progress | None,
    ) -> Members:
        """Train one member per subset; arguments are those of :meth:`train`, checked, and ``threads`` is a number."""
        raise NotImplementedError

    def train(
        self,
        inputs: Float32[np.ndarray, "n d"] | UInt8[np.ndarray, "n h w ch"],
        labels: Integer[np.ndarray, " n"],
        subsets: Subsets,
        *,
        num_classes: int,
        threads: int | None = None,
        progress: Progress | None = None,
    ) -> Ensemble:
        """Train one member per subset of the training set.

        Parameters
        ----------
        inputs : float32 array, shape (n, d), or uint8 array, shape (n, h, w, channels)
            Feature vectors on the exact grid, or images, as :attr:`inputs` says.
        labels : int array, shape (n,)
            Labels of the training examples.
        subsets : Subsets
            Which examples each member sees, in which order, and its seed.
        num_classes : int
            Number of labels.
        threads : int or None
            Cores to use; ``None``: all.
        progress : callable or None
            Called with the number of members trained and their total.

        Returns
        -------
        Ensemble
            The trained members, ready to be asked.

        Raises
        ------
        ValueError
            If an argument does not fit, or the learner does not take such inputs.
        """
        from certvote.learners.ensemble import Ensemble
        from certvote.runtime.threads import workers

        if threads is not None and not (is_integer(threads) and threads >= 1):
            raise ValueError(f"threads: expected an integer >= 1, or None for all cores, got {threads!r}")
        inputs = self.checked_inputs(inputs)
        labels = _checked_labels(labels, len(inputs), num_classes)
        used = subsets.examples
        if len(used) and not 0 <= used.min() <= used.max() < len(inputs):
            raise ValueError(f"subsets: expected examples 0 to {len(inputs) - 1}, got {used.min()} to {used.max()}")
        members = self.fit(
            inputs, labels, subsets, num_classes=num_classes, threads=workers(threads), progress=progress
        )
        return Ensemble(members, self, inputs.shape[1:], num_members=len(subsets), num_classes=num_classes)

    def check(self, split: Split) -> None:
        """Check that the data has what the learner looks at.

        Raises
        ------
        ValueError
            If the learner looks at images and the data has vectors.
        """
        if self.inputs == "images" and split.train.ndim != 4:
            others = [name for name, cls in choices(self.group).items() if cls.inputs == "features"]  # type: ignore[attr-defined]
            raise ValueError(
                f"option learner: learner={self.name} looks at images, got vectors of {split.train.shape[1]} numbers; "
                f"choose learner={' or learner='.join(others)}"
            )

    def sources(self) -> dict[str, str]:
        """Return what members depend on beside options, data and our own code: versions of other libraries."""
        return {}

    def checked_inputs(self, given: Any) -> np.ndarray:
        """Return inputs as an array.

        Raises
        ------
        ValueError
            If they are not images, uint8 of shape (n, h, w, channels), or features, float32 of shape (n, d), as
            :attr:`inputs` asks for.
        """
        inputs: np.ndarray = plain_array("inputs", given)
        got = f"got {inputs.dtype} {list(inputs.shape)}"
        if self.inputs == "images":
            if inputs.ndim != 4 or inputs.dtype != np.uint8 or 0 in inputs.shape[1:]:
                raise ValueError(
                    f"learner={self.name}: expected images, uint8 [n h w channels], {got}; "
                    "choose another learner for vectors"
                )
        elif inputs.ndim != 2 or inputs.dtype != np.float32 or inputs.shape[1] == 0:
            raise ValueError(f"learner={self.name}: expected features, float32 [n d], {got}")
        return inputs


def _checked_labels(labels: Any, n: int, num_classes: int) -> Int64[np.ndarray, " n"]:
    """Return labels as an array; raise ``ValueError`` unless there is one of 0 to ``num_classes - 1`` per example."""
    if not (is_integer(num_classes) and 1 <= num_classes <= 2**16):
        raise ValueError(f"num_classes: expected an integer from 1 to 65536, got {num_classes!r}")
    labels = plain_array("labels", labels)
    if labels.shape != (n,) or labels.dtype.kind not in "iu":
        raise ValueError(f"labels: expected one integer for each of the {n} examples, got {list(labels.shape)}")
    if n and not 0 <= labels.min() <= labels.max() < num_classes:
        raise ValueError(f"labels: expected 0 to {num_classes - 1}, got {labels.min()} to {labels.max()}")
    converted: Int64[np.ndarray, " n"] = labels.astype(np.int64)
    return converted
