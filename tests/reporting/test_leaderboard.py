"""Leaderboards: settings, order, ties, means, claims beside runs, audits, what must not be on a page."""

from __future__ import annotations

import csv
import dataclasses
import io
import sys

import numpy as np
import pytest

from certvote.cli import main
from certvote.reporting.claims import Claim, Point
from certvote.reporting.leaderboard import audit_text, board_table, leaderboard_html, without_password
from certvote.reporting.query import prepare
from certvote.reporting.standings import Entry, Setting, standings
from certvote.reporting.tables import to_csv
from certvote.results import Store
from certvote.results.check import Check
from certvote.results.gather import read_all
from certvote.results.run import Run, finished
from certvote.types import Attacked, Curve
from reporting.conftest import HOSTILE

CLAIM = Claim(
    method="A claim",
    dataset="mnist",
    n_train=60_000,
    n_test=10_000,
    change="any",
    counts="insertions plus deletions",
    certified=(Point(500, 50.0),),
    source="A publication",
    url="https://example.org/paper",
    probabilistic=False,
)


def one_setting(runs: list[Run], claims: tuple[Claim, ...] = (), **options: object) -> Setting:
    (setting,) = standings(finished(prepare(runs)), claims, **options)  # type: ignore[arg-type]
    return setting


def of_curve(make_run, id: str, certified: list[float], sizes: list[int] | None = None, **changes) -> Run:
    at = np.arange(len(certified)) if sizes is None else np.array(sizes)
    return make_run(id=id, params={"algo.k": str(1 + len(id))}, curve=Curve(at, np.array(certified)), **changes)


# --- means and ranks -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(20))
def test_the_mean_is_over_every_size_up_to_the_last(seed):
    """A size that was not computed counts with the bound of the next larger one."""
    draw = np.random.default_rng(seed)
    sizes = np.sort(draw.choice(40, size=8, replace=False))
    curve = Curve(sizes, np.sort(draw.random(8))[::-1].copy())
    entry = Entry("x", curve, 1)
    for last in range(45):
        values = [
            next((v for s, v in zip(sizes, curve.certified, strict=True) if s >= e), None) for e in range(last + 1)
        ]
        if None in values:
            assert np.isnan(entry.area(last))
        else:
            assert entry.area(last) == pytest.approx(np.mean(values))


def test_entries_are_ranked_by_their_mean_up_to_the_common_size(make_run):
    runs = [
        of_curve(make_run, "a", [0.9, 0.2, 0.1]),
        of_curve(make_run, "bb", [0.8, 0.7, 0.6]),
        of_curve(make_run, "ccc", [0.7, 0.65, 0.6, 0.55, 0.5]),
    ]
    setting = one_setting(runs)
    assert setting.last == 2
    assert [entry.run.id for entry in setting.entries] == ["bb", "ccc", "a"]
    assert setting.ranks == (1, 2, 3)
    assert setting.sizes == (0, 1, 2, 3, 4)


def test_ties_as_shown_share_a_rank_and_stand_by_what_they_certify_at_large_sizes(make_run):
    runs = [
        of_curve(make_run, "a", [0.9, 0.5, 0.4]),
        of_curve(make_run, "bb", [0.7, 0.6, 0.500001]),  # equal as shown
        of_curve(make_run, "ccc", [0.2, 0.1, 0.0]),
    ]
    setting = one_setting(runs)
    assert [entry.run.id for entry in setting.entries] == ["bb", "a", "ccc"]
    assert setting.ranks == (1, 1, 3)


def test_a_refuted_record_is_last_and_has_no_rank(make_run):
    runs = [of_curve(make_run, "a", [0.9, 0.8]), of_curve(make_run, "bb", [0.5, 0.4])]
    held, failed = [Check("x", True)], [Check("x", True), Check("the votes are those that were counted", False)]
    setting = one_setting(runs, audits={"a": failed, "bb": held})
    assert [entry.run.id for entry in setting.entries] == ["bb", "a"]
    assert setting.ranks == (1, None)
    html = leaderboard_html(runs, audits={"a": failed, "bb": held})
    assert "does not hold" in html
    assert "It failed: the votes are those that were counted." in html
    assert "not audited" not in html
    table = board_table(setting, ["a", "b"])
    assert [[cell.best for cell in row.cells] for row in table.rows] == [[False, True, True, True, False], [False] * 5]


