"""``python -m certvote report diff A B``: what A and B may be, where options may stand, errors that name them."""

from __future__ import annotations

import re
import shutil
import sys

import numpy as np
import pytest

from certvote.cli import diff_command, main
from certvote.results import Store
from certvote.types import Curve


@pytest.fixture(scope="module")
def uri(database, tmp_path_factory) -> str:
    """Two sweeps of kNN and rNN, with one seed each."""
    folder = tmp_path_factory.mktemp("diff") / "mlruns"
    folder.mkdir()
    shutil.copy(database, folder / "mlflow.db")
    store = Store(str(folder))
    for seed in (0, 1):
        sweep = store.start_sweep(f"seed-{seed}", command=f"python run.py -m {seed}", title=None, notes=[])
        for algo, name, value in (("knn", "algo.k", 100), ("rnn", "algo.r", 4.0)):
            params = {"dataset.name": "digits", "dataset.seed": seed, "attack.name": "poisoning", "algo.name": algo}
            params |= {name: value, "certificate.name": "individual", "data.n_train": 100, "data.n_test": 50}
            tags = {"certvote.fingerprint": f"{seed}{algo}", "certvote.data_digest": f"{seed}" * 64}
            run = store.start_run(f"{algo} {seed}", sweep=sweep, params=params, tags=tags)
            store.log_curve(run, Curve(np.arange(11), np.linspace(0.9 - 0.1 * seed, 0.2, 11)))
            store.end_run(run, "FINISHED")
        store.end_sweep(sweep, "FINISHED")
    return str(folder)


@pytest.fixture
def report(monkeypatch, tmp_path, capsys):
    """Call ``certvote report …`` in an empty folder; exit code, output and errors."""

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["certvote", "report", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
        captured = capsys.readouterr()
        return int(left.value.code or 0), captured.out, captured.err

    return call


def test_two_sweeps_by_name(report, uri, tmp_path):
    code, out, err = report("diff", "seed-0", "seed-1", "--uri", uri)
    assert (code, err) == (0, "")
    assert out.strip() == "reports/html/diff-seed-0-seed-1/index.html", "the path, and nothing else"
    html = (tmp_path / out.strip()).read_text()
    assert "seed-0 and seed-1, side by side" in html
    assert f"python -m certvote report diff seed-0 seed-1 --uri {uri}" in html
    assert "python run.py -m 0" in html
    assert "computed on different data" in html
    assert html.count('class="pair"') == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("diff", "dataset.seed=0,algo=knn", "dataset.seed=1", "--out", "pages", "--name", "mine", "--title", "Seeds"),
        ("--out", "pages", "--name", "mine", "--title", "Seeds", "diff", "algo=knn,dataset.seed=0", "seed-1"),
        ("--name", "mine", "diff", "--out", "pages", "params.`dataset.seed` = '0'", "seed-1", "--title", "Seeds"),
    ],
)
def test_options_filters_and_where_options_may_stand(report, uri, tmp_path, arguments):
    code, out, err = report("--uri", uri, *arguments)
    assert (code, err) == (0, "")
    assert out.strip() == "pages/mine/index.html"
    assert "<title>Seeds</title>" in (tmp_path / out.strip()).read_text()


def test_a_and_b_can_be_looked_for_in_one_sweep(report, uri, tmp_path):
    code, out, _ = report("diff", "algo=knn", "algo=rnn", "--sweep", "seed-1", "--uri", uri)
    assert code == 0
    assert "algo=rnn instead of knn" in (tmp_path / out.strip()).read_text()
    assert out.strip() == "reports/html/diff/index.html", "options make no folder's name"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("diff", "nothing", "seed-1"), "argument A: .* got 'nothing'; there are the sweeps seed-1, seed-0"),
        (("diff", "seed-0", "k=7"), "argument B: expected at least one run, got none for 'k=7'"),
        (("diff", "seed-0", "kk=7"), "argument B: options: .* got 'kk'"),
        (("diff", "seed-0", "seed-0"), "expected two different sets of runs"),
        (("--page", "x.yaml", "diff", "seed-0", "seed-1"), "option --page: report diff"),
        (("--filter", "", "diff", "seed-0", "seed-1"), "option --filter: report diff"),
        (("diff", "seed-0", "seed-1", "--name", "../up"), "option name: expected a plain folder name"),
        (("diff", "seed-0", "seed-1", "--experiment", "x"), r"experiment \(--experiment\): expected one of"),
        (("diff", "seed-0", "seed-1", "--sweep", "x"), r"sweep \(--sweep\): expected one of seed-1, seed-0"),
        (("diff", "seed-0", "seed-1", "--out", "/dev/null/x"), "option --out: cannot write"),
    ],
)
def test_mistakes_are_one_line_that_names_the_option(report, uri, tmp_path, arguments, message):
    code, out, err = report("--uri", uri, *arguments)
    assert (code, out) == (1, "")
    (line,) = err.splitlines()
    assert line.startswith("error: ")
    assert re.search(message, line), line
    assert list(tmp_path.iterdir()) == []


def test_no_database_is_made_by_looking_for_one(report, tmp_path):
    code, _, err = report("diff", "a", "b")
    assert code == 1
    assert "uri (--uri): expected a results database, got mlruns" in err
    assert list(tmp_path.iterdir()) == []


def test_report_without_diff_is_what_it_was(report, uri, tmp_path):
    code, out, _ = report("--uri", uri, "--sweep", Store(uri).latest_sweep() or "", "--name", "plain")
    assert (code, out.strip()) == (0, "reports/html/plain/index.html")
    assert 'class="pair"' not in (tmp_path / out.strip()).read_text()


def test_the_command_names_only_what_is_not_the_default():
    where = {"uri": "mlruns", "experiment": "certvote", "sweep": None}
    assert diff_command("a", "b c", **where) == "python -m certvote report diff a 'b c'"
    assert diff_command("a", "b", **where | {"sweep": "s"}) == "python -m certvote report diff a b --sweep s"
