"""The frame of a film: its size, and which part of the photo's view fills it."""

from __future__ import annotations

import re

from nvs.errors import InputError
from nvs.film.video import even_size
from nvs.scene.camera import Camera

SIZES = {
    "hd": (1920, 1080),
    "4k": (3840, 2160),
    "story": (1080, 1920),
    "post": (1080, 1350),
    "square": (1080, 1080),
}
SMALLEST, LARGEST = 16, 8192  # pixels


def frame_size(text: str) -> tuple[int, int]:
    """(width, height) of a name in SIZES or of "1080x1920".

    Raises:
        InputError: neither of them, an odd number, or a side out of range.
    """
    named = SIZES.get(text.lower())
    if named is not None:
        return named
    sides = re.fullmatch(r"(\d{1,6})[xX×](\d{1,6})", text)
    if sides is None:
        raise InputError(f"--size {text}: give WIDTHxHEIGHT or one of {', '.join(SIZES)}")
    width, height = int(sides[1]), int(sides[2])
    if not all(SMALLEST <= side <= LARGEST for side in (width, height)):
        raise InputError(f"--size {text}: a side has {SMALLEST} to {LARGEST} pixels")
    if (width, height) != even_size(width, height):
        raise InputError(f"--size {text}: films have even sides")
    return width, height


def framed(camera: Camera, width: int, height: int) -> Camera:
    """`camera` with a picture of this size: the largest part of its view that has the shape.

    What lay in the picture's middle stays there.
    """
    by = max(width / camera.width, height / camera.height)
    whole = camera.resized(1, 1).intrinsics  # in pictures
    intrinsics = whole.clone()
    for axis, (side, of) in enumerate(((width, camera.width), (height, camera.height))):
        intrinsics[axis, axis] = whole[axis, axis] * of * by
        intrinsics[axis, 2] = (whole[axis, 2] - 0.5) * of * by + side / 2
    return Camera(intrinsics, camera.camera_to_world, width, height)
