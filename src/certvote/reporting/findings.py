"""State findings in sentences, every number computed from the runs and called what it is: a guarantee, a lower bound."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from certvote.attacks.threats import THREATS, threat
from certvote.reporting import accuracy, labels
from certvote.reporting.accuracy import EQUAL, accuracy_at, individual_of, shared_sizes, strength, strongest
from certvote.reporting.query import common
from certvote.reporting.wording import count, counted, listed, percent
from certvote.results.run import Run, finished

MOST_SENTENCES = 4  # of an abstract that are about single settings; the sections say the rest
_MOST_GAPS = 3


def abstract(runs: Sequence[Run], about: Sequence[Run] | None = None) -> list[str]:
    """Return a few sentences: per data set and attack what is guaranteed, what joint certificates add, what is missing.

    What is guaranteed is told of the runs ``about`` alone, by default of all.
    """
    told = [setting for setting in settings(runs if about is None else about) if finished(setting)]
    if not told:
        return [f"No run has finished, so nothing is certified here{_unfinished_tail(runs)}."]
    sentences = [headline(told[0])]
    sentences += [_briefly(setting) for setting in told[1:MOST_SENTENCES]]
    if len(told) > MOST_SENTENCES:
        sentences.append(f"{len(told) - MOST_SENTENCES} more settings follow in their sections.")
    sentences += filter(None, [joint_gain(told[0])])
    missing = len(runs) - len(finished(runs))
    if missing:
        verb = "has" if missing == 1 else "have"
        sentences.append(f"{missing} of {len(runs)} runs {verb} no result; the tables say why.")
    return sentences


def settings(runs: Sequence[Run]) -> list[list[Run]]:
    """Return runs that can be compared with each other: the same test set and the same attacker."""
    found: dict[tuple[object, ...], list[Run]] = {}
    for run in runs:
        found.setdefault(_comparable(run), []).append(run)
    return list(found.values())


def headline(runs: Sequence[Run], *, name_data: bool = True) -> str:
    """State the highest guarantee at the size that says most, beside that of the individual certificate and the others.

    ``runs`` share data set and attack or mix them; mixed settings are told by their best run alone.
    """
    done = finished(runs)
    if not done:
        return f"No run of this setting has finished{_unfinished_tail(runs)}."
    done = _same_attacker(done)
    size = telling_size(done)
    best = strongest(done, size)
    digits = labels.decimals(done)
    if size == 0:
        return _clean(best, done, digits)
    value = percent(accuracy_at(best, size), digits)
    sentence = (
        f"{_situation(best, size, name_data=name_data)}, {labels.full(best)} still classifies at least {value} % "
        f"of {_test_set(best)} correctly, whatever the attacker does{_confidence(best)}"
    )
    contrasts = _contrasts(best, done, size, digits)
    return sentence + (f"; {_joined(contrasts)}" if contrasts else "") + "."


def telling_size(runs: Sequence[Run]) -> int:
    """Return the largest round size of all runs at which the best bound still says something, else the largest at all."""
    return accuracy.telling_size(runs, shared_sizes(runs))


def joint_gain(runs: Sequence[Run]) -> str:
    """State what the best joint certificate of an algorithm adds to its individual one, "" where it adds nothing."""
    done = finished(runs)
    size = telling_size(done)
    digits = labels.decimals(done)
    pairs = [(x, base) for x in done if x.joint and (base := individual_of(x, done)) is not None]
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
        f"{labels.classifier(joint)} at e = {count(size)} by {100 * (high - low):.{digits}f} points, from "
        f"{percent(low, digits)} % ({labels.certificate_name(base)}) to {percent(high, digits)} % "
        f"({labels.certificate_name(joint)})"
    )
    return f"{text}{_beside_groups(joint, base, done, size, digits)}."


def search_gaps(runs: Sequence[Run]) -> list[str]:
    """State for every certificate that searches how far apart the two sides of its search are, at most and where.

    Of more than a few, the one whose sides are farthest apart stands for all.
    """
    done = finished(runs)
    digits = labels.decimals(done)
    named = [(x, label) for x, label in zip(done, labels.short(done), strict=True) if _sides_apart(x) is not None]
    if len(named) <= _MOST_GAPS:
        return [_gap(run, label, digits) for run, label in named]
    widest = max(named, key=lambda pair: _sides_apart(pair[0]) or 0.0)
    return [f"Of {len(named)} curves whose certificate searches, this one leaves most open. {_gap(*widest, digits)}"]


def _briefly(runs: Sequence[Run]) -> str:
    """State the highest guarantee alone, for a setting after the first."""
    done = finished(runs)
    size = telling_size(done)
    best = strongest(done, size)
    if size == 0:
        return _clean(best, done, labels.decimals(done))
    value = percent(accuracy_at(best, size), labels.decimals(done))
    return (
        f"{_situation(best, size, name_data=True)}, the highest guarantee is {value} %, "
        f"for {labels.full(best)}{_confidence(best)}."
    )


def _same_attacker(runs: Sequence[Run]) -> list[Run]:
    """Select the runs against the attacker who may do most: a bound against a weaker one is no better for being higher."""
    change = next((change for change in THREATS if any(run.change == change for run in runs)), None)
    return [run for run in runs if change in (None, run.change)]


def _comparable(run: Run) -> tuple[object, ...]:
    return run.data, run.holdout, run.attack, run.change


def _beside_groups(joint: Run, base: Run, done: Sequence[Run], size: int, digits: int) -> str:
    """State what certifying groups gives, where the joint certificate does without: it is what was known before it."""
    grouped = [x for x in done if x.by_groups and individual_of(x, done) is base]
    if not grouped or joint.by_groups:
        return ""
    best = strongest(grouped, size)
    value = percent(accuracy_at(best, size), digits)
    rest = [accuracy_at(x, size) for x in grouped if x.certificate != best.certificate]
    if not rest:
        return f"; {labels.certificate_name(best)} gives {value} %"
    if accuracy_at(best, size) - max(rest) <= EQUAL:
        names = list(dict.fromkeys(map(labels.certificate_name, grouped)))
        return f"; {listed(names)} {'both' if len(names) == 2 else 'all'} give {value} %"
    return f"; {labels.certificate_name(best)}, the better of the {_number(len(rest) + 1)} groupings, gives {value} %"


def _sides_apart(run: Run) -> float | None:
    """Return how far apart the two sides of a certificate's search are at most, ``None`` for one that does not search."""
    curve = run.curve
    return None if curve is None or curve.attained is None else float((curve.attained - curve.certified).max())


