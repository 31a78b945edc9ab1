"""State findings in sentences (``sentences.txt``), every number computed from the runs and called a lower bound."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from certvote.attacks.threats import THREATS
from certvote.reporting import accuracy, labels
from certvote.reporting.accuracy import EQUAL, accuracy_at, individual_of, shared_sizes, strength, strongest
from certvote.reporting.query import common
from certvote.reporting.templates import sentence
from certvote.reporting.wording import percent
from certvote.results.run import Run, finished

MOST_SENTENCES = 4  # of an abstract that are about single settings; the sections say the rest
_MOST_GAPS = 3


def abstract(runs: Sequence[Run], about: Sequence[Run] | None = None) -> list[str]:
    """Return a few sentences: per data set and attack what is guaranteed, what joint certificates add, what is missing.

    What is guaranteed is told of the runs ``about`` alone, by default of all.
    """
    told = [setting for setting in settings(runs if about is None else about) if finished(setting)]
    if not told:
        return [sentence("nothing", runs=len(runs), setting=False)]
    said = [headline(told[0]), *(headline(setting, brief=True) for setting in told[1:MOST_SENTENCES])]
    said.append(sentence("more_settings", number=len(told) - MOST_SENTENCES))
    said.append(joint_gain(told[0]))
    said.append(sentence("missing", number=len(runs) - len(finished(runs)), runs=len(runs)))
    return [one for one in said if one]


def settings(runs: Sequence[Run]) -> list[list[Run]]:
    """Return runs that can be compared with each other: the same test set and the same attacker."""
    found: dict[tuple[object, ...], list[Run]] = {}
    for run in runs:
        found.setdefault(_comparable(run), []).append(run)
    return list(found.values())


def headline(runs: Sequence[Run], *, name_data: bool = True, brief: bool = False) -> str:
    """State the highest guarantee at the size that says most, beside that of the individual certificate and the others.

    ``runs`` share data set and attack or mix them; mixed settings are told by their best run alone. A ``brief``
    headline leaves the others out.
    """
    done = finished(runs)
    if not done:
        return sentence("nothing", runs=len(runs), setting=True)
    done = _same_attacker(done)
    size, digits = telling_size(done), labels.decimals(done)
    best = strongest(done, size)
    value = percent(accuracy_at(best, size), digits)
    if size == 0:
        smallest = accuracy.computed_sizes(done)[0] if min(map(accuracy.last_size, done)) > 0 else 0
        return sentence("clean", best=best, value=value, smallest=smallest)
    if brief:
        return sentence("briefly", best=best, value=value, size=size)
    contrasts = _contrasts(best, done, size, digits)
    return sentence("headline", best=best, value=value, size=size, name_data=name_data, contrasts=contrasts)


def telling_size(runs: Sequence[Run]) -> int:
    """Return the largest round size at which the best of all bounds still says something, else the largest at all."""
    return accuracy.telling_size(runs, shared_sizes(runs))


def joint_gain(runs: Sequence[Run]) -> str:
    """State what the best joint certificate of an algorithm adds to its individual one, "" where it adds nothing."""
    done = finished(runs)
    size, digits = telling_size(done), labels.decimals(done)
    pairs = [(x, base) for x in done if x.joint and (base := individual_of(x, done)) is not None]
    gains = {x.id: accuracy_at(x, size) - accuracy_at(base, size) for x, base in pairs}
    pairs = [(x, base) for x, base in pairs if gains[x.id] > EQUAL]
    if not pairs or size == 0:
        return ""
    # The headline already compares the best classifier's certificates, so another one's are news.
    best = strongest(done, size)
    fresh = [(x, base) for x, base in pairs if x.method != best.method]
    joint, base = max(fresh or pairs, key=lambda pair: (round(gains[pair[0].id], 12), strength(pair[0])))
    # Certifying groups is what was known before certificates that do without.
    grouped = [x for x in done if x.by_groups and not joint.by_groups and individual_of(x, done) is base]
    better = strongest(grouped, size) if grouped else None
    rest = [x for x in grouped if better is not None and x.certificate != better.certificate]
    return sentence(
        "joint_gain",
        joint=joint,
        base=base,
        size=size,
        points=f"{100 * gains[joint.id]:.{digits}f}",
        low=percent(accuracy_at(base, size), digits),
        high=percent(accuracy_at(joint, size), digits),
        better=better,
        value="" if better is None else percent(accuracy_at(better, size), digits),
        rest=len({x.certificate for x in rest}),
        equal=[labels.name(x, "certificate") for x in grouped]
        if better is not None and all(accuracy_at(better, size) - accuracy_at(x, size) <= EQUAL for x in rest)
        else [],
    )


def search_gaps(runs: Sequence[Run]) -> list[str]:
    """State for every certificate that searches how far apart the two sides of its search are, at most and where.

    Of more than a few, the one whose sides are farthest apart stands for all.
    """
    done = finished(runs)
    digits = labels.decimals(done)
    gaps = [(_gaps(run), run, label) for run, label in zip(done, labels.short(done), strict=True)]
    known = [(gap, run, label) for gap, run, label in gaps if len(gap)]
    if len(known) <= _MOST_GAPS:
        return [_gap(gap, run, label, digits) for gap, run, label in known]
    widest = max(known, key=lambda one: float(one[0].max()))
    return [f"{sentence('widest', curves=len(known))} {_gap(*widest, digits)}"]


def attacks(runs: Sequence[Run]) -> list[str]:
    """State for every run with attacks what is certified and what an attack has left, at the size that says most."""
    done = [run for run in finished(runs) if run.attacked is not None]
    digits, said = labels.decimals(done), []
    for run, label in zip(done, labels.short(done), strict=True):
        assert run.attacked is not None
        sizes = [size for size in run.attacked.sizes.tolist() if size > 0]
        size = accuracy.telling_size([run], sizes) or sizes[-1]
        low, high = percent(accuracy_at(run, size), digits), percent(run.attacked.at(size), digits, up=True)
        said.append(sentence("between", run=run, label=label if len(done) > 1 else "", size=size, low=low, high=high))
    return said


def _same_attacker(runs: Sequence[Run]) -> list[Run]:
    """Select the runs against the attacker who may do most: against a weaker one, a higher bound is no better."""
    change = next((change for change in THREATS if any(run.change == change for run in runs)), None)
    return [run for run in runs if change in (None, run.change)]


def _comparable(run: Run) -> tuple[object, ...]:
    return run.data, run.holdout, run.attack, run.change


def _gaps(run: Run) -> np.ndarray:
    """Return how far apart the two sides of a search are at every size; empty where a certificate does not search."""
    curve = run.curve
    return np.empty(0) if curve is None or curve.attained is None else curve.attained - curve.certified


def _gap(gaps: np.ndarray, run: Run, label: str, digits: int) -> str:
    assert run.curve is not None
    stride = int(str(run.option("data.stride") or run.option("certificate.stride") or 1))
    sizes = run.curve.sizes
    searched = (sizes % stride == 0) | (sizes == sizes.max())
    widest = int(np.argmax(np.where(searched, gaps, -1.0)))
    return sentence(
        "gap",
        label=label,
        stride=1 if searched.all() else stride,
        points=percent(float(gaps[widest]), digits, up=True) if gaps[widest] > EQUAL else "",
        size=int(sizes[widest]),
        between="" if searched.all() else percent(float(gaps[~searched].max()), digits, up=True),
        bounds=run.bounds,
    )


def _contrasts(best: Run, done: Sequence[Run], size: int, digits: int) -> list[str]:
    """Return clauses about the individual certificate, and about the best runs of other algorithms."""

    def clause(kind: str, run: Run, **facts: object) -> str:
        return sentence(f"than_{kind}", run=run, value=percent(accuracy_at(run, size), digits), **facts)

    base = individual_of(best, done)
    said = [] if base is None or base.id == best.id else [clause("base", base)]
    # Among several ensembles the best one stands for all: a sentence is no table.
    families: dict[object, list[Run]] = {}
    for run in done:
        if run.method != best.method and _comparable(run) == _comparable(best):
            families.setdefault(True if run.is_ensemble else run.method, []).append(run)
    for family in families.values():
        several = len({x.method for x in family}) > 1
        said.append(clause("other", strongest(family, size), several=several, another=best.is_ensemble))
    if not said and common(done, "n_test") and len(done) > 1:
        worst = max(done, key=lambda x: (-round(accuracy_at(x, size), 12), strength(x)))
        if worst.id != best.id and _comparable(worst) == _comparable(best):
            said.append(clause("lowest", worst, curves=len(done)))
    return said
