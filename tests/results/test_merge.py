"""Merging brings every run once, whole, under its id, whatever interrupts it."""

from __future__ import annotations

import json
import shutil
import socket
import sqlite3
import zipfile
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir

from certvote import job
from certvote.options import settings as options
from certvote.results import Store, TrackingError, lookup
from certvote.results import merge as merging
from certvote.results.archive import Archive, Database, export
from certvote.results.audit import audit
from certvote.results.merge import merge
from certvote.results.records import Record, read_record
from certvote.runtime.paths import conf_dir


def run(folder: Path, *overrides: str) -> str:
    options.register()
    places = [f"tracking.uri={folder}", f"cache_root={folder.parent}/cache", "sizes.max=20"]
    small = ["dataset.n_train=300", "dataset.n_test=40"]
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        config = compose("config", overrides=[*overrides, *places, *small])
    return job.run(config, command="python run.py")


def sweep(folder: Path, name: str, *jobs: str) -> str:
    store = Store(str(folder))
    parent = store.start_sweep(name, command="c", title=None, notes=[])
    for one in jobs:
        run(folder, *one.split(), f"tracking.sweep={parent}")
    (folder / "index.html").write_text(f"<p>{name}</p>")
    store.log_report(parent, folder / "index.html")
    store.end_sweep(parent, "FINISHED")
    return parent


@pytest.fixture(scope="module")
def made(tmp_path_factory, database) -> tuple[Path, Path, str, str]:
    """Two databases made apart, each with a sweep, and the ids of the sweeps; the second sweep reused a run."""
    root = tmp_path_factory.mktemp("apart")
    for name in ("a", "b"):
        (root / name).mkdir()
        shutil.copy(database, root / name / "mlflow.db")
    first = sweep(root / "a", "first", "algo=knn k=5", "algo=rnn certificate=island")
    run(root / "b", "algo=knn", "k=7")
    return root / "a", root / "b", first, sweep(root / "b", "second", "algo=knn k=7", "algo=knn k=9")


@pytest.fixture
def into(tmp_path, database) -> Store:
    (tmp_path / "into").mkdir()
    shutil.copy(database, tmp_path / "into" / "mlflow.db")
    return Store(str(tmp_path / "into"))


def whole(store: Store, folder: Path) -> dict[str, str]:
    """Digest of every run of a database, sweeps included."""
    found = {}
    for place, run in enumerate([*store.read_runs(curves=False), *store.sweeps()]):
        (folder / f"{place}").mkdir(parents=True)
        record = read_record(store, run.id, folder / f"{place}")
        assert ("curve.csv" if run.is_job else "report/index.html") in record.artifacts
        found[run.id] = record.digest()
    return found


def test_two_databases_become_one_twice(made, into, tmp_path):
    a, b, first, second = made
    expected = whole(Store(str(a)), tmp_path / "of a") | whole(Store(str(b)), tmp_path / "of b")
    assert len(expected) == 6
    for again in (False, True):
        for folder in (a, b):
            done = merge(Database(Store(str(folder))), into)
            assert (bool(done.brought), bool(done.there), done.waiting) == (not again, again, ())
    assert whole(into, tmp_path / "merged") == expected

    runs = into.read_runs(curves=True)
    assert [check for run in runs for check in audit(into, run.id) if not check.holds] == []
    jobs = [run for run in into.read_runs(sweep=first) if run.is_job]
    assert sorted(run.algo for run in jobs) == ["knn", "rnn"]
    assert len([run for run in into.read_runs(sweep=second) if run.is_job]) == 2, "one of them is reused"
    assert into.download(second, "report/index.html", tmp_path).read_text() == "<p>second</p>"

    from certvote.reporting import render_report

    page = render_report(runs, name="both", out_root=tmp_path).read_text()
    assert all(run.id in page for run in runs)


def test_a_merged_run_is_found_and_not_computed_again(made, into):
    a, _, _, _ = made
    merge(Database(Store(str(a))), into)
    (there,) = [run.id for run in into.read_runs(curves=False) if "k=5" in run.name]
    assert run(Path(into.location.uri.removeprefix("sqlite:///")).parent, "algo=knn", "k=5") == there


