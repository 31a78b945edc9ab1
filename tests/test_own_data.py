"""docs/own_data.md runs as it stands: every block of it, in an empty folder beside links to the repository's."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from certvote.results import Store


@pytest.fixture(scope="module")
def document(request) -> str:
    return (request.config.rootpath / "docs" / "own_data.md").read_text()


def blocks(document: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", document.partition("## A study")[2], flags=re.DOTALL)


@pytest.fixture(scope="module")
def folder(document, repository, tmp_path_factory) -> Path:
    """The folder after all blocks have run, with one value of every option: the data is small anyway."""
    folder = tmp_path_factory.mktemp("own data")
    (folder / "run.py").symlink_to(repository / "run.py")
    (folder / "reports").mkdir()
    (folder / "reports" / "pages").symlink_to(repository / "reports" / "pages")
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    (arrays,) = blocks(document, "python")
    subprocess.run([sys.executable, "-c", arrays], cwd=folder, check=True, timeout=120)
    for block in blocks(document, "bash"):
        small = (
            block.replace("k=51,101,201", "k=101").replace("r=2,3,4", "r=3").replace("sizes.max=100", "sizes.max=30")
        )
        done = subprocess.run(
            ["bash", "-ec", small], cwd=folder, env=environment, capture_output=True, text=True, timeout=600
        )
        assert done.returncode == 0, f"{small}\n{done.stdout}{done.stderr}"
    return folder


def test_the_page_in_the_text_is_the_one_in_the_repository(document, repository):
    (shown,) = blocks(document, "yaml")
    committed = (repository / "reports" / "pages" / "own_data.yaml").read_text()
    assert shown == "".join(line for line in committed.splitlines(keepends=True) if not line.startswith("#"))
    assert len(yaml.safe_load(shown)["sections"]) == 3


def test_the_sweep_finished_on_the_users_own_data(folder):
    runs = Store(str(folder / "mlruns")).read_runs()
    assert {run.status for run in runs} == {"FINISHED"}
    assert {run.params["data.name"] for run in runs} == {"cells"}
    assert len(runs) == 5, "kNN: none, budget; rNN: none, island, budget"
    assert min(run.metrics["CA_0"] for run in runs) > 0.9


@pytest.mark.parametrize(("name", "figures"), [("cells", 1), ("cells-study", 3), ("knn-rnn", 3)])
def test_pages_show_their_figures(folder, name, figures):
    page = (folder / "reports" / "html" / name / "index.html").read_text()
    assert len(re.findall(r'id="figure-\d+"', page)) == figures
    assert "No run matches" not in page


def test_the_study_asks_the_users_question(folder, document):
    page = (folder / "reports" / "html" / "cells-study" / "index.html").read_text()
    assert "Which diagnoses survive a poisoned training set?" in page
    assert "cells" in page
    (_, command, *_) = blocks(document, "bash")
    assert shlex.split(command)[-1] == "cells-study"
