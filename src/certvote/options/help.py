"""Write what ``run.py --help`` prints; Hydra's own help takes two seconds to list groups that nobody chooses from."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import Any

from certvote.options.choices import PACKAGES, Options, choices, find, meaning_of, meanings
from certvote.options.settings import Settings, Tracking
from certvote.options.sizes import Sizes
from certvote.runtime.paths import conf_dir

_WIDTH = 116
_TEMPLATE = """\
certvote: how accurate does a vote-based classifier stay, provably, when an attacker changes e training examples?

  python run.py                                    one run with the defaults
  python run.py -m algo=knn,rnn k=50,100           a sweep over every combination; ends with a report
  python run.py -m k=50,100 plan=true              say what is done and what would run, do nothing
  python run.py --cfg job --resolve                show the options of a run, do nothing
  python -m certvote --help                        report, figure, table, audit, export, merge, ui

Choices (group=choice), the chosen ones with an asterisk:
{choices}

Options with their values here (option=value; several values with -m option=a,b):
{options}

docs/ explains them all. Hydra's own flags: --hydra-help
"""


def help_text(overrides: Sequence[str]) -> str:
    """Return the help text, with choices and options as overrides set them.

    Parameters
    ----------
    overrides : sequence of str
        Hydra overrides.
    """
    from hydra import compose, initialize_config_dir

    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        config = compose("config", overrides=list(overrides), return_hydra_config=True)
    chosen = {group: config.hydra.runtime.choices.get(group, "") for group in PACKAGES}
    listed = [line for group in PACKAGES for line in _choices(group, chosen[group])]
    folder = conf_dir() / "experiment"
    files = (file.relative_to(folder).with_suffix("").as_posix() for file in folder.rglob("*.yaml"))
    listed.append(_entry(f"  {'experiment':<12}  ", "  ".join(sorted(files, key=lambda x: (x.count("/"), x)))))
    return _TEMPLATE.format(choices="\n".join(listed), options="\n".join(_options(config, chosen)))


def _choices(group: str, chosen: str) -> Iterator[str]:
    for number, (name, cls) in enumerate(choices(group).items()):
        mark = "*" if name == chosen else " "
        meaning = (cls.__doc__ or "").strip().splitlines()[0]
        yield _entry(f"  {group if not number else '':<12}{mark} {name:<14}", meaning)


def _options(config: Any, chosen: dict[str, str]) -> Iterator[str]:
    for name in sorted(name for name in config if name not in (*PACKAGES, "hydra", "sizes", "tracking", "plugins")):
        yield _entry(f"  {name + '=' + _text(config[name]):<34}", _meaning(name))
    parts: list[tuple[str, type[Options] | None]] = [(group, find(group, chosen[group])) for group in PACKAGES]
    for group, cls in (*parts, ("sizes", Sizes), ("tracking", Tracking)):
        for item in fields(cls) if cls is not None else ():  # type: ignore[arg-type]
            meaning = meaning_of(cls, item.name)  # type: ignore[arg-type]
            if not meaning.shortcut and f"{group}.{item.name}" != "tracking.sweep":
                yield _entry(f"  {f'{group}.{item.name}=' + _text(config[group].get(item.name)):<34}", meaning.help)


def _meaning(name: str) -> str:
    """Return what an option of the root is, and which choices it is for if it is a shortcut."""
    owners = [
        (cls, meaning)
        for group in PACKAGES
        for cls in choices(group).values()
        for _, meaning in meanings(cls)
        if meaning.shortcut == name
    ]
    if not owners:
        return meaning_of(Settings, name).help
    names = ", ".join(f"{cls.group}={cls.name}" for cls, _ in owners)
    return f"{owners[0][1].help}; for {names}"


def _text(value: Any) -> str:
    text = "null" if value is None else str(value)
    return textwrap.shorten(text.replace("'", ""), 60, placeholder="…")


def _entry(head: str, text: str) -> str:
    """Fill lines with a text that stands beside a head, and below it."""
    return textwrap.fill(
        text or " ",
        width=_WIDTH,
        initial_indent=f"{head.rstrip()}  " if len(head.rstrip()) >= len(head) else head,
        subsequent_indent=" " * min(len(head), 36),
        break_long_words=False,
        break_on_hyphens=False,
    )
