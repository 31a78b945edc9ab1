"""Features that options name files for, as a user runs them: what a file holds identifies a run, wherever it lies."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import torchvision_ops
from certvote import datasets
from certvote.attacks.backdoor import backdoor
from certvote.results import Store
from features import tiny_clip

SMALL = ["dataset=digits", "dataset.n_train=300", "dataset.n_test=40", "k=20", "sizes.max=10"]
# A torch for CPUs may stand beside a torchvision for CUDA.
CLIP = "import torchvision_ops; torchvision_ops.declare(); from certvote.cli import run; run()"


@pytest.fixture
def project(tmp_path, database) -> Path:
    (tmp_path / "mlruns").mkdir()
    shutil.copy(database, tmp_path / "mlruns" / "mlflow.db")
    return tmp_path


def call(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "COLUMNS": "200", "PYTHONPATH": path, "CERTVOTE_CACHE_ROOT": str(project / "cache")}
    return subprocess.run(
        [sys.executable, *arguments], cwd=project, capture_output=True, text=True, timeout=300, env=environment
    )


def finished(project: Path) -> list[str]:
    return [run.id for run in Store(str(project / "mlruns")).read_runs() if run.status == "FINISHED"]


def test_own_embeddings(project, repository):
    split = datasets.digits()

    def encode(images: np.ndarray) -> np.ndarray:
        return np.sqrt(images.reshape(len(images), -1).astype(np.float32)) + 0.1

    for name, images in (
        ("train", split.train),
        ("test", split.test),
        ("triggered", backdoor(split, size=2).test),
    ):
        np.save(project / f"{name}.npy", encode(images))

    def run(*overrides: str) -> subprocess.CompletedProcess[str]:
        return call(project, str(repository / "run.py"), *SMALL, "feature=npy", "feature.test=test.npy", *overrides)

    assert run("feature.train=train.npy").returncode == 0
    (first,) = finished(project)
    (project / "elsewhere").mkdir()
    (project / "train.npy").rename(project / "elsewhere" / "moved.npy")
    moved = run("feature.train=elsewhere/moved.npy")
    assert f"finished already, as run {first}" in moved.stderr, moved.stderr
    np.save(project / "train.npy", encode(255 - split.train))
    assert run("feature.train=train.npy").returncode == 0
    assert len(finished(project)) == 2
    audit = call(project, "-m", "certvote", "audit", first)
    assert audit.returncode == 0, audit.stdout + audit.stderr

    attacked = run("feature.train=train.npy", "attack=backdoor", "algo=rnn", "r=2")
    assert attacked.returncode != 0
    assert "error: option feature.test_backdoor: expected a file" in attacked.stderr
    with_them = run(
        "feature.train=train.npy", "feature.test_backdoor=triggered.npy", "attack=backdoor", "algo=rnn", "r=2"
    )
    assert with_them.returncode == 0, with_them.stderr
    assert len(finished(project)) == 3


def test_clip(project):
    torchvision_ops.declare()
    (project / "models").mkdir()
    tiny_clip.save(project / "models")

    def run(*overrides: str) -> subprocess.CompletedProcess[str]:
        options = ["feature=clip", "feature.model=models/tiny.json", "feature.weights=models/tiny-0.pt"]
        return call(project, "-c", CLIP, *SMALL, *options, *overrides)

    done = run()
    assert done.returncode == 0, done.stderr
    (first,) = finished(project)
    assert f"finished already, as run {first}" in run("feature.batch_size=3").stderr
    tiny_clip.save(project / "models", seed=1)
    shutil.copy(project / "models" / "tiny-1.pt", project / "models" / "tiny-0.pt")
    other = run()
    assert other.returncode == 0, other.stderr
    assert len(finished(project)) == 2
    unknown = run("feature.model=ViT-B32")
    assert unknown.returncode != 0
    assert "error: option feature.model: expected" in unknown.stderr
    assert "Traceback" not in unknown.stderr
