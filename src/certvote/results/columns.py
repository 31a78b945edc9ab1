"""A run's options as typed values under the names of the command line: ``algo`` is knn, ``algo.k`` is 100.

The results database keeps every option as text; its type is that of the schema.
"""

from __future__ import annotations

import functools
import math
import types
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Union, get_args, get_origin, get_type_hints

from certvote.options.schema import SCHEMAS, Settings

Value = bool | int | float | str | None

# Where things are kept, what a run is called, how many processes worked: no part of what was computed.
_BOOKKEEPING = {"tracking", "cache_root", "data_root", "report_root", "name", "title", "rerun", "n_jobs"}

SHORTCUTS = {"k": "algo.k", "r": "algo.r", "election": "algo.election"}
# What a job records about its data beside its options.
_MEASURED = {"data.name": str, **dict.fromkeys(("n_train", "n_test", "num_classes", "dim", "stride"), int)}
_UNSET = ("None", "null", "")


def column(option: str) -> str:
    """An option's column: ``algo`` for ``algo.name``, ``algo.k`` for the shortcut ``k``, else the option itself."""
    group, _, rest = option.partition(".")
    return group if group in SCHEMAS and rest == "name" else SHORTCUTS.get(option, option)


def typed(params: Mapping[str, str]) -> dict[str, Value]:
    """The options of one run, in the order of the schema, without the bookkeeping."""
    found = {column(name): text for name, text in params.items() if name.partition(".")[0] not in _BOOKKEEPING}
    return {name: _value(found[name], _kinds().get(name)) for name in ordered(found)}


def ordered(names: Iterable[str]) -> list[str]:
    """Columns in the order of the schema, unknown ones behind, by name."""
    places = {name: place for place, name in enumerate(_kinds())}
    return sorted(names, key=lambda name: (places.get(name, len(places)), name))


def known() -> list[str]:
    """Every column that an option of today's schema has."""
    return [name for name in _kinds() if not name.startswith("data.")]


def kind(name: str) -> type | None:
    """The type that today's schema gives to a column, ``None`` where it gives none or several."""
    return _kinds().get(name)


def equal(value: Value, wanted: object) -> bool:
    """Whether an option has the value wanted, which may be given as text: 4 is ``4.0`` is ``"4"``."""
    if value is None or wanted is None or isinstance(value, bool) or isinstance(wanted, bool):
        return value is wanted or (value is not None and str(value).lower() == str(wanted).lower())
    left, right = _number(str(value)), _number(str(wanted))
    if left is not None and right is not None:
        return left == right
    return str(value).replace(" ", "") == str(wanted).replace(" ", "")  # of a list: [4, 4] is [4,4]


@functools.cache
def _kinds() -> dict[str, type | None]:
    """The type of every option, by column; ``None`` for one that takes several."""
    kinds: dict[str, type | None] = {}
    for item in fields(Settings):
        if item.name in _BOOKKEEPING:
            continue
        for schema in dict.fromkeys(SCHEMAS.get(item.name, {}).values()):
            _collect(schema, f"{item.name}.", kinds)
        if item.name not in SCHEMAS:
            hint = get_type_hints(Settings)[item.name]
            if is_dataclass(hint):
                _collect(hint, f"{item.name}.", kinds)
            else:
                kinds[column(item.name)] = _plain(hint)
    own = {name: kind for name, kind in kinds.items() if not name.startswith("dataset.recommended")}
    return own | {name if "." in name else f"data.{name}": kind for name, kind in _MEASURED.items()}


def _collect(schema: Any, prefix: str, kinds: dict[str, type | None]) -> None:
    hints = get_type_hints(schema)
    for item in fields(schema):
        name, kind = column(prefix + item.name), _plain(hints[item.name])
        # The same option of two choices may be whole for one and real for the other: real holds both.
        kinds[name] = kind if kinds.get(name, kind) is kind else float if {kind, kinds[name]} == {int, float} else None


def _plain(hint: Any) -> type | None:
    """``int`` of ``int | None``; ``None`` where anything goes, str for what is more than one value."""
    if get_origin(hint) in (Union, types.UnionType):
        (kind, *more) = [part for part in get_args(hint) if part is not types.NoneType]
        return None if more else _plain(kind)
    return hint if hint in (bool, int, float) else None if hint is Any else str


def _value(text: str, kind: type | None) -> Value:
    if text in _UNSET:
        return None
    if kind is str:
        return text
    if kind is bool or (kind is None and text in ("True", "False")):
        return text == "True"
    number = _number(text)
    if number is None:
        return text  # an option of another version, or one that takes words as well
    return int(text) if kind is not float and text.lstrip("+-").isdigit() else number


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
