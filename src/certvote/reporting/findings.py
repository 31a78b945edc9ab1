"""Findings as sentences, every number computed from the runs and stated as what it is: a guarantee, a lower bound."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from certvote.reporting import labels, query, styles
from certvote.reporting.query import EQUAL, Result, accuracy_at, common, finished, individual_of, strength, strongest
from certvote.reporting.tables import shared_sizes

MOST_SENTENCES = 4  # of an abstract that are about single settings; the sections say the rest
_GROUPINGS = ("rd", "island")
_MOST_GAPS = 3


def abstract(found: Sequence[Result], about: Sequence[Result] | None = None) -> list[str]:
    """A few sentences: per data set and attack what is guaranteed, what joint certificates add, and what is missing.

    What is guaranteed is told of the results ``about`` alone, by default of all.
    """
    told = [group for group in groups(found if about is None else about) if finished(group)]
    if not told:
        return [f"No run has finished, so nothing is certified here{_unfinished_tail(found)}."]
    sentences = [headline(told[0])]
    sentences += [_briefly(group) for group in told[1:MOST_SENTENCES]]
    if len(told) > MOST_SENTENCES:
        sentences.append(f"{len(told) - MOST_SENTENCES} more settings follow in their sections.")
    gain = joint_gain(told[0])
    if gain:
        sentences.append(gain)
    missing = len(found) - len(finished(found))
    if missing:
        verb = "has" if missing == 1 else "have"
        sentences.append(f"{missing} of {len(found)} runs {verb} no result; the tables say why.")
    return sentences


def groups(found: Sequence[Result]) -> list[list[Result]]:
    """Results that can be compared: the same test set and the same attack, in order of appearance."""
    settings: dict[tuple[object, ...], list[Result]] = {}
    for result in found:
        settings.setdefault(_comparable(result), []).append(result)
    return list(settings.values())


def _same_attacker(found: Sequence[Result]) -> list[Result]:
    """Those against the attacker who may do most: a bound against a weaker one is no better for being higher."""
    changes = [change for change in styles.CHANGES if any(result.change == change for result in found)]
    return [result for result in found if not changes or result.change == changes[0]]


def _comparable(result: Result) -> tuple[object, ...]:
    return result.data, result.holdout, result.attack, result.change


def headline(found: Sequence[Result], *, name_data: bool = True) -> str:
    """The highest guarantee at a telling size, beside that of the classifier's individual certificate and the others.

    ``found`` shares data set and attack or mixes them; mixed settings are told by their best result alone.
    """
    done = finished(found)
    if not done:
        return f"No run of this setting has finished{_unfinished_tail(found)}."
    done = _same_attacker(done)
    size = telling_size(done)
    best = strongest(done, size)
    digits = labels.decimals(done)
    if size == 0:
        return _clean(best, done, digits)
    value = labels.percent(accuracy_at(best, size), digits)
    sentence = (
        f"{_situation(best, size, name_data=name_data)}, {labels.full(best)} still classifies at least {value} % "
        f"of {_test_set(best)} correctly, whatever the attacker does{_confidence(best)}"
    )
    contrasts = _contrasts(best, done, size, digits)
    return sentence + (f"; {_joined(contrasts)}" if contrasts else "") + "."


def _briefly(found: Sequence[Result]) -> str:
    """The highest guarantee alone, for a setting after the first."""
    done = finished(found)
    size = telling_size(done)
    best = strongest(done, size)
    if size == 0:
        return _clean(best, done, labels.decimals(done))
    value = labels.percent(accuracy_at(best, size), labels.decimals(done))
    return (
        f"{_situation(best, size, name_data=True)}, the highest guarantee is {value} %, "
        f"for {labels.full(best)}{_confidence(best)}."
    )


def telling_size(found: Sequence[Result]) -> int:
    """The largest round size of all results at which the best bound still says something, else the largest at all."""
    return query.telling_size(found, shared_sizes(found))


def joint_gain(found: Sequence[Result]) -> str:
    """What the best joint certificate of an algorithm adds to its individual one at the telling size, or ""."""
    done = finished(found)
    size = telling_size(done)
    digits = labels.decimals(done)
    pairs = [(x, base) for x in done if x.grouping != "none" and (base := individual_of(x, done)) is not None]
    if not pairs or size == 0:
        return ""
    # The headline already compares the best classifier's certificates, so another one's are news.
    best = strongest(done, size)
    pairs = [(x, y) for x, y in pairs if accuracy_at(x, size) - accuracy_at(y, size) > EQUAL]
    fresh = [(x, base) for x, base in pairs if x.method != best.method]
    if not pairs:
        return ""
    joint, base = max(
        fresh or pairs,
        key=lambda pair: (round(accuracy_at(pair[0], size) - accuracy_at(pair[1], size), 12), strength(pair[0])),
    )
    high, low = accuracy_at(joint, size), accuracy_at(base, size)
    text = (
        f"Certifying the test {joint.noun} together rather than one by one raises the guarantee for "
        f"{labels.classifier(joint)} at e = {labels.count(size)} by {100 * (high - low):.{digits}f} points, from "
        f"{labels.percent(low, digits)} % ({labels.certificate_name(base)}) to {labels.percent(high, digits)} % "
        f"({labels.certificate_name(joint)})"
    )
    return f"{text}{_beside_grouping(joint, base, done, size, digits)}."


def _beside_grouping(joint: Result, base: Result, done: Sequence[Result], size: int, digits: int) -> str:
    """What the groupings give, where the joint certificate is none of them: they are what was known before it."""
    grouped = [x for x in done if x.grouping in _GROUPINGS and individual_of(x, done) is base]
    if not grouped or joint.grouping in _GROUPINGS:
        return ""
    best = strongest(grouped, size)
    value = labels.percent(accuracy_at(best, size), digits)
    rest = [accuracy_at(x, size) for x in grouped if x.grouping != best.grouping]
    name = labels.certificate_name(best)
    if not rest:
        return f"; {name} gives {value} %"
    if accuracy_at(best, size) - max(rest) <= EQUAL:
        return f"; {' and '.join(styles.certificate(grouping).name for grouping in _GROUPINGS)} both give {value} %"
    return f"; {name}, the better of the two groupings, gives {value} %"


def search_gaps(found: Sequence[Result]) -> list[str]:
    """For every certificate that searches: how far apart the two sides of its search are, at most and where.

    Of more than a few, the one whose sides are farthest apart stands for all.
    """
    done = finished(found)
    digits = labels.decimals(done)
    named = [(x, label) for x, label in zip(done, labels.short(done), strict=True) if _sides_apart(x) is not None]
    if len(named) <= _MOST_GAPS:
        return _gaps(named, digits)
    widest = max(named, key=lambda pair: _sides_apart(pair[0]) or 0.0)
    return [
        f"Of {len(named)} curves whose certificate searches, this one leaves most open. {_gaps([widest], digits)[0]}"
    ]


def _sides_apart(result: Result) -> float | None:
    """How far apart the two sides of a certificate's search are at most, ``None`` for one that does not search."""
    curve = result.curve
    return None if curve is None or curve.attained is None else float((curve.attained - curve.certified).max())