def _gap(run: Run, label: str, digits: int) -> str:
    curve = run.curve
    assert curve is not None
    assert curve.attained is not None
    stride = int(str(run.option("data.stride") or run.option("certificate.stride") or 1))
    gaps = curve.attained - curve.certified
    searched = (curve.sizes % stride == 0) | (curve.sizes == curve.sizes.max())
    widest = int(np.argmax(np.where(searched, gaps, -1.0)))
    everywhere = bool(searched.all())
    if gaps[widest] <= EQUAL:
        text = f"{label}: the bound is exact at every {'size' if everywhere else f'{_ordinal(stride)} size'}"
    else:
        text = (
            f"{label}: {'at every size' if everywhere else f'where its search ran (one size in {stride})'} its two "
            f"sides are at most {percent(float(gaps[widest]), digits, up=True)} points apart "
            f"(at e = {count(int(curve.sizes[widest]))}); the lower side is certified"
        )
    if not everywhere:
        between = percent(float(gaps[~searched].max()), digits, up=True)
        text += f". At sizes in between, the values of searched sizes stand in, at most {between} points apart"
    return f"{text}."


def _situation(run: Run, size: int, *, name_data: bool) -> str:
    start = f"On {labels.data_name(run)}, with" if name_data else "With"
    all_of = count(run.n_train) if run.n_train else "the"
    attack = run.chosen("attack")
    also = "" if attack is None else attack.situation.format(example=run.noun.removesuffix("s"))
    return f"{start} {threat(run.change).situation.format(e=count(size), n=all_of)}{also}"


def _test_set(run: Run) -> str:
    kind = "test" if run.holdout is None else "validation"
    return f"the {count(run.n_test)} {kind} {run.noun}" if run.n_test else f"the {kind} {run.noun}"


def _confidence(run: Run) -> str:
    said = labels.confidence(run)
    if not said:
        return ""
    probability = "1 − α, of which no α is known" if said == "unknown" else said
    return f" (a statement that holds with probability {probability})"


def _clean(best: Run, done: Sequence[Run], digits: int) -> str:
    larger = "the runs share no larger poisoning size at which they could be compared"
    if min(map(accuracy.last_size, done)) > 0:
        size = count(accuracy.computed_sizes(done)[0])
        larger = f"at e = {size}, the smallest poisoning size, nothing is guaranteed any more"
    return (
        f"Without poisoned examples {labels.full(best)} classifies {percent(accuracy_at(best, 0), digits)} % of "
        f"{_test_set(best)} correctly; {larger}."
    )


def _contrasts(best: Run, done: Sequence[Run], size: int, digits: int) -> list[str]:
    """Return clauses about the individual certificate, and about the best runs of other algorithms."""
    said = []
    base = individual_of(best, done)
    if base is not None and base.id != best.id:
        value = percent(accuracy_at(base, size), digits)
        said.append(f"its {labels.certificate_name(base)} certificate guarantees {value} %")
    rest = [x for x in done if x.method != best.method and _comparable(x) == _comparable(best)]
    # Among several ensembles the best one stands for all: a sentence is no table.
    families: dict[object, list[Run]] = {}
    for run in rest:
        families.setdefault(True if run.is_ensemble else run.method, []).append(run)
    for family in families.values():
        other = strongest(family, size)
        best_one = "the best other ensemble" if best.is_ensemble else "the best ensemble"
        several = len({x.method for x in family}) > 1
        name = f"{best_one}, {labels.full(other)}," if several else labels.full(other)
        value = percent(accuracy_at(other, size), digits)
        said.append(f"for {name} the guarantee is {value} %{_confidence(other)}")
    if not said and common(done, "n_test") and len(done) > 1:
        worst = max(done, key=lambda x: (-round(accuracy_at(x, size), 12), strength(x)))
        if worst.id != best.id and _comparable(worst) == _comparable(best):
            value = percent(accuracy_at(worst, size), digits)
            said.append(f"the lowest guarantee of the {len(done)} curves is {value} %, for {labels.full(worst)}")
    return said


def _joined(clauses: Sequence[str]) -> str:
    """Join clauses in one sentence: a comma before the last one, semicolons between more than two."""
    return ", and ".join(clauses) if len(clauses) <= 2 else f"{'; '.join(clauses[:-1])}; and {clauses[-1]}"


def _unfinished_tail(runs: Sequence[Run]) -> str:
    return f": {counted(len(runs), 'run')} failed or did not end" if runs else ""


def _number(number: int) -> str:
    return "two" if number == 2 else str(number)


def _ordinal(number: int) -> str:
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
