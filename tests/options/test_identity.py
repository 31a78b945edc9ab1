"""A result is identified by its options, its data and the code that it depends on, all of it and nothing else."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import certvote
from certvote.options import identity

SOURCE = Path(certvote.__file__).parent
PROGRAM = """
import json, pathlib, sys
from hydra import compose, initialize_config_dir
from certvote import stages
from certvote.options import identity, settings
from certvote.runtime.paths import conf_dir

jobs, edits = json.load(sys.stdin)
settings.register()
with initialize_config_dir(str(conf_dir()), version_base="1.3"):
    loaded = {job: settings.load(compose("config", overrides=text.split())) for job, text in jobs.items()}


def digests():
    identity.imports.cache_clear()
    return {job: identity.code_digest([stages.__name__, *one.modules()]) for job, one in loaded.items()}


before, changed = digests(), {}
for edit in edits:
    path = pathlib.Path(stages.__file__).parent / edit
    content = path.read_text()
    path.write_text(content + "# edited")
    after = digests()
    changed[edit] = [job for job in jobs if after[job] != before[job]]
    path.write_text(content)
print(json.dumps([before, changed]))
"""
JOBS = {
    "knn": "algo=knn certificate=budget",
    "rnn": "algo=rnn certificate=island feature=hog",
    "logistic": "algo=dpa learner=logistic",
    "network": "algo=bagging learner=network",
}
# A module, and which of the jobs depend on it.
EDITS = {
    "learners/network_members.py": {"network"},
    "learners/network.py": {"network"},
    "learners/logistic_members.py": {"logistic"},
    "algorithms/knn.py": {"knn"},
    "algorithms/subsets.py": {"logistic", "network"},
    "certificates/budget.py": {"knn"},
    "certificates/grouping.py": {"rnn"},
    "certificates/bagging.py": {"network"},
    "features/hog.py": {"rnn"},
    "features/grid.py": {"knn", "rnn", "logistic"},
    "neighbors/votes.py": {"knn", "rnn"},
    "options/sizes.py": set(JOBS),
    "types.py": set(JOBS),
    "stages.py": set(JOBS),
    "runtime/cache.py": set(JOBS),
    "certificates/votes.py": set(JOBS),
    "reporting/page.py": set(),
    "results/store.py": set(),
    "job.py": set(),
    "cli.py": set(),
}


@pytest.fixture(scope="module")
def package(tmp_path_factory) -> Path:
    """A copy of the package, to be edited."""
    folder = tmp_path_factory.mktemp("copy")
    shutil.copytree(SOURCE, folder / "certvote", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(SOURCE.parents[1] / "conf", folder / "certvote" / "bundled_conf", dirs_exist_ok=True)
    return folder


def test_an_edit_changes_the_identity_of_the_jobs_that_depend_on_it(package):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=json.dumps([JOBS, list(EDITS)]),
        env={"PYTHONPATH": str(package), "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    before, changed = json.loads(done.stdout)
    assert len(set(before.values())) == len(JOBS)
    assert {edit: set(jobs) for edit, jobs in changed.items()} == EDITS


def test_a_closure_follows_imports_inside_functions_but_not_those_for_type_checkers():
    found = identity.closure(["certvote.algorithms.knn"])
    assert {"certvote.neighbors.votes", "certvote.certificates.individual", "certvote.types"} <= found
    assert "certvote.options.settings" not in found
    assert not any(name.startswith(("certvote.learners", "certvote.reporting", "certvote.results")) for name in found)


def test_a_closure_imports_nothing():
    program = (
        "import sys; from certvote.options.identity import closure; "
        "assert 'certvote.neighbors.votes' in closure(['certvote.algorithms.knn']); "
        "assert not {'numba', 'torch', 'skimage', 'certvote.neighbors.votes'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_fingerprint_depends_on_options_data_and_code():
    first = identity.fingerprint({"k": 1}, "d", "c")
    assert first == identity.fingerprint({"k": 1}, "d", "c")
    others = [identity.fingerprint({"k": 2}, "d", "c"), identity.fingerprint({"k": 1}, "e", "c")]
    assert len({first, *others, identity.fingerprint({"k": 1}, "d", "x")}) == 4
