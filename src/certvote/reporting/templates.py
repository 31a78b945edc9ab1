"""Render the templates of pages and sentences: from the installed package's folder, or from the repository's."""

from __future__ import annotations

import base64
import functools
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from certvote.reporting import labels, wording
from certvote.reporting.accuracy import last_size, shown_at
from certvote.reporting.css_classes import use_classes
from certvote.runtime.files import write_whole
from certvote.runtime.paths import shipped


@dataclass(frozen=True)
class Script:
    """Hold the script of all pages, and the digest by which a page's content security policy admits it alone."""

    text: Markup
    digest: str

    @classmethod
    def of_pages(cls) -> Script:
        """Read the script from the templates."""
        text = (folder() / "interactive.js").read_text(encoding="utf-8")
        return cls(Markup(text), f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}")


def folder() -> Path:
    """Return the folder with the templates, as a wheel bundles it or as the repository has it."""
    return shipped("bundled_templates", "reports/templates")


def page(template: str, **context: Any) -> str:
    """Render a page: one HTML file, everything in it escaped, repeated styles as classes."""
    return use_classes(_environment().get_template(template).render(**context))


def write(html: str, folder: Path, *, option: str) -> Path:
    """Write ``folder/index.html`` and return its path; an error names the option that chose the folder."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return write_whole(folder / "index.html", html.encode())
    except OSError as error:
        raise OSError(f"option {option}: cannot write {folder}: {error.strerror or error}") from error


def sentence(name: str, **facts: Any) -> str:
    """Render a sentence of ``sentences.txt``: the macro ``name`` with facts as its arguments, on one line."""
    text: str = getattr(_environment().get_template("sentences.txt").module, name)(**facts)
    return re.sub(r"[ \n]+", " ", text).strip()


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
    environment.filters |= {name: getattr(module, name) for module in (labels, wording) for name in module.FILTERS}
    environment.filters |= {"last_size": last_size, "shown_at": shown_at}
    environment.globals["script"] = Script.of_pages()
    return environment
