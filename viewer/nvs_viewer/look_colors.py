"""Colours for what splats are made of: depth, normals, samples, differences, what was known."""

from __future__ import annotations

import numpy as np
import torch
from scipy.spatial import cKDTree
from torch import Tensor
from torch.nn import functional

from nvs.rendering.render import render
from nvs.scene.camera import Camera
from nvs.scene.gaussians import Gaussians
from nvs.scene.rotations import rotation_of
from nvs_viewer.colormap import colormap
from nvs_viewer.scene import ViewedScene
from nvs_viewer.splats import plain_colors

TRUSTED_COLOR, DOUBTED_COLOR = (0.2, 0.8, 0.35), (0.95, 0.15, 0.15)
KNOWN_SIZE = 0.004  # half the side of a known place's mark, in widths of the photo
INVENTED_COLOR = (0.95, 0.45, 0.1)


def shade(values: Tensor, low: float, high: float) -> Tensor:
    """Colours [N, 3] of `values` [N]: the map's start at `low`, its end at `high`."""
    share = ((values - low) / max(high - low, 1e-12)).clamp(0, 1)
    return torch.from_numpy(colormap(share.numpy())).float()


def tinted(scene: ViewedScene) -> Tensor:
    """The scene's own colours [N, 3], dimmed, and those of what was invented mostly orange."""
    colors = 0.6 * plain_colors(scene.on_cpu)
    invented = colors[scene.photographed :]
    colors[scene.photographed :] = 0.4 * invented + 0.75 * torch.tensor(INVENTED_COLOR)
    return colors


def difference_to_photo(scene: ViewedScene) -> Tensor:
    """Mean difference [N] of the channels, 0..1, to the photo where each Gaussian is seen in it.

    0 where that is outside the photo, for what was invented, and where no photo is known.
    """
    difference = torch.zeros(len(scene.gaussians))
    if scene.photo is None:
        return difference
    height, width = scene.photo.shape[:2]
    photo = torch.from_numpy(scene.photo).float() / 255
    camera = scene.camera.resized(width, height)
    with torch.inference_mode():
        seen = render(scene.gaussians, [camera]).rgb[0].cpu()
    error = (seen.clamp(0, 1) - photo).abs().mean(-1)  # [H, W]
    xy, depth = camera.project(scene.on_cpu.means[: scene.photographed])
    column, row = xy.nan_to_num(-1.0).floor().long().unbind(-1)
    inside = (depth > 0) & (column >= 0) & (column < width) & (row >= 0) & (row < height)
    found = error[row.clamp(0, height - 1), column.clamp(0, width - 1)]
    difference[: scene.photographed] = found * inside
    return difference


def known_colors(scene: ViewedScene) -> Tensor:
    """The scene's own colours [N, 3], dimmed, tinted around the places whose depth was known."""
    colors = 0.5 * plain_colors(scene.on_cpu)
    if scene.known is None:
        return colors
    camera = scene.camera
    xy, depth = camera.project(scene.on_cpu.means[: scene.photographed])
    at = (xy / camera.width).nan_to_num(-1.0).numpy()
    places = scene.known.places.numpy() * [1.0, camera.height / camera.width]
    size = max(KNOWN_SIZE, 0.75 / camera.width)  # a pixel at least
    distance, nearest = cKDTree(places).query(at, p=np.inf, distance_upper_bound=size)
    marked = torch.from_numpy(np.isfinite(distance)) & (depth > 0)
    trusted = scene.known.trusted[torch.from_numpy(nearest)[marked]]
    tint = torch.where(trusted[:, None], torch.tensor(TRUSTED_COLOR), torch.tensor(DOUBTED_COLOR))
    shown = colors[: scene.photographed]
    shown[marked] = 0.4 * shown[marked] + 0.7 * tint
    return colors


def normal_colors(scene: Gaussians, camera: Camera) -> Tensor:
    """[N, 3] = (n + 1) / 2, n the direction of each splat's shortest axis towards `camera`."""
    shortest = scene.scales.argmin(dim=-1)
    axes = rotation_of(scene.quats).mT  # [N, 3, 3], row i is axis i
    normal = axes[torch.arange(len(scene)), shortest]
    towards = camera.camera_to_world[:3, 3] - scene.means
    normal = torch.where((normal * towards).sum(-1, keepdim=True) < 0, -normal, normal)
    return (normal @ camera.camera_to_world[:3, :3] + 1) / 2


def sample_density(scene: ViewedScene) -> Tensor:
    """Gaussians for each pixel of the photo around each of them, [N].

    Counted on a grid with cells of four by four pixels; what was invented has none.
    """
    cell_px = 4
    xy, depth = scene.camera.project(scene.on_cpu.means[: scene.photographed])
    columns = -(-scene.camera.width // cell_px)
    rows = -(-scene.camera.height // cell_px)
    # What lies outside, or behind the camera, counts in the nearest cell of the border.
    cell = (xy.nan_to_num(0.0, 0.0, 0.0) / cell_px).floor().clamp(min=0)
    index = (cell[:, 1].clamp(max=rows - 1) * columns + cell[:, 0].clamp(max=columns - 1)).long()
    inside = (depth > 0).numpy()
    counts = np.bincount(index.numpy()[inside], minlength=rows * columns) / cell_px**2
    density = torch.from_numpy(counts)[index].float()
    return functional.pad(density, (0, scene.invented))
