"""The way of the data, from a photo to a scene.

    photo ──► depth field ──► infinite depth query ──► Gaussian head ──► scene
              z(x, y)         N points, evenly         offsets, colour,
              continuous      spread over surfaces     scale, opacity, rotation
"""

from __future__ import annotations

import torch
from torch import Tensor

from nvs.depth.field import DepthField
from nvs.depth.network import DepthNetwork, NeuralDepthField
from nvs.edges import without_bridges
from nvs.gaussians import Gaussians
from nvs.head import GaussianHead
from nvs.photo import Photo
from nvs.points import SurfacePoints, lift, read_picture
from nvs.query import sample_cells, surface_density
from nvs.sky import dome_distance, on_dome, sky_backdrop
from nvs.surface import SurfaceMap, measure_surface

DEFAULT_POINTS = 500_000
# Share of the samples that go evenly over the picture, and so keep the photo sharp from where
# it was taken; the rest goes evenly over the surfaces, and so keeps them closed from elsewhere.
PICTURE_SHARE = 0.75


class Model:
    """A depth network and a Gaussian head: all that turns a photo into a scene."""

    def __init__(self, network: DepthNetwork, head: GaussianHead) -> None:
        self.network = network
        self.head = head

    @property
    def device(self) -> torch.device:
        return next(self.network.parameters()).device

    def to(self, device: torch.device | str) -> Model:
        """This model on `device`."""
        return Model(self.network.to(device), self.head.to(device))

    def depth_field(self, photo: Photo) -> NeuralDepthField:
        """The continuous depth that the network sees in the photo."""
        return self.network.field(photo.rgb.to(self.device), photo.camera.to(self.device))

    @torch.no_grad()
    def splat(
        self,
        photo: Photo,
        points: int = DEFAULT_POINTS,
        *,
        field: DepthField | None = None,
        seed: int = 0,
    ) -> Gaussians:
        """The photo as Gaussians, in the space of its camera.

        Args:
            points: how many samples become Gaussians (a sky adds a coarse dome to them).
            field: the depth to use instead of the network's own, for the same camera.

        Raises:
            ValueError: `points` is less than 1.
        """
        if points < 1:
            raise ValueError(f"a scene needs at least one point, not {points}")
        seen = self.depth_field(photo)
        field = field or seen
        rgb = photo.rgb.to(self.device)

        surface = measure_surface(field)
        density = sample_density(surface)
        xy = sample_cells(surface, density, points, seed=seed)
        # A cell's samples share it evenly: so many pixels from one to the next.
        spacing_px = samples_spacing(surface, density, points)[surface.cell_of(xy)]
        color = read_picture(rgb, xy)

        sky = surface.sky.flatten()[surface.cell_of(xy)]
        ground = surface_points(field, surface, xy[~sky], spacing_px[~sky], color[~sky])
        parts = [self.head(ground, seen.features(ground.xy))]
        if sky.any():
            distance = dome_distance(surface)
            parts.append(on_dome(field.camera, xy[sky], distance, spacing_px[sky], color[sky]))
        backdrop = sky_backdrop(rgb, surface)
        if backdrop is not None:
            parts.append(backdrop)
        return Gaussians.concatenate(parts)


def sample_density(surface: SurfaceMap) -> Tensor:
    """Share of the samples [h, w] for each cell: some for the picture, some for the surfaces."""
    even = torch.full_like(surface.area, 1 / surface.area.numel(), dtype=torch.float64)
    return PICTURE_SHARE * even + (1 - PICTURE_SHARE) * surface_density(surface)


def samples_spacing(surface: SurfaceMap, density: Tensor, count: int) -> Tensor:
    """Distance between neighbouring samples [h·w] in the field's pixels, for each cell."""
    cell_area = float(surface.cell_px.prod())
    return (cell_area / (density * count)).sqrt().float().flatten()


def surface_points(
    field: DepthField, surface: SurfaceMap, xy: Tensor, spacing_px: Tensor, color: Tensor
) -> SurfacePoints:
    """Ask the field at each sample, and cut the bridges between surfaces."""
    depth, gradient = field.depth_and_gradient(xy)
    depth, gradient = without_bridges(surface, xy, depth, gradient)
    return lift(field.camera, xy, depth, gradient, spacing_px, color)
