"""Options that several commands share."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from nvs.errors import InputError

if TYPE_CHECKING:
    import torch

    from nvs.photo.photo import Photo
    from nvs.pipeline import Model


@dataclasses.dataclass(frozen=True)
class RunOptions:
    """How to run."""

    model: str = "default"
    """A model's name (see `nvs models list`) or the path of a .safetensors or .ckpt file."""

    weights: Annotated[
        tuple[Path, ...], tyro.conf.UseAppendAction, tyro.conf.arg(metavar="FILE")
    ] = ()
    """Files of the named model on disk, in place of its own: the depth network's and then,
    for a model with a Gaussian head of its own, that head's (--weights twice)."""

    head: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """A Gaussian head that `nvs train head` wrote for this model, instead of the model's own."""

    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where to compute; auto takes the GPU if there is one."""

    seed: int = 0
    """The same seed gives the same result."""

    timings: bool = False
    """Print the seconds that each stage took."""

    def load_model(self) -> Model:
        """The model that was asked for, where it was asked to run."""
        from nvs.models.registry import load_model

        return load_model(self.model, weights=self.weights, head=self.head, device=self.device)

    def torch_device(self) -> torch.device:
        """The device that was asked for."""
        from nvs.device import torch_device

        return torch_device(self.device)


@dataclasses.dataclass(frozen=True)
class LensOptions:
    """What the photo's file does not know of its lens. One at most; else EXIF, else 30 mm."""

    focal_px: float | None = None
    """Focal length in pixels of the upright photo."""

    focal_mm: float | None = None
    """Focal length in 35-mm equivalents."""

    fov: float | None = None
    """Horizontal field of view in degrees."""


@dataclasses.dataclass(frozen=True)
class PhotoOptions:
    """How to read the photo."""

    lens: LensOptions = dataclasses.field(default_factory=LensOptions)

    longer_side: Annotated[int, tyro.conf.arg(metavar="PX")] = 1024
    """A larger photo is reduced to this many pixels along its longer side."""

    def load(self, path: Path) -> Photo:
        """The photo at its working size; notices go to the terminal."""
        from nvs.photo.photo import load_photo

        if self.longer_side < 16:
            raise InputError(f"--longer-side must be at least 16, not {self.longer_side}")
        photo = load_photo(
            path,
            focal_px=self.lens.focal_px,
            focal_mm=self.lens.focal_mm,
            fov_deg=self.lens.fov,
        )
        for notice in photo.notices:
            print(f"note: {notice}")
        print(f"focal length: {photo.focal_source}")
        if max(photo.camera.width, photo.camera.height) > self.longer_side:
            photo = photo.resized_to(self.longer_side)
        return photo
