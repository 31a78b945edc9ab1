"""Tabulate what every classifier costs and where it errs: training and voting time, abstentions beside errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from certvote.options.columns import Value
from certvote.reporting import labels
from certvote.reporting.accuracy import classifier_of, shown_at
from certvote.reporting.tables import Table, plain_table
from certvote.reporting.wording import count, seconds
from certvote.results.run import Run, finished


def cost_table(chosen: Sequence[Run], runs: Sequence[Run]) -> Table | None:
    """Tabulate the classifiers of ``chosen``, with times from all of ``runs``; ``None`` where nothing was trained."""
    if not any(run.is_ensemble for run in finished(chosen)):
        return None
    classifiers: dict[frozenset[tuple[str, Value]], list[Run]] = {}
    for run in finished(chosen):
        classifiers.setdefault(classifier_of(run), [run])
    for run in finished(runs):
        classifiers.get(classifier_of(run), []).append(run)
    named = zip(_names([first for first, *_ in classifiers.values()]), classifiers.values(), strict=True)
    rows = [_row(name, same) for name, same in named]
    return plain_table(list(rows[0]), [list(row.values()) for row in rows], texts=2)


def _row(name: str, same: Sequence[Run]) -> Mapping[str, str]:
    """Describe a classifier by the first of its runs, and its costs by all of them."""
    run = same[0]
    digits = labels.decimals([run])
    correct, abstained = shown_at(run, 0), run.abstained
    wrong = 1 - correct - (abstained or 0.0)  # as shares of whole test examples, so that the three add up as shown
    voters, examples = run.members
    return {
        "algorithm": name,
        "base classifier": labels.name(run, "learner") or "–",
        "voters": "–" if voters is None else count(voters),
        "examples each": "–" if examples is None else f"{examples:,.1f}".removesuffix(".0"),
        "correct (%)": f"{100 * correct:.{digits}f}",
        "abstained (%)": "–" if abstained is None else f"{100 * abstained:.{digits}f}",
        "wrong (%)": f"{100 * wrong:.{digits}f}",
        "training (s)": _longest(same, "seconds_training") if run.is_ensemble else "–",
        "voting (s)": _longest(same, "seconds_votes"),
    }


def _longest(same: Sequence[Run], metric: str) -> str:
    return seconds(max((run.metrics[metric] for run in same if metric in run.metrics), default=None))


def _names(classifiers: Sequence[Run]) -> list[str]:
    """Return the algorithm with its parameters, and data, feature and attack where they differ."""
    places = [(labels.data_name(x), labels.name(x, "feature"), labels.attack_name(x)) for x in classifiers]
    # Classifiers of images have no features: that is no difference worth a word.
    differing = [j for j in range(3) if len({place[j] for place in places} - {""}) > 1]
    named = zip(map(labels.classifier_label, classifiers), places, strict=True)
    return [", ".join(filter(None, [name, *(place[j] for j in differing)])) for name, place in named]
