"""Downloads, against mirrors on loopback: verified, one mirror after the other, never half a file."""

from __future__ import annotations

import gzip
import os
import socket

import pytest
from werkzeug import Response

from certvote import datasets
from certvote.datasets.download import DownloadError

pytestmark = pytest.mark.usefixtures("no_proxy")


def files(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file() and path.name != ".download.lock")


def serve(server, contents, prefix="/mnist"):
    for name, content in contents.items():
        server.expect_request(f"{prefix}/{name}.gz").respond_with_data(gzip.compress(content, mtime=0))


def load(tmp_path, *mirrors, **options):
    return datasets.mnist(data_root=tmp_path, mirrors=mirrors, progress=False, **options)


@pytest.fixture
def nobody():
    """An address on loopback where nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


def test_missing_files_are_downloaded_once(tmp_path, small_mnist, httpserver):
    serve(httpserver, small_mnist)
    split = load(tmp_path, httpserver.url_for("/mnist/"))
    assert split.train.shape == (6, 28, 28, 1)
    assert files(tmp_path) == sorted(f"{name}.gz" for name in small_mnist)
    requests = len(httpserver.log)
    assert load(tmp_path, httpserver.url_for("/mnist")).digest == split.digest
    assert len(httpserver.log) == requests == 4


def test_only_what_is_missing_is_downloaded(tmp_path, small_mnist, httpserver):
    serve(httpserver, small_mnist)
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    (raw / "train-images-idx3-ubyte").write_bytes(small_mnist["train-images-idx3-ubyte"])
    load(tmp_path, httpserver.url_for("/mnist"))
    assert len(httpserver.log) == 3


def test_the_next_mirror_is_asked(tmp_path, small_mnist, httpserver):
    serve(httpserver, small_mnist, "/second")
    httpserver.expect_request("/first/train-images-idx3-ubyte.gz").respond_with_data("busy", status=503)
    split = load(tmp_path, httpserver.url_for("/first"), httpserver.url_for("/second"))
    assert len(split.train) == 6
    asked = [request.path for request, _ in httpserver.log]
    assert asked[:2] == ["/first/train-images-idx3-ubyte.gz", "/second/train-images-idx3-ubyte.gz"]


def test_a_dead_mirror_is_passed_over(tmp_path, small_mnist, httpserver, nobody):
    serve(httpserver, small_mnist)
    assert len(load(tmp_path, nobody, httpserver.url_for("/mnist")).train) == 6


def test_corrupt_content_is_refused_and_leaves_nothing(tmp_path, small_mnist, httpserver):
    serve(httpserver, {name: content[::-1] for name, content in small_mnist.items()})
    with pytest.raises(DownloadError, match="not the published one"):
        load(tmp_path, httpserver.url_for("/mnist"))
    assert files(tmp_path) == []
    httpserver.clear()
    serve(httpserver, small_mnist)
    assert len(load(tmp_path, httpserver.url_for("/mnist")).train) == 6


def test_a_truncated_transfer_is_refused_and_a_rerun_completes(tmp_path, small_mnist, httpserver):
    whole = gzip.compress(small_mnist["train-images-idx3-ubyte"], mtime=0)
    broken = Response(whole[: len(whole) // 2], headers={"Content-Length": str(len(whole))})
    broken.automatically_set_content_length = False
    httpserver.expect_oneshot_request("/mnist/train-images-idx3-ubyte.gz").respond_with_response(broken)
    with pytest.raises(DownloadError, match=r"train-images-idx3-ubyte\.gz"):
        load(tmp_path, httpserver.url_for("/mnist"))
    assert files(tmp_path) == []
    httpserver.clear()
    serve(httpserver, small_mnist)
    assert len(load(tmp_path, httpserver.url_for("/mnist")).train) == 6


def test_what_a_killed_download_left_is_removed(tmp_path, small_mnist, httpserver):
    leftover = tmp_path / "MNIST" / "raw" / ".download-killed" / "train-images-idx3-ubyte.gz"
    leftover.parent.mkdir(parents=True)
    leftover.write_bytes(b"half")
    serve(httpserver, small_mnist)
    load(tmp_path, httpserver.url_for("/mnist"))
    assert not leftover.parent.exists()


def test_without_a_network_the_error_names_file_mirrors_and_data_root(tmp_path, small_mnist, nobody):
    with pytest.raises(DownloadError) as failure:
        load(tmp_path, nobody, f"{nobody}/other")
    names = ("train-images-idx3-ubyte.gz", f"{nobody}/train", f"{nobody}/other/train", "data_root", str(tmp_path))
    for part in (*names, "Connection refused"):
        assert part in str(failure.value)
    assert len(str(failure.value).splitlines()) == 1
    assert files(tmp_path) == []


def test_an_error_of_the_server_is_told(tmp_path, small_mnist, httpserver):
    httpserver.expect_request("/mnist/train-images-idx3-ubyte.gz").respond_with_data("", status=404)
    with pytest.raises(DownloadError, match="404 NOT FOUND"):
        load(tmp_path, httpserver.url_for("/mnist"))


def test_an_address_that_is_none_is_told(tmp_path, small_mnist):
    with pytest.raises(DownloadError, match="No scheme supplied"):
        load(tmp_path, "mirror")


def test_a_folder_that_cannot_be_written_names_data_root(tmp_path, small_mnist, nobody):
    (tmp_path / "MNIST").write_text("a file where a folder should be")
    with pytest.raises(OSError, match="set data_root") as failure:
        load(tmp_path, nobody)
    assert not isinstance(failure.value, DownloadError)


def test_a_full_disk_names_data_root_and_leaves_nothing(tmp_path, small_mnist, httpserver, monkeypatch):
    def full(descriptor):
        raise OSError(28, os.strerror(28))

    serve(httpserver, small_mnist)
    monkeypatch.setattr("certvote.datasets.download.os.fsync", full)
    with pytest.raises(OSError, match=r"No space left.*set data_root"):
        load(tmp_path, httpserver.url_for("/mnist"))
    assert files(tmp_path) == []


def test_the_cifar_archive_is_unpacked_and_not_kept(tmp_path, small_cifar, small_cifar_archive, httpserver):
    httpserver.expect_request("/kriz/cifar-10-binary.tar.gz").respond_with_data(small_cifar_archive)
    split = datasets.cifar10(data_root=tmp_path, mirrors=[httpserver.url_for("/kriz")], progress=False)
    assert files(tmp_path) == sorted(small_cifar)
    assert split.notes == ()
    assert split.train.shape == (15, 32, 32, 3)


def test_cifar_files_that_are_there_are_never_overwritten(tmp_path, small_cifar, small_cifar_archive, httpserver):
    folder = tmp_path / "cifar-10-batches-bin"
    folder.mkdir()
    mine = bytes(len(small_cifar["data_batch_2.bin"]))
    (folder / "data_batch_2.bin").write_bytes(mine)
    httpserver.expect_request("/kriz/cifar-10-binary.tar.gz").respond_with_data(small_cifar_archive)
    split = datasets.cifar10(data_root=tmp_path, mirrors=[httpserver.url_for("/kriz")], progress=False)
    assert (folder / "data_batch_2.bin").read_bytes() == mine
    assert len(split.notes) == 1
