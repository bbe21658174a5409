"""What a file of Gaussians holds, and the way from its columns to that."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nvs.scene import harmonics
from nvs.scene.camera import Camera
from nvs.scene.gaussians import Gaussians

Floats = NDArray[np.floating[Any]]
MOST_COEFFICIENTS = 16  # degree 3: what renderers draw, ours among them
FARTHEST = 1e15  # world units, of positions and sizes: their squares are still far from overflow


class UnreadableError(Exception):
    """What is wrong with a file, to be put after its name."""


@dataclasses.dataclass(frozen=True, eq=False)
class SceneFile:
    """Gaussians as a file gave them."""

    gaussians: Gaussians
    camera: Camera | None = None  # where they are looked at from, if the file says
    notes: tuple[str, ...] = ()  # what was left out of it, or assumed

    def only_finite(self) -> SceneFile:
        """The same without Gaussians that are not finite, or beyond what float32 can project.

        Raises:
            UnreadableError: none is left.
        """
        scene = self.gaussians
        finite = (scene.means.abs() < FARTHEST).all(dim=1) & (scene.scales < FARTHEST).all(dim=1)
        for field in dataclasses.fields(scene):
            finite &= getattr(scene, field.name).isfinite().reshape(len(scene), -1).all(dim=1)
        dropped = int((~finite).sum())
        if dropped == len(scene):
            raise UnreadableError("holds no Gaussian with finite values")
        if not dropped:
            return self
        note = f"{dropped} Gaussians with values that are not finite left out"
        return dataclasses.replace(self, gaussians=scene[finite], notes=(*self.notes, note))


@dataclasses.dataclass(frozen=True, eq=False)
class Columns:
    """N Gaussians as most formats hold them, decoded but for their colours.

    Raises nothing: lengths are those of the file's own header, which readers check.
    """

    means: Floats  # [N, 3]
    quats: Floats  # [N, 4] (w, x, y, z) of any length but 0
    scales: Floats  # [N, 3] standard deviations
    opacities: Floats  # [N] 0..1
    dc: Floats  # [N, 3] harmonics of degree 0
    rest: Floats | None = None  # [N, K - 1, 3] the higher ones

    def scene(self, camera: Camera | None = None, notes: tuple[str, ...] = ()) -> SceneFile:
        """These Gaussians, without those that are not finite.

        Harmonics of degree 0 alone become plain colours, those beyond degree 3 are left out.

        Raises:
            UnreadableError: none of them is finite.
        """
        rest = self.rest
        if rest is not None and rest.shape[1] >= MOST_COEFFICIENTS:
            degree = round((rest.shape[1] + 1) ** 0.5) - 1
            rest = rest[:, : MOST_COEFFICIENTS - 1]
            notes += (f"spherical harmonics of degree {degree}: those beyond degree 3 left out",)
        dc = _tensor(self.dc)
        colors: Tensor
        if rest is None or rest.shape[1] == 0:
            colors = 0.5 + harmonics.CONSTANT * dc  # [N, 3]
        else:
            colors = torch.cat([dc[:, None], _tensor(rest)], dim=1)  # [N, K, 3]
        quats = _tensor(self.quats)
        scene = Gaussians(
            means=_tensor(self.means),
            quats=quats / quats.norm(dim=1, keepdim=True),  # a zero quaternion becomes NaN
            scales=_tensor(self.scales).abs(),  # only their squares are drawn
            opacities=_tensor(self.opacities),
            colors=colors,
        )
        file = SceneFile(scene, camera, notes).only_finite()
        if file.gaussians.sh_degree is None:
            file.gaussians.colors.clamp_(min=0.0)
        return file


@dataclasses.dataclass(frozen=True, eq=False)
class Flattened:
    """A scene's values as formats write them, float64 on the CPU."""

    means: Floats  # [N, 3]
    quats: Floats  # [N, 4] (w, x, y, z), unit length
    scales: Floats  # [N, 3]
    opacities: Floats  # [N]
    dc: Floats  # [N, 3] harmonics of degree 0
    rest: Floats  # [N, K - 1, 3], K = 1 for plain colours

    @property
    def rgb(self) -> Floats:
        """Plain colours [N, 3], sRGB: what degree 0 shows."""
        return 0.5 + harmonics.CONSTANT * self.dc

    def __len__(self) -> int:
        return len(self.means)

    def __getitem__(self, order: NDArray[np.int64]) -> Flattened:
        return Flattened(*(getattr(self, f.name)[order] for f in dataclasses.fields(self)))

    @staticmethod
    def of(scene: Gaussians) -> Flattened:
        """Raises ValueError: a Gaussian has values that are not finite."""
        scene = scene.map(lambda tensor: tensor.detach().cpu().double())
        for field in dataclasses.fields(scene):
            if not bool(getattr(scene, field.name).isfinite().all()):
                raise ValueError(f"the scene's {field.name} have values that are not finite")
        if scene.sh_degree is None:
            dc = (scene.colors - 0.5) / harmonics.CONSTANT
            rest = scene.colors.new_zeros(len(scene), 0, 3)
        else:
            dc, rest = scene.colors[:, 0], scene.colors[:, 1:]
        quats = torch.nn.functional.normalize(scene.quats, dim=-1)
        return Flattened(
            scene.means.numpy(),
            quats.numpy(),
            scene.scales.numpy(),
            scene.opacities.numpy(),
            dc.numpy(),
            rest.numpy(),
        )


def _tensor(values: Floats) -> Tensor:
    """float32, in memory of its own: files are read as views that cannot be written to."""
    with np.errstate(over="ignore"):  # doubles beyond float32 become infinite
        return torch.from_numpy(values.astype(np.float32))
