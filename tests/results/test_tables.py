"""The results database as pandas tables: types, filters, which options vary, evidence; and reading leaves no trace."""

from __future__ import annotations

import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from certvote import results
from certvote.options import columns
from certvote.results import Store, TrackingError
from certvote.results.selection import named, parse
from certvote.types import Curve, Votes

SIZES = np.arange(5, dtype=np.int64)
NUMBERS = ["e", "certified", "attained", "attacked", "success"]
COUNTS = np.array([[4, 1], [2, 3]], dtype=np.int32)
LABELS = np.array([0, 0], dtype=np.int64)


def options(**changes: object) -> dict[str, object]:
    given = {
        "dataset.name": "digits",
        "dataset.n_train": None,
        "feature.name": "pixels",
        "algo.name": "knn",
        "algo.k": 100,
        "certificate.name": "individual",
        "tracking.uri": "somewhere",
        "rerun": False,
        "data.name": "2024",
        "data.n_train": 1297,
    }
    return {name: value for name, value in (given | changes).items() if value != "absent"}


@pytest.fixture(scope="module")
def uri(database, tmp_path_factory) -> str:
    """Two sweeps of two and one runs, the second reusing one of the first; a repeated run, a failed one, another
    experiment."""
    from certvote.types import pack

    folder = tmp_path_factory.mktemp("results") / "mlruns"
    folder.mkdir()
    shutil.copy(database, folder / "mlflow.db")
    store = Store(str(folder))

    def run(sweep: str | None, fingerprint: str, params: dict[str, object], curve: Curve | None, into=store) -> str:
        name = into.start_run("a job", sweep=sweep, params=params, tags={"certvote.fingerprint": fingerprint})
        if curve is None:
            into.fail_run(name, "ValueError: no", "Traceback")
            return name
        into.log_curve(name, curve)
        into.log_metrics(name, {"CA_0": float(curve.certified[0]), "CA_4": 0.5, "CA_10": 0.25, "auc": 0.3})
        into.log_metrics(name, {"median_certified_size": -1.0, "seconds_votes": 1.5})
        into.set_tags(name, {"certvote.version": "9.9", "color": "blue"})
        evidence = folder / "evidence"
        evidence.mkdir(exist_ok=True)
        np.savez(evidence / "votes.npz", labels=LABELS, **pack(Votes(COUNTS)))
        np.savez(evidence / "certified_sizes.npz", certified_sizes=np.array([1, -1]))
        into.log_artifacts(name, evidence)
        into.end_run(name, "FINISHED")
        return name

    falling = np.linspace(0.9, 0.5, 5)
    first = store.start_sweep("first", command="python run.py -m", title=None, notes=[])
    knn = run(first, "f1", options(), Curve(SIZES, falling))
    rnn = options(**{"algo.name": "rnn", "algo.k": "absent", "algo.r": 4.0, "certificate.name": "budget"})
    run(first, "f2", rnn | {"certificate.seconds": 60.0}, Curve(SIZES[:3], falling[:3], falling[:3] + 0.05))
    store.end_sweep(first, "FINISHED")
    second = store.start_sweep("second", command="python run.py -m", title=None, notes=[])
    run(second, "f3", options(**{"algo.k": 50}), Curve(SIZES, falling))
    store.reuse(second, knn)
    run(second, "f4", options(**{"algo.k": 7}), None)
    store.end_sweep(second, "FAILED")
    run(None, "f3", options(**{"algo.k": 50}), Curve(SIZES, falling))
    run(None, "f9", options(**{"algo.k": 3}), Curve(SIZES, falling), Store(str(folder), "another"))
    return str(folder)


