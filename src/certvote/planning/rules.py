"""Expand a sweep whose jobs are no product: options that vary together, combinations left out, jobs added.

A rule is a text of options as on the command line, ``algo=knn certificate=rd,island``:

- ``zip``: its options take their values side by side, the first with the first.
- ``exclude``: combinations whose options have these values are left out.
- ``include``: the product of its own options is added, with the options of the sweep that have one value.
"""

from __future__ import annotations

import itertools
import logging
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException

from certvote.options import aliases, columns
from certvote.options.settings import Settings, flatten, schema

log = logging.getLogger(__name__)

KINDS = ("zip", "exclude", "include")

_Axis = list[list[str]]  # what stands side by side in one job, for every job


@dataclass(frozen=True)
class Rules:
    """Hold the rules of a sweep, each as a text.

    Raises
    ------
    ValueError
        Where a rule is used, if it is malformed; the message names the rule and the option.
    """

    zip: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    include: tuple[str, ...] = ()

    def with_given(self, given: Sequence[str]) -> Rules:
        """Return these rules and those of a command line (``exclude=algo=knn certificate=island``)."""
        more: dict[str, list[str]] = {kind: [] for kind in KINDS}
        for text in given:
            kind, _, rule = text.partition("=")
            more[kind].append(rule)
        return Rules(**{kind: (*getattr(self, kind), *more[kind]) for kind in KINDS})

    def jobs(self, overrides: Sequence[Override]) -> tuple[list[list[str]], list[list[str]]]:
        """Return the jobs of a sweep, and those that ``include`` adds, each as its overrides.

        Where nothing varies but in ``include``, its jobs are all.

        Parameters
        ----------
        overrides : sequence of Override
            The options of the sweep, each with one or several values; of an option's two, the last counts.
        """
        axes: dict[str, _Axis] = {one.get_key_element(): [[text] for text in _texts(one)] for one in overrides}
        single = {option: axis for option, axis in axes.items() if len(axis) == 1}
        zipped: set[str] = set()
        for rule in self.zip:
            together = _options("zip", rule)
            values = [_texts(one) for one in together.values()]
            _check_zip(rule, together, values, zipped)
            zipped |= together.keys()
            axes = {option: axis for option, axis in axes.items() if option not in together}
            axes[rule] = [list(row) for row in zip(*values, strict=True)]
        added = [job for rule in self.include for job in _product({**single, **_axes("include", rule)})]
        return ([] if added and len(single) == len(axes) else _product(axes)), added

    def excludes(self, settings: Settings) -> bool:
        """Return whether a rule leaves out a combination."""
        if not self.exclude:
            return False
        options = columns.typed({name: str(value) for name, value in flatten(settings).items()})
        hit = [
            text
            for text, rule in self._excluded.items()
            if all(columns.matches(options, name, values) for name, values in rule.items())
        ]
        for text in hit:
            self._counts[text] += 1
        return bool(hit)

    def report(self) -> None:
        """Log how many combinations each ``exclude`` rule left out."""
        for text, count in self._counts.items():
            plural = "" if count == 1 else "s"
            log.log(logging.INFO if count else logging.WARNING, "exclude=%s: %d combination%s", text, count, plural)

    @cached_property
    def _excluded(self) -> Mapping[str, Mapping[str, list[str]]]:
        return {
            rule: {
                name: [text.partition("=")[2] for text in _texts(one)]
                for name, one in _options("exclude", rule).items()
            }
            for rule in self.exclude
        }

    @cached_property
    def _counts(self) -> dict[str, int]:
        return dict.fromkeys(self.exclude, 0)


def from_arguments(arguments: Sequence[str]) -> list[str]:
    """Return a command line with its rules as one Hydra override, which needs less quoting from its user.

    Raises
    ------
    ValueError
        If there are rules, but no sweep (``-m``).
    """
    given = [text for text in arguments if text.startswith(tuple(f"{kind}=" for kind in KINDS))]
    if not given:
        return list(arguments)
    if not {"-m", "--multirun"} & set(arguments):
        raise ValueError(f"rule {given[0]}: expected a sweep (-m), got a single job")
    quoted = ("'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'" for text in given)
    return [*(text for text in arguments if text not in given), f"hydra.sweeper.given=[{','.join(quoted)}]"]


def _options(kind: str, rule: str) -> dict[str, Override]:
    """Parse a rule into its options, by name."""
    argument = f"rule {kind}={rule!r}"
    pieces = shlex.split(rule, posix=False)
    if not pieces:
        raise ValueError(f"{argument}: expected options (algo=knn k=50,100), got none")
    found: dict[str, Override] = {}
    parser = OverridesParser.create()
    for piece in aliases.overrides(pieces):
        name, equals, value = piece.partition("=")
        if not (name and equals and value):
            raise ValueError(f"{argument}: expected option=value, got {piece!r}")
        if name in found:
            raise ValueError(f"{argument}: expected option {name} once, got it twice")
        try:
            (found[name],) = parser.parse_overrides([piece])
        except HydraException as error:
            raise ValueError(f"{argument}, option {name}: {str(error).splitlines()[0]}") from error
    own = {item.name: None for item in fields(schema())}
    columns.check_known(argument, found, [own])
    return found


def _axes(kind: str, rule: str) -> dict[str, _Axis]:
    return {name: [[text] for text in _texts(one)] for name, one in _options(kind, rule).items()}


def _texts(override: Override) -> list[str]:
    """Return an override once per value."""
    key = override.get_key_element()
    if not override.is_sweep_override():
        return [f"{key}={override.get_value_element_as_str()}"]
    if not override.is_discrete_sweep():
        raise ValueError(f"option {key}: expected values to choose from, got {override.input_line}")
    return [f"{key}={value}" for value in override.sweep_string_iterator()]


def _product(axes: Mapping[str, _Axis]) -> list[list[str]]:
    return [list(itertools.chain.from_iterable(parts)) for parts in itertools.product(*axes.values())]


def _check_zip(rule: str, together: Mapping[str, Override], values: Sequence[list[str]], zipped: set[str]) -> None:
    argument = f"rule zip={rule!r}"
    names = list(together)
    if len(names) < 2:
        raise ValueError(f"{argument}: expected at least two options, got {names[0]}")
    for name, own in zip(names, values, strict=True):
        if len(own) != len(values[0]):
            raise ValueError(
                f"{argument}, option {name}: expected as many values as of {names[0]}, {len(values[0])}, got {len(own)}"
            )
        if name in zipped:
            raise ValueError(f"{argument}, option {name}: expected an option of no other zip rule")
