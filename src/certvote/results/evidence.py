"""What a run leaves behind so that its curve can be checked and redrawn without computing it again."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from certvote.runtime.digests import array_digest
from certvote.types import Curve, Election, Split, Votes

if TYPE_CHECKING:
    from certvote.options.schema import Settings
    from certvote.stages import Certified

HEADLINES = 11  # headline metrics CA_<e> are logged at so many round sizes at most


@dataclass(frozen=True)
class Evidence:
    """Files for the results database, and the numbers that head a run."""

    folder: Path
    metrics: Mapping[str, float]
    digest: str
    summary: str


@contextmanager
def write_evidence(
    settings: Settings, split: Split, votes: Votes | Election, certified: Certified
) -> Iterator[Evidence]:
    """Write votes, certified sizes, curve, figure and options into a temporary folder."""
    import yaml

    from certvote.options import settings as options
    from certvote.reporting import curve_svg

    curve = certified.curve
    with tempfile.TemporaryDirectory(prefix="certvote-") as name:
        folder = Path(name)
        arrays: dict[str, Any] = {"labels": split.test_labels, **pack(votes)}
        np.savez_compressed(folder / "votes.npz", **arrays)
        np.savez_compressed(folder / "certified_sizes.npz", **per_example(certified))
        (folder / "curve.csv").write_text(curve_csv(curve))
        look = {"algo": settings.algo.name, "grouping": settings.grouping.name}
        figure = curve_svg(curve, n_train=len(split.train_labels), **look)
        (folder / "curve.svg").write_text(figure)
        (folder / "config.yaml").write_text(yaml.safe_dump(options.plain(settings), sort_keys=False))
        metrics = headline(certified)
        yield Evidence(folder, metrics, votes_digest(votes, split.test_labels), summarize(curve, metrics))


def per_example(certified: Certified) -> dict[str, Any]:
    """What a certificate says about each test example, as named arrays."""
    abstained = {} if certified.abstained is None else {"abstained": certified.abstained}
    return {"certified_sizes": certified.sizes, **abstained}


def headline(certified: Certified) -> dict[str, float]:
    """CA at round sizes, median certified size and mean certified accuracy; the share on which an ensemble abstains.

    ``median_certified_size`` is the largest computed size at which at least half of the test examples are certified,
    -1 if there is none. ``auc`` is the area under the curve over the largest size: the mean of CA over all sizes.
    """
    from certvote.reporting.tables import round_sizes

    curve = certified.curve
    largest = int(curve.sizes.max())
    index = {size: j for j, size in enumerate(curve.sizes.tolist())}
    wanted = (*round_sizes(largest, most=HEADLINES), largest)
    metrics = {f"CA_{size}": float(curve.certified[index[size]]) for size in wanted if size in index}
    half = curve.sizes[curve.certified >= 0.5]
    if certified.abstained is not None:
        metrics["abstained"] = float(certified.abstained.mean())
    metrics["median_certified_size"] = float(half.max()) if half.size else -1.0
    metrics["auc"] = float(np.trapezoid(curve.certified, curve.sizes) / largest) if largest else metrics["CA_0"]
    return metrics


def summarize(curve: Curve, metrics: Mapping[str, float]) -> str:
    """One line for the console."""
    shown = [f"CA({key.removeprefix('CA_')}) = {value:.4f}" for key, value in metrics.items() if key.startswith("CA_")]
    middle = shown[len(shown) // 2]
    return ", ".join(dict.fromkeys([shown[0], middle, shown[-1]]))


def curve_csv(curve: Curve) -> str:
    """The curve as CSV, digits enough to read the same numbers back."""
    columns = [curve.sizes.tolist(), curve.certified.tolist()]
    header = "poisoning_size,certified_accuracy"
    if curve.attained is not None:
        columns.append(curve.attained.tolist())
        header += ",attained"
    return "\n".join([header, *(",".join(map(repr, row)) for row in zip(*columns, strict=True))]) + "\n"


def votes_digest(votes: Votes | Election, labels: np.ndarray) -> str:
    """SHA-256 of everything that the certificates look at."""
    if isinstance(votes, Election):
        return array_digest(votes.counts, votes.winner, votes.parts, labels)
    meta = np.array([-1 if votes.k is None else votes.k, votes.window], dtype=np.int64)
    return array_digest(meta, votes.counts, labels, *([] if votes.ranked is None else [votes.ranked]))


def pack(votes: Votes | Election) -> dict[str, np.ndarray]:
    """Votes, or the outcome of an election, as named arrays, for a file."""
    if isinstance(votes, Election):
        return {"counts": votes.counts, "winner": votes.winner, "parts": votes.parts}
    ranked = {} if votes.ranked is None else {"ranked": votes.ranked}
    k = np.array(-1 if votes.k is None else votes.k)
    return {"counts": votes.counts, "k": k, "window": np.array(votes.window), **ranked}


def unpack(arrays: Mapping[str, np.ndarray]) -> Votes | Election:
    """What ``pack`` packed."""
    if "winner" in arrays:
        return Election(arrays["counts"], arrays["winner"], arrays["parts"])
    k = int(arrays["k"])
    return Votes(arrays["counts"], None if k < 0 else k, int(arrays["window"]), arrays.get("ranked"))


def load_votes(path: Path) -> tuple[Votes | Election, np.ndarray]:
    """Votes and true labels of a run, from its ``votes.npz``."""
    with np.load(path, allow_pickle=False) as file:
        arrays = dict(file)
    return unpack(arrays), arrays["labels"]