@pytest.mark.parametrize("at", ["log_artifacts", "_parts", "_read_back"])
def test_an_interrupted_merge_leaves_whole_runs_only_and_is_completed_by_the_next(
    made, into, tmp_path, monkeypatch, at
):
    a = Store(str(made[0]))
    count = 0

    def interrupted(original):
        def call(*args, **kwargs):
            nonlocal count
            count += 1
            if count == 2:
                raise KeyboardInterrupt
            return original(*args, **kwargs)

        return call

    with monkeypatch.context() as patch:
        if at == "log_artifacts":
            from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository

            patch.setattr(LocalArtifactRepository, at, interrupted(LocalArtifactRepository.log_artifacts))
        else:
            patch.setattr(merging, at, interrupted(getattr(merging, at)))
        with pytest.raises(KeyboardInterrupt):
            merge(Database(a), into)
    (kept,) = [*into.read_runs(), *into.sweeps()]
    done = merge(Database(a), into)
    assert done.there == (kept.id,)
    assert whole(into, tmp_path / "merged") == whole(a, tmp_path / "of a")


def test_what_arrives_otherwise_is_refused_and_leaves_no_run(made, into, monkeypatch):
    monkeypatch.setattr(merging, "_parts", lambda record: [])
    with pytest.raises(TrackingError, match="expected rows as they were read"):
        merge(Database(Store(str(made[0]))), into)
    assert [*into.read_runs(), *into.sweeps()] == []


def test_runs_at_work_wait_and_those_whose_process_died_are_killed(into, tmp_path, database):
    (tmp_path / "source").mkdir()
    shutil.copy(database, tmp_path / "source" / "mlflow.db")
    source = Store(str(tmp_path / "source"))
    at_work, gone = (source.start_run(name, sweep=None, params={}, tags={}) for name in ("at work", "gone"))
    dead = json.dumps({"host": socket.gethostname(), "pid": 2**22 + 1, "created": 0})
    source.client.set_tag(gone, "certvote.process", dead)
    done = merge(Database(source), into)
    assert (done.brought, done.waiting) == ((gone,), (at_work,))
    assert into.read_runs(run_ids=[gone])[0].status == "KILLED"
    source.end_run(at_work, "KILLED")
    assert merge(Database(source), into).brought == (at_work,)


def test_a_folder_that_was_moved_is_merged_and_one_without_its_artifacts_is_refused(made, into, tmp_path):
    shutil.copytree(made[0], tmp_path / "moved")
    shutil.rmtree(tmp_path / "moved" / "artifacts")
    shutil.copytree(made[0], tmp_path / "whole")
    (tmp_path / "origin").mkdir()
    made[0].rename(tmp_path / "origin" / "a")
    try:
        with pytest.raises(TrackingError, match="expected the artifacts of a finished run"):
            merge(Database(Store(str(tmp_path / "moved"))), into)
        done = merge(Database(lookup.existing(str(tmp_path / "whole"))), into)
    finally:
        (tmp_path / "origin" / "a").rename(made[0])
    assert len(done.brought) == 3
    assert whole(into, tmp_path / "merged") == whole(Store(str(made[0])), tmp_path / "of a")


def test_an_archive_is_as_good_as_its_database(made, into, tmp_path):
    a = Store(str(made[0]))
    assert export(Database(a), tmp_path / "runs.zip") == 3
    assert len(merge(Archive(tmp_path / "runs.zip"), into).brought) == 3
    assert merge(Archive(tmp_path / "runs.zip"), into).brought == ()
    assert whole(into, tmp_path / "merged") == whole(a, tmp_path / "of a")


