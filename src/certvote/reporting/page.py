"""What a page shows, as data: a title, a question, and sections that each draw a selection of the runs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from certvote.reporting import labels, styles
from certvote.reporting.query import Result, area, finished, select, strength
from certvote.reporting.stated import Statement

CROWDED = 9  # curves that one figure can show and still be read


@dataclass(frozen=True)
class Section:
    """One figure with its table.

    ``where`` filters runs by column (``dataset``, ``attack``, ``algo``, ``grouping``, ``k``, ``r``, or any option's
    full name), each with a value or a list; ``data`` is ``dataset``, or what the user's file is called. ``best_per``
    keeps, for every combination of the named columns, the run with the largest area under its curve, if one finished.
    ``baseline`` filters the one run that the table compares with, at ``gain_sizes``. ``caption`` replaces the computed
    finding, ``text`` stands before the figure, ``sizes`` are the table's columns.
    """

    title: str
    where: Mapping[str, Any]
    text: str = ""
    caption: str = ""
    best_per: tuple[str, ...] = ()
    sizes: tuple[int, ...] | None = None
    baseline: Mapping[str, Any] | None = None
    gain_sizes: tuple[int, ...] | None = None

    def chosen(self, found: Sequence[Result]) -> list[Result]:
        """The results that belong to this section."""
        kept = select(found, self.where)
        if not self.best_per:
            return kept
        best: dict[tuple[Any, ...], Result] = {}
        for result in finished(kept):
            key = self._kind(result)
            if key not in best or _rank(result) > _rank(best[key]):
                best[key] = result
        # A run that is missing stays, unless another one of its kind stands for it.
        return [x for x in kept if x is best.get(self._kind(x)) or (x.curve is None and self._kind(x) not in best)]

    def _kind(self, result: Result) -> tuple[Any, ...]:
        return tuple(getattr(result, column, result.params.get(column)) for column in self.best_per)


@dataclass(frozen=True)
class Page:
    """A page's title, its question in one line, and its sections in reading order.

    ``abstract`` filters the runs that its abstract speaks of, ``stated`` are a publication's numbers to set beside
    ours, ``experiments`` name the files below ``conf/experiment`` whose runs it shows (``certvote paper``).
    """

    title: str
    question: str
    sections: tuple[Section, ...]
    abstract: Mapping[str, Any] = field(default_factory=dict)
    stated: tuple[Statement, ...] = ()
    experiments: tuple[str, ...] = ()

    def of_datasets(self, names: Collection[str]) -> Page:
        """The page without sections that are about other data sets only."""
        kept = tuple(x for x in self.sections if not (wanted := _datasets(x.where)) or wanted & set(names))
        return replace(self, sections=kept)


UNTITLED = "Certified accuracy"
QUESTION = (
    "How accurate does a classifier stay, provably, when an attacker removes, adds or changes e training examples?"
)


def load(source: Path | Mapping[str, Any], *, title: str | None = None, untitled: str = UNTITLED) -> Page:
    """A page from a YAML file or a mapping; ``title`` replaces its own, ``untitled`` stands in for a missing one.

    Raises ``ValueError`` naming the key that is unknown, missing or of the wrong type.
    """
    if isinstance(source, Path):
        import yaml

        content = yaml.safe_load(source.read_text(encoding="utf-8"))
    else:
        content = source
    page = _mapping(content, "page")
    _known(page, {field.name for field in fields(Page)}, "page")
    sections = page.get("sections")
    if not isinstance(sections, list) or not sections:
        raise ValueError(f"page.sections: expected a list of sections, got {sections!r}")
    return Page(
        title or _string(page, "title", "page", untitled),
        _string(page, "question", "page", QUESTION),
        tuple(_section(section, f"page.sections[{i}]") for i, section in enumerate(sections)),
        _mapping(page.get("abstract", {}), "page.abstract"),
        tuple(_statement(x, f"page.stated[{i}]") for i, x in enumerate(_list(page, "stated"))),
        tuple(_name(x, f"page.experiments[{i}]") for i, x in enumerate(_list(page, "experiments"))),
    )


def default(found: Sequence[Result], *, title: str | None = None) -> Page:
    """One section per data set and attack; where one figure would be crowded, the best curves first, then all.

    The overview has the best run of every algorithm and certificate; the details are split by algorithm, and by
    certificate where even that is too much.
    """
    sections: list[Section] = []
    for data, holdout, attack in dict.fromkeys((result.data, result.holdout, result.attack) for result in found):
        name = _setting_name(data, attack) + (" (validation part)" if holdout is not None else "")
        where = {"data": data, "attack": attack} | ({"holdout": holdout} if _mixed_holdouts(found) else {})
        inside = select(found, where)
        if len(inside) <= CROWDED:
            sections.append(Section(name, where))
            continue
        if len({(x.method, x.grouping, x.change) for x in inside}) < len(inside):
            text = "For each algorithm and certificate, the run with the largest area under its curve."
            sections.append(Section(name, where, text=text, best_per=("method", "grouping", "change")))
        sections += _details(inside, where, name)
    made = ", ".join(dict.fromkeys(labels.dataset_name(result.data) for result in found))
    return Page(title or (f"Certified accuracy on {made}" if made else UNTITLED), QUESTION, tuple(sections))


def _details(inside: Sequence[Result], where: Mapping[str, Any], name: str) -> list[Section]:
    sections = []
    for method in dict.fromkeys(result.method for result in inside):
        mine = [result for result in inside if result.method == method]
        title = f"{name}: {styles.algorithm(method).name}"
        certificates = list(dict.fromkeys(result.grouping for result in mine))
        if len(mine) <= CROWDED or len(certificates) == 1:
            sections.append(Section(title, {**where, "method": method}))
            continue
        for grouping in certificates:
            certificate = styles.certificate(grouping).name
            sections.append(Section(f"{title}, {certificate}", {**where, "method": method, "grouping": grouping}))
    return sections


def _mixed_holdouts(found: Sequence[Result]) -> bool:
    return len({result.holdout for result in found}) > 1


def _rank(result: Result) -> tuple[float, int]:
    return round(area(result), 12), strength(result)


def _setting_name(data: str, attack: str) -> str:
    return f"{labels.dataset_name(data)}, {labels.attack_name(attack).removeprefix('a ')}"


def _section(content: object, place: str) -> Section:
    section = _mapping(content, place)
    _known(section, {field.name for field in fields(Section)}, place)
    best_per = section.get("best_per", [])
    if not isinstance(best_per, list) or not all(isinstance(column, str) for column in best_per):
        raise ValueError(f"{place}.best_per: expected a list of columns, got {best_per!r}")
    baseline = section.get("baseline")
    return Section(
        _string(section, "title", place),
        _mapping(section.get("where", {}), f"{place}.where"),
        _string(section, "text", place, ""),
        _string(section, "caption", place, ""),
        tuple(best_per),
        _sizes(section, "sizes", place),
        _mapping(baseline, f"{place}.baseline") if baseline is not None else None,
        _sizes(section, "gain_sizes", place),
    )


def _statement(content: object, place: str) -> Statement:
    statement = _mapping(content, place)
    _known(statement, {field.name for field in fields(Statement)}, place)
    if not _is_size(statement.get("size")):
        raise ValueError(f"{place}.size: expected a whole number >= 0, got {statement.get('size')!r}")
    for key in ("value", "tolerance"):
        if not isinstance(statement.get(key, 0.0), int | float):
            raise ValueError(f"{place}.{key}: expected a number, got {statement[key]!r}")
    minus = statement.get("minus")
    return Statement(
        says=_string(statement, "says", place),
        size=statement["size"],
        of=_mapping(statement.get("of"), f"{place}.of"),
        minus=_mapping(minus, f"{place}.minus") if minus is not None else None,
        value=float(statement["value"]) if "value" in statement else None,
        source=_string(statement, "source", place, ""),
        tolerance=float(statement.get("tolerance", 0.0)),
        why=_string(statement, "why", place, ""),
    )


def _datasets(where: Mapping[str, Any]) -> set[str]:
    names = where.get("dataset", [])
    return set(names if isinstance(names, list) else [names])


def _list(content: Mapping[str, Any], key: str) -> list[Any]:
    value = content.get(key, [])
    if not isinstance(value, list):
        raise ValueError(f"page.{key}: expected a list, got {value!r}")
    return value


def _name(value: object, place: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{place}: expected a text, got {value!r}")
    return value


def _sizes(content: Mapping[str, Any], key: str, place: str) -> tuple[int, ...] | None:
    sizes = content.get(key)
    if sizes is None:
        return None
    if not (isinstance(sizes, list) and sizes and all(_is_size(e) for e in sizes)):
        raise ValueError(f"{place}.{key}: expected a list of whole numbers >= 0, got {sizes!r}")
    return tuple(sizes)


def _mapping(content: object, place: str) -> dict[str, Any]:
    if not isinstance(content, Mapping):
        raise ValueError(f"{place}: expected keys with values, got {content!r}")
    return {str(key): value for key, value in content.items()}


def _string(content: Mapping[str, Any], key: str, place: str, default: str | None = None) -> str:
    value = content.get(key, default)
    if not isinstance(value, str):
        raise ValueError(f"{place}.{key}: expected a text, got {value!r}")
    return value


def _known(content: Mapping[str, Any], names: set[str], place: str) -> None:
    for key in content:
        if key not in names:
            raise ValueError(f"{place}: expected keys among {', '.join(sorted(names))}, got {key}")


def _is_size(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
