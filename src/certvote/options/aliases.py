"""Translate old names of options and choices into today's.

``grouping=…`` is still understood wherever options are named: on the command line, in experiments and pages, in
filters over the results database, and in records that older versions wrote.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from certvote.options.choices import PACKAGES, choices

GROUPS = {"grouping": "certificate"}
"""Old names of option groups."""

_OVERRIDE = re.compile(r"(?P<sign>[+~]*)(?P<name>[\w/@.]+)(?P<rest>=.*)?", re.DOTALL)


def option_name(name: str) -> str:
    """Return today's name of an option: ``grouping.seed`` is ``certificate.seed``."""
    group, dot, rest = name.partition(".")
    return GROUPS.get(group, group) + dot + rest


def choice_name(group: str, choice: str) -> str:
    """Return today's name of a choice, as its class declares the old ones."""
    return _old_names(group).get(choice, choice)


def _old_names(group: str) -> Mapping[str, str]:
    if group not in PACKAGES:
        return {}
    return {old: name for name, cls in choices(group).items() for old in cls.old_names}


def override(text: str) -> str:
    """Return a Hydra override under today's names; anything else stays as it is."""
    found = _OVERRIDE.fullmatch(text)
    if found is None:
        return text
    name, rest = option_name(found["name"]), found["rest"] or ""
    for old, new in _old_names(name).items():
        rest = re.sub(rf"(?<=[=,]){re.escape(old)}(?=,|$)", new, rest)
    return f"{found['sign']}{name}{rest}"


def overrides(texts: Sequence[str]) -> list[str]:
    """Return Hydra overrides under today's names."""
    return [override(text) for text in texts]


def outdated(texts: Sequence[str]) -> list[str]:
    """Return the overrides that use an old name, for a message that says so."""
    return [text for text in texts if override(text) != text]
