"""--sweep, --runs, --filter and RUN: every command takes the same names, and says which of them is wrong."""

from __future__ import annotations

import re
import shutil
import sys

import numpy as np
import pytest

from certvote.cli import main
from certvote.results import Store
from certvote.types import Curve


@pytest.fixture(scope="module")
def sweeps(database, tmp_path_factory) -> tuple[str, dict[str, list[str]]]:
    """A database with two sweeps called ``study`` and one called ``empty``; per sweep its id and that of its job."""
    folder = tmp_path_factory.mktemp("selection") / "mlruns"
    folder.mkdir()
    shutil.copy(database, folder / "mlflow.db")
    store = Store(str(folder))
    ids: dict[str, list[str]] = {}
    for key, name in (("old", "study"), ("empty", "empty"), ("new", "study")):
        ids[key] = [store.start_sweep(name, command="python run.py -m", title=f"The {key} sweep", notes=[])]
        if key != "empty":
            params = {
                "dataset.name": "digits",
                "attack.name": "poisoning",
                "algo.name": "knn",
                "certificate.name": "individual",
            }
            params |= {"algo.k": {"old": 100, "new": 200}[key], "data.n_train": 100, "data.n_test": 50}
            run = store.start_run("job", sweep=ids[key][0], params=params, tags={"certvote.fingerprint": key})
            store.log_curve(run, Curve(np.arange(11), np.linspace(0.9 if key == "old" else 0.8, 0.2, 11)))
            store.end_run(run, "FINISHED")
            ids[key].append(run)
        store.end_sweep(ids[key][0], "FINISHED")
    return str(folder), ids


@pytest.fixture
def certvote(sweeps, monkeypatch, tmp_path, capsys):
    """Call a command on the database, in an empty folder; exit code, output and errors."""

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["certvote", *arguments, "--uri", sweeps[0]])
        with pytest.raises(SystemExit) as left:
            main()
        captured = capsys.readouterr()
        return int(left.value.code or 0), captured.out, captured.err

    return call


def test_a_sweep_is_named_by_its_name_its_id_or_the_beginning_of_it(certvote, sweeps):
    (old, _), (new, _) = sweeps[1]["old"], sweeps[1]["new"]
    for name, accuracy in (("study", "80.0"), (old, "90.0"), (old[:8], "90.0"), (new[:8], "80.0")):
        code, out, err = certvote("table", "--sweep", name, "--sizes", "0")
        assert (code, err) == (0, "")
        assert f"kNN k={'100' if accuracy == '90.0' else '200'}, individual | {accuracy} |" in out
    assert certvote("table", "--sizes", "0")[1] == certvote("table", "--sweep", "study", "--sizes", "0")[1]


def test_runs_are_named_as_the_report_prints_them(certvote, sweeps, tmp_path):
    (_, old), (_, new) = sweeps[1]["old"], sweeps[1]["new"]
    _, out, err = certvote("table", "--runs", old[:8], new, new[:6], "--sizes", "0")
    assert err == ""
    assert [line.split(" |")[0] for line in out.splitlines()[2:]] == ["| k=100", "| k=200"]
    assert certvote("figure", "a.svg", "--runs", old[:8])[:2] == (0, "a.svg\n")
    assert certvote("report", "--sweep", "study")[1].strip() == "reports/html/study/index.html"
    assert "The new sweep" in (tmp_path / "reports/html/study/index.html").read_text()
    code, out, err = certvote("audit", old[:8])
    assert (code, err) == (1, ""), "the run is found, and has no evidence"
    assert "every artifact is there" in out


@pytest.mark.parametrize(
    ("definition", "arguments", "title"),
    [
        ("title: Mine", (), "Mine"),
        ("title: Mine", ("--title", "Given"), "Given"),
        ("question: Why?", (), "The new sweep"),
        ("question: Why?", ("--runs", "RUN"), "Certified accuracy"),
    ],
)
def test_a_title_given_goes_before_the_pages_and_that_before_the_sweeps(
    certvote, sweeps, tmp_path, definition, arguments, title
):
    (tmp_path / "page.yaml").write_text(f"{definition}\nsections: [{{title: All}}]\n")
    arguments = [sweeps[1]["new"][1] if argument == "RUN" else argument for argument in arguments]
    code, out, err = certvote("report", "--page", "page.yaml", *arguments)
    assert (code, err) == (0, "")
    assert f"<title>{title}</title>" in (tmp_path / out.strip()).read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("table", "--sweep", "none"), r"sweep \(--sweep\): expected one of study, empty, or an id, got 'none'"),
        (("report", "--sweep", ""), r"sweep \(--sweep\): expected one of study, empty, or an id, got ''"),
        (("table", "--sweep", "empty"), "expected at least one run, got none for --sweep 'empty'"),
        (("figure", "a.svg", "--runs", "deadbeef"), r"runs \(--runs\): expected the id of a run .*, got 'deadbeef'"),
        (("table", "--runs", "study"), r"runs \(--runs\): expected the id .*, got 'study', which is a sweep"),
        (("table", "--filter", "what?"), r"filter \(--filter\): expected an MLflow filter, got 'what\?'"),
        (("table", "--filter", "tags.x = 'y'"), r"got none for --filter \"tags.x = 'y'\""),
        (("audit", "deadbeef"), "argument RUN: expected the id of a run .*, got 'deadbeef'"),
        (("audit", "f" * 32), "argument RUN: expected the id of a run .*, got 'ffff"),
    ],
)
def test_a_wrong_name_is_one_line_that_names_the_option_and_not_the_database(certvote, tmp_path, arguments, message):
    code, out, err = certvote(*arguments)
    assert (code, out) == (1, "")
    (line,) = err.splitlines()
    assert re.search(message, line), line
    assert "database" not in line
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", [("table",), ("report",), ("figure", "a.svg"), ("audit", "deadbeef")])
def test_no_command_makes_a_database_by_looking_for_one(monkeypatch, tmp_path, capsys, command):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["certvote", *command])
    with pytest.raises(SystemExit):
        main()
    assert "uri (--uri): expected a results database, got mlruns" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
