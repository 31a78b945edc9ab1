"""The examples of docs/extending.md, run as they stand on the page, from a folder outside the repository."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from certvote.results.store import Store

REPOSITORY = Path(__file__).resolve().parents[1]
PAGE = (REPOSITORY / "docs" / "extending.md").read_text()
FILES = re.compile(r"```(?:python|yaml)\n# (\S+\.(?:py|yaml))\n(.*?)```", re.DOTALL)
COMMANDS = re.findall(r"^python run\.py ((?:--config-dir conf )?-m plugins=.*name=\w+)$", PAGE, re.MULTILINE)
SMALL = ["dataset.n_train=300", "dataset.n_test=40", "sizes.max=10"]
NAMES = {  # what a report must say and draw: name, color or dashes of the curve
    "chebyshev": ["Chebyshev neighbors", "#332288", "ρ"],
    "profiles": ["profile"],
    "moons": ["Two moons"],
    "majority": ["majority"],
    "centroid": ["nearest centroid"],
}


@pytest.fixture
def folder(tmp_path, database) -> Path:
    """A folder with every file of the page, and an empty results database."""
    for name, content in FILES.findall(PAGE):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    (tmp_path / "mlruns").mkdir()
    (tmp_path / "mlruns" / "mlflow.db").write_bytes(database.read_bytes())
    return tmp_path


def call(arguments: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, capture_output=True, text=True, timeout=300, env={**os.environ}
    )


def test_the_page_has_one_example_of_each():
    groups = re.findall(r'@choice\("(\w+)", "(\w+)"\)', PAGE)
    assert [group for group, _ in groups] == ["algo", "feature", "dataset", "certificate", "learner"]
    assert [command.rpartition("name=")[2] for command in COMMANDS] == [name for _, name in groups]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.rpartition("name=")[2])
def test_an_example_runs_up_to_the_report(folder, command):
    name = command.rpartition("name=")[2]
    done = call([str(REPOSITORY / "run.py"), *shlex.split(command), *SMALL], folder)
    assert done.returncode == 0, done.stdout + done.stderr
    html = (folder / "reports" / "html" / name / "index.html").read_text()
    for text in NAMES[name]:
        assert text in html
    runs = Store(str(folder / "mlruns")).read_runs()
    assert runs
    assert {run.status for run in runs} == {"FINISHED"}

    again = call([str(REPOSITORY / "run.py"), *shlex.split(command), *SMALL], folder)
    assert again.stderr.count("skipped:") == len(runs)

    plugin = f"{name}.py"
    audit = call(["-m", "certvote", "audit", runs[0].id, "--plugins", plugin], folder)
    assert audit.returncode == 0, audit.stdout + audit.stderr
    page = call(["-m", "certvote", "report", "--sweep", name, "--name", "later"], folder)  # without the plugin
    assert page.returncode == 0, page.stderr
    later = (folder / "reports" / "html" / "later" / "index.html").read_text()
    for text in NAMES[name]:
        assert text in later


def test_a_changed_plugin_is_another_result(folder):
    command = [str(REPOSITORY / "run.py"), "plugins=[chebyshev.py]", "algo=chebyshev", *SMALL]
    assert call(command, folder).returncode == 0
    path = folder / "chebyshev.py"
    path.write_text(path.read_text().replace("<= self.radius", "< self.radius"))
    assert call(command, folder).returncode == 0
    first, second = Store(str(folder / "mlruns")).read_runs()
    assert first.tag("fingerprint") != second.tag("fingerprint")


@pytest.mark.parametrize(
    ("plugin", "said"),
    [
        ("absent.py", "option plugins: expected a Python file or a module, got absent.py"),
        ("absent_module", "option plugins: expected a Python file or an installed module, got 'absent_module'"),
        ("json.py", "option plugins: expected a file whose name is not that of another module"),
    ],
)
def test_a_plugin_that_cannot_be_used_is_named(folder, plugin, said):
    (folder / "json.py").write_text("")
    done = call([str(REPOSITORY / "run.py"), f"plugins=[{plugin}]"], folder)
    assert done.returncode == 1
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
