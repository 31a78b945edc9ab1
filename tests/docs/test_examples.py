"""The examples of README.md and docs/, run as they stand there; what they are said to print is what they print."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from certvote.results import Store
from docs.running import Example, commands, examples, missing, replaced

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = [
    "README.md",
    "docs/estimators.md",
    "docs/own_data.md",
    "docs/scripting.md",
    "docs/sweeps.md",
    "docs/threats.md",
    "docs/tutorial.md",
]


def test_every_page_with_examples_is_listed():
    pages = ["README.md", *sorted(f"docs/{path.name}" for path in (REPOSITORY / "docs").glob("*.md"))]
    assert [page for page in pages if examples((REPOSITORY / page).read_text())] == PAGES


@pytest.mark.parametrize("page", PAGES)
def test_examples_run_and_leave_what_the_page_says(tmp_path, database, page):
    """Run in a folder with an empty results database; one test per page, so that no page is run twice."""
    found = examples((REPOSITORY / page).read_text())
    printed = run(page, tmp_path, database)
    assert len(printed) == len(found)
    for example, text in zip(found, printed, strict=True):
        assert not missing(example.output, text), f"{page}, line {example.line} printed\n{text}"
    CHECKS.get(page, lambda folder, printed: None)(tmp_path, printed)


def run(page: str, folder: Path, database: Path) -> list[str]:
    """Run the examples of a page, and return what each printed."""
    (folder / "mlruns").mkdir()
    (folder / "mlruns" / "mlflow.db").write_bytes(database.read_bytes())
    (folder / "reports").mkdir()
    (folder / "reports" / "pages").symlink_to(REPOSITORY / "reports" / "pages")
    program = [sys.executable, str(REPOSITORY / "tests" / "docs" / "running.py"), str(REPOSITORY / page)]
    done = subprocess.run(
        program, cwd=folder, env={**os.environ, "COLUMNS": "200"}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    return re.split(r"^=== \d+\n", done.stdout, flags=re.MULTILINE)[1:]


def check_tutorial(folder: Path, printed: list[str]) -> None:
    for name in ("first", "what-joint-adds", "wine"):
        assert (folder / "reports" / "html" / name / "index.html").is_file()
    assert (folder / "first.svg").stat().st_size > 1000


def check_scripting(folder: Path, printed: list[str]) -> None:
    assert any("falls under 50 %" in text for text in printed)
    assert (folder / "curves.svg").stat().st_size > 1000
    board = (folder / "leaderboard.html").read_text()
    assert board.count("Recomputed when this page was rendered") == 4
    assert board.count("claim of Levine and Feizi") == 2


def check_study(folder: Path, printed: list[str]) -> None:
    """Check the study of one's own data: its runs, and the figures of its three pages."""
    runs = Store(str(folder / "mlruns")).read_runs()
    assert {run.status for run in runs} == {"FINISHED"}
    assert {run.params["data.name"] for run in runs} == {"cells"}
    assert len(runs) == 5, "kNN: individual, budget; rNN: individual, island, budget"
    assert min(run.metrics["CA_0"] for run in runs) > 0.9
    for name, figures in (("cells", 1), ("cells-study", 3), ("knn-rnn", 3)):
        page = (folder / "reports" / "html" / name / "index.html").read_text()
        assert len(re.findall(r'id="figure-\d+"', page)) == figures
        assert "No run matches" not in page
        assert "cells" in page
        assert ("Which diagnoses survive a poisoned training set?" in page) == (name == "cells-study")


CHECKS = {"docs/tutorial.md": check_tutorial, "docs/scripting.md": check_scripting, "docs/own_data.md": check_study}


def test_the_page_of_the_study_is_the_one_in_the_repository():
    (shown,) = re.findall(r"```yaml\n(.*?)```", (REPOSITORY / "docs" / "own_data.md").read_text(), re.DOTALL)
    committed = (REPOSITORY / "reports" / "pages" / "own_data.yaml").read_text()
    assert shown == "".join(line for line in committed.splitlines(keepends=True) if not line.startswith("#"))
    assert len(yaml.safe_load(shown)["sections"]) == 3


# --- how examples are found and run ----------------------------------------------------------------------------------

PAGE = """\
<!-- run: k=5 sizes.max=9 -->
```bash
python run.py -m k=50,100 \\
    algo=knn   # a comment
```

Text.

<!-- output -->
```text
CA(0) = 0.9  [run …]
```

```python
not_run()
```
"""


def test_marked_blocks_are_found_with_their_options_and_output():
    (example,) = examples(PAGE)
    assert (example.line, example.language) == (3, "bash")
    assert example.output == ["CA(0) = 0.9  [run …]"]
    assert list(commands(example)) == [["run.py", "-m", "algo=knn", "k=5", "sizes.max=9"]]


@pytest.mark.parametrize("page", ["<!-- run -->\nText\n", "<!-- output -->\n```text\na\n```\n"])
def test_marks_without_their_block_are_errors(page):
    with pytest.raises(ValueError, match="expected"):
        examples(page)


def test_commands_of_other_programs_are_refused():
    with pytest.raises(ValueError, match="begin with python, got 'rm -r x'"):
        list(commands(Example(1, "bash", "rm -r x\n", (), [])))


def test_options_replace_those_of_the_same_name_only():
    assert replaced(["run.py", "k=1,2", "r=3"], ["k=9"]) == ["run.py", "r=3", "k=9"]


def test_an_output_that_is_not_printed_is_noticed():
    assert missing(["a … c", "b"], "a b c\n") == ["b"]
    assert not missing(["a … c"], "x\n  a b c\n")
