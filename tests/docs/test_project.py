"""What the project says about itself: licence, citation, versions, the commands of the README."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
README = (REPOSITORY / "README.md").read_text()
CITATION = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text())

# What version 1.2.0 of the Citation File Format requires and allows, as far as this file uses it.
CFF_REQUIRED = {"cff-version", "message", "title", "authors"}
CFF_ALLOWED = CFF_REQUIRED | {"type", "abstract", "version", "license", "keywords", "references"}
REFERENCE_ALLOWED = {
    "type", "title", "authors", "collection-title", "conference", "volume", "year", "identifiers"
}  # fmt: skip
AUTHOR_KEYS = [{"name"}, {"family-names", "given-names"}]


def test_the_citation_follows_its_format():
    assert CITATION["cff-version"] == "1.2.0"
    assert CFF_REQUIRED <= set(CITATION) <= CFF_ALLOWED
    assert CITATION["type"] == "software"
    (paper,) = CITATION["references"]
    assert {"type", "title", "authors"} <= set(paper) <= REFERENCE_ALLOWED
    for author in CITATION["authors"] + paper["authors"]:
        assert set(author) in AUTHOR_KEYS
    assert [author["family-names"] for author in paper["authors"]] == ["Jia", "Liu", "Cao", "Gong"]
    assert paper["identifiers"][0]["value"] == "arXiv:2012.03765"


def test_versions_agree():
    changelog = (REPOSITORY / "CHANGELOG.md").read_text()
    (latest, *_) = re.findall(r"^## (\d+\.\d+\.\d+) - (?:\d{4}-\d{2}-\d{2}|unreleased)$", changelog, re.MULTILINE)
    assert PROJECT["version"] == CITATION["version"] == latest


def test_licences_agree():
    text = (REPOSITORY / "LICENSE").read_text()
    assert text.startswith("MIT License")
    assert PROJECT["license"] == CITATION["license"] == "MIT"


def test_the_package_says_that_it_has_types():
    assert (REPOSITORY / "src" / "certvote" / "py.typed").is_file()


def test_the_readme_is_short_and_its_commands_are_targets():
    assert len(README.splitlines()) <= 90
    targets = set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))
    text = README + (REPOSITORY / "CONTRIBUTING.md").read_text()
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", text, re.MULTILINE))
    assert {"demo", "test", "docs"} <= named <= targets


def test_continuous_integration_runs_the_readmes_commands():
    steps = (REPOSITORY / ".ci" / "run").read_text().splitlines()
    assert {"make demo", "make test", "make docs", "make lint"} <= set(steps)


@pytest.mark.parametrize("file", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_between_files_lead_somewhere(file):
    text = (REPOSITORY / file).read_text()
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
        assert target.startswith("https://") or (REPOSITORY / target).is_file(), target
