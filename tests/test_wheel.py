"""The wheel has what an installed program needs beside its modules."""

from __future__ import annotations

import subprocess
import sys
import zipfile


def test_a_wheel_holds_configuration_templates_and_plugin(repository, tmp_path):
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=repository, check=True, capture_output=True, timeout=120)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        archive.extractall(tmp_path / "site")
    assert {"certvote/bundled_conf/config.yaml", "certvote/bundled_conf/algo/knn.yaml"} <= names
    assert {"certvote/bundled_templates/page.html", "hydra_plugins/certvote_sweeper.py"} <= names
    assert "certvote/bundled_pages/jia2022.yaml" in names
    assert "certvote/bundled_leaderboard/dpa_mnist.yaml" in names
    assert "hydra_plugins/__init__.py" not in names, "the folder belongs to all plugins together"

    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path / 'site')!r}); sys.argv = ['run.py', '--cfg', 'job']\n"
        "import certvote.runtime.paths; assert 'bundled_conf' in str(certvote.runtime.paths.conf_dir())\n"
        "from certvote.cli import run; run()"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "ranking: index" in done.stdout