@pytest.fixture(scope="module")
def archive(made, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("archive") / "runs.zip"
    store = Store(str(made[0]))
    export(Database(store, [run for run in store.read_runs() if "k=5" in run.name]), path)
    return path


def rewritten(archive: Path, path: Path, change) -> Path:
    """Copy an archive with each member as ``change`` returns it."""
    with zipfile.ZipFile(archive) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            target.writestr(name, change(name, source.read(name)))
    return path


@pytest.mark.parametrize("suffix", ["curve.csv", "votes.npz", "record.json"])
def test_an_altered_archive_is_refused_and_leaves_nothing(archive, into, tmp_path, suffix):
    def change(name, content):
        return content.replace(b"0.9", b"0.8").replace(b"PK", b"PL") if name.endswith(suffix) else content

    with pytest.raises(ValueError, match="damaged"):
        merge(Archive(rewritten(archive, tmp_path / "altered.zip", change)), into)
    assert into.read_runs() == []


@pytest.mark.parametrize("name", ["../outside", "/tmp/outside", "a/../../b"])
def test_a_path_out_of_the_folder_is_refused(archive, into, tmp_path, name):
    def change(member, content):
        if not member.endswith("record.json"):
            return content
        values = json.loads(content)
        return json.dumps({**values, "artifacts": {name: "sha256:0"}}).encode()

    with pytest.raises(ValueError, match="damaged"):
        merge(Archive(rewritten(archive, tmp_path / "altered.zip", change)), into)


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x05\x06" + bytes(18)])
def test_another_file_is_no_archive(tmp_path, content):
    (tmp_path / "x.zip").write_bytes(content)
    with pytest.raises(ValueError, match="expected an archive that certvote export wrote"):
        Archive(tmp_path / "x.zip")


def test_a_record_survives_its_text():
    metrics = (("CA", 0.1 + 0.2, 5, 0), ("nan", float("nan"), 5, 0), ("big", 1.7976931348623157e308, 5, 1))
    record = Record("0" * 32, "n", "FINISHED", "u", 1, 2, {"k": "5"}, {"t": "ü"}, metrics, {"a/b.txt": "sha256:1"})
    assert Record.parse(record.text()).text() == record.text()


def test_the_copy_is_one_that_mlflow_reads_as_its_own(made, into):
    """Latest values, which MLflow keeps apart from the history, are those of the source."""
    a = made[0]
    merge(Database(Store(str(a))), into)
    rows = "SELECT key, value, timestamp, step, is_nan, run_uuid FROM latest_metrics ORDER BY run_uuid, key"
    databases = (a / "mlflow.db", into.location.uri.removeprefix("sqlite:///"))
    assert len({str(sqlite3.connect(path).execute(rows).fetchall()) for path in databases}) == 1


def command(monkeypatch, capsys, *arguments: str) -> tuple[int, str]:
    """Run ``certvote ARGUMENTS`` in this process."""
    from certvote import cli

    monkeypatch.setattr("sys.argv", ["certvote", *arguments])
    with pytest.raises(SystemExit) as done:
        cli.main()
    printed = capsys.readouterr()
    return done.value.code, printed.out + printed.err


def test_the_commands_export_and_merge(made, into, tmp_path, monkeypatch, capsys):
    a, b, _, second = made
    target = str(Path(into.location.uri.removeprefix("sqlite:///")).parent)
    archive = str(tmp_path / "second.zip")
    assert command(monkeypatch, capsys, "export", archive, "--uri", str(b), "--sweep", "second") == (
        0,
        f"{archive}: 3 runs\n",
    )
    assert command(monkeypatch, capsys, "merge", archive, "--into", target) == (
        0,
        f"{target}: 3 runs brought, 0 there already\n",
    )
    for brought, there in ((3, 0), (0, 3)):
        code, text = command(monkeypatch, capsys, "merge", str(a), "--into", target)
        assert (code, text) == (0, f"{target}: {brought} runs brought, {there} there already\n")
    assert len(into.read_runs(sweep=second)) == 3


@pytest.mark.parametrize("source", ["absent", "nowhere.zip", "ftp://x"])
def test_a_source_that_is_not_there_is_one_line_and_makes_nothing(tmp_path, monkeypatch, capsys, source):
    monkeypatch.chdir(tmp_path)
    code, text = command(monkeypatch, capsys, "merge", source)
    assert code == 1
    assert text.startswith("error: ")
    assert source in text
    assert list(tmp_path.iterdir()) == []


def test_a_server_is_no_target():
    """MLflow's interface gives new ids, under which neither sweeps nor digests would be found."""
    from mlflow.tracking import MlflowClient

    class Behind:
        client = MlflowClient(tracking_uri="http://127.0.0.1:9")
        location = type("", (), {"uri": "http://127.0.0.1:9"})

    with pytest.raises(ValueError, match="option --into: expected a folder or a database"):
        merge(None, Behind())
