"""A wall and a board before it, both with a pattern, photographed from several places."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from nvs.data.views import ViewFile
from nvs.depth.field import DepthField
from nvs.depth.map import DepthMapField
from nvs.depth.model import DepthModel
from nvs.fusion.posed import KnownPoints, PosedPhoto
from nvs.photo.photo import Photo
from nvs.pipeline import Model
from nvs.scene.camera import Camera
from nvs.splat.head import Guess

WIDTH, HEIGHT, FOCAL_PX = 128, 96, 110.0
WALL, BOARD = 4.0, 2.5  # z
BOARD_HALF = 0.45  # it spans so much around x = y = 0


def camera_at(x: float, y: float = 0.0, z: float = 0.0) -> Camera:
    pose = torch.eye(4)
    pose[:3, 3] = torch.tensor([x, y, z])
    return Camera.from_focal(FOCAL_PX, WIDTH, HEIGHT).moved(pose)


@dataclasses.dataclass(frozen=True)
class Shot:
    rgb: Tensor  # [H, W, 3]
    depth: Tensor  # [H, W] exact z


def pattern(at: Tensor, seed: int) -> Tensor:
    """Smooth colours [..., 3] at points [..., 2], the same from wherever they are seen."""
    rng = np.random.default_rng(seed)
    waves = torch.tensor(rng.normal(0, 9, (24, 2)), dtype=torch.float32)
    phases = torch.tensor(rng.uniform(0, 2 * np.pi, (24, 3)), dtype=torch.float32)
    light = torch.sin((at @ waves.T)[..., None] + phases).sum(-2) / 24**0.5  # [..., 3]
    return (0.5 + 0.16 * light).clamp(0.15, 0.85)


def shot(camera: Camera, board: bool = True) -> Shot:
    """What the camera sees."""
    rays = camera.rays(camera.pixel_centers())  # cameras are not turned
    centre = camera.camera_to_world[:3, 3]
    to_wall, to_board = WALL - centre[2], BOARD - centre[2]
    on_board = centre[:2] + rays[..., :2] * to_board
    hit = (on_board.abs() < BOARD_HALF).all(-1) & torch.tensor(board)
    on_wall = centre[:2] + rays[..., :2] * to_wall
    rgb = torch.where(hit[..., None], pattern(2 * on_board, 1), pattern(on_wall, 2))
    return Shot(rgb, torch.where(hit, to_board, to_wall))


def posed(
    name: str, camera: Camera, depth: Tensor, rgb: Tensor, given: KnownPoints | None = None
) -> PosedPhoto:
    field = DepthField.from_depth(depth, camera.at_origin(), "relative")
    photo = Photo(rgb, camera.at_origin(), Path(name), "known")
    return PosedPhoto(name, photo, camera, given or KnownPoints.none(), field)


class Remembering(DepthModel):
    """A depth model that knows its pictures: each one's depth, wrong by a factor."""

    def __init__(self, pictures: list[Shot], factors: list[float]) -> None:
        super().__init__()
        self.nothing = torch.nn.Parameter(torch.zeros(1), requires_grad=False)
        self.pictures, self.factors = pictures, factors

    @property
    def feature_channels(self) -> int:
        return 0

    @property
    def input_area_px(self) -> float:
        return float(WIDTH * HEIGHT)

    def field(self, rgb, camera, known=None, *, focal_known=False):
        unlike = [float((rgb - shot.rgb).abs().mean()) for shot in self.pictures]
        which = int(np.argmin(unlike))
        return DepthMapField(
            self.pictures[which].depth * self.factors[which], camera, "relative", None
        )


def remembering(pictures: list[Shot], factors: list[float]) -> Model:
    return Model(Remembering(pictures, factors), Guess())


def view_file(folder: Path, name: str, camera: Camera, rgb: Tensor) -> ViewFile:
    path = folder / f"{name}.png"
    Image.fromarray((rgb * 255).round().byte().numpy()).save(path)
    return ViewFile(
        name, path, camera.intrinsics.double().numpy(), camera.camera_to_world.double().numpy()
    )