def _gaps(named: Sequence[tuple[Result, str]], digits: int) -> list[str]:
    said = []
    for result, label in named:
        curve = result.curve
        if curve is None or curve.attained is None:
            continue
        stride = result.stride or 1
        gaps = curve.attained - curve.certified
        searched = (curve.sizes % stride == 0) | (curve.sizes == curve.sizes.max())
        widest = int(np.argmax(np.where(searched, gaps, -1.0)))
        where = "at every size" if searched.all() else f"where its search ran (one size in {stride})"
        if gaps[widest] <= EQUAL:
            text = f"{label}: {where} both of its sides are equal"
        else:
            text = (
                f"{label}: {where} its two sides are at most "
                f"{labels.percent(float(gaps[widest]), digits, up=True)} points apart "
                f"(at e = {labels.count(int(curve.sizes[widest]))}); the lower side is certified"
            )
        if not searched.all():
            between = labels.percent(float(gaps[~searched].max()), digits, up=True)
            text += f". At sizes in between, the values of searched sizes stand in, at most {between} points apart"
        said.append(f"{text}.")
    return said


def _situation(result: Result, size: int, *, name_data: bool) -> str:
    start = f"On {labels.dataset_name(result.data)}, with" if name_data else "With"
    number, all_of = labels.count(size), labels.count(result.n_train) if result.n_train else ""
    what = {
        "insert": f"{number} examples added to {f'{all_of} ' if all_of else 'the '}training examples",
        "delete": f"{number}{f' of {all_of}' if all_of else ''} training examples removed",
    }.get(result.change, f"{number}{f' of {all_of}' if all_of else ''} training examples poisoned")
    trigger = f" and the trigger in every test {result.noun.removesuffix('s')}" if result.attack == "backdoor" else ""
    return f"{start} {what}{trigger}"


