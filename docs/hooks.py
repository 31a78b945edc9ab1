"""Write what the documentation shares with the program and the repository, while MkDocs builds the site.

A page may hold three marks, each alone on its line:

    <!-- include README.md -->    a file of the repository, its links adjusted
    <!-- options -->              every option group, choice and option, as the program declares them
    <!-- choices -->              one line per choice, for an overview

Before the build every public name is checked: it has a docstring, and a reference page shows it. Afterwards every page
is checked: it loads nothing from another host.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Collection, Iterator
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
PUBLIC = (
    "certvote",
    "certvote.neighbors",
    "certvote.neighbors.sharded",
    "certvote.datasets",
    "certvote.estimators",
    "certvote.options",
    "certvote.results",
)
"""Packages whose ``__all__`` is public."""

_MARK = re.compile(r"^<!-- (?P<what>include|options|choices) ?(?P<file>\S*) -->$", re.MULTILINE)
_ROLE = re.compile(r":(?:attr|class|data|func|meth|mod):(<code>)~?")
_ROOT_FILES = {"CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md", "README.md": "index.md"}


# --- MkDocs calls these ----------------------------------------------------------------------------------------------


def on_pre_build(config: Any) -> None:
    """Stop the build if a public name has no docstring or no place in the reference."""
    from mkdocs.exceptions import PluginError

    missing = [*undocumented(), *unlisted()]
    if missing:
        raise PluginError("documentation is missing:\n  " + "\n  ".join(missing))


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Replace the marks of a page by what they stand for."""
    write = {"include": included, "options": lambda _: options_page(), "choices": lambda _: choices_table()}
    return _MARK.sub(lambda mark: write[mark["what"]](mark["file"]), markdown)


def on_page_content(html: str, **_: Any) -> str:
    """Take the roles off references in docstrings, which mean nothing to Markdown: ``:class:`` before a name."""
    return _ROLE.sub(r"\1", html)


def on_post_page(output: str, *, page: Any, **_: Any) -> str:
    """Stop the build if a page loads a script, style, font or image from another host."""
    from mkdocs.exceptions import PluginError

    loaded = remote(output)
    if loaded:
        raise PluginError(f"{page.file.src_uri}: expected files of the site alone, got {', '.join(loaded)}")
    return output


def remote(html: str) -> list[str]:
    """Return the addresses on other hosts that a page loads when it is opened; links to click on are none."""
    return re.findall(
        r"<(?:script|link|img|iframe|source)\b[^>]*?\b(?:src|href)=[\"']?((?:https?:)?//[^\"'\s>]+)", html
    )


# --- files of the repository -----------------------------------------------------------------------------------------


def included(name: str) -> str:
    """Return a Markdown file of the repository's root, with links as a page in ``docs/`` needs them."""
    text = (REPOSITORY / name).read_text()
    for file, page in _ROOT_FILES.items():
        text = text.replace(f"]({file})", f"]({page})")
    return text.replace("](docs/", "](")


# --- options ---------------------------------------------------------------------------------------------------------


def choices_table() -> str:
    """Return a Markdown table with a line per option group: its choices, each with a link to its options."""
    from certvote.options.choices import PACKAGES, choices

    lines = ["| choose | from |", "|---|---|"]
    for group in PACKAGES:
        names = ", ".join(f"[`{name}`](reference/options.md#{group}{name})" for name in choices(group))
        lines.append(f"| `{group}` | {names} |")
    return "\n".join(lines)


def options_page() -> str:
    """Return every option in Markdown: those of the root, then a section per group and per choice."""
    from certvote.options.choices import PACKAGES, choices
    from certvote.options.settings import Settings, Tracking
    from certvote.options.sizes import Sizes

    root = _rows(Settings, _file("config"), skip={*PACKAGES, "sizes", "tracking"})
    parts = ["## Of every job", _table(root)]
    parts += ["## sizes", _table(_rows(Sizes, _file("config")["sizes"]))]
    parts += ["## tracking", _table(_rows(Tracking, _file("tracking/local"), skip={"sweep"}))]
    for group in PACKAGES:
        parts.append(f"## {group}")
        rows = {name: _rows(cls, _file(f"{group}/{name}")) for name, cls in choices(group).items()}
        shared = [row for row in next(iter(rows.values())) if all(row in others for others in rows.values())]
        parts += ["Whichever is chosen:", _table(shared)] if shared else []
        for name, cls in choices(group).items():
            own = [row for row in rows[name] if row not in shared]
            parts += [f"### {group}={name}", _summary(cls)] + ([_table(own)] if own else [])
            recommended = _file(f"{group}/{name}").get("recommended", {})
            if recommended:
                values = ", ".join(f"`{key}={value}`" for key, value in recommended.items())
                parts.append(f"Recommends {values}.")
    return "\n\n".join(parts)