def test_runs_have_typed_options_under_their_names_on_the_command_line(uri):
    table = results.runs(uri=uri)
    assert table["algo"].tolist() == ["knn", "rnn", "knn"]
    assert table["algo.k"].tolist() == [100, pd.NA, 50]
    assert table["algo.k"].dtype == "Int64"
    assert table["algo.r"].dtype == "float64"
    assert table["dataset.n_train"].isna().all()
    assert table["dataset.n_train"].dtype == "Int64"
    assert table["data.name"].tolist() == ["2024"] * 3, "a file called like a number is not one"
    assert table["data.n_train"].tolist() == [1297] * 3
    assert not {"tracking.uri", "rerun"} & set(table.columns)
    assert isinstance(table["started"].dtype, pd.DatetimeTZDtype)
    assert table["CA_0"].tolist() == [0.9] * 3
    assert table["median_certified_size"].isna().all(), "-1 says that there is none"
    sizes = [name for name in table.columns if name.startswith("CA_")]
    assert sizes == ["CA_0", "CA_4", "CA_10"], "by size, not by letters"
    assert table["version"].tolist() == ["9.9"] * 3
    assert table["url"].str.contains("/runs/").all()


def test_a_repeated_result_counts_once_unless_told_otherwise(uri):
    newest = results.runs(uri=uri, options={"k": 50})
    both = results.runs(uri=uri, options={"k": 50}, repeated=True)
    assert (len(newest), len(both)) == (1, 2)
    assert newest["run"][0] == both.sort_values("started")["run"].iloc[-1]


@pytest.mark.parametrize(
    ("filters", "ks"),
    [
        ({"options": {"algo": "knn"}}, [100, 50]),
        ({"options": {"algo.name": "knn", "k": [50, 60]}}, [50]),
        ({"options": {"algo.k": "100"}}, [100]),
        ({"options": {"algo.k": None}}, [None]),
        ({"options": {"certificate.seconds": 60}}, [None]),
        ({"options": {"dataset.n_train": None, "algo.k": range(90, 110)}}, [100]),
        ({"sweep": "first"}, [100, None]),
        ({"sweep": "second"}, [100, 50]),
        ({"sweep": ["first", "second"]}, [100, None, 50]),
        ({"sweep": "second", "status": None}, [100, 50, 7]),
        ({"status": "FAILED"}, [7]),
        ({"tags": {"color": ["blue", "red"], "certvote.version": "9.9"}}, [100, None, 50]),
        ({"tags": {"color": "red"}}, []),
        ({"experiment": "another"}, [3]),
        ({"experiment": ["another", "certvote"], "options": {"algo": "knn"}}, [100, 50, 3]),
    ],
)
def test_filters(uri, filters, ks):
    table = results.runs(uri=uri, **filters)
    values = table["algo.k"] if "algo.k" in table else [None] * len(table)
    assert [None if pd.isna(value) else value for value in values] == ks


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        ({"sweep": "third"}, r"sweep \(--sweep\): expected one of second, first, or an id, got 'third'"),
        ({"options": {"algo.kk": 3}}, r"options: .* got 'algo.kk'; did you mean algo.k\b"),
        ({"experiment": "nothing"}, r"experiment \(--experiment\): expected one of .*another.*, got 'nothing'"),
        ({"experiment": []}, "experiment: expected a text"),
        ({"status": "finished"}, "status: expected some of FINISHED"),
    ],
)
def test_a_wrong_filter_is_named(uri, filters, message):
    with pytest.raises(ValueError, match=message):
        results.runs(uri=uri, **filters)


def test_reading_leaves_no_database_behind(tmp_path):
    with pytest.raises(ValueError, match=r"uri \(--uri\): expected a results database"):
        results.runs(uri=str(tmp_path / "mlruns"))
    with pytest.raises(ValueError, match=r"uri \(--uri\): expected a results database"):
        results.votes("0" * 32, uri=str(tmp_path / "mlruns"))
    assert list(tmp_path.iterdir()) == []


