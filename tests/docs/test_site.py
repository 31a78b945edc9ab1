"""What the documentation site is made of: tables of options, included files, checks of public names."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def hooks() -> ModuleType:
    spec = importlib.util.spec_from_file_location("hooks", REPOSITORY / "docs" / "hooks.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_public_name_is_documented_and_listed(hooks):
    """``make docs`` stops for the same; here it is found without building the site."""
    assert hooks.undocumented() == []
    assert hooks.unlisted() == []


def test_a_public_name_without_a_docstring_is_noticed(hooks, monkeypatch):
    import certvote.neighbors

    def bare() -> None:
        pass

    monkeypatch.setattr(certvote.neighbors, "bare", bare, raising=False)
    monkeypatch.setattr(certvote.neighbors, "__all__", [*certvote.neighbors.__all__, "bare"])
    assert hooks.undocumented() == ["certvote.neighbors.bare: no docstring"]
    assert hooks.unlisted() == ["certvote.neighbors.bare: on no page of docs/reference"]


def test_a_build_stops_for_them(hooks, monkeypatch):
    exceptions = pytest.importorskip("mkdocs.exceptions", reason="mkdocs is not installed")
    monkeypatch.setattr(hooks, "undocumented", lambda: ["a.b: no docstring"])
    with pytest.raises(exceptions.PluginError, match=r"a\.b: no docstring"):
        hooks.on_pre_build({})


def test_the_page_of_options_has_every_option_and_choice(hooks):
    from certvote.options.choices import PACKAGES, choices, meanings, option_name

    page = hooks.on_page_markdown("before\n\n<!-- options -->\n")
    for group in PACKAGES:
        for name, cls in choices(group).items():
            assert f"\n### {group}={name}\n" in page
            for field, meaning in meanings(cls):
                if field != "recommended":
                    assert f"| `{option_name(cls, field)}` |" in page
                    assert meaning.help.replace("|", r"\|") in page


def test_options_have_their_defaults_and_ranges(hooks):
    page = hooks.options_page()
    assert "| `k` | the data set's | ≥ 1, ≤ the number of training examples | number of neighbors |" in page
    assert "| `algo.voters` | `1000` | ≥ 2, ≤ 1,000,000 |" in page
    assert "| `data_root` | `data`, or the environment's `CERTVOTE_DATA_ROOT` |" in page
    assert "| `dataset.path` | to be given |" in page
    assert page.count("| `dataset.holdout` |") == 1, "what all data sets have is said once"
    assert "Recommends `k=5000`, `r=4.0`" in page


def test_included_files_link_to_pages(hooks):
    page = hooks.on_page_markdown("<!-- include README.md -->\n")
    assert page.startswith("# certvote")
    assert "](tutorial.md)" in page
    assert "](contributing.md)" in page
    assert "](docs/" not in page


def test_what_a_page_loads_from_elsewhere_is_found(hooks):
    html = """<a href="https://a.org">a</a> <img src="mnist.svg"> <link rel="stylesheet" href="https://b.org/b.css">
    <script async src='//c.org/c.js'></script>"""
    assert hooks.remote(html) == ["https://b.org/b.css", "//c.org/c.js"]


def test_roles_of_references_are_not_shown(hooks):
    html = "<p>see :class:<code>~certvote.types.Curve</code> and <code>a:class:b</code></p>"
    assert hooks.on_page_content(html) == "<p>see <code>certvote.types.Curve</code> and <code>a:class:b</code></p>"


def test_every_page_of_the_navigation_exists_and_no_other():
    navigation = yaml.safe_load((REPOSITORY / "mkdocs.yml").read_text())["nav"]

    def pages(items):
        for item in items:
            for value in item.values():
                yield from [value] if isinstance(value, str) else pages(value)

    listed = list(pages(navigation))
    there = sorted(path.relative_to(REPOSITORY / "docs").as_posix() for path in (REPOSITORY / "docs").rglob("*.md"))
    assert sorted(listed) == there
