"""State in sentences what two sets of runs differ in: options, what B guarantees beyond A, records that disagree."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from certvote.reporting import accuracy, labels, wording
from certvote.reporting.accuracy import EQUAL, accuracy_at, last_size, shared_sizes
from certvote.reporting.pairs import Change, Matching, Pair, runs_of
from certvote.reporting.wording import count, listed, percent, printable, sentence

UNSET = "–"
_LONGEST_NAME = 16  # characters beside a curve
_LONGEST_TITLE = 28  # characters of each side in a page's title
_MOST_CHANGES = 3  # options that a sentence names


def side_names(matching: Matching) -> tuple[str, str]:
    """Return what A and B are called beside their curves: with the value that differs, where it is one and short."""
    change = _only_change(matching)
    if change is not None:
        names = f"A: {_valued(change.option, change.a)}", f"B: {_valued(change.option, change.b)}"
        if max(map(len, names)) <= _LONGEST_NAME:
            return names
    return "A", "B"


def title(matching: Matching, texts: tuple[str, str]) -> str:
    """Return the page's title: what the user called the two sides, or where that is long, what differs."""
    change = _only_change(matching)
    if max(map(len, texts)) <= _LONGEST_TITLE:
        return f"{texts[0]} and {texts[1]}, side by side"
    if change is not None:
        return f"{change.option}: {change.a} and {change.b}, side by side"
    return "Two sets of runs, side by side"


def question(matching: Matching) -> str:
    """Return the page's question in one line."""
    found = _primary(matching)
    if not found:
        return "Two sets of runs with the same options: do their guarantees agree?"
    if len(found) > _MOST_CHANGES:
        return "What do runs of B guarantee that those of A with the same other options do not?"
    changed = listed([f"{change.option}={change.b} instead of {change.a}" for change in found])
    return f"What does {changed} change, all else being equal?"


def sides_differ(matching: Matching) -> str:
    """State in which options A and B differ, how many pairs there are, and how many runs have no partner."""
    found = _primary(matching) or matching.changes
    named = list(dict.fromkeys(change.option for change in found))
    alike = f"share all options but {listed(named)}" if named else "have the same options"
    pairs, lone = len(matching.pairs), len(matching.lone)
    tail = f"; {wording.counted(lone, 'run')} {'has' if lone == 1 else 'have'} no partner" if lone else ""
    return f"{'The two runs' if pairs == 1 else f'{count(pairs)} pairs of runs'} {alike}{tail}."


def verdict(pairs: Sequence[Pair], texts: Sequence[str]) -> str:
    """State in how many pairs B guarantees more at the size that says most, and the extremes."""
    if len(pairs) == 1:
        return f"{finding(pairs[0])} {course(pairs[0])}"
    size, digits = telling_size(pairs), decimals(pairs)
    points = [_points_at(pair, size) for pair in pairs]
    more, less = sum(p > 100 * EQUAL for p in points), sum(p < -100 * EQUAL for p in points)
    if not more and not less:
        return f"At e = {count(size)}, A and B guarantee the same in {_of(pairs, len(pairs))}."
    said = f"At e = {count(size)}, B guarantees "
    if len(pairs) in (more, less):
        said += f"{'more' if more else 'less'} than A in {_of(pairs, len(pairs))}"
    else:
        said += f"more than A in {more or 'none'} of {len(pairs)} pairs and less in {less or 'none'}"
    extremes = dict.fromkeys([int(np.argmin(points)), int(np.argmax(points))])
    told = [f"{signed(points[i], digits)} points for {texts[i]} ({_both(pairs[i], size, digits)})" for i in extremes]
    return f"{said}: from {' to '.join(told)}." if len(told) > 1 else f"{said}: {told[0]}."


def finding(pair: Pair) -> str:
    """State a pair's difference at the size that says most."""
    size, digits = telling_size([pair]), decimals([pair])
    return f"At e = {count(size)}, {_both(pair, size, digits)}: {signed(_points_at(pair, size), digits)} points."


def course(pair: Pair) -> str:
    """State where a pair's difference is largest and smallest, or that one side is never below the other."""
    points, sizes, digits = pair.points, pair.sizes.tolist(), decimals([pair])
    high, low = int(np.argmax(points)), int(np.argmin(points))
    if np.abs(points).max() <= 100 * EQUAL:
        return "The curves are equal at every size."
    if points[low] >= -100 * EQUAL:
        return f"B is never below A, and furthest above it {_by(points[high], sizes[high], digits)}."
    if points[high] <= 100 * EQUAL:
        return f"B is never above A, and furthest below it {_by(points[low], sizes[low], digits)}."
    ends = [f"{signed(points[i], digits)} points at e = {count(sizes[i])}" for i in (low, high)]
    return f"The difference goes from {' to '.join(ends)}."


def averages(pairs: Sequence[Pair]) -> list[str]:
    """State the mean difference over sizes and pairs, where there are several."""
    if len(pairs) < 2:
        return []
    mean = float(np.mean([pair.points.mean() for pair in pairs]))
    return [f"Averaged over all sizes and pairs, the difference B − A is {signed(mean, decimals(pairs))} points."]


