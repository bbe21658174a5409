"""What makes memory and time grow with the photos, not with their pairs."""

import dataclasses
import tempfile

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nvs.errors import InputError
from nvs.fusion.bounds import BLOCK, Bounds
from nvs.fusion.posed import KnownPoints
from nvs.fusion.shelf import Shelf, large_temporary_folder
from nvs.fusion.witness import Witness
from nvs.rendering.render import render
from nvs.scene.camera import Camera
from nvs.scene.gaussians import Gaussians
from nvs.scene.rotations import rotation_of
from tests.fusion.little_room import camera_at, posed, shot


def scattered(seed: int, blocks: int) -> Gaussians:
    """Clusters of Gaussians all around the origin, some of them large."""
    random = torch.Generator().manual_seed(seed)
    count = blocks * BLOCK - 7
    centres = 6 * torch.randn(blocks, 3, generator=random)
    means = centres.repeat_interleave(BLOCK, 0)[:count]
    means = means + 0.3 * torch.randn(count, 3, generator=random)
    return Gaussians(
        means,
        torch.nn.functional.normalize(torch.randn(count, 4, generator=random), dim=-1),
        0.05 * torch.randn(count, 3, generator=random).exp(),
        torch.rand(count, generator=random),
        torch.rand(count, 3, generator=random),
    )


@settings(max_examples=12)
@given(st.integers(0, 10_000), st.floats(20, 300))
def test_a_picture_of_what_its_bounds_tell_is_the_picture_of_all(seed, focal_px):
    scene = scattered(seed, 12)
    random = torch.Generator().manual_seed(seed + 1)
    turn = torch.nn.functional.normalize(torch.randn(1, 4, generator=random), dim=-1)
    pose = torch.eye(4)
    pose[:3, :3] = rotation_of(turn)[0]
    camera = Camera.from_focal(focal_px, 64, 48).moved(pose)
    seen = Bounds.of(scene).seen_by(camera)
    assert bool((seen.diff() > 0).all())
    all_of_it, some = render(scene, [camera]), render(scene[seen], [camera])
    assert torch.equal(all_of_it.rgb, some.rgb)
    assert torch.equal(all_of_it.depth, some.depth)


def test_bounds_leave_out_what_lies_elsewhere():
    scene = dataclasses.replace(scattered(0, 40), scales=torch.full((40 * BLOCK - 7, 3), 0.01))
    camera = Camera.from_focal(120, 64, 48)  # 30 degrees wide
    assert len(Bounds.of(scene).seen_by(camera)) < 0.3 * len(scene)
    assert len(Bounds.of(scene[:0]).seen_by(camera)) == 0


def test_what_lay_on_a_shelf_is_what_was_laid_there(tmp_path):
    one = shot(camera_at(0.1))
    photo = posed("a", camera_at(0.1), one.depth, one.rgb)
    witness = Witness(photo, KnownPoints.none())
    shelf: Shelf[Witness] = Shelf(tmp_path / "witnesses")
    shelf.append(witness)
    shelf.append(witness)
    assert len(shelf) == 2
    points, kept = torch.randn(500, 3) + torch.tensor([0, 0, 3.0]), shelf[-1]
    assert kept.camera is witness.camera
    said, wanted = kept.ask(points), witness.ask(points)
    for field in dataclasses.fields(said):
        assert torch.equal(getattr(said, field.name), getattr(wanted, field.name))
    gaussians = scattered(1, 1)
    parts: Shelf[Gaussians] = Shelf(tmp_path / "parts")
    parts.append(gaussians[::2])
    parts.append(gaussians[:0])
    assert torch.equal(parts[0].means, gaussians.means[::2])
    assert [len(part) for part in parts] == [len(gaussians[::2]), 0]
    with pytest.raises(IndexError):
        parts[2]


def test_a_disk_that_takes_no_more_is_one_line(tmp_path):
    shelf: Shelf[Gaussians] = Shelf(tmp_path / "parts")
    (tmp_path / "parts").rmdir()
    with pytest.raises(InputError, match=r"cannot write temporary files in .* TMPDIR") as caught:
        shelf.append(scattered(0, 1))
    assert "\n" not in str(caught.value)


def test_temporary_files_lie_where_tmpdir_says(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with large_temporary_folder() as folder:
        assert folder.startswith(str(tmp_path))
    assert not list(tmp_path.iterdir())
