"""Distances between a group of queries and a panel of training examples, all sums kept in vector registers.

With features in steps above the lowest value, ``|x - y| = x + y - 2 min(x, y)``: two instructions per term instead of
three, ``D = (sum x - sum min) + (sum y - sum min)``. Numba's own loops would go through memory after every term,
so the inner loop is written in LLVM's vector instructions, which every processor's code generator maps to its own.
"""

from __future__ import annotations

from typing import no_type_check  # Numba compiles untyped source: no checker may wrap it

from llvmlite import ir  # type: ignore[import-untyped]
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import make_array

GROUP = 4  # queries: with PANEL, the most sums that 16 registers of 256 bits hold beside their operands
PANEL = 16  # training examples


@intrinsic
@no_type_check
def panel_distances(typingctx, panels, panel, queries, group, dims, panel_sums, query_sums, out, row, column):
    """Write ``GROUP`` × ``PANEL`` distances to ``out[row:, column:]``.

    ``panels`` is int32[panel, dim, PANEL], ``queries`` int32[group, dim, GROUP], both C-contiguous; the sums belong to
    this very panel's first example and this group's first query: int32[panel, PANEL], int32[group, GROUP].
    ``out`` is int32[rows, columns], C-contiguous.
    """
    signature = types.void(panels, panel, queries, group, dims, panel_sums, query_sums, out, row, column)

    def codegen(context, builder, signature, args):
        lane, index = ir.IntType(32), ir.IntType(64)
        vector = ir.VectorType(lane, PANEL)
        panels, queries, panel_sums, query_sums, out = (
            make_array(signature.args[i])(context, builder, args[i]) for i in (0, 2, 5, 6, 7)
        )
        panel, group, dims, row, column = (args[i] for i in (1, 3, 4, 8, 9))

        def at(base, *terms):
            offset = index(0)
            for factor, term in terms:
                offset = builder.add(offset, builder.mul(factor, term))
            return builder.gep(base, [offset])

        def load(pointer):
            return builder.load(builder.bitcast(pointer, vector.as_pointer()), align=4)

        def splat(scalar):
            undefined = ir.Constant(vector, ir.Undefined)
            first = builder.insert_element(undefined, scalar, lane(0))
            return builder.shuffle_vector(first, undefined, ir.Constant(ir.VectorType(lane, PANEL), [0] * PANEL))

        panel_data = at(panels.data, (builder.mul(panel, dims), index(PANEL)))
        query_data = at(queries.data, (builder.mul(group, dims), index(GROUP)))
        sums = [cgutils.alloca_once_value(builder, ir.Constant(vector, [0] * PANEL)) for _ in range(GROUP)]
        for total in sums:
            builder.store(ir.Constant(vector, [0] * PANEL), total)
        with cgutils.for_range(builder, dims) as loop:
            x = load(at(panel_data, (loop.index, index(PANEL))))
            for i, total in enumerate(sums):
                y = splat(builder.load(at(query_data, (loop.index, index(GROUP)), (index(i), index(1)))))
                smaller = builder.select(builder.icmp_signed("<", x, y), x, y)
                builder.store(builder.add(builder.load(total), smaller), total)
        x_sum = load(at(panel_sums.data, (panel, index(PANEL))))
        columns = builder.extract_value(args[7], 5)
        columns = builder.extract_value(columns, 1)
        for i, total in enumerate(sums):
            y_sum = splat(builder.load(at(query_sums.data, (group, index(GROUP)), (index(i), index(1)))))
            common = builder.load(total)
            distances = builder.add(builder.sub(x_sum, common), builder.sub(y_sum, common))
            target = at(out.data, (builder.add(row, index(i)), columns), (column, index(1)))
            builder.store(distances, builder.bitcast(target, vector.as_pointer()), align=4)
        return context.get_dummy_value()

    return signature, codegen


@njit(nogil=True, cache=True)
@no_type_check
def fill_distances(panels, panel_sums, queries, query_sums, out, first_column):
    """Distances of all queries to all training examples in ``panels``, from column ``first_column`` of ``out`` on.

    ``panels`` int32[panel, dim, PANEL], ``queries`` int32[group, dim, GROUP], sums over dims. A few panels stay in the
    nearest cache while all groups of queries pass by.
    """
    dims = panels.shape[1]
    at_once = max(1, 2**15 // (dims * PANEL * 4))
    for begin in range(0, panels.shape[0], at_once):
        for group in range(queries.shape[0]):
            for panel in range(begin, min(begin + at_once, panels.shape[0])):
                panel_distances(
                    panels,
                    panel,
                    queries,
                    group,
                    dims,
                    panel_sums,
                    query_sums,
                    out,
                    group * GROUP,
                    first_column + panel * PANEL,
                )
