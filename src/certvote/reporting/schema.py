"""Read the content of a YAML file as dataclasses, with errors that name the place of each mistake."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

NO_KEY = {"key": False}  # metadata of a field that a file does not set

_MOST_SIZES = 40


def read(value: Any, kind: Any, place: str) -> Any:
    """Return a value of a YAML file as a value of a type, an object as an instance of a dataclass.

    Parameters
    ----------
    value : object
        What the file has.
    kind : type
        ``str``, ``int`` (0 or more), ``float`` (finite), ``bool``, ``Mapping`` (a filter), a dataclass, a ``tuple`` of
        one of them, or any of these ``| None``.
    place : str
        Where the value stands (``page.sections[0].title``).

    Raises
    ------
    ValueError
        If it is something else; the message begins with the place.
    """
    if get_origin(kind) is UnionType:
        return None if value is None else read(value, get_args(kind)[0], place)
    if is_dataclass(kind):
        return _read_object(value, kind, place)
    if get_origin(kind) is tuple:
        one = get_args(kind)[0]
        if not isinstance(value, list) or (one is int and not value):
            many = _MANY.get(one) or f"{one.__name__.lower()}s"
            raise ValueError(f"{place}: expected a list of {many}, got {value!r}")
        if one is int and len(value) > _MOST_SIZES:
            raise ValueError(f"{place}: expected at most {_MOST_SIZES} sizes, each a column, got {len(value)}")
        return tuple(read(part, one, f"{place}[{i}]") for i, part in enumerate(value))
    types, expected = _KINDS[get_origin(kind) or kind]
    if not isinstance(value, types) or (isinstance(value, bool) and kind is not bool) or (kind is int and value < 0):
        raise ValueError(f"{place}: expected {expected}, got {value!r}")
    if kind is float and not math.isfinite(value):
        raise ValueError(f"{place}: expected a finite number, got {value!r}")
    if get_origin(kind) is Mapping:
        for column, wanted in value.items():
            _check_wanted(wanted, f"{place}.{column}")
    return {str(key): one for key, one in value.items()} if isinstance(value, Mapping) else value


def _check_wanted(wanted: Any, place: str) -> None:
    """Check that a filter wants one value of a column, or one of several."""
    for one in wanted if isinstance(wanted, list) and wanted else [wanted]:
        if not isinstance(one, str | int | float | None) or (isinstance(one, float) and not math.isfinite(one)):
            raise ValueError(f"{place}: expected a value, or a list of values, got {wanted!r}")


def _read_object(value: Any, kind: Any, place: str) -> Any:
    """Read an object from keys with the names of its fields."""
    given, types = read(value, Mapping, place), get_type_hints(kind)
    hints = {item.name: types[item.name] for item in fields(kind) if item.metadata != NO_KEY}
    for key in given:
        if key not in hints:
            raise ValueError(f"{place}: expected keys among {', '.join(sorted(hints))}, got {key}")
    needed = {item.name for item in fields(kind) if item.default is MISSING and item.default_factory is MISSING}
    names = [name for name in hints if name in given or name in needed]
    return kind(**{name: read(given.get(name), hints[name], f"{place}.{name}") for name in names})


_KINDS: Mapping[Any, tuple[Any, str]] = {
    str: (str, "a text"),
    int: (int, "a whole number >= 0"),
    float: (int | float, "a number"),
    bool: (bool, "true or false"),
    Mapping: (Mapping, "keys with values"),
}
_MANY: Mapping[Any, str] = {str: "texts", int: "whole numbers >= 0"}
