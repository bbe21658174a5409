"""What share of a picture was photographed, from wherever its scene is looked at.

A scene of a photo knows which of its Gaussians stand for the photo's pixels.  The rest, what was
continued behind and beside them, the coarse sky behind everything, and emptiness, is a guess.  With
wᵢ the weight of Gaussian i in a pixel (its opacity times the transmittance before it), the share
seen there is Σ wᵢ over the photographed ones; a picture's share is the mean over its pixels,
divided by that of the photo's own view, where all is seen.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable

import torch
from torch import Tensor

from nvs.errors import InputError
from nvs.rendering.render import render
from nvs.scene.camera import Camera
from nvs.scene.scene import Scene

LONGER_SIDE = 200  # pixels: enough for a share, and some hundredths of a second each
PER_PIXEL = 4  # Gaussians that are kept for each of these pixels
# Fewer Gaussians are larger ones, but not so much larger that near things cover what opens beside
# them (docs/films.md).
GROWTH = 0.7
EPS2D = 0.15  # square pixels


class Witness:
    """Tells of any camera what share of its picture the photo saw."""

    def __init__(self, scene: Scene) -> None:
        """Keep as many of the scene's Gaussians as small pictures need.

        Raises:
            InputError: nobody knows which of them were photographed: the scene is from a file.
        """
        if not knows_seen(scene):
            raise InputError("a scene from a file does not say what of it was photographed")
        camera = scene.camera
        # Of any picture, however small, the same share: a film's size does not decide its path.
        self._longer_side = min(LONGER_SIDE, max(camera.width, camera.height))
        scale = self._longer_side / max(camera.width, camera.height)
        self._focal_px = scale * float(camera.intrinsics[0, 0])
        pixels = camera.width * camera.height * scale**2
        every = max(1, round(len(scene.gaussians) / (PER_PIXEL * pixels)))
        kept = scene.gaussians[::every]
        seen = torch.arange(0, len(scene.gaussians), every) < scene.of_pixels  # [N]
        self._scene = dataclasses.replace(
            kept,
            scales=kept.scales * (1 + GROWTH * (math.sqrt(every) - 1)),
            colors=seen.to(kept.means)[:, None].expand(-1, 3).contiguous(),
        )
        # Where few are kept some light comes through them, from everywhere as at home.
        self._home = max(1e-6, float(self.map(scene.sources[0].camera).mean()))

    @torch.inference_mode()
    def map(self, camera: Camera) -> Tensor:
        """The share [h, w] that was photographed of each pixel of a small picture, 0..1."""
        # No larger than at home: light comes through what is kept where it is enlarged.
        scale = min(
            self._longer_side / max(camera.width, camera.height),
            self._focal_px / float(camera.intrinsics[0, 0]),
        )
        width, height = (max(1, round(n * scale)) for n in (camera.width, camera.height))
        return render(self._scene, [camera.resized(width, height)], eps2d=EPS2D).rgb[0, ..., 0]

    def share(self, camera: Camera) -> float:
        """What share of the camera's picture was photographed, 0..1."""
        return min(1.0, float(self.map(camera).mean()) / self._home)

    def least_share(self, cameras: Iterable[Camera]) -> float:
        """The smallest share of any of the cameras' pictures."""
        return min(self.share(camera) for camera in cameras)


def knows_seen(scene: Scene) -> bool:
    """Whether the scene says what of it was photographed."""
    return any(source.rgb is not None for source in scene.sources)
