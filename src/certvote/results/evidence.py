"""Write and read a run's evidence: votes, certified sizes, curve, figure, options."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from certvote.adversaries.poison import pack_poisons
from certvote.results.headline import attacked_headline, headline
from certvote.runtime.digests import array_digest
from certvote.types import Attacked, Certified, Curve, Election, Split, Votes, pack, unpack

if TYPE_CHECKING:
    from certvote.adversaries.carry_out import CarriedOut
    from certvote.options.settings import Settings


POISON = "poison.npz"  # artifact with the poison of every size attacked
ATTACKED_CURVE = "attacked.csv"  # artifact with the accuracy that attacks have left
IDENTITY = "identity.json"  # artifact with the options that the fingerprint was computed from


@dataclass(frozen=True)
class Evidence:
    """Hold the files for the results database, and the numbers that head a run."""

    folder: Path
    metrics: Mapping[str, float]
    digest: str
    summary: str


@contextmanager
def write_evidence(
    settings: Settings,
    identity: Mapping[str, Any],
    split: Split,
    votes: Votes | Election,
    certified: Certified,
    attack: CarriedOut | None = None,
) -> Iterator[Evidence]:
    """Write votes, certified sizes, curve, figure and options into a temporary folder.

    Parameters
    ----------
    settings : Settings
        All options.
    identity : mapping
        The options that the fingerprint was computed from.
    split : Split
        The data, for its labels.
    votes : Votes or Election
        What the certificate looked at.
    certified : Certified
        What it found.
    attack : CarriedOut or None
        Poisons, and what they left of the accuracy.
    """
    import yaml

    from certvote.options.settings import flatten, plain
    from certvote.reporting import curve_svg

    curve = certified.curve
    with tempfile.TemporaryDirectory(prefix="certvote-") as name:
        folder = Path(name)
        arrays: dict[str, Any] = {"labels": split.test_labels, **pack(votes)}
        np.savez_compressed(folder / "votes.npz", **arrays)
        np.savez_compressed(folder / "certified_sizes.npz", **per_example(certified))
        (folder / "curve.csv").write_text(curve_csv(curve))
        params = {name: str(value) for name, value in flatten(settings).items()}
        (folder / "curve.svg").write_text(curve_svg(curve, {**params, "data.n_train": str(len(split.train_labels))}))
        (folder / "config.yaml").write_text(yaml.safe_dump(plain(settings), sort_keys=False))
        (folder / IDENTITY).write_text(json.dumps(identity, sort_keys=True, indent=1, default=str))
        metrics = headline(certified)
        if attack is not None:
            poisons: dict[str, Any] = pack_poisons(attack.poisons)
            np.savez_compressed(folder / POISON, **poisons)
            (folder / ATTACKED_CURVE).write_text(attacked_csv(attack.curve))
            metrics |= attacked_headline(attack.curve)
        yield Evidence(folder, metrics, votes_digest(votes, split.test_labels), summarize(curve, metrics))


def per_example(certified: Certified) -> dict[str, Any]:
    """Return what a certificate says about each test example, as named arrays."""
    abstained = {} if certified.abstained is None else {"abstained": certified.abstained}
    return {"certified_sizes": certified.sizes, **abstained}


def summarize(curve: Curve, metrics: Mapping[str, float]) -> str:
    """Return a line for the console."""
    shown = [f"CA({key.removeprefix('CA_')}) = {value:.4f}" for key, value in metrics.items() if key.startswith("CA_")]
    middle = shown[len(shown) // 2]
    return ", ".join(dict.fromkeys([shown[0], middle, shown[-1]]))


def curve_csv(curve: Curve) -> str:
    """Return the curve as CSV, with digits enough to read the same numbers back, and which bound gave each side."""
    columns: dict[str, Iterator[str]] = {
        "poisoning_size": map(repr, curve.sizes.tolist()),
        "certified_accuracy": map(repr, curve.certified.tolist()),
    }
    if curve.attained is not None:
        columns["attained"] = map(repr, curve.attained.tolist())
    if curve.certified_by is not None and curve.attained_by is not None:
        columns |= {"certified_by": iter(curve.certified_by), "attained_by": iter(curve.attained_by)}
    return "\n".join([",".join(columns), *map(",".join, zip(*columns.values(), strict=True))]) + "\n"


def attacked_csv(attacked: Attacked) -> str:
    """Return the accuracy that attacks have left as CSV, with digits enough to read the same numbers back."""
    rows = zip(attacked.sizes.tolist(), attacked.accuracy.tolist(), strict=True)
    return "\n".join(["poisoning_size,attacked_accuracy", *(f"{size},{value!r}" for size, value in rows)]) + "\n"


def bounds(curve: Curve) -> dict[str, int]:
    """Return at how many sizes each bound gave the certified side, for certificates that have several."""
    return dict(Counter(curve.certified_by or ()))


def votes_digest(votes: Votes | Election, labels: np.ndarray) -> str:
    """Compute the SHA-256 of everything that the certificates look at."""
    if isinstance(votes, Election):
        return array_digest(votes.counts, votes.winner, votes.parts, labels)
    meta = np.array([-1 if votes.k is None else votes.k, votes.window], dtype=np.int64)
    return array_digest(meta, votes.counts, labels, *([] if votes.ranked is None else [votes.ranked]))


def load_votes(path: Path) -> tuple[Votes | Election, np.ndarray]:
    """Read the votes and the true labels of a run from its ``votes.npz``."""
    with np.load(path, allow_pickle=False) as file:
        arrays = dict(file)
    return unpack(arrays), arrays["labels"]
