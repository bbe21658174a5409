"""Large matrices as bytes: one step size for each output channel, symmetric about zero.

A quarter of float32's size.  What is stored is what everybody computes with: a network that was
rounded once comes out of its file unchanged.
"""

from __future__ import annotations

import torch
from torch import Tensor

VALUES, STEP = ".int8", ".step"  # suffixes of the two arrays that a matrix becomes
SMALLEST = 4096  # values; smaller arrays are not worth it


def as_int8(arrays: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """`arrays` with the matrices and kernels under `prefix` as int8 and a step per row."""
    stored: dict[str, Tensor] = {}
    for name, values in arrays.items():
        matrix = name.endswith("weight") and values.ndim > 1 and values.numel() > SMALLEST
        if not (matrix and name.startswith(prefix)):
            stored[name] = values
            continue
        rows = values.float().flatten(1)  # [out, ...]
        step = rows.abs().amax(dim=1).clamp(min=1e-12) / 127
        stored[name + VALUES] = (rows / step[:, None]).round().to(torch.int8).view(values.shape)
        stored[name + STEP] = step
    return stored


def from_int8(arrays: dict[str, Tensor]) -> dict[str, Tensor]:
    """What `as_int8` was given, float32, to within half a step."""
    loaded = {}
    for name, values in arrays.items():
        if name.endswith(VALUES):
            step = arrays[name.removesuffix(VALUES) + STEP].float()
            loaded[name.removesuffix(VALUES)] = values.float() * step.view(
                -1, *[1] * (values.ndim - 1)
            )
        elif not name.endswith(STEP):
            loaded[name] = values.float()
    return loaded
