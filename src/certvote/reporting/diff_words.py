"""State in sentences (``sentences.txt``) what two sets of runs differ in, and what B guarantees beyond A."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from certvote.options.choices import PACKAGES
from certvote.reporting import accuracy, labels
from certvote.reporting.accuracy import EQUAL, accuracy_at, last_size, shared_sizes
from certvote.reporting.pairs import Change, Matching, Pair, runs_of
from certvote.reporting.templates import sentence

UNSET = "–"
_LONGEST_NAME = 16  # characters beside a curve
_LONGEST_TITLE = 28  # characters of each side in a page's title
_MOST_CHANGES = 3  # options that a sentence names


def side_names(matching: Matching) -> tuple[str, str]:
    """Return what A and B are called beside their curves: with the value that differs, where it is one and short."""
    change = _only_change(matching)
    if change is not None:
        # Of a group's choice the value alone, of other options with the last part of their name.
        start = f"{change.option.rpartition('.')[2]}=" if "." in change.option else ""
        names = f"A: {start}{change.a}", f"B: {start}{change.b}"
        if max(map(len, names)) <= _LONGEST_NAME:
            return names
    return "A", "B"


def title(matching: Matching, texts: tuple[str, str]) -> str:
    """Return the page's title: what the user called the two sides, or where that is long, what differs."""
    change, short = _only_change(matching), max(map(len, texts)) <= _LONGEST_TITLE
    return sentence("diff_title", texts=texts if short else (), change=change)


def question(matching: Matching) -> str:
    """Return the page's question in one line."""
    found = _primary(matching)
    return sentence("diff_question", changes=found, several=len(found) > _MOST_CHANGES)


def sides_differ(matching: Matching) -> str:
    """State in which options A and B differ, how many pairs there are, and how many runs have no partner."""
    options = list(dict.fromkeys(change.option for change in _primary(matching) or matching.changes))
    return sentence("sides_differ", options=options, pairs=len(matching.pairs), lone=len(matching.lone))


def verdict(pairs: Sequence[Pair], texts: Sequence[str]) -> str:
    """State in how many pairs B guarantees more at the size that says most, and the extremes."""
    if len(pairs) == 1:
        return f"{finding(pairs[0])} {course(pairs[0])}"
    size = telling_size(pairs)
    points = [_points_at(pair, size) for pair in pairs]
    extremes = dict.fromkeys([int(np.argmin(points)), int(np.argmax(points))])
    return sentence(
        "verdict",
        size=size,
        more=sum(p > 0 for p in points),
        less=sum(p < 0 for p in points),
        total=len(pairs),
        extremes=[(points[i], texts[i], _both(pairs[i], size)) for i in extremes],
        digits=decimals(pairs),
    )


def finding(pair: Pair) -> str:
    """State a pair's difference at the size that says most."""
    size = telling_size([pair])
    return sentence(
        "finding", size=size, values=_both(pair, size), points=_points_at(pair, size), digits=decimals([pair])
    )


def course(pair: Pair) -> str:
    """State where a pair's difference is largest and smallest, or that one side is never below the other."""
    points, sizes = pair.points, pair.sizes.tolist()
    low, high = int(np.argmin(points)), int(np.argmax(points))
    ends = [(_exact(points[i]), sizes[i]) for i in (low, high)]
    return sentence("course", low=ends[0], high=ends[1], digits=decimals([pair]))


def averages(pairs: Sequence[Pair]) -> str:
    """State the mean difference over sizes and pairs, "" where there is one pair."""
    mean = float(np.mean([pair.points.mean() for pair in pairs]))
    return sentence("averages", points=mean, digits=decimals(pairs)) if len(pairs) > 1 else ""


def warnings(matching: Matching) -> list[str]:
    """State what differs in the records of pairs, and what makes their differences hard to read."""
    differing = {tag: [x for x in matching.pairs if _differ(x, tag)] for tag in _RECORDS.values()}
    data, features = differing["data_digest"], differing["feature_digest"]
    ids = {pair.a.id for pair in data}
    about = {
        "other_data": data,
        "other_features": [x for x in features if x.a.id not in ids and not _options_differ(x, ("feature",))],
        "other_code": [x for x in differing["code_digest"] if not _choices_differ(x)],  # other choices run other code
        "other_version": differing["version"],
        "other_length": [x for x in matching.pairs if last_size(x.a) != last_size(x.b)],
    }
    chosen = any(_options_differ(pair, ("dataset", "attack")) for pair in data)
    return [
        sentence(name, number=len(pairs), total=len(matching.pairs), a=pairs[0].a, b=pairs[0].b, chosen=chosen)
        for name, pairs in about.items()
        if pairs
    ]


def records(matching: Matching) -> list[tuple[str, int, int]]:
    """Return for data, features, code and version in how many pairs both have a record, and in how many it is equal."""
    found = []
    for name, tag in _RECORDS.items():
        known = [pair for pair in matching.pairs if pair.a.tag(tag) and pair.b.tag(tag)]
        found.append((name, len(known), sum(not _differ(pair, tag) for pair in known)))
    return [record for record in found if record[1]]


def telling_size(pairs: Sequence[Pair]) -> int:
    """Return the largest round size at which in every pair the better bound still says something, if it does at any."""
    sizes = shared_sizes(runs_of(pairs))
    telling = [accuracy.telling_size([pair.a, pair.b], sizes) for pair in pairs]
    return min((size for size in telling if size > 0), default=0)


def decimals(pairs: Sequence[Pair]) -> int:
    """Return how many digits after the point the test sets deserve."""
    return labels.decimals(runs_of(pairs))


_RECORDS = {"data": "data_digest", "features": "feature_digest", "code": "code_digest", "version": "version"}


def _both(pair: Pair, size: int) -> tuple[float, float]:
    return accuracy_at(pair.a, size), accuracy_at(pair.b, size)


def _points_at(pair: Pair, size: int) -> float:
    return _exact(100 * (accuracy_at(pair.b, size) - accuracy_at(pair.a, size)))


def _exact(points: float) -> float:
    """Return a difference without what is rounding."""
    return 0.0 if abs(points) <= 100 * EQUAL else float(points)


def _primary(matching: Matching) -> list[Change]:
    """Return the changes that others follow from: options that are set on both sides."""
    return [change for change in matching.changes if UNSET not in (change.a, change.b)]


def _only_change(matching: Matching) -> Change | None:
    """Return the one change that all pairs have, if there is only one."""
    found = [change for change in _primary(matching) if change.pairs == len(matching.pairs)]
    return found[0] if len(found) == 1 else None


def _differ(pair: Pair, tag: str) -> bool:
    a, b = pair.a.tag(tag), pair.b.tag(tag)
    return bool(a and b and a != b)


def _choices_differ(pair: Pair) -> bool:
    return any(pair.a.options.get(group) != pair.b.options.get(group) for group in PACKAGES)


def _options_differ(pair: Pair, groups: Sequence[str]) -> bool:
    names = {name for name in (*pair.a.options, *pair.b.options) if name.partition(".")[0] in groups}
    return any(pair.a.options.get(name) != pair.b.options.get(name) for name in names)
