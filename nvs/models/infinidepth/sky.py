"""Sky in what the network sees: it has no class for it, only its smallest disparity."""

from __future__ import annotations

import dataclasses

import numpy as np
import torch
from torch import Tensor

# The released weights were not at hand when these were chosen: they are reasoned, not tuned.
FAR_SHARE = 0.04  # of the disparity's range above its least value
LEAST_AREA = 0.02  # of the picture
LEAST_TOP = 0.1  # of the upper border
LEAST_BRIGHTNESS = 0.3  # mean of the colours
LARGEST_STEP = 0.02  # median difference of neighbouring pixels' brightness


@dataclasses.dataclass(frozen=True)
class Sky:
    """Which part of a picture is sky."""

    region: Tensor  # [h, w] bool, over the whole picture: sky is nowhere else
    level: float  # disparity below which a point of the region is sky

    def may_be_at(self, uv: Tensor) -> Tensor:
        """Whether points `uv` [N, 2] in 0..1 lie in the region → bool [N]."""
        height, width = self.region.shape
        cell = (uv * uv.new_tensor([width, height])).long()
        x, y = cell[:, 0].clamp(0, width - 1), cell[:, 1].clamp(0, height - 1)
        return self.region[y, x]


def find_sky(disparity: Tensor, rgb: Tensor) -> Sky:
    """Sky is as far as anything, reaches the upper border, and is bright and smooth.

    Args:
        disparity: [h, w] as the network gives it.
        rgb: [h, w, 3] the picture at the same size.
    """
    from scipy import ndimage

    least, most = disparity.flatten().quantile(torch.tensor([0.002, 0.98]).to(disparity)).tolist()
    level = least + FAR_SHARE * (most - least)
    far = (disparity < level).cpu().numpy()
    labels, _ = ndimage.label(far)
    brightness = rgb.mean(-1).cpu().numpy()
    steps = np.abs(np.diff(brightness, axis=1, append=brightness[:, -1:]))
    region = np.zeros_like(far)
    for label in np.setdiff1d(labels[0], [0]):  # those that reach the upper border
        part = labels == label
        if (
            part.mean() >= LEAST_AREA
            and part[0].mean() >= LEAST_TOP
            and brightness[part].mean() >= LEAST_BRIGHTNESS
            and np.median(steps[part]) <= LARGEST_STEP
        ):
            region |= part
    # The field itself draws the outline, finer than these cells.
    region = ndimage.binary_dilation(region, iterations=2)
    return Sky(torch.from_numpy(region).to(disparity.device), level)
