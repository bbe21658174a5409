"""Photos as they are matched: grey, upright, of a working size, with their lens as far as known."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from nvs.errors import InputError
from nvs.photo.photo import load_photo
from nvs.placing.records import LeftOut, LensSettings
from nvs.progress import Listener

MATCHED_PX = 1600  # along the longer side: more finds hardly more, and takes long
_LUMA = torch.tensor([0.299, 0.587, 0.114])  # Rec. 601


@dataclasses.dataclass(frozen=True)
class Picture:
    """One photo, written where the matcher finds it."""

    photo: Path
    name: str  # of the grey picture, in its folder
    full_size: tuple[int, int]  # (width, height) of the upright photo
    size: tuple[int, int]  # of the grey picture
    focal: float  # in shares of the longer side
    focal_known: bool

    @property
    def lens(self) -> tuple[object, ...]:
        """What photos of one lens have in common, as far as their files tell."""
        return *self.size, round(self.focal, 4) if self.focal_known else None


@dataclasses.dataclass(frozen=True)
class Pictures:
    """The photos that can be read, and the others."""

    folder: Path
    pictures: tuple[Picture, ...]
    left_out: tuple[LeftOut, ...]


def grey_pictures(
    photos: Sequence[Path], folder: Path, lens: LensSettings, listener: Listener
) -> Pictures:
    """Write a grey picture of each photo into `folder`; one photo is held at a time."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures, left_out = [], []
    for number, path in enumerate(photos):
        try:
            photo = load_photo(
                path, focal_px=lens.focal_px, focal_mm=lens.focal_mm, fov_deg=lens.fov_deg
            )
        except InputError as error:
            left_out.append(LeftOut(path.name, str(error)))
            continue
        full_size = photo.full_size
        if max(photo.camera.width, photo.camera.height) > MATCHED_PX:
            photo = photo.resized_to(MATCHED_PX)
        camera = photo.camera
        name = f"{number:05}.png"
        _write_grey(photo.rgb, folder / name)
        pictures.append(
            Picture(
                path,
                name,
                full_size,
                (camera.width, camera.height),
                float(camera.intrinsics[0, 0]) / max(camera.width, camera.height),
                photo.focal_known,
            )
        )
        listener.advance(number + 1, len(photos))
    return Pictures(folder, tuple(pictures), tuple(left_out))


def _write_grey(rgb: Tensor, path: Path) -> None:
    grey = (rgb @ _LUMA * 255).round().byte().numpy()
    Image.fromarray(grey).save(path, compress_level=1)