def _test_set(result: Result) -> str:
    kind = "test" if result.holdout is None else "validation"
    return f"the {labels.count(result.n_test)} {kind} {result.noun}" if result.n_test else f"the {kind} {result.noun}"


def _confidence(result: Result) -> str:
    said = labels.confidence(result)
    if not said:
        return ""
    return (
        " (a statement that holds with probability 1 − α, of which no α is known)"
        if said == "unknown"
        else (f" (a statement that holds with probability {said})")
    )


def _clean(best: Result, done: Sequence[Result], digits: int) -> str:
    larger = "the runs share no larger poisoning size at which they could be compared"
    if min(map(query.last_size, done)) > 0:
        size = labels.count(query.computed_sizes(done)[0])
        larger = f"at e = {size}, the smallest poisoning size, nothing is guaranteed any more"
    return (
        f"Without poisoned examples {labels.full(best)} classifies "
        f"{labels.percent(accuracy_at(best, 0), digits)} % of {_test_set(best)} correctly; "
        f"{larger}."
    )


def _contrasts(best: Result, done: Sequence[Result], size: int, digits: int) -> list[str]:
    said = []
    base = individual_of(best, done)
    if base is not None and base.id != best.id:
        value = labels.percent(accuracy_at(base, size), digits)
        said.append(f"its individual certificate guarantees {value} %")
    rest = [x for x in done if x.method != best.method and _comparable(x) == _comparable(best)]
    # Among several ensembles the best one stands for all: a sentence is no table.
    families = dict.fromkeys("ensembles" if x.is_ensemble else x.method for x in rest)
    for family in families:
        members = [x for x in rest if family == ("ensembles" if x.is_ensemble else x.method)]
        other = strongest(members, size)
        several = len({x.method for x in members}) > 1
        best_one = "the best other ensemble" if best.is_ensemble else "the best ensemble"
        name = f"{best_one}, {labels.full(other)}," if several else labels.full(other)
        value = labels.percent(accuracy_at(other, size), digits)
        said.append(f"for {name} the guarantee is {value} %{_confidence(other)}")
    if not said and common(done, "n_test") and len(done) > 1:
        worst = min(done, key=lambda x: (round(accuracy_at(x, size), 12), -strength(x)))
        if worst.id != best.id and _comparable(worst) == _comparable(best):
            value = labels.percent(accuracy_at(worst, size), digits)
            said.append(f"the lowest guarantee of the {len(done)} curves is {value} %, for {labels.full(worst)}")
    return said


def _joined(parts: Sequence[str]) -> str:
    """Clauses in one sentence: a comma before the last one, semicolons between more than two."""
    return ", and ".join(parts) if len(parts) <= 2 else f"{'; '.join(parts[:-1])}; and {parts[-1]}"


def _unfinished_tail(found: Sequence[Result]) -> str:
    return f": {len(found)} run{'s' if len(found) != 1 else ''} failed or did not end" if found else ""
