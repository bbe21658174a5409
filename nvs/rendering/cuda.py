"""The CUDA backend: gsplat.

It was written from gsplat 1.5.3's sources and has not been run on a GPU yet.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from nvs.errors import InputError
from nvs.rendering.records import Rendering, Settings
from nvs.scene.camera import Camera
from nvs.scene.gaussians import Gaussians


def render(
    scene: Gaussians, cameras: Sequence[Camera], background: Tensor, settings: Settings
) -> Rendering:
    """`nvs.render` on the scene's CUDA device; background [C, 3]."""
    try:
        import gsplat
    except ImportError:
        raise InputError(
            "rendering on CUDA needs gsplat: pip install 'gsplat>=1.5.3,<1.6', or use the CPU"
        ) from None

    colors, alphas, _ = gsplat.rasterization(
        means=scene.means,
        quats=scene.quats,
        scales=scene.scales,
        opacities=scene.opacities,
        colors=scene.colors,
        viewmats=torch.stack([c.world_to_camera for c in cameras]),
        Ks=torch.stack([c.intrinsics for c in cameras]),
        width=cameras[0].width,
        height=cameras[0].height,
        near_plane=settings.near_plane,
        far_plane=settings.far_plane,
        radius_clip=settings.radius_clip,
        eps2d=settings.eps2d,
        sh_degree=scene.sh_degree,
        backgrounds=background,
        render_mode="RGB+ED",
        rasterize_mode=settings.mode,
    )
    return Rendering(rgb=colors[..., :3], alpha=alphas[..., 0], depth=colors[..., 3])
