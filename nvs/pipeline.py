"""The way of the data, from a photo to a scene.

photo ──► depth field ──► infinite depth query ──► Gaussian head ──► backfill ──► colours ──► scene
          z(x, y)         N points, evenly         offsets, colour,  behind and   that render
          continuous      spread over surfaces     scale, opacity,   beside what  to the photo
                                                   rotation          is seen
"""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor
from torch.nn import functional

from nvs.depth.detail.looks import Detail, detailed_field
from nvs.depth.field import DepthField
from nvs.depth.known import KnownDepth, Use
from nvs.depth.model import DepthModel
from nvs.errors import InputError
from nvs.photo.photo import Photo
from nvs.progress import SILENT, Listener
from nvs.scene.camera import Camera
from nvs.scene.gaussians import Gaussians
from nvs.splat.backfill.invent import invented
from nvs.splat.bridges import cut_bridges
from nvs.splat.colors import match_photo
from nvs.splat.head import Guess, Head
from nvs.splat.points import SurfacePoints, lift, read_picture
from nvs.splat.query import sample_cells, sample_density, samples_spacing
from nvs.splat.sky import dome_distance, on_dome, open_sky, sky_along_edges, sky_backdrop
from nvs.splat.surface import SurfaceMap, measure_surface

POINTS_PER_PIXEL = 2.0


@dataclasses.dataclass(frozen=True)
class SampledPhoto:
    """A photo's surfaces, and the points on them that become Gaussians."""

    rgb: Tensor  # [H, W, 3]
    camera: Camera  # at the origin: everything here is in the photo's camera space
    surface: SurfaceMap  # sky and bridges settled
    ground: SurfacePoints  # what the head makes Gaussians of
    features: Tensor | None  # [N, C] the encoder's, at those points, if the head needs them
    dome: list[Gaussians]  # the sky's own samples, and a coarse sky behind everything
    solved: Tensor  # [S] bool: of `shown`'s first ones, whose colours are solved

    def shown(self, head: Head) -> Gaussians:
        """What the photo shows: the head's Gaussians, then the sky's."""
        return Gaussians.concatenate([head(self.ground, self.features), *self.dome])


@dataclasses.dataclass(frozen=True)
class SplattedPhoto:
    """A photo's scene in its two parts."""

    shown: Gaussians  # what the photo shows
    invented: Gaussians | None  # what lies behind and beside it; None without backfill
    far_guess: int = 0  # how many of `shown`, at its end, are the coarse sky behind everything

    @property
    def scene(self) -> Gaussians:
        """Both parts, the shown one first."""
        if self.invented is None:
            return self.shown
        return Gaussians.concatenate([self.shown, self.invented])


