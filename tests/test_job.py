"""A job alone whose options fit neither data, feature nor folders leaves nothing in the database."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from hydra import compose, initialize_config_dir

from certvote import job
from certvote.options import settings as options
from certvote.results import Store
from certvote.runtime.paths import conf_dir


@pytest.fixture
def folder(tmp_path, database):
    shutil.copy(database, tmp_path / "mlflow.db")
    rng = np.random.default_rng(0)
    data = {"x_train": rng.random((60, 4)), "y_train": np.arange(60) % 3, "x_test": rng.random((9, 4))}
    np.savez(tmp_path / "mine.npz", **data, y_test=np.arange(9) % 3)
    np.save(tmp_path / "short.npy", rng.random((5, 4)))
    return tmp_path


ARRAYS = ["dataset=arrays", "feature=vectors", "dataset.path={folder}/mine.npz"]
NPY = ["feature=npy", "feature.test={folder}/short.npy"]


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["cache_root=/dev/null/cache"], "option cache_root: expected a folder that can be written"),
        (["feature=hog", "feature.pixels_per_cell=[9,9]"], "feature.pixels_per_cell"),
        ([*ARRAYS, "feature.low=0", "feature.high=0.5"], "options feature.low, feature.high"),
        ([*NPY, "feature.train={folder}/short.npy"], "option feature.train: expected a row for each of the 1297"),
        ([*NPY, "feature.train={folder}/none.npy"], "option feature.train"),
        (["backend=dask", "backend.memory=1MB"], "option backend.memory"),
        (["backend=dask", "backend.credentials=/dev/null", "backend.address=tls://h:1"], "option backend.credentials"),
    ],
)
@pytest.mark.parametrize("sweep", [False, True])
def test_what_does_not_fit_is_named_and_only_a_sweep_records_it(folder, overrides, message, sweep):
    store = Store(str(folder))
    places = [f"tracking.uri={folder}", f"cache_root={folder}/cache", "k=5", "sizes.max=3", "dataset.n_train=300"]
    if "dataset=arrays" in overrides:
        places.pop()
    own = [f"tracking.sweep={store.start_sweep('s', command='c', title=None, notes=[])}"] if sweep else []
    options.register()
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        config = compose("config", overrides=[*places, *own, *(one.format(folder=folder) for one in overrides)])
    with pytest.raises(ValueError, match=message):
        job.run(config, command="python run.py")
    assert [run.status for run in store.read_runs()] == ["FAILED"] * sweep
