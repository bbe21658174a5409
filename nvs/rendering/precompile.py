"""python -m nvs.rendering.precompile: compile the CPU renderer now, not during the first flight.

The compiled kernels stay in numba's cache, beside the sources, for this machine's processor.
"""

from __future__ import annotations

import torch

from nvs.rendering.color_matrix import ColorMatrix
from nvs.rendering.render import render
from nvs.scene.camera import Camera
from nvs.scene.gaussians import Gaussians


def main() -> None:
    """Render two Gaussians, forward and backward, and ask what their colours lack.

    Two depths: only where they differ are Gaussians sorted.
    """
    two = Gaussians(
        torch.tensor([[0.0, 0.0, 1.0], [0.0, 0.0, 2.0]]),
        torch.tensor([[1.0, 0.0, 0.0, 0.0]]).repeat(2, 1),
        torch.full((2, 3), 0.1),
        torch.ones(2),
        torch.zeros(2, 3, requires_grad=True),
    )
    camera = Camera.from_focal(16, 16, 16)
    render(two, [camera]).rgb.sum().backward()
    ColorMatrix.of(two, camera).lacking(two.colors, torch.zeros(16, 16, 3))


if __name__ == "__main__":
    main()
