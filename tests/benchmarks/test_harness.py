"""What benchmarks say is what was measured: turns, medians, ratios, memory, JSON, and the page's tables."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import time

import numpy as np
import pytest


@pytest.fixture(autouse=True)
def benchmarks(repository, monkeypatch):
    monkeypatch.syspath_prepend(str(repository / "benchmarks"))


@pytest.fixture
def bench(tmp_path):
    harness = importlib.import_module("harness")
    return lambda *options: harness.Bench("test", arguments=["--json", str(tmp_path / "test.json"), *options])


def test_contenders_take_turns_and_are_compared_round_by_round(bench, tmp_path, capsys):
    turns = []

    def job(name, seconds):
        def work():
            turns.append(name)
            time.sleep(seconds)

        return work

    with bench("--repeats", "3") as running:
        ours, theirs = running.case("a case", {"ours": job("a", 0.01), "theirs": job("b", 0.05)}, floor=0.001)
    assert "".join(turns) == "ab" * 4  # once unmeasured
    assert len(ours.seconds) == len(theirs.seconds) == 3
    assert ours.ratio == 1
    assert 2 < theirs.ratio < 10
    found = json.loads((tmp_path / "test.json").read_text())
    assert found["complete"]
    assert [row["contender"] for row in found["rows"]] == ["ours", "theirs"]
    assert found["rows"][1]["median"] == sorted(theirs.seconds)[1]
    assert found["machine"]["cores"] >= 1
    assert "a case   (floor 0.001 s)" in capsys.readouterr().out


def test_sizes_and_cases_can_be_chosen(bench, tmp_path):
    with bench("--size", "quick", "--only", "that") as running:
        assert running.pick(quick=1, standard=2, full=3) == 1
        assert running.case("this", {"ours": pytest.fail}) == []
    assert not (tmp_path / "test.json").exists()


def test_peak_memory_is_what_the_job_took_at_most():
    def job():
        block = np.ones(100 * 2**20, np.uint8)
        time.sleep(0.1)
        return block[0]

    _, peak = importlib.import_module("harness").measured(job)
    assert 95 < peak < 130


def test_the_floor_is_a_rate_of_terms():
    floor = importlib.import_module("floor")
    assert floor.rate(1) > 10**8
    # more instructions, more time: the loop is not optimized away
    times = []
    for rounds in (10**6, 10**7):
        start = time.perf_counter()
        floor._run(rounds, 1)
        times.append(time.perf_counter() - start)
    assert times[1] > 2 * times[0]


def test_a_page_gets_the_tables_and_keeps_its_text(bench, tmp_path, monkeypatch, repository):
    with bench("--repeats", "1") as running:
        running.case("a case", {"ours": lambda: None, "theirs": lambda: time.sleep(0.02)}, floor=0.5)
    spec = importlib.util.spec_from_file_location("everything", repository / "benchmarks" / "__main__.py")
    everything = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(everything)
    page = tmp_path / "page.md"
    page.write_text(f"before\n{everything.BEGIN}\nold\n{everything.END}\nafter\n")
    monkeypatch.setattr(everything, "DOCS", page)
    everything.write_docs([tmp_path / "test.json"])
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert "old" not in text
    assert "| a case (floor 0.5 s) | median s | spread | ratio | peak MB |" in text
    assert text.count("| theirs |") == 1
    assert everything.BEGIN in (repository / "docs" / "benchmarks.md").read_text()


def test_unknown_names_are_refused(repository):
    command = [sys.executable, str(repository / "benchmarks"), "neighbours"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "expected names of neighbors, scaling" in done.stderr