def test_an_audit_says_what_it_could_not_check():
    said = audit_text([Check("a", True), Check("the data is what it was", True, "not at hand", checked=False)])
    assert "1 statement held. Not checked: the data is what it was." in said
    assert audit_text(None).startswith("Not audited")


# --- settings --------------------------------------------------------------------------------------------------------


def test_settings_are_data_and_threat(make_run):
    runs = [
        make_run(),
        make_run("rnn", "budget"),
        make_run(attack="backdoor", tags={"certvote.data_digest": "bb" * 32}),
        make_run(params={"attack.change": "insert"}),
        make_run(id="subset00", params={"data.n_test": "500"}, tags={"certvote.data_digest": "aa" * 32}),
        make_run(id="subset01", params={"data.n_test": "500"}, tags={"certvote.data_digest": "ab" * 32}),
    ]
    found = standings(finished(prepare(runs)), [])
    assert [len(setting.entries) for setting in found] == [2, 1, 1, 1, 1]
    titles = [setting.title for setting in found]
    assert len(set(titles)) == len(titles), "every tab has a name of its own"
    assert any("500 test examples; data aaaaaaaa" in title for title in titles)
    assert any("insertions only" in title for title in titles)


def test_a_claim_stands_beside_runs_on_the_same_data_against_the_same_attacker(make_run):
    other = make_run(id="subset00", params={"data.n_test": "500"}, tags={"certvote.data_digest": "aa" * 32})
    insertions = dataclasses.replace(CLAIM, change="insert")
    found = standings(finished(prepare([make_run(), other])), [CLAIM, insertions])
    assert [[entry.claim for entry in setting.entries] for setting in found] == [[None, CLAIM], [None], [insertions]]
    first, _, alone = found
    assert first.ranks == (1, None), "the claim ends before the runs do"
    assert first.entries[1].at(200) == "50.0"
    assert first.entries[1].at(400) == "–"
    assert (alone.title, alone.last, alone.ranks) == ("MNIST, data poisoning, insertions only", 500, (1,))


def test_a_claim_that_reaches_the_last_size_is_ranked_but_not_bold(make_run):
    run = of_curve(make_run, "a", [0.4, 0.3])
    setting = one_setting([run], (CLAIM,))
    assert setting.ranks == (1, 2)
    assert setting.entries[0].claim is CLAIM
    table = board_table(setting, ["a", "b"])
    assert [[cell.best for cell in row.cells][1:4] for row in table.rows] == [[False] * 3, [True] * 3]


def test_claims_alone_make_a_page():
    html = leaderboard_html([], [dataclasses.replace(CLAIM, probabilistic=True, note="With a note.")])
    for text in (
        "claim of A publication, not measured here, probabilistic",
        "https://example.org/paper",
        "With a note.",
    ):
        assert text in html
    assert "so that 500 is e = 250 here" in html
    with pytest.raises(ValueError, match="expected at least one finished run or one claim, got none"):
        leaderboard_html([])


def test_a_run_without_a_curve_is_named_and_not_ranked(make_run, mnist_runs):
    failed = next(run for run in mnist_runs if run.status == "FAILED")
    noted = make_run("rnn", "budget", tags={"certvote.notes": '["the images went through JPEG once"]'})
    html = leaderboard_html([make_run(), noted, failed])
    assert "<dd>the images went through JPEG once</dd>" in html
    assert f"run {failed.id}" in html
    assert "MemoryError" in html
    assert html.count('class="entry"') == 2


# --- the page --------------------------------------------------------------------------------------------------------


def test_each_entry_leads_to_run_command_audit_and_attack(make_run):
    attacked = Attacked(np.array([0, 500]), np.array([0.85, 0.62]))
    html = leaderboard_html(
        [make_run(attacked=attacked, params={"adversary.name": "feature_space"})],
        databases={make_run().id: "sqlite:////data/runs.db"},
        experiment="other",
    )
    assert f'href="http://127.0.0.1:5000/#/experiments/1/runs/{make_run().id}"' in html
    assert "python run.py dataset=mnist algo=knn" in html
    assert f"audit {make_run().id} --uri sqlite:////data/runs.db --experiment other</pre>" in html
    assert "Attack in feature space of size 500, carried out: at most 62.00" in html
    assert "attacked (%)" in html