def test_curves_are_long_and_name_the_options_that_vary(uri):
    table = results.curves(uri=uri)
    assert list(table.columns) == [
        "run",
        "algo",
        "algo.k",
        "certificate",
        "e",
        "certified",
        "attained",
        "attacked",
        "success",
    ], "not certificate.seconds, which follows from certificate=budget"
    assert len(table) == 5 + 3 + 5
    rnn = table.query("algo == 'rnn'")
    assert rnn["e"].tolist() == [0, 1, 2]
    assert rnn["e"].dtype == np.int64
    np.testing.assert_allclose(rnn["attained"] - rnn["certified"], 0.05)
    assert table.query("algo == 'knn'")["attained"].isna().all()
    assert table["algo.k"].dtype == "Int64"


def test_curves_of_one_run_and_of_none(uri):
    one = results.curves(uri=uri, options={"k": 100})
    assert list(one.columns) == ["run", "e", "certified", "attained", "attacked", "success"]
    assert one["certified"].tolist() == pytest.approx([0.9, 0.8, 0.7, 0.6, 0.5])
    named = results.curves(uri=uri, options={"k": 100}, show=["algo", "k"])
    assert list(named.columns) == ["run", "algo", "algo.k", "e", "certified", "attained", "attacked", "success"]
    none = results.curves(uri=uri, options={"k": 7})
    assert (len(none), list(none.columns)) == (0, ["run", "e", "certified", "attained", "attacked", "success"])
    with pytest.raises(ValueError, match=r"show: .* got 'kk'"):
        results.curves(uri=uri, show=["kk"])


def test_sweeps_are_listed_newest_first(uri):
    table = results.sweeps(uri=uri)
    assert table["name"].tolist() == ["second", "first"]
    assert table["status"].tolist() == ["FAILED", "FINISHED"]
    assert set(results.runs(uri=uri, sweep="first")["sweep"]) == {table["sweep"][1]}
    assert results.sweeps("another", uri=uri).empty


def test_evidence_comes_back(uri):
    run = results.runs(uri=uri, options={"k": 100})["run"][0]
    votes, labels = results.votes(run, uri=uri)
    np.testing.assert_array_equal(votes.counts, COUNTS)
    np.testing.assert_array_equal(labels, LABELS)
    sizes = results.certified_sizes(run, uri=uri)
    assert sizes.tolist() == [1, -1]
    assert sizes.dtype == np.int64
    with pytest.raises(ValueError, match="run: expected the id of a run"):
        results.votes("0" * 32, uri=uri)
    failed = results.runs(uri=uri, status="FAILED")["run"][0]
    with pytest.raises(TrackingError, match=r"no artifact votes\.npz"):
        results.votes(failed, uri=uri)
    with pytest.raises(ValueError, match="run: expected the id of a run, got Series"):
        results.votes(results.runs(uri=uri)["run"], uri=uri)


