"""What two sets of runs differ in, as sentences: options, what B guarantees beyond A, records that are not alike."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from certvote.reporting import labels, query
from certvote.reporting.pairs import Change, Matching, Pair
from certvote.reporting.query import EQUAL, Result, accuracy_at
from certvote.reporting.tables import shared_sizes

UNSET = "–"
_LONGEST_NAME = 16  # characters beside a curve
_LONGEST_TITLE = 28  # characters of each side in a page's title
_MOST_CHANGES = 3  # options that a sentence names

MEANING = (
    "A difference of two lower bounds says how much more is proven for B than for A, in percentage points of the test "
    "set; the true accuracies under attack may differ more, less, or the other way round."
)


def side_names(matching: Matching) -> tuple[str, str]:
    """What A and B are called beside their curves: with the value that differs, where it is one and short."""
    found = [change for change in _primary(matching) if change.pairs == len(matching.pairs)]
    if len(found) == 1:
        names = f"A: {_valued(found[0].option, found[0].a)}", f"B: {_valued(found[0].option, found[0].b)}"
        if max(map(len, names)) <= _LONGEST_NAME:
            return names
    return "A", "B"


def title(matching: Matching, texts: tuple[str, str]) -> str:
    """The page's title: what the user called the two sides, or where that is long, what differs."""
    if max(map(len, texts)) <= _LONGEST_TITLE:
        return f"{texts[0]} and {texts[1]}, side by side"
    found = [change for change in _primary(matching) if change.pairs == len(matching.pairs)]
    if len(found) == 1:
        return f"{found[0].option}: {found[0].a} and {found[0].b}, side by side"
    return "Two sets of runs, side by side"


def question(matching: Matching) -> str:
    """The page's question in one line."""
    found = _primary(matching)
    if not found:
        return "Two sets of runs with the same options: do their guarantees agree?"
    if len(found) > _MOST_CHANGES:
        return "What do runs of B guarantee that those of A with the same other options do not?"
    return f"What does {labels.listed([_instead(change) for change in found])} change, all else being equal?"


def sides_differ(matching: Matching) -> str:
    """In which options A and B differ, how many pairs there are, and how many runs have no partner."""
    pairs, found = len(matching.pairs), _primary(matching)
    named = list(dict.fromkeys(change.option for change in found or matching.changes))
    alike = f"share all options but {labels.listed(named)}" if named else "have the same options"
    number = "The two runs" if pairs == 1 else f"{labels.count(pairs)} pairs of runs"
    lone = len(matching.lone)
    tail = f"; {labels.count(lone)} run{'s have' if lone != 1 else ' has'} no partner" if lone else ""
    return f"{number} {alike}{tail}."


def verdict(pairs: Sequence[Pair], texts: Sequence[str]) -> str:
    """At the size that says most: in how many pairs B guarantees more, and the extremes."""
    size = telling_size(pairs)
    digits = decimals(pairs)
    points = [_points_at(pair, size) for pair in pairs]
    if len(pairs) == 1:
        return f"{finding(pairs[0])} {course(pairs[0])}"
    more, less = sum(p > 100 * EQUAL for p in points), sum(p < -100 * EQUAL for p in points)
    if not more and not less:
        return f"At e = {labels.count(size)}, A and B guarantee the same in {_of(pairs, len(pairs))}."
    said = f"At e = {labels.count(size)}, B guarantees "
    if len(pairs) in (more, less):
        said += f"{'more' if more else 'less'} than A in {_of(pairs, len(pairs))}"
    else:
        said += f"more than A in {more or 'none'} of {len(pairs)} pairs and less in {less or 'none'}"
    extremes = dict.fromkeys([int(np.argmin(points)), int(np.argmax(points))])
    told = [f"{signed(points[i], digits)} points for {texts[i]} ({_both(pairs[i], size, digits)})" for i in extremes]
    return f"{said}: from {' to '.join(told)}." if len(told) > 1 else f"{said}: {told[0]}."


def finding(pair: Pair) -> str:
    """A pair's difference at the size that says most."""
    size = telling_size([pair])
    digits = decimals([pair])
    return f"At e = {labels.count(size)}, {_both(pair, size, digits)}: {signed(_points_at(pair, size), digits)} points."


def course(pair: Pair) -> str:
    """Where the difference is largest and smallest, or that one side is never below the other."""
    points, sizes, digits = pair.points, pair.sizes, decimals([pair])
    high, low = int(np.argmax(points)), int(np.argmin(points))
    if np.abs(points).max() <= 100 * EQUAL:
        return "The curves are equal at every size."
    if points[low] >= -100 * EQUAL:
        return f"B is never below A, and furthest above it {_by(points[high], sizes[high], digits)}."
    if points[high] <= 100 * EQUAL:
        return f"B is never above A, and furthest below it {_by(points[low], sizes[low], digits)}."
    ends = [f"{signed(points[i], digits)} points at e = {labels.count(int(sizes[i]))}" for i in (low, high)]
    return f"The difference goes from {' to '.join(ends)}."


