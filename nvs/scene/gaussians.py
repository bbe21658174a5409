"""The scene: 3-D Gaussians, in world units."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import torch
from torch import Tensor

from nvs.scene.harmonics import turned_harmonics
from nvs.scene.rotations import quaternion_of, quaternion_product


@dataclasses.dataclass(eq=False)
class Gaussians:
    """N Gaussians as `gsplat.rasterization` takes them.

    Scales are world units (standard deviations, not logarithms) and opacities lie in
    0..1; only files hold logarithms and logits (see `nvs.scene.ply`).

    Raises:
        ValueError: the shapes do not belong together.
    """

    means: Tensor  # [N, 3]
    quats: Tensor  # [N, 4] (w, x, y, z)
    scales: Tensor  # [N, 3]
    opacities: Tensor  # [N]
    colors: Tensor  # [N, 3] sRGB in 0..1, or spherical harmonics [N, K, 3], K = 1, 4, 9, 16

    def __post_init__(self) -> None:
        count = len(self.means)
        for name, shape in (("means", (3,)), ("quats", (4,)), ("scales", (3,)), ("opacities", ())):
            found = getattr(self, name).shape
            if tuple(found) != (count, *shape):
                raise ValueError(f"{name} must be {[count, *shape]}, not {list(found)}")
        plain = tuple(self.colors.shape) == (count, 3)
        harmonics = tuple(self.colors.shape) in {(count, k, 3) for k in (1, 4, 9, 16)}
        if not plain and not harmonics:
            raise ValueError(
                f"colors must be [{count}, 3] or [{count}, K, 3] with K = 1, 4, 9 or 16, "
                f"not {list(self.colors.shape)}"
            )

    def __len__(self) -> int:
        return len(self.means)

    @property
    def sh_degree(self) -> int | None:
        """Degree of the spherical harmonics, or None where `colors` holds plain colour."""
        if self.colors.ndim == 2:
            return None
        return int(self.colors.shape[1] ** 0.5) - 1

    def to(self, device: torch.device | str) -> Gaussians:
        """These Gaussians on `device`."""
        return self.map(lambda tensor: tensor.to(device))

    def __getitem__(self, index: Tensor | slice) -> Gaussians:
        """The Gaussians that `index` (a mask, indices or a slice) selects."""
        return self.map(lambda tensor: tensor[index])

    def moved(self, pose: Tensor) -> Gaussians:
        """These Gaussians carried along by a rigid `pose` [4, 4]: from its space into the world.

        What a camera at the origin sees of them, a camera at `pose` sees of these.
        """
        pose = pose.to(self.means)
        rotation = pose[:3, :3]
        turn = quaternion_of(rotation[None]).expand(len(self), 4)
        colors = self.colors
        if colors.ndim == 3:
            colors = turned_harmonics(colors, rotation)
        return dataclasses.replace(
            self,
            means=self.means @ rotation.T + pose[:3, 3],
            quats=quaternion_product(turn, self.quats),
            colors=colors,
        )

    def map(self, function: Callable[[Tensor], Tensor]) -> Gaussians:
        """Apply one function to each of the five tensors."""
        return Gaussians(
            **{f.name: function(getattr(self, f.name)) for f in dataclasses.fields(self)}
        )

    @staticmethod
    def concatenate(parts: list[Gaussians]) -> Gaussians:
        """Several sets as one, in the order given; all with the same kind of colour."""
        return Gaussians(
            **{
                f.name: torch.cat([getattr(part, f.name) for part in parts])
                for f in dataclasses.fields(Gaussians)
            }
        )