def warnings(matching: Matching) -> list[str]:
    """State what differs in the records of pairs, and what makes their differences hard to read."""
    total, said = len(matching.pairs), list[str]()
    data = [pair for pair in matching.pairs if _differ(pair, "data_digest")]
    if data:
        chosen = [pair for pair in data if _options_differ(pair, ("dataset", "attack"))]
        cause = "" if chosen else ", although their options for it are the same"
        said.append(
            f"In {_of(data, total)} A and B were computed on different data{cause}; part of the difference may "
            f"be due to the examples ({_digests(data[0], 'data_digest')})"
        )
    features = [pair for pair in matching.pairs if _differ(pair, "feature_digest") and pair not in data]
    unasked = [pair for pair in features if not _options_differ(pair, ("feature",))]
    if unasked:
        shown = _digests(unasked[0], "feature_digest")
        said.append(f"In {_of(unasked, total)} the same data and options gave different features ({shown})")
    code = [pair for pair in matching.pairs if _differ(pair, "code_digest")]
    if code:
        shown = _digests(code[0], "code_digest")
        said.append(f"In {_of(code, total)} A and B were computed by different code ({shown})")
    versions = [pair for pair in matching.pairs if _differ(pair, "version")]
    if versions:
        a, b = versions[0].a.tag("version"), versions[0].b.tag("version")
        said.append(f"In {_of(versions, total)} the versions differ: {a} in A, {b} in B")
    shorter = [pair for pair in matching.pairs if last_size(pair.a) != last_size(pair.b)]
    if shorter:
        said.append(f"In {_of(shorter, total)} one curve is longer; differences end with the shorter one")
    return [sentence(note) for note in said]


def records(matching: Matching) -> list[tuple[str, str]]:
    """Return for data, features, code and version whether the two records of every pair agree."""
    tags = {"data": "data_digest", "features": "feature_digest", "code": "code_digest", "version": "version"}
    said = []
    for name, tag in tags.items():
        known = [pair for pair in matching.pairs if pair.a.tag(tag) and pair.b.tag(tag)]
        same = sum(not _differ(pair, tag) for pair in known)
        if known:
            states = {len(known): "the same", 0: "different"}
            said.append((name, states.get(same, f"the same in {same} pairs")))
    return said


def telling_size(pairs: Sequence[Pair]) -> int:
    """Return the largest round size at which in every pair the better bound still says something, if it does at any."""
    sizes = shared_sizes(runs_of(pairs))
    telling = [accuracy.telling_size([pair.a, pair.b], sizes) for pair in pairs]
    return min((size for size in telling if size > 0), default=0)


def decimals(pairs: Sequence[Pair]) -> int:
    """Return how many digits after the point the test sets deserve."""
    return labels.decimals(runs_of(pairs))


def signed(points: float, digits: int) -> str:
    """Return a difference in points with its sign, "0.0" without one, "–" for NaN."""
    text = wording.signed(points, digits)
    return text if math.isnan(points) or round(points, digits) else text.lstrip("+−")


def _both(pair: Pair, size: int, digits: int) -> str:
    a, b = (percent(accuracy_at(run, size), digits) for run in (pair.a, pair.b))
    return f"A guarantees {a} %, B\N{NO-BREAK SPACE}{b} %"


def _by(points: float, size: int, digits: int) -> str:
    return f"at e = {count(size)}, by {abs(points):.{digits}f} points"


def _points_at(pair: Pair, size: int) -> float:
    return 100 * (accuracy_at(pair.b, size) - accuracy_at(pair.a, size))


def _primary(matching: Matching) -> list[Change]:
    """Return the changes that others follow from: options that are set on both sides."""
    return [change for change in matching.changes if UNSET not in (change.a, change.b)]


def _only_change(matching: Matching) -> Change | None:
    """Return the one change that all pairs have, if there is only one."""
    found = [change for change in _primary(matching) if change.pairs == len(matching.pairs)]
    return found[0] if len(found) == 1 else None


def _valued(option: str, value: str) -> str:
    """Return a value as beside a curve: of a group's choice alone, of other options with the last part of their name."""
    return f"{option.rpartition('.')[2]}={value}" if "." in option else value


def _differ(pair: Pair, tag: str) -> bool:
    a, b = pair.a.tag(tag), pair.b.tag(tag)
    return bool(a and b and a != b)


def _options_differ(pair: Pair, groups: Sequence[str]) -> bool:
    names = {name for name in (*pair.a.options, *pair.b.options) if name.partition(".")[0] in groups}
    return any(pair.a.options.get(name) != pair.b.options.get(name) for name in names)


def _of(pairs: Sequence[Pair], total: int) -> str:
    if total <= 2 and len(pairs) == total:
        return "this pair" if total == 1 else "both pairs"
    return f"all {total} pairs" if len(pairs) == total else f"{len(pairs)} of {total} pairs"


def _digests(pair: Pair, tag: str) -> str:
    a, b = (printable(run.tag(tag))[:8] for run in (pair.a, pair.b))
    return f"SHA-256 {a}… in A, {b}… in B"
