"""Shapes and dtypes in annotations hold at run time, from data to curve.

In a process of its own: elsewhere the tests must see the errors that users see, not those of the type checker.
"""

from __future__ import annotations

import os
import subprocess
import sys

_PROGRAM = """
import sys
import types

from beartype import BeartypeConf, FrozenDict, beartype
from jaxtyping import install_import_hook

# OmegaConf gives a list for an option that is declared as a tuple.
lenient = BeartypeConf(hint_overrides=FrozenDict({tuple[int, int]: tuple[int, int] | list[int]}))
sys.modules["checker"] = types.SimpleNamespace(check=beartype(conf=lenient))
checked = ["types", "attacks", "datasets", "features", "neighbors", "learners", "algorithms", "certificates"]
install_import_hook([f"certvote.{stage}" for stage in checked], "checker.check")

from hydra import compose, initialize_config_dir

from certvote import stages
from certvote.options import settings
from certvote.runtime.paths import conf_dir

settings.register()
common = ["sizes.max=20", "dataset.n_train=200", "dataset.n_test=50", "k=20", "attack=backdoor"]
algos = ["algo=knn", "algo=rnn", "algo=rnn certificate=rd", "algo=rnn certificate=island",
         "algo=rnn certificate=removal",
         "algo=rnn certificate=budget", "algo=knn certificate=budget",
         "algo=knn certificate=budget certificate.bound=sharp",
         "algo=knn backend=reference", "algo=knn algo.ranking=hash backend=faiss",
         "algo=knn attack.change=insert", "algo=rnn certificate=budget attack.change=delete",
         "algo=knn certificate=budget attack.change=delete",
         "algo=bagging algo.voters=40", "algo=bagging algo.voters=40 learner=nearest attack.change=insert",
         "algo=dpa algo.parts=20", "algo=dpa algo.parts=20 election=runoff attack.change=delete",
         "algo=fa algo.parts=20", "algo=fa algo.parts=20 election=runoff learner=nearest",
         "algo=fa algo.parts=10 election=runoff learner=sklearn learner.options={n_estimators:3}",
         "algo=bagging algo.voters=20 learner=network learner.steps=3"]
with initialize_config_dir(str(conf_dir()), version_base="1.3"):
    for feature in ("pixels", "hog feature.pixels_per_cell=[2,2]"):
        for algo in algos:
            overrides = [*common, *f"feature={feature} {algo}".split()]
            options = settings.load(compose("config", overrides=overrides))
            split = stages.load_split(options)
            features = stages.extract(split, options) if "feature" in options.groups else None
            votes = stages.count_votes(features, split, options, {})
            certified = stages.certify(votes, split.test_labels, len(split.train_labels), options)
            assert len(certified.curve.certified) == 21
            print("kept:", *overrides)
"""


def test_every_stage_keeps_to_its_annotations(tmp_path):
    environment = {**os.environ, "CERTVOTE_CACHE_ROOT": str(tmp_path / "cache")}
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("kept:") == 2 * done.stdout.count("feature=pixels") == 42
