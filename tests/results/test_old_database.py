"""A database that version 0.1.0 wrote is read, filtered, reported, compared and audited as it was then.

tests/fixtures/make_database.py made it; database-0.1.json is what version 0.1.0 read in it.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from certvote import cli, results
from fixtures.archive import unpack
from fixtures.describe import EXPERIMENTS, kind, rows
from fixtures.jobs import digest
from fixtures.pages import PAGES, number_rows, numbers, page_lines

# Groups of options that have another name since, and their choices that have: old columns are looked for there.
RENAMED = {"grouping": "certificate"}
CHOICES = {"certificate": {"none": "individual"}}

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"
OLD: dict[str, Any] = json.loads((FIXTURES / "database-0.1.json").read_text())
RUNS = {row["run"]: row for row in OLD["runs"]}
FINISHED = [run for run, row in RUNS.items() if row["status"] == "FINISHED"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """The folder in which version 0.1.0 was run, at another place."""
    folder = tmp_path_factory.mktemp("an old project")
    unpack(FIXTURES / "database-0.1.tar.xz", folder)
    return folder


@pytest.fixture(scope="module")
def uri(folder) -> str:
    return str(folder / "mlruns")


@pytest.fixture(scope="module")
def everything(uri):
    return results.runs(EXPERIMENTS, uri=uri, status=None, repeated=True)


@pytest.fixture
def command(folder, monkeypatch, capsys):
    """``python -m certvote …`` in that folder: its exit code and what it printed."""

    def _command(*arguments: str) -> tuple[int, str]:
        monkeypatch.chdir(folder)
        monkeypatch.setattr(sys, "argv", ["certvote", *arguments])
        with pytest.raises(SystemExit) as end:
            cli.main()
        printed = capsys.readouterr()
        return int(end.value.code or 0), printed.out + printed.err

    return _command


def today(column: str, columns) -> str:
    """The name that a column of version 0.1.0 has today."""
    group, dot, option = column.partition(".")
    (name,) = {column, RENAMED.get(group, group) + dot + option} & set(columns)
    return name


def label(run: str) -> str:
    """A run's id in the names of tests."""
    row = RUNS[run]
    words = [row["name"].replace(" ", "-"), row.get("grouping.bound"), row.get("learner"), row.get("feature")]
    return "-".join([*filter(None, words), run[:4]])


def test_every_run_has_the_values_it_had(everything):
    found = {row["run"]: row for row in rows(everything)}
    assert found.keys() == RUNS.keys()
    for run, expected in RUNS.items():
        for column, value in expected.items():
            name = today(column, everything.columns)
            wanted = CHOICES.get(name, {}).get(value, value)
            assert found[run][name] == wanted, (run, column)


@pytest.mark.parametrize(("column", "expected"), OLD["kinds"].items())
def test_every_column_has_the_type_it_had(everything, column, expected):
    assert kind(everything[today(column, everything.columns)]) == expected


def test_what_a_run_had_not_is_missing(everything):
    for column in OLD["kinds"]:
        there = everything.loc[everything[today(column, everything.columns)].notna(), "run"]
        assert set(there) == {run for run, row in RUNS.items() if column in row}, column


def test_sweeps_are_listed(uri):
    assert rows(results.sweeps(EXPERIMENTS, uri=uri)) == OLD["sweeps"]


def test_every_curve_is_read(uri):
    curves = results.curves(EXPERIMENTS, uri=uri, repeated=True)
    assert set(curves["run"]) == set(FINISHED)
    for run, curve in curves.groupby("run"):
        expected = OLD["evidence"][run]
        assert digest(curve["e"].to_numpy(float)) == expected["curve"]["poisoning_size"], run
        assert digest(curve["certified"].to_numpy()) == expected["curve"]["certified_accuracy"], run
        if "attained" in expected["curve"]:
            assert digest(curve["attained"].to_numpy()) == expected["curve"]["attained"], run
        else:
            assert curve["attained"].isna().all(), run
        shown = curve.set_index("e")["certified"]
        assert {str(e): shown[int(e)] for e in expected["readable"]["CA"]} == expected["readable"]["CA"]


@pytest.mark.parametrize("run", FINISHED, ids=label)
def test_evidence_is_read(uri, run):
    expected = OLD["evidence"][run]
    votes, labels = results.votes(run, uri=uri)
    arrays = {name: getattr(votes, name) for name in expected["votes"] if name != "labels"}
    assert {name: digest(array) for name, array in {**arrays, "labels": labels}.items()} == expected["votes"]
    sizes = results.certified_sizes(run, uri=uri)
    assert digest(sizes) == expected["examples"]["certified_sizes"]
    assert (np.asarray(votes.counts)[0].tolist(), int(sizes[0])) == (
        expected["readable"]["first votes"],
        expected["readable"]["first certified size"],
    )


