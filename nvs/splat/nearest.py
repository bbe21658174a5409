"""The nearest cell of a mask."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def nearest(mask: Tensor) -> Tensor:
    """For each cell the row-major index [h, w] of the nearest cell of `mask`, which has some."""
    from scipy.ndimage import distance_transform_edt

    row, column = distance_transform_edt(
        ~mask.cpu().numpy(), return_distances=False, return_indices=True
    )
    return torch.from_numpy(row.astype(np.int64) * mask.shape[1] + column).to(mask.device)
