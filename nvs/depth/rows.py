"""A field's depth in as many pixels as one likes, row by row: memory stays bounded."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from nvs.depth.field import DepthField, Unit
from nvs.depth.file import check_depth_path, write_depth
from nvs.files import atomic_write
from nvs.scene.camera import Camera

POINTS_AT_ONCE = 1 << 22
OVERVIEW_SIDE_PX = 2048

Progress = Callable[[int, int], None]  # rows done, rows in all


def depth_rows(field: DepthField, camera: Camera) -> Iterator[Tensor]:
    """The field's z-depth in the pixels of `camera`, from top to bottom, 0 where there is sky.

    Yields blocks [rows, W] float32 on the CPU that together are [H, W].

    Args:
        camera: the field's own view in any number of pixels (`field.camera.resized`).
    """
    home = field.camera.intrinsics.device
    x, y = (
        (torch.arange(wanted, device=home) + 0.5) * (size / wanted)
        for wanted, size in (
            (camera.width, field.camera.width),
            (camera.height, field.camera.height),
        )
    )
    for rows in y.split(max(1, POINTS_AT_ONCE // camera.width)):
        seen = field.on_raster(x, rows)
        yield torch.where(seen.sky, 0.0, seen.depth).float().cpu()


def write_field_depth(
    path: Path | str, field: DepthField, camera: Camera, progress: Progress | None = None
) -> Tensor:
    """Write the field's depth in the pixels of `camera`, as `nvs.depth.file.write_depth` would.

    An .npz is written as the rows come, so that a map larger than memory can be made; .png
    and .exr need the whole map (4 bytes a pixel) and some copies of it.

    Returns:
        The map [h, w] with every so many rows and columns left out, to make a preview of:
        neither side has more than `OVERVIEW_SIDE_PX`.

    Raises:
        InputError: another suffix, or the file cannot be written (nothing is left then).
    """
    path = Path(path)
    check_depth_path(path)
    step = -(-max(camera.width, camera.height) // OVERVIEW_SIDE_PX)
    overview: list[Tensor] = []

    def watched() -> Iterator[Tensor]:
        done = 0
        for block in depth_rows(field, camera):
            overview.append(block[-done % step :: step, ::step].clone())
            yield block
            done += len(block)
            if progress is not None:
                progress(done, camera.height)

    if path.suffix.lower() == ".npz":
        _write_npz(path, watched(), camera, field.unit)
    else:
        whole = torch.empty(camera.height, camera.width)
        top = 0
        for block in watched():
            whole[top : top + len(block)] = block
            top += len(block)
        write_depth(path, whole, camera, field.unit)
    return torch.cat(overview)


def _write_npz(path: Path, blocks: Iterator[Tensor], camera: Camera, unit: Unit) -> None:
    """The file that `numpy.savez` writes, its array `depth` coming in pieces."""
    header = {
        "descr": np.lib.format.dtype_to_descr(np.dtype("<f4")),
        "fortran_order": False,
        "shape": (camera.height, camera.width),
    }
    small = {
        "intrinsics": camera.intrinsics.detach().cpu().numpy().astype(np.float32),
        "unit": np.array(unit),
    }
    with atomic_write(path) as unfinished, zipfile.ZipFile(unfinished, "w") as archive:
        with archive.open("depth.npy", "w", force_zip64=True) as member:
            np.lib.format.write_array_header_1_0(member, header)
            for block in blocks:
                known = torch.where(block.isfinite() & (block > 0), block, 0.0)
                member.write(known.numpy().astype("<f4", copy=False).tobytes())
        for name, values in small.items():
            with archive.open(f"{name}.npy", "w") as member:
                np.lib.format.write_array(member, values, allow_pickle=False)
