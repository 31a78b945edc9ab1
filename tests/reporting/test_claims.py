"""Entries of a leaderboard from files: what a size counts, and mistakes named with file, line and key."""

from __future__ import annotations

import re

import pytest
import yaml

from certvote.reporting.claims import load_claim, load_claims
from certvote.reporting.page import load
from certvote.runtime.paths import shipped

ENTRY = """\
method: DPA
dataset: mnist
n_train: 60000
n_test: 10000
change: any
counts: insertions plus deletions
certified:
  - {size: 100, accuracy: 80}
  - {size: 501, accuracy: 50.5}
source: A publication
url: https://example.org/paper
probabilistic: false
"""


@pytest.fixture
def entry(tmp_path):
    """Write an entry, with replacements, and read it."""

    def read(*replacements: tuple[str, str]):
        text = ENTRY
        for old, new in replacements:
            assert old in text
            text = text.replace(old, new)
        (tmp_path / "entry.yaml").write_text(text)
        return load_claim(tmp_path / "entry.yaml")

    return read


def test_an_entry_becomes_a_curve_counted_as_here(entry):
    claim = entry()
    assert (claim.method, claim.file, claim.probabilistic) == ("DPA", "entry.yaml", False)
    assert claim.curve.sizes.tolist() == [50, 250]
    assert claim.curve.certified.tolist() == [0.8, 0.505]


@pytest.mark.parametrize(
    ("change", "counts", "sizes"),
    [
        ("any", "changes", [100, 501]),
        ("any", "insertions plus deletions", [50, 250]),
        ("relabel", "insertions plus deletions", [50, 250]),
        ("insert", "insertions plus deletions", [100, 501]),
        ("delete", "insertions plus deletions", [100, 501]),
    ],
)
def test_a_size_covers_every_attack_that_is_counted_so(entry, change, counts, sizes):
    """Of an attack of size e, count insertions and deletions: with any change up to e of each."""
    claim = entry(("change: any", f"change: {change}"), ("counts: insertions plus deletions", f"counts: {counts}"))
    assert claim.curve.sizes.tolist() == sizes
    edits = {"any": 2, "relabel": 2, "insert": 1, "delete": 1}[change] if counts != "changes" else 1
    for size in range(50):
        e = claim.size_here(size)
        assert edits * e <= size < edits * (e + 1)


def test_sizes_that_are_one_here_keep_the_larger_accuracy(entry):
    claim = entry(("size: 501", "size: 101"))
    assert claim.curve.sizes.tolist() == [50]
    assert claim.curve.certified.tolist() == [0.8]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("method: DPA\n", "", r"line 1: entry\.method: expected a text, got None"),
        ("method: DPA", "methods: DPA", "line 1: entry: expected keys among .*, got methods"),
        ("method: DPA", "method: ' '", r"line 1: entry\.method: expected a text, got none"),
        ("n_test: 10000", "n_test: 0", r"line 4: entry\.n_test: expected a whole number >= 1, got 0"),
        ("change: any", "change: all", r"line 5: entry\.change: expected one of any, insert, .*, got 'all'"),
        ("counts: insert.*", "counts: examples", r"line 6: entry\.counts: expected one of changes, .*, got 'examples'"),
        ("size: 100", "size: -1", r"line 8: entry\.certified\[0\]\.size: expected a whole number >= 0, got -1"),
        ("accuracy: 80", "accuracy: 180", r"line 8: entry\.certified\[0\]\.accuracy: expected 0 to 100 .*, got 180"),
        (
            "50.5}",
            "90}",
            r"line 9: entry\.certified\[1\]: .* no larger accuracy at a larger size, got 80 at 100 and 90",
        ),
        ("size: 501", "size: 100", r"line \d: entry\.certified\[\d\]: expected each size once"),
        ("size: 501", "size: 5, e: 2", r"line 9: entry\.certified\[1\]: expected keys among accuracy, size, got e"),
        ("url: https", "url: javascript", r"line 11: entry\.url: expected an address that begins with https"),
        ("probabilistic: false", "probabilistic: 0", r"line 12: entry\.probabilistic: expected true or false, got 0"),
        ("method: DPA", "file: other", "line 1: entry: expected keys among .*, got file"),
        ("method: DPA", "method: [", r"line \d+: expected YAML"),
    ],
)
def test_mistakes_are_named_with_file_line_and_key(tmp_path, old, new, message):
    file = tmp_path / "wrong.yaml"
    file.write_text(re.sub(old.replace("{", r"\{"), new, ENTRY, count=1))
    with pytest.raises(ValueError, match=f"wrong.yaml, {message}"):
        load_claim(file)


def test_folders_and_files_are_read_once_each(tmp_path):
    for name in ("b.yaml", "a.yaml", "notes.txt"):
        (tmp_path / name).write_text(ENTRY)
    found = load_claims([tmp_path, tmp_path / "a.yaml"])
    assert [claim.file for claim in found] == ["a.yaml", "b.yaml"]
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "absent.yaml", tmp_path / "empty"):
        with pytest.raises(ValueError, match="option --entries: expected a YAML file, or a folder with some, got"):
            load_claims([path])


def test_shipped_entries_are_what_the_page_of_the_frontier_states():
    claims = load_claims([shipped("bundled_leaderboard", "reports/leaderboard")])
    said = {(x.dataset, int(x.curve.sizes[0]), float(x.curve.certified[0])) for x in claims}
    frontier = load(shipped("bundled_pages", "reports/pages") / "frontier.yaml")
    stated = [x for x in frontier.stated if x.value is not None]
    assert said == {(x.of["dataset"], x.size, (x.value or 0) / 100) for x in stated}


def test_the_documentation_shows_an_entry_that_ships(repository):
    (shown,) = re.findall(r"```yaml\n(.*?)```", (repository / "docs" / "leaderboard.md").read_text(), re.DOTALL)
    assert yaml.safe_load(shown) == yaml.safe_load(
        (repository / "reports" / "leaderboard" / "dpa_mnist.yaml").read_text()
    )
