"""Depth that came with the photos, as from phones with LiDAR."""

import dataclasses

import numpy as np
import pytest
import torch
from PIL import Image

from nvs.fusion.fuse import fuse
from nvs.fusion.given import MAP_POINTS, map_points
from nvs.fusion.records import FusionSettings
from nvs.placing.place import placed_photos
from nvs.progress import Listener
from nvs.rendering.render import render
from nvs.worlds.generate import generate_kind
from nvs.worlds.textures import Textures

WIDTH, HEIGHT = 160, 120
SPURIOUS = 0.25  # share of the sensor's pixels that are wrong, and known to be


def test_a_map_is_known_where_it_is_trusted():
    depth = torch.tensor([[1.0, 0.0, 3.0], [4.0, 5.0, torch.inf]])
    trust = torch.tensor([[1.0, 1.0, 0.5], [0.0, 1.0, 1.0]])
    points = map_points(depth, trust, torch.tensor([300, 100]))
    assert points.depth.tolist() == [1, 3, 5]
    assert points.xy.tolist() == [[50, 25], [250, 25], [150, 75]]
    assert points.confidence.tolist() == [1, 0.5, 1]


def test_a_large_map_is_taken_at_evenly_spread_pixels():
    y, x = torch.meshgrid(torch.arange(480) + 0.5, torch.arange(640) + 0.5, indexing="ij")
    points = map_points(x + 1000 * y, None, torch.tensor([640, 480]))
    assert MAP_POINTS / 2 < len(points) <= MAP_POINTS
    torch.testing.assert_close(points.xy[:, 0] + 1000 * points.xy[:, 1], points.depth)
    assert points.xy.mean(0).tolist() == pytest.approx([320, 240], abs=2)


def write_export(folder, views):
    """As ARKitScenes: half as many pixels of depth, noisy, and wild where confidence is low."""
    random = np.random.default_rng(0)
    for name in ("lowres_wide", "lowres_wide_intrinsics", "lowres_depth", "confidence"):
        (folder / name).mkdir(parents=True)
    rows = []
    for number, view in enumerate(views):
        name = f"42_{10 + number / 10:.3f}"
        Image.fromarray(view.rgb).save(folder / "lowres_wide" / f"{name}.png")
        depth = view.depth[::2, ::2].astype(np.float64)
        wild = random.random(depth.shape) < SPURIOUS
        depth *= np.where(wild, random.uniform(0.3, 3, depth.shape), random.normal(1, 0.01))
        Image.fromarray((1000 * depth).round().clip(0, 65535).astype(np.uint16)).save(
            folder / "lowres_depth" / f"{name}.png"
        )
        levels = np.where(wild, 0, 2).astype(np.uint8)
        Image.fromarray(levels).save(folder / "confidence" / f"{name}.png")
        (fx, _, cx), (_, fy, cy), _ = view.camera.intrinsics.tolist()
        (folder / "lowres_wide_intrinsics" / f"{name}.pincam").write_text(
            f"{WIDTH} {HEIGHT} {fx} {fy} {cx} {cy}"
        )
        to_camera = view.camera.world_to_camera.double().numpy()
        turned = to_camera[:3, :3]
        angle = np.arccos(np.clip((np.trace(turned) - 1) / 2, -1, 1))
        axis = np.array([turned[2, 1] - turned[1, 2], turned[0, 2] - turned[2, 0],
                         turned[1, 0] - turned[0, 1]])  # fmt: skip
        turn = axis / 2 if angle < 1e-6 else axis * angle / (2 * np.sin(angle))
        rows.append(" ".join(map(str, [10 + number / 10, *turn, *to_camera[:3, 3]])))
    (folder / "lowres_wide.traj").write_text("\n".join(rows))


@pytest.fixture(scope="module")
def views():
    """Of one made-up room."""
    return generate_kind("indoor", 5, WIDTH, HEIGHT, Textures.procedural(), views=3).views


@pytest.fixture(scope="module")
def export(views, tmp_path_factory):
    folder = tmp_path_factory.mktemp("scan")
    write_export(folder, views)
    return folder


def depth_error(fused, views) -> float:
    """Median |log| of the depth that each camera sees in the scene over the true one."""
    errors = []
    for view in views:
        seen = render(fused.scene.gaussians, [view.camera])
        truth = torch.from_numpy(view.depth)
        there = (truth > 0) & (seen.alpha[0] > 0.9)
        errors.append((seen.depth[0] / truth)[there].log().abs())
    return float(torch.cat(errors).median())


class Noting(Listener):
    def __init__(self):
        self.notes = []

    def note(self, text):
        self.notes.append(text)


def test_what_a_phones_lidar_knew_makes_depth_better(model, export, views, tmp_path):
    placed = placed_photos([export], tmp_path)
    assert placed.unit == "m"
    one = placed.views[0].load(WIDTH)
    assert one.confidence.unique().tolist() == [0, 1]
    errors = {}
    for known in (True, False):
        settings = FusionSettings(WIDTH, backfill=False, photo_depth=known)
        fused = fuse(model, placed.views, settings)
        assert all(photo.left_out is None for photo in fused.photos)
        errors[known] = depth_error(fused, views)
    assert errors[True] < 0.015
    assert errors[True] < 0.5 * errors[False]


def test_a_damaged_depth_map_does_not_take_its_photo_along(model, export, tmp_path):
    placed = placed_photos([export], tmp_path)
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    views = [dataclasses.replace(placed.views[0], depth=broken), *placed.views[1:]]
    listener = Noting()
    settings = FusionSettings(96, points_per_pixel=0.5, backfill=False)
    fused = fuse(model, views, settings, listener)
    assert [photo.left_out for photo in fused.photos] == [None] * 3
    assert fused.photos[0].known < fused.photos[1].known
    (note,) = listener.notes
    assert "its depth is left: " in note
    assert "broken.png" in note
