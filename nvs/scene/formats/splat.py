"""The .splat of the first viewers in the browser: 32 bytes a Gaussian and nothing else.

Position and scales (float32), colour and opacity (a byte each, plain sRGB), the quaternion
(w, x, y, z) as (b - 128) / 128.  No header, no harmonics: it is told by what its numbers say.
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import numpy as np

from nvs.files import atomic_write
from nvs.scene import harmonics
from nvs.scene.camera import Camera
from nvs.scene.formats.record import Columns, Flattened, SceneFile, UnreadableError
from nvs.scene.gaussians import Gaussians

ROW = np.dtype([("mean", "<f4", 3), ("scale", "<f4", 3), ("rgba", "u1", 4), ("quat", "u1", 4)])
LOOKED_AT = 1000  # rows that tell what a file is
LARGEST_COORDINATE = 1e9


def looks_like(head: bytes, size: int) -> bool:
    """Whether a file of `size` bytes that begins so is one: most of its rows are Gaussians."""
    if size % ROW.itemsize or not size:
        return False
    rows = np.frombuffer(head[: len(head) - len(head) % ROW.itemsize], ROW)[:LOOKED_AT]
    if not len(rows):
        return False
    with np.errstate(invalid="ignore", over="ignore"):
        placed = (np.abs(rows["mean"]) < LARGEST_COORDINATE).all(axis=1)
        sized = ((rows["scale"] >= 0) & (rows["scale"] < LARGEST_COORDINATE)).all(axis=1)
        length = np.linalg.norm((rows["quat"].astype(np.float32) - 128) / 128, axis=1)
    turned = np.abs(length - 1) < 0.05
    return bool((placed & sized & turned).mean() > 0.9)


def read(file: BinaryIO, size: int) -> SceneFile:
    """A whole file.

    Raises:
        UnreadableError: cut off.
    """
    if size % ROW.itemsize:
        raise UnreadableError("is cut off: a .splat has 32 bytes for each Gaussian")
    rows = np.frombuffer(file.read(), ROW)
    rgba = rows["rgba"].astype(np.float32) / 255
    return Columns(
        means=rows["mean"],
        quats=(rows["quat"].astype(np.float32) - 128) / 128,
        scales=rows["scale"],
        opacities=rgba[:, 3],
        dc=(rgba[:, :3] - 0.5) / harmonics.CONSTANT,
    ).scene()


def write(scene: Gaussians, path: Path | str, camera: Camera | None = None) -> None:
    """Write Gaussians with the colours that harmonics of degree 0 show.

    The largest come first, as viewers that stream such files expect.  There is no place for
    `camera`.

    Raises:
        InputError: the file cannot be written.
        ValueError: a Gaussian has values that are not finite.
    """
    flat = Flattened.of(scene)
    flat = flat[np.argsort(-flat.opacities * flat.scales.prod(axis=1), kind="stable")]
    rows = np.zeros(len(flat), ROW)
    rows["mean"], rows["scale"] = flat.means, flat.scales
    rows["rgba"] = (np.c_[flat.rgb, flat.opacities] * 255).round().clip(0, 255)
    rows["quat"] = (flat.quats * 128 + 128).round().clip(0, 255)
    with atomic_write(path) as temporary:
        temporary.write_bytes(rows.tobytes())
