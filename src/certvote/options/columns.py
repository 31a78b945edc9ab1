"""Read recorded options as typed values under the names of the command line: ``algo`` is knn, ``algo.k`` is 100.

The results database keeps every option as text; its type is the declared one. Records of older versions appear under
today's names.
"""

from __future__ import annotations

import difflib
import functools
import math
import types
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any, Union, get_args, get_origin, get_type_hints

from certvote.options import aliases
from certvote.options.choices import PACKAGES, choices, meaning_of, meanings, shortcuts
from certvote.options.settings import Settings
from certvote.options.sizes import Sizes

Value = bool | int | float | str | None

# What a job records about its data beside its options.
_MEASURED: Mapping[str, type] = {
    "data.name": str,
    **dict.fromkeys(("data.n_train", "data.n_test", "data.num_classes", "data.dim", "data.stride"), int),
}
_UNSET = ("None", "null", "")


def column(option: str) -> str:
    """Return the column of an option: ``algo`` for ``algo.name``, ``algo.k`` for the shortcut ``k``."""
    name = aliases.option_name(option)
    group, _, rest = name.partition(".")
    if group in PACKAGES and rest == "name":
        return group
    cls_and_field = shortcuts().get(name)
    return name if cls_and_field is None else f"{cls_and_field[0].group}.{cls_and_field[1]}"


def typed(params: Mapping[str, str]) -> dict[str, Value]:
    """Return the options of one run in the order of the schema, without those that say where things are kept."""
    found = {column(name): text for name, text in params.items() if not is_bookkeeping(name)}
    return {name: _value(name, found[name]) for name in ordered(found)}


def is_bookkeeping(option: str) -> bool:
    """Return whether an option says where things are kept or what a run is called: no part of what was computed."""
    name = option.partition(".")[0]
    return name == "tracking" or not meaning_of(Settings, name).matters


def ordered(names: Iterable[str]) -> list[str]:
    """Sort columns in the order of the schema, unknown ones behind, by name."""
    places = {name: place for place, name in enumerate(_kinds())}
    return sorted(names, key=lambda name: (places.get(name, len(places)), name))


def known() -> list[str]:
    """Return every column that a declared option has."""
    return [name for name in _kinds() if not name.startswith("data.")]


def seeds() -> tuple[str, ...]:
    """Return every column that a choice declares as a seed."""
    declared = (cls for group in PACKAGES for cls in choices(group).values())
    return tuple(ordered({f"{cls.group}.{name}" for cls in declared for name, one in meanings(cls) if one.seed}))


def kind(name: str) -> type | None:
    """Return the declared type of a column, ``None`` where there is none or there are several."""
    return _kinds().get(name)


def check_known(argument: str, names: Iterable[str], options: Iterable[Mapping[str, Value]]) -> list[str]:
    """Return the columns of options.

    Raises
    ------
    ValueError
        If neither a declaration nor any of the runs' ``options`` has one; the message suggests similar names.
    """
    there = {*known(), *(name for one in options for name in one)}
    for name in names:
        if column(name) not in there:
            near = difflib.get_close_matches(name, [*there, *shortcuts()], n=3, cutoff=0.5)
            raise ValueError(
                f"{argument}: expected options as python run.py --help lists them, got {name!r}"
                + (f"; did you mean {' or '.join(near)}?" if near else "")
            )
    return [column(name) for name in names]


def matches(options: Mapping[str, Value], name: str, wanted: Any) -> bool:
    """Return whether an option has a value, or one of a list of values, given under any of its names."""
    own, allowed = column(name), wanted if isinstance(wanted, list | tuple | set | range) else [wanted]
    today = [aliases.choice_name(own, one) if isinstance(one, str) else one for one in allowed]
    return any(equal(options.get(own), one) for one in today)


def equal(value: Value, wanted: object) -> bool:
    """Return whether an option has a value, which may be given as text: 4 is ``4.0`` is ``"4"``."""
    if value is None or wanted is None or isinstance(value, bool) or isinstance(wanted, bool):
        return value is wanted or (value is not None and str(value).lower() == str(wanted).lower())
    left, right = number(str(value)), number(str(wanted))
    if left is not None and right is not None:
        return left == right
    return str(value).replace(" ", "") == str(wanted).replace(" ", "")  # of a list: [4, 4] is [4,4]


def number(text: str) -> float | None:
    """Return the finite number that a text is, ``None`` if it is none."""
    try:
        found = float(text)
    except ValueError:
        return None
    return found if math.isfinite(found) else None


@functools.cache
def _kinds() -> dict[str, type | None]:
    """Return the type of every option, by column; ``None`` for one that takes several."""
    kinds: dict[str, type | None] = {}
    for group in PACKAGES:
        kinds[group] = str
        for cls in choices(group).values():
            _collect(cls, kinds)
    _collect(Sizes, kinds)
    return {**kinds, **_MEASURED}


def _collect(cls: Any, kinds: dict[str, type | None]) -> None:
    hints = get_type_hints(cls)
    for item in fields(cls):
        name, kind = f"{cls.group}.{item.name}", _plain(hints[item.name])
        if name == "dataset.recommended":
            continue
        # The same option of two choices may be whole for one and real for the other: real holds both.
        kinds[name] = kind if kinds.get(name, kind) is kind else float if {kind, kinds[name]} == {int, float} else None


def _plain(hint: Any) -> type | None:
    """Return ``int`` of ``int | None``; ``None`` where anything goes, ``str`` for more than one value."""
    if get_origin(hint) in (Union, types.UnionType):
        (kind, *more) = [part for part in get_args(hint) if part is not types.NoneType]
        return None if more else _plain(kind)
    return hint if hint in (bool, int, float) else None if hint is Any else str


def _value(name: str, text: str) -> Value:
    kind = _kinds().get(name)
    if text in _UNSET:
        return None
    if kind is str:
        return aliases.choice_name(name, text)
    if kind is bool or (kind is None and text in ("True", "False")):
        return text == "True"
    found = number(text)
    if found is None:
        return text  # an option of another version, or one that takes words as well
    return int(text) if kind is not float and text.lstrip("+-").isdigit() else found
