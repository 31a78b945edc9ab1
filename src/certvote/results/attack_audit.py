"""Apply the poisons that a run stored to its data again, and compare what they leave with the record."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from certvote.certificates.change import keeps_inputs
from certvote.results.check import Check
from certvote.results.evidence import ATTACKED_CURVE, POISON
from certvote.results.headline import attacked_headline
from certvote.types import Attacked, Curve

if TYPE_CHECKING:
    from certvote.adversaries.base import Target
    from certvote.adversaries.poison import Poison
    from certvote.options.settings import Settings
    from certvote.results.run import Run

_ROUNDING = 1e-12


def attack_checks(record: Run, folder: Path, certified: Curve, settings: Settings) -> Iterator[Check]:
    """Check the attacks of a run: their sizes, what they left, and that no certificate claims more.

    Parameters
    ----------
    record : Run
        The run as the database has it.
    folder : Path
        Folder with the run's artifacts.
    certified : Curve
        The certified curve.
    settings : Settings
        The options of the run.
    """
    from certvote.adversaries.poison import unpack_poisons

    attacked = read_attacked(folder / ATTACKED_CURVE)
    with np.load(folder / POISON, allow_pickle=False) as file:
        poisons = unpack_poisons(dict(file))
    stored, metrics = record.attacked, attacked_headline(attacked)
    same = stored is not None and np.array_equal(stored.sizes, attacked.sizes)
    same = same and stored is not None and np.array_equal(stored.accuracy, attacked.accuracy)
    same = same and all(abs(record.metrics.get(name, np.nan) - value) < _ROUNDING for name, value in metrics.items())
    yield Check(f"what attacks left is that of {ATTACKED_CURVE}", same)

    sizes = attacked.sizes[1:].tolist()
    fits = list(poisons) == sizes and all(poison.fits(settings.attack.change, e) for e, poison in poisons.items())
    yield Check("every poison changes at most as many training examples as its size", fits)

    pairs = [(certified.certified_at(e), left) for e, left in zip(sizes, attacked.accuracy[1:].tolist(), strict=True)]
    wrong = [f"{low} > {left}" for low, left in pairs if low > left + _ROUNDING]
    yield Check("no certified accuracy is above what an attack left", not wrong, ", ".join(wrong))
    yield _counted_again(poisons, attacked, settings)


def read_attacked(path: Path) -> Attacked:
    """Read what attacks have left from ``attacked.csv``."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    sizes = np.array([int(row["poisoning_size"]) for row in rows], dtype=np.int64)
    return Attacked(sizes, np.array([float(row["attacked_accuracy"]) for row in rows]))


def _counted_again(poisons: Mapping[int, Poison], attacked: Attacked, settings: Settings) -> Check:
    """Classify the test examples after every stored poison once more, where the data is at hand."""
    from certvote import stages
    from certvote.adversaries.carry_out import measure, target_of

    statement = "the poisoned training sets leave the accuracy that the record says"
    try:
        split = stages.load_split(settings, download=False)
    except (OSError, ValueError) as error:
        return Check(statement, True, f"not checked, as data is not at hand: {str(error).splitlines()[0]}", False)
    features = stages.extract(split, settings) if "feature" in settings.groups else None
    target = target_of(settings, split, features)
    if keeps_inputs(target.change) and not all(poison.relabels(target.inputs) for poison in poisons.values()):
        return Check(statement, False, f"more is changed than labels, with attack.change={target.change}")
    accuracy = dict(zip(attacked.sizes.tolist(), attacked.accuracy.tolist(), strict=True))
    left = {e: measure(poison, target) for e, poison in poisons.items()}
    wrong = [f"{value} at {e}, not {accuracy[e]}" for e, value in left.items() if abs(value - accuracy[e]) > _ROUNDING]
    wrong += [f"images at {e} have other vectors" for e, poison in poisons.items() if not _extracted(poison, target)]
    return Check(statement, not wrong, ", ".join(wrong))


def _extracted(poison: Poison, target: Target) -> bool:
    """Return whether the vectors of added images, if images were added, are those that the feature gives them."""
    if poison.images is None or target.feature is None:
        return True
    distinct, index = np.unique(poison.images, axis=0, return_inverse=True)
    vectors = target.feature.compute(distinct, n_jobs=target.work.threads, progress=False)
    return np.array_equal(vectors[index.reshape(-1)], poison.added)
