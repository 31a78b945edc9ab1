"""Read certified accuracies off the curves of runs, and tell which of several runs guarantees most."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64

from certvote.options.choices import find
from certvote.options.columns import Value
from certvote.results.headline import round_sizes
from certvote.results.run import Run, finished

EQUAL = 1e-9
"""A difference of two accuracies that is rounding, far below one test example."""

_TELLING = 0.2  # a size at which the best bound keeps less than this part of its accuracy on clean data says little
_CLASSIFIER = ("dataset", "feature", "attack", "algo", "learner")  # groups of options that say what is certified


def accuracy_at(run: Run, size: int) -> float:
    """Return the lower bound of CA(``size``): that of the next computed size, NaN beyond the last one."""
    return math.nan if run.curve is None else run.curve.certified_at(size)


def shown_at(run: Run, size: int) -> float:
    """Return what figures and tables show at ``size``: the lower bound, of several seeds the mean of theirs."""
    return accuracy_at(run, size) if run.spread is None else _at(run, size, run.spread.mean)


def deviation_at(run: Run, size: int) -> float:
    """Return the standard deviation of the lower bounds of several seeds at ``size``, NaN for a single run."""
    return math.nan if run.spread is None else _at(run, size, run.spread.deviation)


def highest_at(run: Run, size: int) -> float:
    """Return the highest lower bound of several seeds at ``size``, NaN for a single run."""
    return math.nan if run.spread is None else _at(run, size, run.spread.highest)


def _at(run: Run, size: int, values: Float64[np.ndarray, " s"]) -> float:
    assert run.curve is not None
    index = int(np.searchsorted(run.curve.sizes, size))  # the bound at the next larger size also holds here
    return float(values[index]) if index < len(values) else math.nan


def attained_at(run: Run, size: int) -> float:
    """Return what the certificate's search attained at ``size``, NaN where it was not computed."""
    return math.nan if run.curve is None else run.curve.attained_at(size)


def attacked_at(run: Run, size: int) -> float:
    """Return what an attack of at most ``size`` has left of the accuracy, NaN where none was carried out."""
    return math.nan if run.attacked is None else run.attacked.at(size)


def mean_accuracy(run: Run) -> float:
    """Return the mean certified accuracy over the computed sizes, NaN without a curve."""
    return float(np.mean(run.curve.certified)) if run.curve is not None else math.nan


def last_size(run: Run) -> int:
    """Return the largest poisoning size of the curve, 0 without one."""
    return int(run.curve.sizes[-1]) if run.curve is not None else 0


def searched_further(run: Run, sizes: Sequence[int] | None = None) -> bool:
    """Return whether the two sides of the certificate's search differ at some of ``sizes``, by default at any size."""
    if run.curve is None or run.curve.attained is None:
        return False
    at = run.curve.sizes.tolist() if sizes is None else sizes
    return any(attained_at(run, e) - accuracy_at(run, e) > EQUAL for e in at)


def computed_sizes(runs: Sequence[Run]) -> list[int]:
    """Return every poisoning size above 0 that any of the curves was computed at, in order."""
    return sorted({int(e) for run in runs if run.curve is not None for e in run.curve.sizes if e > 0})


def shared_sizes(runs: Sequence[Run]) -> tuple[int, ...]:
    """Return round sizes up to the largest that every finished run has, ``(0,)`` without one."""
    return round_sizes(min((last_size(run) for run in finished(runs)), default=0))


# --- which run guarantees most ---------------------------------------------------------------------------------------


def strongest(runs: Sequence[Run], size: int) -> Run:
    """Return the run with the highest bound at ``size``; of equal ones that with the highest mean accuracy.

    Where that is equal, too, it is the one with the strongest certificate.
    """
    return max(runs, key=lambda run: (round(accuracy_at(run, size), 12), round(mean_accuracy(run), 12), strength(run)))


def strength(run: Run) -> tuple[int, int]:
    """Return a sort key of certificates: the number of certificates that a run's own is never below, and its place."""
    return len(_never_below(run.certificate)), run.label("certificate").order


@functools.cache
def _never_below(certificate: str) -> frozenset[str]:
    cls = find("certificate", certificate)
    weaker: tuple[str, ...] = () if cls is None else cls.never_below  # type: ignore[attr-defined]
    return frozenset(weaker).union(*map(_never_below, weaker))


def individual_of(run: Run, runs: Sequence[Run]) -> Run | None:
    """Return the individual certificate of the same classifier on the same data, if it is among ``runs``."""
    mine = classifier_of(run), run.change
    return next((x for x in runs if not x.joint and (classifier_of(x), x.change) == mine), None)


def classifier_of(run: Run) -> frozenset[tuple[str, Value]]:
    """Return the options that a run's votes depend on: not what the attacker may do, which only a certificate asks."""
    groups = [group for group in _CLASSIFIER if group != "learner" or run.is_ensemble]
    named = ((name, value) for name, value in run.options.items() if name.partition(".")[0] in groups)
    return frozenset((name, value) for name, value in named if value is not None and name != "attack.change")


# --- which size says most --------------------------------------------------------------------------------------------


def telling_size(runs: Sequence[Run], sizes: Sequence[int]) -> int:
    """Return the largest of ``sizes`` at which the best bound still says something.

    Where there is none, it is the largest size of any curve at which it does, else the smallest that leaves a bound
    above 0, else 0. Sizes for which all of ``runs``, which have finished, have a value go before others.
    """
    positive = [size for size in sizes if size > 0]
    shared = [size for size in positive if all(size <= last_size(run) for run in runs)]
    end = max(shared or positive, default=0)
    smaller = [size for size in computed_sizes(runs) if size <= end]
    for some in (shared or positive, smaller):
        telling = next((size for size in sorted(some, reverse=True) if tells(runs, size)), 0)
        if telling:
            return telling
    return next((size for size in smaller[:1] if _best(runs, size) > EQUAL), 0)


def tells(runs: Sequence[Run], size: int) -> bool:
    """Return whether the best bound at ``size`` keeps at least a fifth of its accuracy on clean data."""
    return _best(runs, size) >= max(_TELLING * _best(runs, 0), EQUAL)


def _best(runs: Sequence[Run], size: int) -> float:
    return max((x for run in runs if not math.isnan(x := accuracy_at(run, size))), default=0.0)