def test_importing_it_is_cheap():
    program = (
        "import sys, certvote.results; print(*sorted({'mlflow', 'pandas', 'matplotlib', 'numba'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == []


def test_the_default_database_is_that_of_the_command_line():
    from certvote.cli import _parser
    from certvote.results import lookup

    given = _parser().parse_args(["table"])
    assert (given.uri, given.experiment) == (lookup.DEFAULT_URI, lookup.DEFAULT_EXPERIMENT)


@pytest.mark.parametrize(
    ("text", "ks"),
    [
        ("first", [100, None]),
        ("second", [50, 100, 7]),
        ("k=50", [50, 50]),
        ("algo=knn,k=7,100", [100, 7]),
        ("params.`algo.k` = '100'", [100]),
        ("another", [3]),
    ],
)
def test_a_word_of_the_command_line_names_runs(uri, text, ks):
    found = named(text, uri=uri, experiment="certvote")
    jobs = [run for run in found if run.tags["certvote.kind"] == "run"]
    assert sorted(map(str, [run.option("k") for run in jobs])) == sorted(map(str, ks))
    assert all(run.curve is not None for run in jobs if run.status == "FINISHED")


def test_ids_name_sweeps_and_runs_also_by_their_beginning(uri):
    run = results.runs(uri=uri, options={"k": 100})
    for name in (run["run"][0], run["run"][0][:8]):
        assert [found.id for found in named(name, uri=uri, experiment="certvote")] == run["run"].tolist()
    sweep = run["sweep"][0]
    assert sweep in {found.id for found in named(sweep[:8], uri=uri, experiment="certvote")}


def test_what_a_word_names_can_be_limited_to_a_sweep(uri):
    found = named("algo=knn", uri=uri, experiment="certvote", sweep="first")
    assert [run.params["algo.k"] for run in found] == ["100"]
    with pytest.raises(ValueError, match="got none for 'k=50'"):
        named("k=50", uri=uri, experiment="certvote", sweep="first")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("third", r"got 'third'; there are the sweeps second, first"),
        ("kk=3", "options: .* got 'kk'"),
        ("k=999", "expected at least one run, got none for 'k=999'"),
        ("deadbeef", "got 'deadbeef'"),
    ],
)
def test_a_word_that_names_nothing_is_an_error(uri, text, message):
    with pytest.raises(ValueError, match=message):
        named(text, uri=uri, experiment="certvote")


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("k=100", {"k": ["100"]}),
        ("algo=knn,k=50,100", {"algo": ["knn"], "k": ["50", "100"]}),
        ("algo=knn k=5", {"algo": ["knn"], "k": ["5"]}),
        ("feature.pixels_per_cell=[4,4],k=3", {"feature.pixels_per_cell": ["[4,4]"], "k": ["3"]}),
        ("dataset.n_train=null", {"dataset.n_train": [None]}),
        ("demo", {}),
        ("params.`algo.k` = '3'", {}),
        ("params.x='3'", {}),
        ("metrics.auc > 0.5", {}),
        ("", {}),
    ],
)
def test_options_are_told_from_names_and_filters(text, parsed):
    assert parse(text) == parsed


def test_every_option_of_the_schema_has_a_column_and_a_value_that_compares():
    assert {"dataset", "algo", "algo.k", "certificate.seconds", "sizes.max"} <= set(columns.known())
    assert columns.kind("algo.k") is int
    assert columns.kind("algo.r") is float
    assert columns.kind("feature.pixels_per_cell") is str
    typed = columns.typed({"attack.color": "255", "attack.position": "[1, 2]", "algo.x": "True", "algo.y": "nan"})
    assert typed == {"attack.color": 255, "attack.position": "[1, 2]", "algo.x": True, "algo.y": "nan"}
    assert columns.equal("[1, 2]", "[1,2]")
    assert columns.equal(4.0, "4")
    assert columns.equal(True, "true")
    assert not columns.equal(None, "None")
    assert not columns.equal(1, True)


def test_curves_over_seeds(database, tmp_path):
    shutil.copy(database, tmp_path / "mlflow.db")
    store = Store(str(tmp_path))
    for seed, height in enumerate((0.8, 0.6)):
        bagging = options(**{"algo.name": "bagging", "algo.k": "absent", "algo.subsample": 20, "algo.seed": seed})
        name = store.start_run("a job", sweep=None, params=bagging, tags={"certvote.fingerprint": f"f{seed}"})
        store.log_curve(name, Curve(SIZES, np.linspace(height, 0, 5)))
        store.end_run(name, "FINISHED")
    assert len(results.curves(uri=str(tmp_path))) == 10
    table = results.curves(uri=str(tmp_path), over="algo.seed", show=["algo"])
    over_seeds = ["seeds", "mean", "deviation", "highest"]
    assert table.columns.tolist() == ["run", "algo", *NUMBERS, *over_seeds]
    first = table.iloc[0]
    assert (first["seeds"], first["certified"], first["highest"]) == (2, 0.6, 0.8)
    assert first["mean"] == pytest.approx(0.7)
    assert first["deviation"] == pytest.approx(0.02**0.5)
    assert len(first["run"].split()) == 2
    with pytest.raises(ValueError, match=r"over: expected seeds"):
        results.curves(uri=str(tmp_path), over="k")
