"""The page templates: from the installed package's folder, or from the repository's."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from certvote.runtime.paths import shipped


def folder() -> Path:
    """The folder with the templates, as a wheel bundles it or as the repository has it."""
    return shipped("bundled_templates", "reports/templates")


def environment() -> Environment:
    """Jinja with escaping switched on for everything and with unknown names as errors."""
    return Environment(
        loader=FileSystemLoader(folder()),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
