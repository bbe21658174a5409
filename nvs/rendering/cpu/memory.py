"""Memory, as the kernels like it: whole cache lines, asked for before they are needed."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, register_jitable

from nvs.rendering.cpu.compiler import Array

CACHE_LINE = 16  # float32


@register_jitable  # called from plain Python too, which must not compile it in every process
def cache_lines(count: int) -> Array:
    """`count` float32, not initialised, that begin where a cache line begins."""
    array = np.empty(count + CACHE_LINE, np.float32)
    skip = -(array.ctypes.data // 4) % CACHE_LINE
    return array[skip : skip + count]


def _prefetch(typing_context: Any, array: Any, row: Any) -> Any:  # noqa: ANN401
    """Start to load the cache line of array[row, 0], and go on without waiting for it.

    Gaussians are read in the order of depth, which is no order at all in memory: each read
    would wait for main memory, and half of a frame's time would go into that.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ANN401
        fields = context.make_array(signature.args[0])(context, builder, arguments[0])
        stride = builder.extract_value(fields.strides, 0)
        index = context.cast(builder, arguments[1], signature.args[1], types.intp)
        address = builder.add(
            builder.ptrtoint(fields.data, stride.type), builder.mul(index, stride)
        )
        pointer, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        function = builder.module.declare_intrinsic(
            "llvm.prefetch",
            [pointer],
            ir.FunctionType(ir.VoidType(), [pointer, number, number, number]),
        )
        read, keep_in_all_levels, data = number(0), number(3), number(1)
        builder.call(function, [builder.inttoptr(address, pointer), read, keep_in_all_levels, data])
        return context.get_dummy_value()

    return types.void(array, row), generate


prefetch: Any = intrinsic(_prefetch)  # in a kernel: prefetch(array, row)
