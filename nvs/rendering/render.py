"""`render`: what every part of nvs calls to turn Gaussians into pictures."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import torch
from torch import Tensor

from nvs.errors import InputError
from nvs.rendering.records import Mode, Rendering, Settings
from nvs.scene.camera import Camera
from nvs.scene.gaussians import Gaussians


def render(
    scene: Gaussians,
    cameras: Sequence[Camera],
    *,
    background: Tensor | None = None,
    mode: Mode = Settings.mode,
    near_plane: float = Settings.near_plane,
    far_plane: float = Settings.far_plane,
    radius_clip: float = Settings.radius_clip,
    eps2d: float = Settings.eps2d,
) -> Rendering:
    """Draw the scene as each camera sees it (3-D Gaussian splatting, Kerbl et al. 2023).

    Tensors on a CUDA device are drawn there by gsplat, all others by our own rasterizer
    on the CPU; both follow `gsplat.rasterization` 1.5.3.  Gradients reach the five
    tensors of the scene, the background, and every camera's `camera_to_world` that
    requires them.

    A Gaussian with a number that is not finite, or with a quaternion of length 0, is not
    drawn by the CPU rasterizer and gets zero gradients.

    Args:
        scene: N Gaussians, float32; N may be 0.
        cameras: C of them, at least one, all of the same picture size.
        background: [3] or [C, 3], sRGB 0..1, behind what the Gaussians leave uncovered;
            black where None.
        mode: "antialiased" lowers the opacity of Gaussians that `eps2d` enlarges
            (Mip-Splatting, Yu et al. 2024).
        near_plane, far_plane: z-depths between which Gaussians are drawn, world units.
        radius_clip: Gaussians of at most this radius are left out, pixels.
        eps2d: added to the diagonal of every projected covariance, square pixels.

    Raises:
        InputError: no camera, cameras of different sizes, tensors that are not float32,
            a background of another shape, or a setting out of its range.
    """
    device = scene.means.device
    settings = Settings(mode, near_plane, far_plane, radius_clip, eps2d)
    _check(scene, cameras, settings)
    background = _background(background, len(cameras), device)
    cameras = [c if c.camera_to_world.device == device else c.to(device) for c in cameras]
    if device.type == "cuda":
        from nvs.rendering import cuda

        return cuda.render(scene, cameras, background, settings)
    from nvs.rendering.cpu import backend

    return backend.render(scene, cameras, background, settings)


def _check(scene: Gaussians, cameras: Sequence[Camera], settings: Settings) -> None:
    if not cameras:
        raise InputError("nothing to render: give at least one camera")
    sizes = {(camera.width, camera.height) for camera in cameras}
    if len(sizes) > 1:
        raise InputError(f"cameras of one call must share a picture size, not {sorted(sizes)}")
    for field in dataclasses.fields(scene):
        tensor = getattr(scene, field.name)
        if tensor.dtype != torch.float32:
            raise InputError(f"the scene's {field.name} must be float32, not {tensor.dtype}")
        if tensor.device != scene.means.device:
            raise InputError(f"the scene's {field.name} are on another device than its means")
    if scene.means.device.type not in ("cpu", "cuda"):
        raise InputError(f"scenes are rendered on cpu or cuda, not on {scene.means.device}")
    if settings.mode not in ("classic", "antialiased"):
        raise InputError(f'mode must be "classic" or "antialiased", not {settings.mode!r}')
    if not 0 < settings.near_plane < settings.far_plane:
        raise InputError(
            "near_plane must be positive and less than far_plane, "
            f"not {settings.near_plane} and {settings.far_plane}"
        )
    if not settings.radius_clip >= 0:
        raise InputError(f"radius_clip must be 0 or more pixels, not {settings.radius_clip}")
    if not (settings.eps2d >= 0 and math.isfinite(settings.eps2d)):
        raise InputError(f"eps2d must be 0 or more square pixels, not {settings.eps2d}")


def _background(background: Tensor | None, count: int, device: torch.device) -> Tensor:
    """One colour for each camera, [C, 3]."""
    if background is None:
        return torch.zeros(count, 3, dtype=torch.float32, device=device)
    background = torch.as_tensor(background, dtype=torch.float32, device=device)
    if tuple(background.shape) not in {(3,), (count, 3)}:
        raise InputError(f"background must be [3] or [{count}, 3], not {list(background.shape)}")
    return background.expand(count, 3)
