"""A scene as a film shows it: through a lens, for one eye or two; cameras → frames."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from nvs.film.lens import Lens, seen_through
from nvs.film.stereo import Stereo
from nvs.rendering.gaps import without_gaps
from nvs.rendering.magnified import enlarged_eps2d
from nvs.rendering.records import Rendering
from nvs.rendering.render import render
from nvs.scene.camera import Camera
from nvs.scene.gaussians import Gaussians


@dataclasses.dataclass(frozen=True)
class Shot:
    """What is filmed, and how.

    made_from is the camera of the photo that became the scene: frames larger than that are
    smoothed (see `nvs.rendering.magnified`).
    """

    scene: Gaussians
    background: Tensor | None = None  # [3] sRGB in 0..1
    made_from: Camera | None = None
    stereo: Stereo | None = None
    aperture: float | None = None  # diameter of the lens, world units; None: everything is sharp

    def picture(self, camera: Camera, focus: float = 1.0) -> Tensor:
        """What is seen from `camera` [H, W, 3], sRGB in 0..1; of two eyes as `Stereo` packs it.

        Args:
            focus: z-depth of what is sharp, world units, where there is an aperture.
        """
        if self.stereo is None:
            return self._seen(camera, focus)
        eyes = self.stereo.eyes(camera)
        return self.stereo.packed(self._seen(eyes.left, focus), self._seen(eyes.right, focus))

    @torch.inference_mode()
    def _seen(self, camera: Camera, focus: float) -> Tensor:
        if self.aperture is None:
            return _on_film(self.rendering(camera), self.background)
        lens = Lens(self.aperture, focus)
        return seen_through(lens, self.scene, camera, self.background, self.made_from)

    @torch.inference_mode()
    def rendering(self, camera: Camera) -> Rendering:
        """Colour, cover and depth as a pinhole sees them."""
        eps2d = enlarged_eps2d(camera, self.made_from)
        return render(self.scene, [camera], background=self.background, eps2d=eps2d)

    def frames(
        self,
        cameras: Sequence[Camera],
        focus: Sequence[float] | None = None,
        dtype: type[np.generic] = np.uint8,
        progress: Callable[[int, int], None] | None = None,
    ) -> Iterator[np.ndarray]:
        """The frames of a flight, `dtype` (uint8 or uint16) [H, W, 3], each made when asked for.

        Args:
            focus: of each frame, where there is an aperture.
            progress: called with the number of frames done and their total; what it raises
                ends the flight.
        """
        for done, camera in enumerate(cameras, 1):
            frame = whole_numbers(self.picture(camera, focus[done - 1] if focus else 1.0), dtype)
            if progress is not None:
                progress(done, len(cameras))
            yield frame


def _on_film(seen: Rendering, background: Tensor | None) -> Tensor:
    """[H, W, 3]: without gaps where nothing is known to lie behind them."""
    rgb = seen.rgb[0] if background is not None else without_gaps(seen.rgb[0], seen.alpha[0])
    return rgb.clamp(0, 1)


def whole_numbers(picture: Tensor, dtype: type[np.generic] = np.uint8) -> np.ndarray:
    """A picture in 0..1 as uint8 or uint16."""
    full = 255 if dtype == np.uint8 else 65535
    return (picture.clamp(0, 1) * full + 0.5).cpu().numpy().astype(dtype)


@torch.inference_mode()
def render_frame(
    scene: Gaussians,
    camera: Camera,
    background: Tensor | None = None,
    made_from: Camera | None = None,
    near_plane: float = 0.01,
) -> np.ndarray:
    """One plain picture, uint8 [H, W, 3]; the arguments are those of `Shot` and `render`."""
    eps2d = enlarged_eps2d(camera, made_from)
    seen = render(scene, [camera], background=background, near_plane=near_plane, eps2d=eps2d)
    return whole_numbers(_on_film(seen, background))


def render_path(
    scene: Gaussians,
    cameras: Sequence[Camera],
    background: Tensor | None = None,
    progress: Callable[[int, int], None] | None = None,
    made_from: Camera | None = None,
) -> Iterator[np.ndarray]:
    """The frames of a plain flight, uint8 [H, W, 3]; see `Shot`."""
    return Shot(scene, background, made_from).frames(cameras, progress=progress)
