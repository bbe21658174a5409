"""Pictures of light itself: .hdr, .pfm, .exr, TIFF of floats."""

from __future__ import annotations

import importlib.util
import tempfile
from pathlib import Path

import numpy as np

from tests.fuzz import mutate
from tests.fuzz.kind import Kind, Seed
from tests.fuzz.mutate import Mutation, within

SIZE = (20, 24)  # rows, columns
NEEDS = {".exr": "OpenEXR", ".tif": "tifffile"}


def light_photos() -> list[Seed]:
    from tests.photo.test_light import write_exr, write_hdr, write_pfm, write_tiff

    light = np.linspace(0, 2, SIZE[0] * SIZE[1] * 3, dtype=np.float32).reshape(*SIZE, 3)
    order = b"-Y %d +X %d" % SIZE
    text: tuple[Mutation, ...] = (within(0, 80, mutate.a_token), mutate.some_bytes)
    head: tuple[Mutation, ...] = (within(0, 320, mutate.some_bytes), mutate.some_bytes)
    seeds = []
    with tempfile.TemporaryDirectory() as folder:
        writers = {
            "runs.hdr": lambda path: write_hdr(path, light, order=order),
            "plain.hdr": lambda path: write_hdr(path, light, "plain", order=order),
            "a.pfm": lambda path: write_pfm(path, light),
            "a.exr": lambda path: write_exr(path, light),
            "a.tif": lambda path: write_tiff(path, light),
        }
        for name, write in writers.items():
            path = Path(folder) / name
            if path.suffix in NEEDS and importlib.util.find_spec(NEEDS[path.suffix]) is None:
                continue
            write(path)
            mutations = text if path.suffix in (".hdr", ".pfm") else head
            seeds.append(Seed(name, path.read_bytes(), mutations))
    return seeds


def read_light(path: Path) -> None:
    from nvs.photo.photo import load_photo

    photo = load_photo(path)
    assert photo.rgb.isfinite().all()
    assert 0 <= photo.rgb.min() <= photo.rgb.max() <= 1


LIGHT = Kind("pictures of light", light_photos, read_light)
