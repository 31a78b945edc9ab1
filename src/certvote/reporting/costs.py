"""What every algorithm of a section costs and where it errs: training and voting time, abstentions beside errors."""

from __future__ import annotations

from collections.abc import Sequence

from certvote.reporting import labels
from certvote.reporting.plain import PlainTable
from certvote.reporting.query import accuracy_at, finished
from certvote.reporting.result import Result

_HEAD = (
    "algorithm",
    "base classifier",
    "voters",
    "examples each",
    "correct (%)",
    "abstained (%)",
    "wrong (%)",
    "training (s)",
    "voting (s)",
)
EXPLANATION = (
    "The algorithms without an attack, and the time they took. An ensemble that abstains on a test example certifies "
    "nothing there: it counts as not correct, at e = 0, too, and is no error. Voting of neighbors is counting, with no "
    "training before it. Certificates share votes, and elections what networks answered, so a time is that of the run "
    "that did the work."
)
_KINDS = ("algo.", "learner.", "dataset.", "feature.", "attack.")


def cost_table(chosen: Sequence[Result], found: Sequence[Result]) -> PlainTable | None:
    """A row per classifier of ``chosen``, times from all of ``found``; ``None`` where nothing was trained."""
    if not any(result.is_ensemble for result in finished(chosen)):
        return None
    rows: dict[tuple[tuple[str, str], ...], Result] = {}
    for result in finished(chosen):
        rows.setdefault(_classifier(result), result)
    names = _names(list(rows.values()))
    texts = tuple(
        _row(name, result, [x for x in finished(found) if _classifier(x) == key])
        for name, (key, result) in zip(names, rows.items(), strict=True)
    )
    return PlainTable(_HEAD, texts, frozenset(range(2, len(_HEAD))))


def _row(name: str, result: Result, same: Sequence[Result]) -> tuple[str, ...]:
    digits = labels.decimals([result])
    correct, abstained = accuracy_at(result, 0), result.abstained
    # Counted in whole test examples, so that the three shares add up as shown.
    wrong = 1 - correct - (abstained or 0.0)
    return (
        name,
        labels.learner_name(result.learner) or "–",
        labels.count(voters) if (voters := number_of_voters(result)) is not None else "–",
        _examples(result),
        f"{100 * correct:.{digits}f}",
        f"{100 * abstained:.{digits}f}" if abstained is not None else "–",
        f"{100 * wrong:.{digits}f}",
        _longest(same, "seconds_training") if result.is_ensemble else "–",
        _longest(same, "seconds_votes"),
    )


def number_of_voters(result: Result) -> int | None:
    """How many base classifiers vote, ``None`` for neighbors."""
    if not result.is_ensemble:
        return None
    if result.voters is not None:
        return result.voters
    return None if result.parts is None else result.parts * (result.spread or 1)


def _examples(result: Result) -> str:
    """How many training examples a voter has, on average where its part is a hash's choice."""
    if result.subsample is not None:
        return labels.count(result.subsample)
    if result.is_ensemble and result.parts and result.n_train:
        return f"{result.n_train / result.parts:,.1f}".removesuffix(".0")
    return "–"


def _longest(same: Sequence[Result], metric: str) -> str:
    seconds = [result.metrics[metric] for result in same if metric in result.metrics]
    return f"{max(seconds):,.1f}" if seconds else "–"


def _names(classifiers: Sequence[Result]) -> list[str]:
    """The algorithm with its parameters, and the data where it differs."""
    plain = [labels.printable(labels.classifier_label(x)) for x in classifiers]
    places = [
        (labels.dataset_name(x.data), labels.feature_name(x.feature), labels.attack_name(x.attack)) for x in classifiers
    ]
    # classifiers of images have no features: that is no difference worth a word
    differing = [j for j in range(3) if len({place[j] for place in places} - {""}) > 1]
    named = zip(plain, places, strict=True)
    return [", ".join(filter(None, [name, *(place[j] for j in differing)])) for name, place in named]


def _classifier(result: Result) -> tuple[tuple[str, str], ...]:
    """The options that votes depend on: not what the attacker may do, which only a certificate asks."""
    options = ((name, value) for name, value in result.params.items() if name.startswith(_KINDS))
    mine = sorted((name, value) for name, value in options if name != "attack.change")
    return tuple(mine if result.is_ensemble else [(n, v) for n, v in mine if not n.startswith("learner.")])
