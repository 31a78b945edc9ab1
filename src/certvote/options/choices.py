"""Declare choices: what an option means is said once, in the class of the choice that has it.

A choice (``algo=mine``) is a dataclass whose fields are its options and whose methods are what it does::

    @choice("algo", "mine")
    class Mine(Algorithm):
        q: int = option("number of examples", least=1, most="n_train", shortcut="q", symbol="q")

Loading, checks, help, the identity of a result, tables and labels all read :class:`Option` from there. Defaults
stand in ``conf/<group>/<name>.yaml``; the choice itself is the module of the same name in the group's package.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, TypeVar, dataclass_transform, get_args, get_type_hints

from certvote.checks import is_integer, is_real
from certvote.options.labels import Label
from certvote.options.option import METADATA, Option, option
from certvote.runtime.paths import conf_dir

PACKAGES: Mapping[str, str] = {
    "dataset": "certvote.datasets",
    "feature": "certvote.features",
    "attack": "certvote.attacks",
    "algo": "certvote.algorithms",
    "learner": "certvote.learners",
    "certificate": "certvote.certificates",
    "backend": "certvote.neighbors.backends",
    "adversary": "certvote.adversaries",
}
"""Option groups, and the package that holds the choices of each."""

_registered: dict[str, dict[str, type[Choice]]] = {group: {} for group in PACKAGES}

Class = TypeVar("Class", bound=type)


class Options:
    """Hold options under a common name, ``group``; their ranges are checked when an object is made."""

    group: ClassVar[str] = ""

    def __post_init__(self) -> None:
        kinds = _kinds(type(self))  # type: ignore[arg-type]  # mypy takes the class for an object of it
        for name, meaning in meanings(type(self)):
            shown = option_name(type(self), name)
            value = _number(shown, getattr(self, name), kinds[name])
            setattr(self, name, value)
            meaning.check(shown, value)

    def check_data(self, quantities: Mapping[str, int]) -> None:
        """Check the options whose range depends on the data.

        Parameters
        ----------
        quantities : mapping
            ``n_train``, the number of training examples.

        Raises
        ------
        ValueError
            If an option is out of range; the message names it.
        """
        for name, meaning in meanings(type(self)):
            meaning.check_against(option_name(type(self), name), getattr(self, name), quantities)


class Choice(Options):
    """One choice of an option group, an object that does what its name says."""

    name: ClassVar[str] = ""

    old_names: ClassVar[tuple[str, ...]] = ()
    """Names of earlier versions, which are still understood."""

    @classmethod
    def label_of(cls, options: Mapping[str, Any]) -> Label | None:
        """Return how a run with these options (``{"algo.k": 5, …}``) is named and drawn; ``None``: it is not."""
        return getattr(cls, "label", None)

    def values_for_votes(self) -> dict[str, Any]:
        """Return the name and the options that votes depend on, to find votes again."""
        kept = [name for name, meaning in meanings(type(self)) if meaning.votes and meaning.matters]
        return {"name": self.name, **{name: getattr(self, name) for name in kept}}


@dataclass_transform(field_specifiers=(option,), kw_only_default=True)
def section(group: str) -> Any:
    """Make a class the options under ``group``, a part of the configuration without choices (``sizes``)."""

    def declare(cls: Class) -> Class:
        cls.group = group  # type: ignore[attr-defined]
        dataclass(kw_only=True)(cls)
        return cls

    return declare


@dataclass_transform(field_specifiers=(option,), kw_only_default=True)
def choice(group: str, name: str) -> Any:
    """Make a class the choice ``group=name``: its fields become options, and every part of the program knows it.

    Raises
    ------
    ValueError
        If there is no such group, or another class has the name already.
    """
    if group not in PACKAGES:
        raise ValueError(f"expected an option group among {', '.join(PACKAGES)}, got {group!r}")

    def declare(cls: Class) -> Class:
        cls.group, cls.name = group, name  # type: ignore[attr-defined]
        known = _registered[group].get(name)
        if known is not None and (known.__module__, known.__qualname__) != (cls.__module__, cls.__qualname__):
            raise ValueError(f"{group}={name}: expected a name that is not taken, got that of {known.__module__}")
        dataclass(kw_only=True)(cls)
        _registered[group][name] = cls
        return cls

    return declare


def choices(group: str) -> Mapping[str, type[Choice]]:
    """Return the choices of a group by name: those with a file in ``conf/``, then those of plugins.

    Parameters
    ----------
    group : str
        One of :data:`PACKAGES`.
    """
    _import_own(group)
    own = _own_names(group)
    return dict(sorted(_registered[group].items(), key=lambda item: (item[0] not in own, item[0])))


def find(group: str, name: str) -> type[Choice] | None:
    """Return the class of a choice, or ``None`` for a name that nobody has declared."""
    return choices(group).get(name)


def make(group: str, name: object, **options: Any) -> Choice:
    """Make a choice by its name; options that are not given have their values in ``conf/``.

    Parameters
    ----------
    group : str
        One of :data:`PACKAGES`.
    name : str
        Name of the choice.
    options
        Options of the choice, by name.

    Raises
    ------
    ValueError
        If there is no such choice, or an option is out of range.
    """
    from omegaconf import OmegaConf

    known = choices(group)
    if not isinstance(name, str) or name not in known:
        raise ValueError(f"{group}: expected one of {', '.join(known)}, got {name!r}")
    file = conf_dir() / group / f"{name}.yaml"
    values = OmegaConf.to_container(OmegaConf.load(file)) if file.is_file() else {}
    assert isinstance(values, dict)
    declared = {str(key): value for key, value in values.items() if key != "defaults"}
    return known[name](**{**declared, **options})


def has_file(group: str, name: str) -> bool:
    """Return whether a choice has a file in our own ``conf/``."""
    return name in _own_names(group)


@functools.cache
def _kinds(cls: type) -> Mapping[str, Any]:
    """Return the types of the fields of a class."""
    return get_type_hints(cls)


@functools.cache
def _own_names(group: str) -> frozenset[str]:
    return frozenset(file.stem for file in (conf_dir() / group).glob("*.yaml"))


@functools.cache
def _import_own(group: str) -> None:
    for name in sorted(_own_names(group)):
        importlib.import_module(f"{PACKAGES[group]}.{name}")


# --- numbers as they are declared ------------------------------------------------------------------------------------


def _number(option: str, value: object, kind: Any) -> object:
    """Return the value of a bool, int or float option as that type (4 is 4.0, NumPy's numbers become Python's).

    Values of other options, and ``None`` where it is allowed, are returned as they are.

    Raises
    ------
    ValueError
        If it is none: a text, a bool for a number, a fraction for an integer.
    """
    optional = type(None) in get_args(kind)
    (declared, *others) = [one for one in get_args(kind) if one is not type(None)] if optional else [kind]
    if others or declared not in (bool, int, float) or (value is None and optional):
        return value
    fits = {bool: isinstance(value, bool), int: is_integer(value), float: is_real(value)}
    if not fits[declared]:
        words = {bool: "true or false", int: "an integer", float: "a number"}
        raise ValueError(f"option {option}: expected {words[declared]}, got {value!r}")
    return declared(value)


# --- reading declarations --------------------------------------------------------------------------------------------


def meanings(cls: type) -> Iterator[tuple[str, Option]]:
    """Iterate over the options of a class: name of the field, and what it means."""
    for item in fields(cls):
        yield item.name, item.metadata.get(METADATA, Option())


def meaning_of(cls: type, name: str) -> Option:
    """Return what a field of a class means; a field without a declaration means nothing in particular."""
    return next((item.metadata.get(METADATA, Option()) for item in fields(cls) if item.name == name), Option())


def option_name(cls: type[Options], field_name: str) -> str:
    """Return the name under which a user sets an option: its shortcut, or with its group (``algo.voters``)."""
    shortcut = meaning_of(cls, field_name).shortcut
    return shortcut or (f"{cls.group}.{field_name}" if cls.group else field_name)


def shortcuts() -> Mapping[str, tuple[type[Choice], str]]:
    """Return every shortcut with a class and the field that it stands for (the first, where several share it)."""
    found: dict[str, tuple[type[Choice], str]] = {}
    for group in PACKAGES:
        for cls in choices(group).values():
            for name, meaning in meanings(cls):
                if meaning.shortcut:
                    found.setdefault(meaning.shortcut, (cls, name))
    return found
