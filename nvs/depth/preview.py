"""A depth map to look at."""

from __future__ import annotations

import numpy as np
from torch import Tensor

# Far to near: dark to bright throughout, so that it also reads in grey.
PREVIEW_COLOURS = np.array(
    [
        *[[12, 8, 38], [52, 16, 92], [104, 28, 116], [158, 44, 112], [208, 68, 92]],
        *[[240, 112, 80], [252, 168, 104], [252, 216, 152], [252, 250, 212]],
    ]
)
PREVIEW_SKY = (134, 168, 198)
PREVIEW_UNKNOWN = (96, 96, 96)


def depth_preview(depth: Tensor, sky: Tensor | None = None) -> np.ndarray:
    """A depth map [H, W] as a picture, uint8 [H, W, 3]: near is bright, far is dark.

    Colours follow disparity between its 2nd and 98th percentile, so that neither a fly on
    the lens nor a far mountain takes all of them.  Sky (bool [H, W]) is plain blue-grey,
    unknown depth plain grey.
    """
    values = depth.detach().cpu().float().numpy()
    known = np.isfinite(values) & (values > 0)
    surface = known & ~sky.cpu().numpy() if sky is not None else known
    disparity = 1.0 / np.where(known, values, 1.0)
    far, near = np.percentile(disparity[surface], [2, 98]) if surface.any() else (0.0, 1.0)
    level = (disparity - far) / max(near - far, 1e-6 * near)
    position = level.clip(0.0, 1.0) * (len(PREVIEW_COLOURS) - 1)
    anchors = np.arange(len(PREVIEW_COLOURS))
    channels = [np.interp(position, anchors, PREVIEW_COLOURS[:, c]) for c in range(3)]
    picture = np.stack(channels, axis=-1).round().astype(np.uint8)
    picture[~known] = PREVIEW_UNKNOWN
    if sky is not None:
        picture[sky.cpu().numpy()] = PREVIEW_SKY
    return picture