def _rows(cls: Any, file: dict[str, Any], skip: Collection[str] = ()) -> list[str]:
    from certvote.options.choices import meaning_of, option_name

    rows = []
    for item in fields(cls):
        if item.name not in {*skip, "recommended"}:
            meaning = meaning_of(cls, item.name)
            cells = [f"`{option_name(cls, item.name)}`", _default(item, file), _range(meaning), meaning.help]
            rows.append("| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |")
    return rows


def _table(rows: list[str]) -> str:
    return "\n".join(["| option | default | range | meaning |", "|---|---|---|---|", *rows])


def _default(item: Any, file: dict[str, Any]) -> str:
    value = file.get(item.name, MISSING)
    if value is MISSING:
        value = item.default if item.default_factory is MISSING else item.default_factory()
    if isinstance(value, str) and "dataset.recommended" in _resolved(value):
        return "the data set's"
    if value == "???":
        return "to be given"
    environment = re.fullmatch(r"\$\{oc\.env:(\w+),(.*)\}", value) if isinstance(value, str) else None
    if environment:
        return f"`{environment[2]}`, or the environment's `{environment[1]}`"
    return f"`{'null' if value is None else str(value).lower() if isinstance(value, bool) else _resolved(value)}`"


def _resolved(value: Any) -> Any:
    """Return what an interpolation of the root (``${k}``) stands for there."""
    found = re.fullmatch(r"\$\{(\w+)\}", value) if isinstance(value, str) else None
    return _file("config").get(found[1], value) if found else value


def _range(meaning: Any) -> str:
    from certvote.options.option import QUANTITIES

    if meaning.one_of:
        return ", ".join(f"`{word}`" for word in meaning.one_of)
    most = QUANTITIES.get(meaning.most, f"{meaning.most:,}" if isinstance(meaning.most, int | float) else None)
    limits = [
        None if meaning.least is None else f"≥ {meaning.least:g}",
        None if most is None else f"≤ {most}",
        None if meaning.below is None else f"< {meaning.below:g}",
    ]
    return ", ".join(limit for limit in limits if limit)


def _file(name: str) -> dict[str, Any]:
    import yaml

    path = REPOSITORY / "conf" / f"{name}.yaml"
    return (yaml.safe_load(path.read_text()) or {}) if path.is_file() else {}


def _summary(thing: Any) -> str:
    return (inspect.getdoc(thing) or "").partition("\n\n")[0].replace("\n", " ")


# --- public names ----------------------------------------------------------------------------------------------------


def public_names() -> Iterator[tuple[str, Any]]:
    """Iterate over the public names with what they name; modules are public by their own names."""
    for package in PUBLIC:
        module = importlib.import_module(package)
        for name in module.__all__:
            found = getattr(module, name)
            if not inspect.ismodule(found) and not name.startswith("__"):
                yield f"{package}.{name}", found


def undocumented() -> list[str]:
    """Return what has no docstring, or no help, among public names, choices and options."""
    from certvote.options.choices import PACKAGES, choices, meanings, option_name

    missing = [f"{name}: no docstring" for name, found in public_names() if not _own_doc(found)]
    for group in PACKAGES:
        for name, cls in choices(group).items():
            missing += [] if _own_doc(cls) else [f"{group}={name}: no docstring"]
            missing += [
                f"{group}={name}: no help for {option_name(cls, option)}"
                for option, meaning in meanings(cls)
                if not meaning.help
            ]
    return missing


def unlisted() -> list[str]:
    """Return the public names that no reference page shows."""
    pages = "\n".join(path.read_text() for path in sorted((REPOSITORY / "docs" / "reference").glob("*.md")))
    shown = {id(_named(path)): path for path in re.findall(r"^::: (\S+)$", pages, re.MULTILINE)}
    return [f"{name}: on no page of docs/reference" for name, found in public_names() if id(found) not in shown]


def _named(path: str) -> Any:
    """Return what a dotted path names."""
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name, None)


def _own_doc(found: Any) -> str:
    """Return the docstring of a function or class; that which a dataclass makes of its signature is none."""
    doc = inspect.getdoc(found) or ""
    return "" if inspect.isclass(found) and doc.startswith(f"{found.__name__}(") else doc
