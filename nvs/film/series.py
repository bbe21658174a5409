"""Frames as pictures in a folder, with depth, for compositing: shot/frame.####.exr or .png.

EXR files hold what compositors expect: R, G, B as light (linear, sRGB's primaries) and A in half
floats, Z in floats.  PNG files are 8-bit sRGB, their depth beside them as 16-bit PNG (see
`nvs.depth.file`): frame.0001.png and frame.depth.0001.png.
"""

from __future__ import annotations

import errno
import re
from pathlib import Path

import numpy as np
from PIL import Image

from nvs.depth.file import check_depth_path, write_depth
from nvs.errors import InputError
from nvs.files import atomic_write
from nvs.film.lens import linear
from nvs.film.shot import Shot, whole_numbers
from nvs.scene.camera import Camera
from nvs.scene.scene import Unit

SUFFIXES = (".exr", ".png")


def is_series(path: Path) -> bool:
    """Whether `path` names a picture for each frame: it has a run of # where the number goes."""
    return "#" in path.name


def check_series(path: Path) -> None:
    """Refuse what names no series of pictures; ask before rendering for minutes.

    Raises:
        InputError: not one run of #, another suffix, or .exr without its library.
    """
    if path.suffix.lower() not in SUFFIXES or len(re.findall("#+", path.name)) != 1:
        raise InputError(f"{path}: name frames as shot/frame.####.exr or .png")
    check_depth_path(path)


def numbered(path: Path, number: int, insert: str = "") -> Path:
    """The file of one frame, its number in the place of the #."""
    place = re.search("#+", path.name)
    assert place is not None
    count = f"{number:0{len(place[0])}d}"
    return path.with_name(path.name[: place.start()] + insert + count + path.name[place.end() :])


def write_frame(
    shot: Shot, camera: Camera, focus: float, path: Path, number: int, unit: Unit
) -> None:
    """Render one frame and write its files.

    Args:
        path: of the series, with #.
        unit: of the depth.

    Raises:
        InputError: they cannot be written.
    """
    picture = shot.picture(camera, focus)
    seen = shot.rendering(camera)  # of a lens or two eyes: depth as their middle sees it
    file = numbered(path, number)
    if path.suffix.lower() == ".png":
        with atomic_write(file) as temporary:
            Image.fromarray(whole_numbers(picture)).save(temporary, "PNG")
        write_depth(numbered(path, number, "depth."), seen.depth[0], camera, unit)
        return
    light = linear(picture).cpu().numpy().astype(np.float16)
    channels = {name: light[..., k] for k, name in enumerate("RGB")}
    if picture.shape[:2] == seen.depth.shape[1:]:  # not of two eyes side by side
        channels["A"] = seen.alpha[0].cpu().numpy().astype(np.float16)
        channels["Z"] = seen.depth[0].cpu().numpy().astype(np.float32)
    with atomic_write(file) as temporary:
        _write_exr(temporary, channels)


def _write_exr(path: Path, channels: dict[str, np.ndarray]) -> None:
    import OpenEXR

    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    try:
        OpenEXR.File(header, {name: np.ascontiguousarray(c) for name, c in channels.items()}).write(
            str(path)
        )
    except RuntimeError:  # its one error for everything that happens to a file
        raise OSError(errno.EIO, "the disk did not take the picture; is it full?") from None
