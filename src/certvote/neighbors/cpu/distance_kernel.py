"""Compute distances between a group of queries and a panel of training examples, with all sums in vector registers.

With features in steps above the lowest value, ``|x - z| = x + z - 2 min(x, z)``, two instructions per term instead of
three: ``‖x - z‖₁ = (Σ x - Σ min) + (Σ z - Σ min)``. Numba's own loops would go through memory after every term, so the
inner loop is written in LLVM's vector instructions, which every processor's code generator maps to its own.
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


@no_type_check
def _panel_intrinsic(keep_smaller):
    """Make the intrinsic that writes distances, or (``keep_smaller``) their minimum with what is there already."""

    def panel_distances(typingctx, panels, panel, queries, group, dims, panel_sums, query_sums, out, row, column):
        """Write ``GROUP`` × ``PANEL`` distances to ``out[row:, column:]``.

        ``panels`` is int32[panel, dim, PANEL], ``queries`` int32[group, dim, GROUP], both C-contiguous; the sums are
        int32[panel, PANEL] and int32[group, GROUP]. ``out`` is int32[rows, columns], C-contiguous.
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

            def minimum(x, z):
                return builder.select(builder.icmp_signed("<", x, z), x, z)

            panel_data = at(panels.data, (builder.mul(panel, dims), index(PANEL)))
            query_data = at(queries.data, (builder.mul(group, dims), index(GROUP)))
            sums = [cgutils.alloca_once_value(builder, ir.Constant(vector, [0] * PANEL)) for _ in range(GROUP)]
            for total in sums:
                builder.store(ir.Constant(vector, [0] * PANEL), total)
            with cgutils.for_range(builder, dims) as loop:
                z = load(at(panel_data, (loop.index, index(PANEL))))
                for i, total in enumerate(sums):
                    x = splat(builder.load(at(query_data, (loop.index, index(GROUP)), (index(i), index(1)))))
                    builder.store(builder.add(builder.load(total), minimum(z, x)), total)
            z_sum = load(at(panel_sums.data, (panel, index(PANEL))))
            columns = builder.extract_value(args[7], 5)
            columns = builder.extract_value(columns, 1)
            for i, total in enumerate(sums):
                x_sum = splat(builder.load(at(query_sums.data, (group, index(GROUP)), (index(i), index(1)))))
                common = builder.load(total)
                distances = builder.add(builder.sub(z_sum, common), builder.sub(x_sum, common))
                target = at(out.data, (builder.add(row, index(i)), columns), (column, index(1)))
                if keep_smaller:
                    distances = minimum(distances, load(target))
                builder.store(distances, builder.bitcast(target, vector.as_pointer()), align=4)
            return context.get_dummy_value()

        return signature, codegen

    return intrinsic(panel_distances)


_write_distances, _keep_smaller_distances = _panel_intrinsic(False), _panel_intrinsic(True)


@njit(nogil=True, cache=True)
@no_type_check
def fill_distances(panels, panel_sums, queries, query_sums, out, first_column, views=1):
    """Compute the distances of all queries to all training examples in ``panels``, the smallest over a query's views.

    Parameters
    ----------
    panels : int32 array, shape (panels, d, PANEL)
        Training examples in steps of the grid.
    panel_sums : int32 array, shape (panels, PANEL)
        Sums over dimensions.
    queries : int32 array, shape (groups * views, d, GROUP)
        Queries in steps of the grid: all views of the first group, then those of the second one, and so on.
    query_sums : int32 array, shape (groups * views, GROUP)
        Sums over dimensions.
    out : int32 array, shape (GROUP * groups or more, columns)
        Written, from column ``first_column`` on.
    views : int
        Number of views per query.
    """
    dims = panels.shape[1]
    at_once = max(1, 2**15 // (dims * PANEL * 4))  # panels that stay in the nearest cache while all groups pass by
    for begin in range(0, panels.shape[0], at_once):
        end = min(begin + at_once, panels.shape[0])
        for group in range(queries.shape[0] // views):
            row, first = group * GROUP, group * views
            for panel in range(begin, end):
                column = first_column + panel * PANEL
                _write_distances(panels, panel, queries, first, dims, panel_sums, query_sums, out, row, column)
            for view in range(first + 1, first + views):
                for panel in range(begin, end):
                    column = first_column + panel * PANEL
                    _keep_smaller_distances(
                        panels, panel, queries, view, dims, panel_sums, query_sums, out, row, column
                    )
