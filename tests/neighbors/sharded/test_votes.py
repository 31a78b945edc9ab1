"""A training set in shards gives the bits of the same training set in memory, whoever counts and whoever dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certvote.neighbors import neighbor_votes, sharded
from certvote.neighbors.backends.dask import Dask
from certvote.neighbors.sharded import Cluster, counting, split_rows, write_shards
from certvote.neighbors.sharded import cluster as clusters
from certvote.neighbors.sharded import votes as sharded_votes
from certvote.neighbors.sharded.runners import DaskRunner, ThreadRunner


@pytest.fixture
def shards(crowded, tmp_path):
    return write_shards(split_rows(crowded["train"], crowded["labels"], 110), tmp_path / "shards")


OPTIONS = {"ks": [1, 20, 20, 150, 300], "rs": [0.25, 0, 3], "num_classes": 3}


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_threads_on_instances_full_of_ties(data, tmp_path_factory, assert_all_same):
    n, m, d = (data.draw(st.integers(1, most)) for most in (60, 4, 4))
    values, classes = data.draw(st.sampled_from([1, 2, 3, 2000])), data.draw(st.sampled_from([1, 3, 300]))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    train, labels = rng.integers(0, values, (n, d)).astype(np.float32), rng.integers(0, classes, n)
    views = data.draw(st.sampled_from([(), (1,), (3,)]))
    queries = rng.integers(-1, values + 1, (m, *views, d)).astype(np.float32)
    how = {
        "ks": data.draw(st.lists(st.integers(1, n), max_size=3)),
        "rs": [0, 1.5, 700],
        "window": data.draw(st.integers(0, n + 1)),
        "num_classes": classes,
        "ranking": data.draw(st.sampled_from(["index", "hash"])),
    }
    files = write_shards(split_rows(train, labels, data.draw(st.integers(1, n))), tmp_path_factory.mktemp("shards"))
    runner = ThreadRunner(2, piece_bytes=data.draw(st.sampled_from([16, 200, 2**20])))
    got = sharded.neighbor_votes(files, queries, cluster=runner, **how)
    assert_all_same(neighbor_votes(train, labels, queries, **how), got)


@pytest.mark.parametrize("ranking", ["index", "hash"])
@pytest.mark.parametrize("values", [3, 10**5])
@pytest.mark.parametrize("views", [1, 3])
def test_samples_that_are_not_the_whole_set(monkeypatch, tmp_path, assert_all_same, values, ranking, views):
    monkeypatch.setattr(counting, "_SAMPLE", 64)
    monkeypatch.setattr(counting, "_SPARE", 1)  # every range that is not as narrow as it can be is narrowed again
    rng = np.random.default_rng(values)
    train, labels = np.sort(rng.integers(0, values, (5000, 4)), axis=0).astype(np.float32), rng.integers(0, 4, 5000)
    queries = rng.integers(0, values, (9, views, 4)).astype(np.float32)
    how = {"ks": [1, 700, 4999], "rs": [values], "window": 40, "num_classes": 4, "ranking": ranking}
    files = write_shards(split_rows(train, labels, 1700), tmp_path)
    got = sharded.neighbor_votes(files, queries, cluster=ThreadRunner(2, piece_bytes=4000), **how)
    assert_all_same(neighbor_votes(train, labels, queries, **how), got)


def test_one_value_gives_votes_and_several_a_list(crowded, shards, assert_same):
    (knn,), (rnn,) = neighbor_votes(**crowded, ks=[20], rs=[0.5], window=4, num_classes=3)
    queries = crowded["queries"]
    assert_same(knn, sharded.knn_votes(shards, queries, k=20, window=4, num_classes=3))
    assert_same(knn, sharded.knn_votes(shards, queries, k=[7, 20], window=4, num_classes=3)[1])
    assert_same(rnn, sharded.rnn_votes(shards, queries, r=0.5, num_classes=3))
    assert_same(rnn, sharded.rnn_votes(shards, queries, r=[0.5], num_classes=3)[0])


@pytest.mark.parametrize("dtype", [np.float64, np.float16, np.int8])
def test_shards_of_any_type_and_nothing_asked(crowded, tmp_path, assert_all_same, dtype):
    whole = {**crowded, "train": crowded["train"] * 8, "queries": crowded["queries"] * 8}
    blocks = split_rows(whole["train"].astype(dtype), whole["labels"].astype(np.uint8), 77)
    files = write_shards(blocks, tmp_path)
    got = sharded.neighbor_votes(files, whole["queries"], **OPTIONS, window=9)
    assert_all_same(neighbor_votes(**whole, **OPTIONS, window=9), got)
    assert sharded.neighbor_votes(files, whole["queries"], num_classes=3) == ([], [])
    empty = sharded.knn_votes(files, whole["queries"][:0], k=3, num_classes=3)
    assert empty.counts.shape == (0, 3)


def test_progress_never_goes_back_and_ends_at_the_number_of_queries(crowded, shards):
    calls = []
    how = {**OPTIONS, "window": 30, "cluster": ThreadRunner(1, piece_bytes=600)}
    sharded.neighbor_votes(shards, crowded["queries"], progress=lambda *call: calls.append(call), **how)
    assert calls == sorted(calls)
    assert calls[-1] == (40, 40)


@pytest.fixture(scope="module")
def embedded():
    from distributed import Client, LocalCluster

    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, memory_limit="1GB", dashboard_address=None, silence_logs=50
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


@pytest.mark.parametrize("ranking", ["index", "hash"])
@pytest.mark.parametrize("data", ["crowded", "viewed"])
def test_a_cluster_found_by_its_address(embedded, request, shards, assert_all_same, ranking, data, tmp_path):
    how = {**OPTIONS, "window": 30, "ranking": ranking}
    cluster = Cluster(address=embedded.scheduler.address, folder=str(tmp_path))
    arrays = request.getfixturevalue(data)
    got = sharded.neighbor_votes(shards, arrays["queries"], cluster=cluster, **how)
    assert_all_same(neighbor_votes(**arrays, **how), got)
    assert [path.name for path in tmp_path.iterdir()] == ["shards"]  # nothing is left behind


@pytest.mark.parametrize(("backend", "data"), [("dask", "crowded"), (Dask(workers=1, memory="600MB"), "viewed")])
def test_a_cluster_of_its_own_and_arrays_in_memory(request, assert_all_same, tmp_path, backend, data, monkeypatch):
    monkeypatch.setattr(sharded_votes, "_SHARD_BYTES", 1000)
    arrays = request.getfixturevalue(data)
    got = neighbor_votes(**arrays, **OPTIONS, window=5, threads=2, backend=backend, scratch=tmp_path / "cache")
    assert_all_same(neighbor_votes(**arrays, **OPTIONS, window=5), got)
    assert [path.name for path in tmp_path.rglob("*")] == ["cache"]  # which is empty again


def test_other_users_of_the_machine_cannot_send_work():
    from distributed import Client, Security

    with clusters.local_client(1, 600 * 10**6) as client:
        address = client.scheduler.address
        assert address.startswith("tls://127.0.0.1:")
        assert client.submit(sum, [1, 2]).result() == 3
        for other, security in ((address.replace("tls", "tcp"), None), (address, Security.temporary())):
            with pytest.raises(OSError, match=r"Timed out|reset|closed|certificate|TLS"):
                Client(other, security=security, timeout=1)


@pytest.mark.parametrize("address", ["tls://h:1", "tcp://h:1"])
def test_credentials_that_do_not_fit_are_named(tmp_path, address):
    names = ["ca.pem", "cert.pem", "key.pem"][: 2 if address.startswith("tls") else 3]
    for name in names:
        (tmp_path / name).write_text("")
    missing = "for address tcp" if len(names) == 3 else "without key.pem"
    cluster = Cluster(address=address, credentials=tmp_path)
    with pytest.raises(ValueError, match=f"option backend.credentials: .*{missing}"), cluster.connect():
        pass


def test_a_worker_that_is_killed_costs_time_and_nothing_else(embedded, crowded, shards, assert_all_same):
    before = set(embedded.run(os.getpid).values())
    killed = []

    def kill(done, total):
        if done >= total // 4 and not killed:
            killed.append(next(iter(before)))
            os.kill(killed[0], signal.SIGKILL)

    how = {**OPTIONS, "window": 30}
    runner = DaskRunner(embedded, piece_bytes=600)
    got = sharded.neighbor_votes(shards, crowded["queries"], cluster=runner, progress=kill, **how)
    assert_all_same(neighbor_votes(**crowded, **how), got)
    assert killed
    embedded.wait_for_workers(2, timeout=60)
    assert killed[0] not in embedded.run(os.getpid).values()


def test_what_a_worker_finds_wrong_reaches_the_caller(embedded, crowded, tmp_path):
    crowded["train"][120, 1] = np.nan
    files = write_shards(split_rows(crowded["train"], crowded["labels"], 100), tmp_path)
    with pytest.raises(ValueError, match=r"shards, .*features-00001.npy from row 0 on: expected finite .* row 20"):
        sharded.knn_votes(files, crowded["queries"], k=3, num_classes=3, cluster=DaskRunner(embedded, 2**20))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"k": 301}, "k: expected at most the number of training examples, 300, got 301"),
        ({"k": 3, "num_classes": 2}, r"labels: expected 0 to 1 .* got 0 to 2"),
        ({"k": 3, "ranking": "random"}, "ranking: expected one of index, hash, got 'random'"),
        ({"k": 3, "window": 2, "num_classes": 2**17}, "num_classes: expected at most 65536 with a window"),
        ({"k": 3, "queries": np.zeros((2, 4), np.float32)}, "queries: expected 3 features per row as in the shards"),
        ({"k": 3, "queries": np.full((2, 3), 2.0**-30)}, "queries: expected features that are multiples of"),
        ({"k": 3, "cluster": Cluster(memory="100MB")}, "option backend.memory: expected at least 344MB"),
        ({"k": 3, "cluster": Cluster(workers=0)}, "option backend.workers: expected an integer of at least 1, got 0"),
        ({"k": 3, "cluster": Cluster(memory="much")}, "option backend.memory: expected a size like 1GB, got 'much'"),
    ],
)
def test_what_cannot_be_counted(crowded, shards, change, message):
    with pytest.raises(ValueError, match=message):
        sharded.knn_votes(shards, **{"queries": crowded["queries"], "num_classes": 3, **change})


def test_features_off_the_grid_are_refused(crowded, tmp_path):
    crowded["train"] = crowded["train"].astype(float)
    crowded["train"][250, 0] += 2.0**-40
    files = write_shards(split_rows(crowded["train"], crowded["labels"], 100), tmp_path)
    with pytest.raises(ValueError, match=r"features-00002.npy from row 0 on: expected features that are multiples"):
        sharded.rnn_votes(files, crowded["queries"], r=1, num_classes=3)


def test_an_address_where_nobody_is(shards, crowded, monkeypatch):
    monkeypatch.setattr(clusters, "_TIMEOUT", 1)
    with pytest.raises(ValueError, match=r"option backend.address: expected the address of a Dask scheduler"):
        sharded.knn_votes(shards, crowded["queries"], k=3, num_classes=3, cluster=Cluster(address="tcp://127.0.0.1:9"))


def test_a_missing_library_is_named(shards, crowded, monkeypatch):
    monkeypatch.setattr(clusters, "find_spec", lambda _: None)
    with pytest.raises(ValueError, match=r"backend: dask is not installed: pip install 'certvote\[cluster\]'"):
        sharded.knn_votes(shards, crowded["queries"], k=3, num_classes=3, cluster=Cluster())


_PROGRAM = """
from jaxtyping import install_import_hook

