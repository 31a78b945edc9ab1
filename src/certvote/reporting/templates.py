"""Render the templates of pages and sentences: from the installed package's folder, or from the repository's."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from certvote.reporting import wording
from certvote.reporting.css_classes import use_classes
from certvote.runtime.paths import shipped


def folder() -> Path:
    """Return the folder with the templates, as a wheel bundles it or as the repository has it."""
    return shipped("bundled_templates", "reports/templates")


def page(template: str, **context: Any) -> str:
    """Render a page: one HTML file, everything in it escaped, repeated styles as classes."""
    return use_classes(_environment().get_template(template).render(**context))


def sentence(name: str, **facts: Any) -> str:
    """Render a sentence of ``sentences.txt``: the macro ``name`` with facts as its arguments, on one line."""
    return " ".join(getattr(_environment().get_template("sentences.txt").module, name)(**facts).split())


@functools.cache
def _environment() -> Environment:
    """Return Jinja with escaping switched on for HTML and with unknown names as errors."""
    environment = Environment(
        loader=FileSystemLoader(folder()),
        autoescape=lambda name: name is None or not name.endswith(".txt"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"glue": wording.glued, "count": wording.count, "listed": wording.listed}
    return environment