def warnings(matching: Matching) -> list[str]:
    """What is not alike in the records of pairs, and what makes their differences hard to read."""
    total, said = len(matching.pairs), list[str]()

    def differing(column: str) -> list[Pair]:
        return [pair for pair in matching.pairs if _differ(pair, column)]

    data = differing("data_digest")
    if data:
        chosen = [pair for pair in data if _options_differ(pair, ("dataset", "attack"))]
        cause = "" if chosen else ", although their options for it are the same"
        said.append(
            f"In {_of(data, total)} A and B were computed on different data{cause}; part of the difference may "
            f"be due to the examples ({_digests(data[0], 'data_digest')})"
        )
    features = [pair for pair in differing("feature_digest") if pair not in data]
    unasked = [pair for pair in features if not _options_differ(pair, ("feature",))]
    if unasked:
        said.append(
            f"In {_of(unasked, total)} the same data and options gave different features "
            f"({_digests(unasked[0], 'feature_digest')})"
        )
    code = differing("code_digest")
    if code:
        said.append(
            f"In {_of(code, total)} A and B were computed by different code ({_digests(code[0], 'code_digest')})"
        )
    versions = differing("version")
    if versions:
        first = versions[0]
        said.append(f"In {_of(versions, total)} the versions differ: {first.a.version} in A, {first.b.version} in B")
    shorter = [pair for pair in matching.pairs if query.last_size(pair.a) != query.last_size(pair.b)]
    if shorter:
        said.append(f"In {_of(shorter, total)} one curve is longer; differences end with the shorter one")
    return [labels.sentence(note) for note in said]


def telling_size(pairs: Sequence[Pair]) -> int:
    """The largest round size at which in every pair the better bound still says something, if it does at any."""
    sizes = shared_sizes([result for pair in pairs for result in (pair.a, pair.b)])
    telling = [query.telling_size([pair.a, pair.b], sizes) for pair in pairs]
    return min((size for size in telling if size > 0), default=0)


def decimals(pairs: Sequence[Pair]) -> int:
    """Digits after the point that the test sets deserve."""
    return labels.decimals([result for pair in pairs for result in (pair.a, pair.b)])


def signed(points: float, digits: int) -> str:
    """A difference in points with its sign, "0.0" without one."""
    text = f"{points:+.{digits}f}"
    return text.removeprefix("+").removeprefix("-") if float(text) == 0 else text.replace("-", "−")


def _both(pair: Pair, size: int, digits: int) -> str:
    a, b = (labels.percent(accuracy_at(result, size), digits) for result in (pair.a, pair.b))
    return f"A guarantees {a} %, B\N{NO-BREAK SPACE}{b} %"


def _by(points: float, size: int, digits: int) -> str:
    return f"at e = {labels.count(int(size))}, by {abs(points):.{digits}f} points"


def _points_at(pair: Pair, size: int) -> float:
    return 100 * (accuracy_at(pair.b, size) - accuracy_at(pair.a, size))


def _primary(matching: Matching) -> list[Change]:
    """The changes that others follow from: options that are set on both sides."""
    return [change for change in matching.changes if UNSET not in (change.a, change.b)]


def _valued(option: str, value: str) -> str:
    """A value as beside a curve: of a group's choice alone, of other options with the last part of their name."""
    return f"{option.rpartition('.')[2]}={value}" if "." in option else value


def _instead(change: Change) -> str:
    return f"{change.option}={change.b} instead of {change.a}"


def _differ(pair: Pair, column: str) -> bool:
    a, b = getattr(pair.a, column), getattr(pair.b, column)
    return bool(a and b and a != b)


def _options_differ(pair: Pair, groups: Sequence[str]) -> bool:
    names = {name for name in (*pair.a.params, *pair.b.params) if name.partition(".")[0] in groups}
    return any(pair.a.params.get(name) != pair.b.params.get(name) for name in names)


def _of(pairs: Sequence[Pair], total: int) -> str:
    if total <= 2 and len(pairs) == total:
        return "this pair" if total == 1 else "both pairs"
    return f"all {total} pairs" if len(pairs) == total else f"{len(pairs)} of {total} pairs"


def _digests(pair: Pair, column: str) -> str:
    a, b = (labels.printable(getattr(result, column))[:8] for result in (pair.a, pair.b))
    return f"SHA-256 {a}… in A, {b}… in B"


def all_results(pairs: Sequence[Pair]) -> list[Result]:
    """Every run of the pairs once, A before B."""
    return list({result.id: result for pair in pairs for result in (pair.a, pair.b)}.values())