def test_hostile_text_is_escaped_and_passwords_are_left_out(make_run):
    hidden = "tracking.uri=https://me:secret@host"
    run = make_run(tags={"certvote.command": f"{HOSTILE} {hidden}"}, url="https://me:secret@host/#/runs/1")
    address = {run.id: "postgresql://user:secret@host/runs"}
    claim = dataclasses.replace(CLAIM, method=HOSTILE, source=HOSTILE, note=HOSTILE)
    html = leaderboard_html([run], [claim], title=HOSTILE, databases=address, command=f"{HOSTILE} {hidden}")
    assert "<script>alert" not in html
    assert "secret" not in html
    assert without_password("https://me:word@host:80/x") == "https://me@host:80/x"
    assert without_password("runs/a:b@c") == "runs/a:b@c"


def test_the_csv_file_has_full_precision_and_says_what_is_a_claim(make_run):
    setting = one_setting([make_run("knn", "budget")], (CLAIM,), sizes=[0, 100])
    first, second = csv.DictReader(io.StringIO(to_csv(board_table(setting, ["a", "b"]))))
    assert (first["kind"], first["CA_100"], first["audit"]) == ("run", "0.8374", "not audited")
    assert (second["kind"], second["CA_100"], second["mean_0_1000"]) == ("claim", "0.5", "")
    assert second["url"] == CLAIM.url


def test_negative_sizes_are_refused(make_run):
    with pytest.raises(ValueError, match="option --sizes: expected poisoning sizes >= 0, got -1"):
        leaderboard_html([make_run()], sizes=[-1])


# --- the command -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def uris(database, tmp_path_factory) -> list[str]:
    """Two databases: one job is in both, and one run of the second has no curve."""
    found = []
    for name in ("a", "b"):
        folder = tmp_path_factory.mktemp(name) / "mlruns"
        folder.mkdir()
        (folder / "mlflow.db").write_bytes(database.read_bytes())
        store = Store(str(folder))
        for fingerprint in ("shared", name):
            params = {
                "dataset.name": "digits",
                "attack.name": "poisoning",
                "algo.name": "knn",
                "algo.k": len(fingerprint),
            }
            params |= {"certificate.name": "individual", "data.n_train": 100, "data.n_test": 50}
            tags = {"certvote.fingerprint": fingerprint, "certvote.data_digest": "d" * 64}
            run = store.start_run(fingerprint, sweep=None, params=params, tags=tags)
            store.log_curve(run, Curve(np.arange(11), np.linspace(0.9, 0.2, 11)))
            store.end_run(run, "FINISHED")
        found.append(str(folder))
    store.end_run(store.start_run("failed", sweep=None, params=params, tags={"certvote.fingerprint": "x"}), "FAILED")
    return found


def test_runs_of_two_databases_are_ranked_together_each_job_once(uris, tmp_path, monkeypatch, capsys):
    runs, where = read_all([*uris, uris[0]])
    assert len(runs) == 5
    assert {uri for uri, _ in where.values()} == set(uris)
    file = tmp_path / "new" / "board.html"
    monkeypatch.setattr(sys, "argv", ["certvote", "leaderboard", "--uri", *uris, "--entries", "-o", str(file)])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 0
    assert capsys.readouterr().out.strip() == str(file)
    html = file.read_text()
    assert html.count('class="entry"') == 3
    assert "3 runs, 0 claims of publications" in html
    assert "No curve of" in html
    assert f"certvote leaderboard --uri {uris[0]}" in html


def test_a_wrong_entry_or_database_writes_nothing(uris, tmp_path, monkeypatch, capsys):
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("method: x\n")
    file = tmp_path / "board.html"
    for arguments, message in (
        (["--uri", uris[0], "--entries", str(wrong)], "wrong.yaml, line 1: entry.dataset: expected a text, got None"),
        (["--uri", str(tmp_path / "absent")], "absent"),
    ):
        monkeypatch.setattr(sys, "argv", ["certvote", "leaderboard", *arguments, "-o", str(file)])
        with pytest.raises(SystemExit) as left:
            main()
        assert left.value.code == 1
        assert message in capsys.readouterr().err
        assert not file.exists()
