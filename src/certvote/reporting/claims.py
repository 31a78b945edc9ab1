"""Read what publications claim to certify: entries of a leaderboard that no run has measured, a YAML file each."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

from certvote.attacks.threats import THREATS
from certvote.reporting.page_source import read_source
from certvote.reporting.schema import NO_KEY, read
from certvote.results.run import Run
from certvote.types import Curve

CHANGES, EDITS = "changes", "insertions plus deletions"  # what a publication may count

_TWO_EDITS = ("any", "relabel")  # one changed example of these threats is a deletion and an insertion


@dataclass(frozen=True)
class Point:
    """State a certified accuracy.

    Attributes
    ----------
    size : int
        Size of the attack, as the publication counts it.
    accuracy : float
        Certified accuracy in percent.
    """

    size: int
    accuracy: float


@dataclass(frozen=True)
class Claim:
    """Describe what a publication claims to certify against data poisoning; test examples stay as they are.

    Attributes
    ----------
    method : str
        The classifier, as a reader knows it.
    dataset : str
        Name of the data set's choice (``mnist``).
    n_train, n_test : int
        Numbers of training and test examples.
    change : str
        What the attacker may do to the training set: ``any``, ``insert``, ``delete`` or ``relabel``.
    counts : str
        What a size counts: ``changes``, as here, or ``insertions plus deletions``, of which a changed example is two.
    certified : tuple of Point
        What is stated.
    source, url : str
        The publication, and its address.
    probabilistic : bool
        Whether the certificate holds with a probability rather than for certain.
    note : str
        What else a reader must know.
    file : str
        Name of the file that it was read from.
    """

    method: str
    dataset: str
    n_train: int
    n_test: int
    change: str
    counts: str
    certified: tuple[Point, ...]
    source: str
    url: str
    probabilistic: bool
    note: str = ""
    file: str = field(default="", metadata=NO_KEY)

    def size_here(self, size: int) -> int:
        """Return the largest e, counted as here, whose attacks a published size covers.

        With any change an attack of size e removes and adds at most e examples: at most 2 e edits.
        """
        return size // 2 if self.halved else size

    @property
    def halved(self) -> bool:
        """Whether one change, as counted here, is two of what the publication counts."""
        return self.counts == EDITS and self.change in _TWO_EDITS

    @property
    def curve(self) -> Curve:
        """What the claim implies, over sizes counted as here."""
        best: dict[int, float] = {}
        for point in self.certified:
            e = self.size_here(point.size)
            best[e] = max(best.get(e, 0.0), point.accuracy / 100)
        sizes = sorted(best)
        return Curve(np.array(sizes, dtype=np.int64), np.array([best[e] for e in sizes]))

    def about(self, run: Run) -> bool:
        """Return whether a run certifies against the same attacker on the same data."""
        same = (run.data, run.n_train, run.n_test) == (self.dataset, self.n_train, self.n_test)
        return same and run.holdout is None and (run.attack, run.change) == ("poisoning", self.change)


def load_claims(paths: Iterable[Path]) -> list[Claim]:
    """Read entries from files, and from all ``.yaml`` files of folders.

    Raises
    ------
    ValueError
        If one is wrong; the message has file, line and key.
    """
    files: dict[Path, None] = {}
    for path in paths:
        found = sorted(path.glob("*.yaml")) if path.is_dir() else [path]
        if not found or not all(file.is_file() for file in found):
            raise ValueError(f"option --entries: expected a YAML file, or a folder with some, got {path}")
        files |= dict.fromkeys(found)
    return [load_claim(file) for file in files]


def load_claim(file: Path) -> Claim:
    """Read one entry.

    Raises
    ------
    ValueError
        If a key is unknown, missing or wrong; the message has file, line and key.
    """
    source = read_source(file, "entry")
    try:
        claim: Claim = read(source.content, Claim, "entry")
        _check(claim)
    except ValueError as error:
        raise source.located(error) from None
    return replace(claim, file=file.name)


def _check(claim: Claim) -> None:
    """Check what the types of an entry do not say."""
    for key in ("method", "dataset", "source"):
        if not getattr(claim, key).strip():
            raise ValueError(f"entry.{key}: expected a text, got none")
    for key in ("n_train", "n_test"):
        if getattr(claim, key) < 1:
            raise ValueError(f"entry.{key}: expected a whole number >= 1, got {getattr(claim, key)}")
    for key, known in (("change", tuple(THREATS)), ("counts", (CHANGES, EDITS))):
        if getattr(claim, key) not in known:
            raise ValueError(f"entry.{key}: expected one of {', '.join(known)}, got {getattr(claim, key)!r}")
    address = urlsplit(claim.url)
    if address.scheme not in ("http", "https") or not address.netloc:
        raise ValueError(f"entry.url: expected an address that begins with https://, got {claim.url!r}")
    if not claim.certified:
        raise ValueError("entry.certified: expected a list of points, got []")
    for i, point in enumerate(claim.certified):
        if not 0 <= point.accuracy <= 100:
            raise ValueError(f"entry.certified[{i}].accuracy: expected 0 to 100 percent, got {point.accuracy:g}")
    order = sorted(claim.certified, key=lambda point: point.size)
    for low, high in itertools.pairwise(order):
        if low.size == high.size or low.accuracy < high.accuracy:
            raise ValueError(
                f"entry.certified[{claim.certified.index(high)}]: expected each size once and no larger accuracy at a "
                f"larger size, got {low.accuracy:g} at {low.size} and {high.accuracy:g} at {high.size}"
            )
