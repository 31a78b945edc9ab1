"""Shapes and dtypes in annotations hold at run time.

In a process of its own: elsewhere the tests must see the errors that users see, not those of the type checker.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

_STAGES = ["types", "attacks", "datasets", "features", "neighbors", "certificates"]
_PROGRAM = f"""
from jaxtyping import install_import_hook
install_import_hook({[f"certvote.{stage}" for stage in _STAGES]!r}, "beartype.beartype")
import sys
sys.argv = ["run.py", *sys.argv[1:]]
from certvote.cli import run
run()
"""


@pytest.mark.parametrize("feature", ["pixels", "hog feature.pixels_per_cell=[2,2]"])
@pytest.mark.parametrize("algo", ["knn", "rnn", "rnn grouping=island", "rnn grouping=budget", "knn grouping=budget"])
def test_a_job_keeps_to_its_annotations(tmp_path, algo, feature):
    overrides = f"algo={algo} feature={feature} sizes.max=20 attack=backdoor dataset.n_train=200 k=20".split()
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, *overrides], cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
