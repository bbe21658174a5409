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
    """Render one Gaussian, forward and backward, and ask what its colour lacks."""
    one = Gaussians(
        torch.tensor([[0.0, 0.0, 1.0]]),
        torch.tensor([[1.0, 0.0, 0.0, 0.0]]),
        torch.full((1, 3), 0.1),
        torch.ones(1),
        torch.zeros(1, 3, requires_grad=True),
    )
    camera = Camera.from_focal(16, 16, 16)
    render(one, [camera]).rgb.sum().backward()
    ColorMatrix.of(one, camera).lacking(one.colors, torch.zeros(16, 16, 3))


if __name__ == "__main__":
    main()