install_import_hook(["certvote.types", "certvote.neighbors"], "beartype.beartype")

import sys

import numpy as np

from certvote.neighbors import sharded
from certvote.neighbors.sharded import split_rows, write_shards
from certvote.neighbors.sharded.runners import ThreadRunner

rng = np.random.default_rng(0)
train, labels = rng.integers(0, 5, (900, 4)).astype(np.float32), rng.integers(0, 3, 900)
shards = write_shards(split_rows(train, labels, 300), sys.argv[1])
for ranking in ("index", "hash"):
    how = {"window": 5, "num_classes": 3, "ranking": ranking, "cluster": ThreadRunner(2, 2000)}
    sharded.neighbor_votes(shards, train[:20], ks=[3, 40], rs=[1, 2.5], **how)
sharded.knn_votes(shards, train[:20], k=5, num_classes=3)
sharded.rnn_votes(shards, train[:20], r=5, num_classes=3)
sharded.rnn_votes(shards, train[:20].reshape(5, 4, 4), r=5, num_classes=3)
"""


def test_annotations_hold_at_run_time(tmp_path):
    done = subprocess.run([sys.executable, "-c", _PROGRAM, str(tmp_path)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("which", ["features", "labels"])
@pytest.mark.parametrize("fewer", [False, True])
def test_a_file_that_changes_in_the_meantime_is_named(crowded, shards, which, fewer):
    path = getattr(shards[1], which)
    replaced = []

    def replace_it(done, total):
        if not replaced:
            array = np.load(path)
            replaced.append(path)
            np.save(path, array[: len(array) // 2] if fewer else array[::-1].copy())
            os.utime(path, ns=(1, 1))

    runner = ThreadRunner(1, piece_bytes=2**10)
    with pytest.raises(ValueError, match=rf"but .*{path.name} changed while it was counted"):
        sharded.neighbor_votes(shards, crowded["queries"], cluster=runner, progress=replace_it, **OPTIONS)
