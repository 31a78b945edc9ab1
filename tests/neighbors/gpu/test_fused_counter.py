"""The fused GPU kernels: their bits in Triton's interpreter on a CPU, their code for GPUs, and the limit of memory."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("triton", reason="Triton is not installed (it comes with torch for GPUs, on Linux)")

_BITS = """
import sys

import numpy as np

from certvote.neighbors.backends.base import count_blocks
from certvote.neighbors.backends.reference import ReferenceCounter
from certvote.neighbors.gpu import fused_counter
from certvote.neighbors.gpu.fused_counter import FusedCounter
from certvote.neighbors.validation import checked_job


def check(job, **how):
    expected = count_blocks(job, ReferenceCounter, None)
    got = count_blocks(job, lambda job: FusedCounter(job, "cpu", **how), None)
    for reference, votes in zip(expected, got, strict=True):
        for key in reference:
            np.testing.assert_array_equal(votes[key].counts, reference[key].counts)
            if reference[key].ranked is not None:
                np.testing.assert_array_equal(votes[key].ranked, reference[key].ranked)


rng = np.random.default_rng(int(sys.argv[1]))


def job(n, d, values, classes, queries, views=1, **how):
    scale = 2.0 ** int(rng.integers(-20, 20))
    return checked_job(
        (rng.integers(0, values, (n, d)) * scale).astype(np.float32),
        rng.integers(0, classes, n),
        (rng.integers(-1, values + 1, (queries, views, d)) * scale).astype(np.float32),
        rs=[r * scale for r in how.pop("rs", (0, 1.5, values, 1000 * values))],
        num_classes=classes + 1,  # one label that nobody has
        **how,
    )


"""

_TIES = """
for values in (1, 3, 10**5):
    for classes in (1, 5):
        n = int(rng.integers(1, 300))
        ks = sorted({1, int(rng.integers(1, n + 1)), n})
        for window, ranking in ((0, "index"), (5, "hash"), (n + 1, "index")):
            check(job(n, int(rng.integers(1, 4)), values, classes, 5, ks=ks, window=window, ranking=ranking))
check(job(40, 2, 4, 300, 3, ks=[1, 30], window=4, ranking="index"))
check(job(40, 2, 4, 300, 3, views=3, ks=[1, 30], window=4, ranking="hash"))
for views in (1, 2, 5):
    check(job(150, 3, 3, 4, 9, views=views, ks=[1, 70, 150], window=6, ranking="hash"))
    check(job(150, 3, 10**5, 4, 9, views=views, ks=[1, 70, 150], window=0, ranking="index"))
check(job(9, 2, 4, 2, 40, ks=[], window=0, ranking="index"))
check(job(9, 2, 4, 2, 40, ks=[3], rs=(), window=0, ranking="index"))
check(job(300, 3, 4, 5, 40, ks=[3], rs=(1.5,), window=0, ranking="index"))
fused_counter._MAX_EDGES = 5
check(job(400, 3, 1000, 4, 9, ks=[3, 50, 390], window=2, ranking="index"))
check(job(200, 64, 2**18, 2, 5, ks=[3, 150], window=9, ranking="hash"))
"""

_LIMITS = """
fused_counter._SAMPLE, fused_counter._SPARE, fused_counter._PROGRAMS = 16, 1, 3  # misleading samples, long runs
for values, views in ((2, 1), (10**5, 1), (10**5, 2)):
    some = job(700, 24, values, 3, 20, views=views, ks=[1, 400], window=3, ranking="hash")
    counter = FusedCounter(some, "cpu", 240_000)
    assert counter.blocks.kept is None and len(list(counter.blocks.parts())) > 1 and counter.block_rows == 16
    check(some, memory=240_000)
try:
    FusedCounter(some, "cpu", 10_000)
except ValueError as error:
    assert "got 0 MB; raise option backend.memory, or use backend=numba" in str(error), error
else:
    raise AssertionError("it does not fit")
"""

_COMPILED = """
import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from certvote.neighbors.gpu.fused_counter import _BM, _BN, _WARPS
from certvote.neighbors.gpu.fused_kernels import collect_kernel, count_kernel, distance_kernel

pointers = {"label_of": "*i32", "within": "*i32", "votes": "*i32", "cursors": "*i32", "columns": "*i32",
            "distances_found": "*i32", "offsets": "*i64"}
numbers = ("first_column", "m", "n", "dims", "classes", "run")
for kernel, views, constants in (
    (count_kernel, 1, {"E": 6, "R": 7, "EP": 8, "RP": 8}),
    (count_kernel, 1, {"E": 6, "R": 0, "EP": 8, "RP": 1}),
    (count_kernel, 1, {"E": 0, "R": 1, "EP": 1, "RP": 1}),
    (count_kernel, 5, {"E": 6, "R": 7, "EP": 8, "RP": 8}),
    (collect_kernel, 1, {"K": 5}),
    (collect_kernel, 5, {"K": 5}),
    (distance_kernel, 1, {}),
    (distance_kernel, 5, {}),
):
    constants = {**constants, "V": views, "BM": _BM, "BN": _BN}
    signature = {
        name: "constexpr" if name in constants else "i32" if name in numbers else pointers.get(name, "*fp32")
        for name in kernel.arg_names
    }
    source = ASTSource(fn=kernel, signature=signature, constexprs=constants)
    compiled = triton.compile(source, target=GPUTarget("cuda", 90, 32), options={"num_warps": _WARPS})
    assert "abs.f32" in compiled.asm["ptx"]
    assert "acq_rel" not in compiled.asm["ptx"], "a fence for every atomic operation"
"""


def interpreted(program: str, *arguments: str, interpret: str = "1") -> None:
    environment = {**os.environ, "TRITON_INTERPRET": interpret}
    command = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr


def test_the_bits_of_the_reference_in_the_interpreter():
    interpreted(_BITS + _TIES, "0")


def test_parts_of_a_training_set_and_ranges_that_have_to_be_narrowed(tmp_path):
    interpreted(_BITS + _LIMITS, "0")


def test_annotations_hold_at_run_time():
    hook = (
        "from jaxtyping import install_import_hook\n"
        'install_import_hook(["certvote.types", "certvote.neighbors"], "beartype.beartype")\n'
    )
    few = 'check(job(50, 3, 4, 3, 5, ks=[1, 30], window=4, ranking="hash"))\n'
    interpreted(hook + _BITS + few, "0")


def test_kernels_compile_for_a_gpu_without_one(tmp_path, monkeypatch):
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    interpreted(_COMPILED, interpret="0")


@pytest.mark.gpu
@pytest.mark.parametrize(("ranking", "views"), [("index", 1), ("hash", 1), ("hash", 5)])
def test_the_bits_of_the_reference_on_a_gpu(assert_as_reference, ranking, views):
    import torch

    if not torch.cuda.is_available():
        pytest.skip("torch finds no CUDA device")
    from certvote.neighbors.gpu.fused_counter import FusedCounter
    from certvote.neighbors.validation import checked_job

    rng = np.random.default_rng(0)
    job = checked_job(
        rng.integers(0, 2**17, (20_000, 81)),
        rng.integers(0, 10, 20_000),
        rng.integers(0, 2**17, (50, views, 81)),
        ks=[1, 5000, 20_000],
        rs=[3.5 * 2**17],
        window=1000,
        num_classes=10,
        ranking=ranking,
    )
    assert_as_reference(job, FusedCounter)
    assert_as_reference(job, lambda job: FusedCounter(job, memory=16_000_000))
