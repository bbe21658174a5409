"""A disk that takes no more: one line, nothing half-written, the older file as it was."""

from __future__ import annotations

import contextlib
import resource

import numpy as np
import pytest
import torch

from nvs.batch.manifest import FILE, Manifest, Record
from nvs.depth.file import write_depth
from nvs.errors import InputError
from nvs.film.video import write_video
from nvs.models.files import save_depth_network
from nvs.scene.camera import Camera
from nvs.scene.gaussians import Gaussians
from nvs.scene.ply import write_ply
from nvs.train.checkpoint import save_state
from tests.fuzz.kinds import small_network, small_state

ROOM_BYTES = 600


@contextlib.contextmanager
def full_disk():
    """No file grows beyond ROOM_BYTES: EFBIG, where a disk says ENOSPC."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM_BYTES, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def splats(path):
    count = 50
    write_ply(
        Gaussians(
            torch.rand(count, 3),
            torch.nn.functional.normalize(torch.rand(count, 4), dim=-1),
            torch.rand(count, 3),
            torch.rand(count),
            torch.rand(count, 3),
        ),
        path,
    )


def depth(path):
    values = torch.rand(40, 60, generator=torch.Generator().manual_seed(0)) + 1
    write_depth(path, values, Camera.from_focal(60.0, 60, 40), "m")


def film(path):
    noise = np.random.default_rng(0).integers(0, 256, (5, 64, 64, 3), dtype=np.uint8)
    write_video(list(noise), path, 24)


WRITERS = {
    "scene.ply": splats,
    "depth.npz": depth,
    "depth.png": depth,
    "depth.exr": depth,
    "film.mp4": film,
    "film.gif": film,
    "model.safetensors": lambda path: save_depth_network(small_network(), path),
    "state.pt": lambda path: save_state(small_state(), 1, path),
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_full_disk_leaves_the_file_of_before(name, tmp_path):
    if name.endswith(".exr"):
        pytest.importorskip("OpenEXR")
    target = tmp_path / name
    target.write_bytes(b"of before")
    with full_disk(), pytest.raises(InputError, match="cannot write") as refusal:
        WRITERS[name](target)
    assert "\n" not in str(refusal.value)
    assert target.read_bytes() == b"of before"
    assert list(tmp_path.iterdir()) == [target]
    WRITERS[name](target)
    assert target.stat().st_size > ROOM_BYTES


def test_a_manifest_that_is_full_loses_no_line(tmp_path):
    written = []

    def fill(manifest):
        for k in range(100):
            manifest.append(Record(f"{k}.jpg", f"{k}.jpg"))
            written.append(f"{k}.jpg")

    with (
        Manifest(tmp_path) as manifest,
        full_disk(),
        pytest.raises(InputError, match="call the same command again"),
    ):
        fill(manifest)
    assert 0 < len(written) < 100
    with Manifest(tmp_path) as manifest:
        assert all(name in manifest for name in written)
        manifest.append(Record("last.jpg", "last.jpg"))
    lines = (tmp_path / FILE).read_text().splitlines()
    assert [Record.from_line(line).photo for line in lines] == [*written, "last.jpg"]
