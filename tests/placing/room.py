"""A small made-up room with real photos on its walls, photographed exactly from known places."""

from __future__ import annotations

import dataclasses

import numpy as np
from PIL import Image

from tests.conftest import ASSETS

WIDTH, HEIGHT, FOCAL = 480, 360, 420.0
K = np.array([[FOCAL, 0, WIDTH / 2], [0, FOCAL, HEIGHT / 2], [0, 0, 1.0]])


@dataclasses.dataclass(frozen=True)
class _Picture:
    """A rectangle in the world that shows a photo."""

    corner: np.ndarray  # [3]
    right: np.ndarray  # [3], along its upper edge
    down: np.ndarray  # [3]
    photo: np.ndarray  # [h, w, 3] float


def _asset(name: str) -> np.ndarray:
    with Image.open(ASSETS / f"{name}.jpg") as image:
        return np.asarray(image.convert("RGB").resize((600, 400)), np.float32)


def _pictures() -> list[_Picture]:
    names = sorted(path.stem for path in ASSETS.glob("*.jpg"))
    places: list[tuple[list[float], list[float], list[float]]] = [
        ([-3, -2, 6], [6, 0, 0], [0, 4, 0]),  # the wall behind
        ([-3, -2, 2], [0, 0, 4], [0, 4, 0]),  # left
        ([3, -2, 6], [0, 0, -4], [0, 4, 0]),  # right
        ([-3, 1.5, 6], [6, 0, 0], [0, 0, -4]),  # the floor
        ([-1.2, -0.3, 4], [1.2, 0, 0.2], [0, 1.8, 0]),  # things that stand before the wall
        ([0.5, -0.8, 3.6], [1.0, 0, -0.2], [0, 1.2, 0]),
    ]
    return [
        _Picture(
            np.array(corner, float),
            np.array(right, float),
            np.array(down, float),
            _asset(names[i % len(names)]),
        )
        for i, (corner, right, down) in enumerate(places)
    ]


def photographed(pose: np.ndarray, pictures: list[_Picture] | None = None) -> np.ndarray:
    """The room uint8 [H, W, 3] from camera-to-world [4, 4], OpenCV axes; four rays a pixel."""
    pictures = _pictures() if pictures is None else pictures
    y, x = np.mgrid[: 2 * HEIGHT, : 2 * WIDTH] / 2 + 0.25
    rays = np.stack([(x - K[0, 2]) / FOCAL, (y - K[1, 2]) / FOCAL, np.ones_like(x)], -1)
    rays, eye = rays @ pose[:3, :3].T, pose[:3, 3]
    nearest = np.full(x.shape, np.inf)
    rgb = np.full((*x.shape, 3), 90.0, np.float32)
    for picture in pictures:
        normal = np.cross(picture.right, picture.down)
        with np.errstate(divide="ignore", invalid="ignore"):
            far = ((picture.corner - eye) @ normal) / (rays @ normal)
        hit = eye + rays * far[..., None] - picture.corner
        u = hit @ picture.right / (picture.right @ picture.right)
        v = hit @ picture.down / (picture.down @ picture.down)
        seen = (far > 0.1) & (far < nearest) & (u >= 0) & (u < 1) & (v >= 0) & (v < 1)
        h, w = picture.photo.shape[:2]
        rgb[seen] = picture.photo[(v[seen] * h).astype(int), (u[seen] * w).astype(int)]
        nearest[seen] = far[seen]
    small = rgb.reshape(HEIGHT, 2, WIDTH, 2, 3).mean((1, 3))
    return small.round().astype(np.uint8)


def pose_at(x: float, y: float = 0.0, z: float = 0.0, turn: float = 0.0) -> np.ndarray:
    """A camera at (x, y, z), turned to the left by `turn` radians."""
    pose = np.eye(4)
    cosine, sine = np.cos(turn), np.sin(turn)
    pose[:3, :3] = [[cosine, 0, -sine], [0, 1, 0], [sine, 0, cosine]]
    pose[:3, 3] = x, y, z
    return pose


def walk(count: int) -> list[np.ndarray]:
    """Cameras on an arc that go on looking at the middle of the room."""
    steps = np.linspace(-1, 1, count)
    return [pose_at(0.8 * s, 0.1 * np.cos(3 * s), 0.2 * s * s, turn=0.18 * s) for s in steps]
