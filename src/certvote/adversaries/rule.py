"""Say who votes, for attackers who compute distances or hashes themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Int64


@dataclass(frozen=True)
class Rule:
    """Say who votes: the ``k`` nearest training examples, or all within the distance ``r``; the other is ``None``."""

    k: int | None = None
    r: float | None = None
    ranking: str = "index"


@dataclass(frozen=True)
class HashRule:
    """Say into which of ``buckets`` a hash puts an example: of its values and label, or ``by="input"`` of its values.

    Base classifiers see whole buckets (docs/ensembles.md, section 1).
    """

    buckets: int
    by: str

    def bucket_of(self, examples: np.ndarray, labels: np.ndarray) -> Int64[np.ndarray, " n"]:
        """Return the bucket of each example; ``examples`` are those of the data set, ``labels`` integers."""
        from certvote.algorithms.subsets import bucket_of

        return bucket_of(examples, labels, buckets=self.buckets, by=self.by)