class Model:
    """A depth model and a Gaussian head: all that turns a photo into a scene."""

    def __init__(self, network: DepthModel, head: Head) -> None:
        self.network = network
        self.head = head

    @property
    def device(self) -> torch.device:
        """Where its weights are."""
        return next(self.network.parameters()).device

    def to(self, device: torch.device | str) -> Model:
        """This model on `device`."""
        return Model(self.network.to(device), self.head.to(device))

    @property
    def untrained(self) -> Model | None:
        """This model with the guess in its head's place; None where its head is no more than that.

        Beside it one sees what the head is worth.
        """
        return Model(self.network, Guess()) if self.head.trained else None

    @property
    def uses(self) -> frozenset[Use]:
        """What it does with known depth."""
        return self.network.uses

    def depth_field(
        self,
        photo: Photo,
        known: Tensor | DepthField | KnownDepth | None = None,
        *,
        detail: Detail = "normal",
        seen: DepthField | None = None,
    ) -> DepthField:
        """The continuous depth that the network sees in the photo.

        Args:
            known: what is known of the depth: a map [h, w] in metres (0 = unknown), a metric
                model's field, or points.  `uses` tells what the model does with it.
            detail: "high" looks at parts of the photo, too (`nvs.depth.detail`).
            seen: what this model saw of the photo without known depth, where it was asked before:
                one that completes what it has seen then need not look again.

        Raises:
            InputError: the network has no use for known depth.
        """
        rgb, camera = photo.rgb.to(self.device), photo.camera.to(self.device)
        if known is not None and not self.uses:
            raise InputError("this model takes no depth prompt: leave out --model")
        prompt = None if known is None else KnownDepth.of(known)
        if prompt is None or not self.network.completes:
            seen = None
        if detail == "high":
            return detailed_field(
                self.network, rgb, camera, prompt, focal_known=photo.focal_known, seen=seen
            )
        if seen is not None and prompt is not None:
            return self.network.completed(seen, prompt, rgb)
        return self.network.field(rgb, camera, prompt, focal_known=photo.focal_known)

    def splat(
        self,
        photo: Photo,
        points: int | None = None,
        *,
        field: DepthField | None = None,
        backfill: bool = True,
        seed: int = 0,
        listener: Listener = SILENT,
    ) -> Gaussians:
        """The photo as Gaussians, in the world that its camera stands in.

        A photo that was just loaded has its camera at the origin.

        Args:
            points: how many samples become Gaussians (a sky adds a coarse dome to them, and
                the backfill its own); by default two for each pixel of the photo.
            field: the depth to use instead of the network's own, for the same camera.
            backfill: add what the photo does not show, so that a moving camera finds no holes.
            listener: told what is being done; what it raises ends the work.

        Raises:
            ValueError: `points` is less than 1, or `field` is of another size than the photo.
        """
        return self.splat_parts(
            photo, points, field=field, backfill=backfill, seed=seed, listener=listener
        ).scene

    @torch.no_grad()
    def splat_parts(
        self,
        photo: Photo,
        points: int | None = None,
        *,
        field: DepthField | None = None,
        backfill: bool = True,
        seed: int = 0,
        listener: Listener = SILENT,
    ) -> SplattedPhoto:
        """As `splat`, what the photo shows and what was invented apart."""
        sampled = self.sample(photo, points, field=field, seed=seed, listener=listener)
        shown = sampled.shown(self.head)
        rgb, camera, surface, solved = (
            sampled.rgb,
            sampled.camera,
            sampled.surface,
            sampled.solved,
        )
        del sampled  # its points and their features are most of what is in memory
        parts = [shown]
        if backfill:
            listener.stage("filling in what the photo does not show")
            parts.append(invented(surface, rgb, shown))

        listener.stage("matching the photo's colours")
        count = len(shown)
        scene = Gaussians.concatenate(parts)
        del shown, parts
        free = functional.pad(solved, (0, len(scene) - len(solved)))
        scene = match_photo(scene, free, rgb, camera)
        pose = photo.camera.camera_to_world
        if not torch.equal(pose, torch.eye(4).to(pose)):
            scene = scene.moved(pose)
        return SplattedPhoto(
            scene[:count],
            scene[count:] if backfill else None,
            count - len(solved),
        )

    @torch.no_grad()
    def sample(
        self,
        photo: Photo,
        points: int | None = None,
        *,
        field: DepthField | None = None,
        seed: int = 0,
        listener: Listener = SILENT,
    ) -> SampledPhoto:
        """The first half of `splat`: everything that does not depend on the head."""
        if points is not None and points < 1:
            raise ValueError(f"a scene needs at least one point, not {points}")
        rgb, camera = photo.rgb.to(self.device), photo.camera.at_origin().to(self.device)
        points = points or round(POINTS_PER_PIXEL * camera.width * camera.height)
        if field is None:
            listener.stage("encoding the photo")
            field = self.depth_field(photo)
        if (field.camera.width, field.camera.height) != (camera.width, camera.height):
            raise ValueError("the field's camera must have the photo's size: resize one of them")

        listener.stage("measuring the surfaces")
        surface = sky_along_edges(measure_surface(field), rgb)
        surface = cut_bridges(surface, rgb)
        density = sample_density(surface)
        xy = sample_cells(surface, density, points, seed=seed)
        cell = surface.cell_of(xy)
        spacing_px = samples_spacing(surface, density, points)[cell]
        color = read_picture(rgb, xy)
        sky = surface.sky.flatten()[cell]

        listener.stage("placing the Gaussians")
        seen_at = surface.behind(xy)
        lifted = lift(camera, xy, seen_at.depth, seen_at.gradient, spacing_px, color)
        ground = lifted[~sky]
        del lifted, seen_at
        features = None
        if self.head.needs_features:
            features = field.features(ground.xy)
            if features is None:  # a field of the user's: the encoder is asked
                features = self.depth_field(photo).features(ground.xy)
        dome = []
        if sky.any():
            distance = dome_distance(surface)
            dome.append(on_dome(camera, xy[sky], distance, spacing_px[sky], color[sky]))
        backdrop = sky_backdrop(rgb, surface)
        if backdrop is not None:
            dome.append(backdrop)
        solved = torch.cat([torch.ones_like(sky[~sky]), open_sky(surface).flatten()[cell][sky]])
        return SampledPhoto(rgb, camera, surface, ground, features, dome, solved)
