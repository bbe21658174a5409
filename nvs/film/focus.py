"""What the lens is focused on, and how its focus is pulled through a film."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch

from nvs.errors import InputError
from nvs.rendering.render import render
from nvs.scene.camera import Camera
from nvs.scene.gaussians import Gaussians
from nvs.scene.reach import SceneDepth

HOLD = 0.5  # share of the time that the focus rests where it is
LONGER_SIDE = 320  # pixels of the picture in which a point's depth is read
AROUND = 2  # of its pixels: the nearest depth so near a point is meant


def check_focus(stops: Sequence[str]) -> None:
    """Refuse what names no place of focus; ask before a scene is made for it.

    Raises:
        InputError: neither near, middle or far, nor a distance, nor a point "x,y" in 0..1.
    """
    for stop in stops:
        if stop in ("near", "middle", "far"):
            continue
        numbers = _numbers(stop)
        point = len(numbers) == 2 and all(0 <= n <= 1 for n in numbers)
        if not point and not (len(numbers) == 1 and 0 < numbers[0] < math.inf):
            raise InputError(
                f"--focus {stop}: near, middle, far, a distance, or a point as 0.5,0.4 "
                "(shares of the picture's width and height)"
            )


def focus_distance(stop: str, scene: Gaussians, camera: Camera, depth: SceneDepth) -> float:
    """The z-depth, world units, that `stop` names in the photo's own view."""
    named = {"near": depth.near, "middle": depth.focus, "far": depth.far}
    if stop in named:
        return named[stop]
    numbers = _numbers(stop)
    if len(numbers) == 1:
        return numbers[0]
    scale = min(1.0, LONGER_SIDE / max(camera.width, camera.height))
    width, height = (max(1, round(n * scale)) for n in (camera.width, camera.height))
    with torch.inference_mode():
        seen = render(scene, [camera.resized(width, height)]).depth[0]  # [h, w]
    row, column = (
        min(int(n * side), side - 1)
        for n, side in zip(reversed(numbers), (height, width), strict=True)
    )
    around = seen[
        max(0, row - AROUND) : row + AROUND + 1, max(0, column - AROUND) : column + AROUND + 1
    ]
    shown = around[around > 0]
    if len(shown) == 0:
        raise InputError(f"--focus {stop}: the scene shows nothing there")
    return float(shown.min())


def pulled_focus(distances: Sequence[float], frames: int) -> list[float]:
    """The focus of each frame: it rests at each distance, then is pulled to the next.

    In steps of 1/z, which are those of the blur.  After the last it returns to the first, so
    that a film that loops has no jump.
    """
    inverse = [1 / distance for distance in distances]
    focus = []
    for frame in range(frames):
        at = frame / frames * len(inverse)
        stop = int(at)
        way = max(0.0, (at - stop - HOLD) / (1 - HOLD))
        eased = way * way * (3 - 2 * way)
        start, end = inverse[stop], inverse[(stop + 1) % len(inverse)]
        focus.append(1 / (start + (end - start) * eased))
    return focus


def _numbers(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        return []