@pytest.mark.parametrize(
    ("filters", "number"),
    [
        ({}, 53),
        ({"repeated": True}, 54),
        ({"status": None}, 54),
        ({"status": "FAILED"}, 1),
        ({"experiment": "validation"}, 1),
        ({"options": {"k": 7}}, 1),
        ({"options": {"k": 7}, "repeated": True}, 2),
        ({"options": {"algo": "knn", "attack": "backdoor"}}, 2),
        ({"options": {"algo": "rnn", "r": 10, "attack.change": "any", "attack": "poisoning"}}, 6),
        ({"options": {"grouping": "none", "algo": ["knn", "rnn"]}}, 13),
        ({"options": {"grouping": ["rd", "removal"]}}, 4),
        ({"options": {"grouping": "island", "attack.change": "delete"}}, 1),
        ({"options": {"grouping.bound": "sharp"}}, 2),
        ({"options": {"grouping.seed": 0}}, 2),
        ({"options": {"algo": "bagging"}}, 4),
        ({"options": {"algo.parts": 20, "election": "runoff"}}, 6),
        ({"options": {"algo.spread": 2, "learner": "network"}}, 2),
        ({"options": {"feature": "hog", "feature.pixels_per_cell": "[4, 4]"}}, 2),
        ({"options": {"dataset": "arrays", "algo.k": 21}}, 2),
        ({"options": {"learner.root": True}}, 5),
        ({"sweep": "bounds"}, 4),
        ({"sweep": ["hog", "networks"]}, 6),
        ({"sweep": "failing", "status": None}, 2),
    ],
)
def test_filters(uri, filters, number):
    assert len(results.runs(uri=uri, **filters)) == number


@pytest.mark.parametrize(("shortcut", "column"), [("subsample", "algo.subsample"), ("parts", "algo.parts")])
def test_every_shortcut_finds_runs(uri, everything, shortcut, column):
    """Version 0.1 silently found none."""
    value = everything[column].dropna().iloc[0]
    found = results.runs(uri=uri, options={shortcut: int(value)})
    assert len(found) > 0
    assert set(found[column]) == {value}


def test_a_sweep_comes_with_the_runs_that_it_reused(uri):
    table = results.runs(uri=uri, sweep="bounds")
    own = results.sweeps(uri=uri).set_index("name")["sweep"]
    assert Counter(table["sweep"]) == {own["bounds"]: 2, own["certificates"]: 2}


@pytest.mark.parametrize("page", PAGES)
def test_pages_have_the_numbers_that_they_had(command, folder, page):
    code, printed = command("report", *PAGES[page], "--name", page)
    assert code == 0, printed
    lines = page_lines((folder / "reports" / "html" / page / "index.html").read_text())
    before = (FIXTURES / "pages-0.1" / f"{page}.txt").read_text().splitlines()
    missing = number_rows(before) - number_rows(lines)
    assert not missing, "rows of tables that are not there any more"
    abstract = next(line for line in before if line.startswith("Abstract."))
    assert numbers(abstract) <= numbers("\n".join(lines)), "numbers of the abstract that are nowhere on the page"


def test_a_table_has_the_numbers_that_it_had(command):
    code, printed = command("table", "--sweep", "bounds", "--sizes", "0", "10", "--format", "csv")
    assert code == 0, printed
    for share in (0.25, 0.38, 0.53):
        assert f",{share}" in printed


@pytest.mark.parametrize("run", FINISHED, ids=label)
def test_every_record_holds(command, run):
    experiment = RUNS[run]["experiment"]
    code, printed = command("audit", run, "--experiment", experiment)
    assert code == 0, printed
    assert "the record holds" in printed
    row = RUNS[run]
    digest, *unchecked = [line for line in printed.splitlines() if line.startswith("?")]
    assert "there is no digest over the record" in digest
    election = row["algo"] == "fa" or row.get("algo.election") == "runoff"
    assert len(unchecked) == election, "ballots are not stored; everything else can be checked"


@pytest.mark.parametrize("where", [{"grouping": "budget"}, {"algo": "fa"}, {"algo": "bagging"}], ids=str)
def test_an_old_record_that_was_altered_does_not_hold(command, folder, uri, where):
    run = results.runs(uri=uri, options=where)["run"][0]
    path = folder / "mlruns" / "artifacts" / run / "artifacts" / "certified_sizes.npz"
    before = path.read_bytes()
    with np.load(path) as file:
        arrays = dict(file)
    np.savez_compressed(path, **arrays | {"certified_sizes": arrays["certified_sizes"] + 1})
    try:
        code, printed = command("audit", run)
    finally:
        path.write_bytes(before)
    assert code == 1
    assert "THE RECORD DOES NOT HOLD" in printed
