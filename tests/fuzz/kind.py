"""What a kind of input is: valid files, and who reads them."""

from __future__ import annotations

import dataclasses
import functools
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from tests.fuzz.mutate import Mutation


@dataclasses.dataclass(frozen=True)
class Seed:
    """A valid file, and the changes that know its format."""

    name: str  # of the file; its suffix counts
    data: bytes
    mutations: tuple[Mutation, ...]


@dataclasses.dataclass(frozen=True)
class Kind:
    """One kind of input."""

    name: str
    seeds: Callable[[], list[Seed]]
    read: Callable[[Path], Any]  # an InputError is an answer; any other error is a fault


def picture(mode: str = "RGB") -> Image.Image:
    """A small photo."""
    y, x = np.mgrid[0:20, 0:24]
    rgb = np.stack([x * 10, y * 12, (x + y) * 5], -1).astype(np.uint8)
    return Image.fromarray(rgb).convert(mode)


def saved(image: Image.Image, form: str, **options: Any) -> bytes:
    """A picture's file."""
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


@functools.cache
def a_photo() -> Any:
    """A small photo with its camera."""
    from nvs.photo.photo import Photo
    from nvs.scene.camera import Camera

    return Photo(torch.rand(12, 16, 3), Camera.from_focal(16.0, 16, 12), Path("photo.jpg"), "test")
