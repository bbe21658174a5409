"""A scene's linear map from colours to a picture, on the CPU."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from nvs.rendering.color_matrix import ColorMatrix, Lacking
from nvs.rendering.cpu import order
from nvs.rendering.cpu.frame import FrameLens, as_array, projected, tile_lists
from nvs.rendering.cpu.project import BLUE, RED
from nvs.rendering.cpu.rasterize_lacking import SHARE, WEIGHT, rasterize_lacking
from nvs.rendering.cpu.threads import all_cores
from nvs.rendering.records import Settings
from nvs.scene.camera import Camera
from nvs.scene.gaussians import Gaussians

# (Gaussian, tile) pairs whose shares are held at once, 16 bytes each; the lists themselves,
# 4 bytes a pair, stay for all rounds.  A photo of 1280 pixels has 3 million pairs.
MOST_PAIRS = 1 << 23


class CpuColorMatrix(ColorMatrix):
    """Projects, sorts and lists the scene's Gaussians once."""

    def __init__(self, scene: Gaussians, camera: Camera) -> None:
        gaussians = (scene.means, scene.quats, scene.scales, scene.opacities, scene.colors)
        pose = camera.camera_to_world
        self._lens = FrameLens.of(camera)
        with all_cores():
            self._splats = projected(
                [as_array(tensor) for tensor in gaussians],
                as_array(torch.linalg.inv(pose)[:3]),
                as_array(pose[:3, 3]),
                self._lens,
                Settings(),
            )
            self._parts = list(tile_lists(self._splats, self._lens, MOST_PAIRS))

    def lacking(self, colors: Tensor, picture: Tensor) -> Lacking:
        splats, seen = self._splats, as_array(picture)
        splats.records[:, RED : BLUE + 1] = as_array(colors)
        shares = np.zeros((len(splats.records), SHARE), np.float32)
        lacking = np.empty_like(seen)
        for part in self._parts:
            by_pairs = np.empty((len(part.lists), SHARE), np.float32)
            with all_cores():
                rasterize_lacking(
                    splats.records, part.starts, part.lists, part.first, seen, lacking, by_pairs
                )
                order.sum_over_tiles(
                    splats.sorted_keys,
                    splats.tiles,
                    self._lens.tiles_x,
                    part.counts,
                    part.first,
                    part.last,
                    part.starts,
                    by_pairs,
                    shares,
                )
        of_gaussians = torch.from_numpy(shares)
        return Lacking(torch.from_numpy(lacking), of_gaussians[:, :WEIGHT], of_gaussians[:, WEIGHT])
