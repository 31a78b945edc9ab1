"""The floor: seconds that distances alone take at the rate at which this machine does their arithmetic.

A term |x - y| costs two instructions on a vector of integers (a minimum and an addition, as in certvote's own inner
loop; on floats it costs three). The rate is measured with operands in registers, on all cores at once.
"""

from __future__ import annotations

import statistics
import time
from concurrent.futures import ThreadPoolExecutor

from llvmlite import binding, ir
from numba import config, njit, types
from numba.extending import intrinsic

_SUMS = 6  # independent sums, so that no addition waits for another one
_LANES = 16 if binding.get_host_cpu_features().get("avx512f") else 8


@intrinsic
def _terms(typingctx, rounds, seed):  # type: ignore[no-untyped-def]
    """``rounds`` times ``_SUMS`` × ``_LANES`` terms on registers; their sum, so that nothing is left out."""

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        lane, vector = ir.IntType(32), ir.VectorType(ir.IntType(32), _LANES)

        def splat(scalar):  # type: ignore[no-untyped-def]
            first = builder.insert_element(ir.Constant(vector, ir.Undefined), scalar, lane(0))
            return builder.shuffle_vector(first, first, ir.Constant(ir.VectorType(lane, _LANES), [0] * _LANES))

        seed = builder.trunc(args[1], lane)
        start = splat(seed)
        operands = [splat(builder.mul(seed, lane(3 + 7 * i))) for i in range(_SUMS)]
        before, loop, after = builder.block, builder.append_basic_block("loop"), builder.append_basic_block("after")
        builder.branch(loop)
        builder.position_at_end(loop)
        index = builder.phi(args[0].type)
        other = builder.phi(vector)
        sums = [builder.phi(vector) for _ in range(_SUMS)]
        index.add_incoming(args[0].type(0), before)
        other.add_incoming(start, before)
        nexts = []
        for total, operand in zip(sums, operands, strict=True):
            total.add_incoming(ir.Constant(vector, [0] * _LANES), before)
            smaller = builder.select(builder.icmp_signed("<", operand, other), operand, other)
            nexts.append(builder.add(total, smaller))
        # one further instruction for every _SUMS pairs, as a load of the operand would be
        moved = builder.add(other, ir.Constant(vector, [1] * _LANES))
        following = builder.add(index, args[0].type(1))
        for total, value in zip(sums, nexts, strict=True):
            total.add_incoming(value, loop)
        other.add_incoming(moved, loop)
        index.add_incoming(following, loop)
        builder.cbranch(builder.icmp_signed("<", following, args[0]), loop, after)
        builder.position_at_end(after)
        whole = nexts[0]
        for value in nexts[1:]:
            whole = builder.xor(whole, value)
        result = builder.extract_element(whole, lane(0))
        for i in range(1, _LANES):
            result = builder.xor(result, builder.extract_element(whole, lane(i)))
        return builder.sext(result, args[0].type)

    return types.int64(types.int64, types.int64), codegen


@njit(nogil=True)
def _run(rounds, seed):  # type: ignore[no-untyped-def]
    return _terms(rounds, seed)


def rate(threads: int | None = None) -> float:
    """Terms |x - y| per second that so many threads (all cores) compute together."""
    threads = threads or config.NUMBA_NUM_THREADS
    rounds = 20_000_000
    _run(10, 1)
    found = []
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(5):
            start = time.perf_counter()
            list(pool.map(lambda seed: _run(rounds, seed), range(1, threads + 1)))
            found.append(threads * rounds * _SUMS * _LANES / (time.perf_counter() - start))
    return statistics.median(found)


def floor(queries: int, examples: int, dims: int, threads: int | None = None) -> float:
    """Seconds for all distances between them."""
    return queries * examples * dims / rate(threads)


if __name__ == "__main__":
    print(f"{rate(1):.3g} terms a second on one core, {rate():.3g} on {config.NUMBA_NUM_THREADS}")
