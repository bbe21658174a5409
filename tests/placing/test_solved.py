"""Where photos were taken from, found out from them alone: against the truth."""

import numpy as np
import pytest
import torch
from PIL import Image

from nvs.errors import InputError
from nvs.placing.place import placed_photos
from nvs.placing.records import LensSettings
from tests.placing.room import FOCAL, HEIGHT, WIDTH, photographed, pose_at

pytest.importorskip("pycolmap")


def degrees_between(a, b):
    cosine = (np.trace(a[:3, :3].T @ b[:3, :3]) - 1) / 2
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))


def check_places(views, truth):
    """Rotations within half a degree, places within 3 % of the way, in the first camera's frame."""
    first = np.linalg.inv(truth[views[0].name])
    true = [first @ truth[view.name] for view in views]
    np.testing.assert_allclose(views[0].camera_to_world, np.eye(4), atol=1e-9)
    found_way = np.linalg.norm(views[-1].camera_to_world[:3, 3])
    scale = np.linalg.norm(true[-1][:3, 3]) / found_way
    for view, pose in zip(views, true, strict=True):
        assert degrees_between(view.camera_to_world, pose) < 0.5
        gap = np.linalg.norm(scale * view.camera_to_world[:3, 3] - pose[:3, 3])
        assert gap < 0.03 * found_way * scale
    return scale


def test_five_photos(photos, poses, tmp_path):
    placed = placed_photos(photos, tmp_path)
    assert placed.unit == "relative"
    assert placed.left_out == ()
    truth = {f"{number}.png": pose for number, pose in enumerate(poses)}
    scale = check_places(placed.views, truth)
    for view in placed.views:
        assert view.intrinsics[0, 0] == pytest.approx(FOCAL, rel=0.02)  # 368 is assumed
        loaded = view.load(WIDTH // 2)
        assert (loaded.camera.width, loaded.camera.height) == (WIDTH // 2, HEIGHT // 2)
        # The points that COLMAP saw lie between the things in the room and its wall.
        assert len(loaded.sparse_depth) > 200
        depths = loaded.sparse_depth * scale
        assert depths.quantile(0.02) > 2.2
        assert depths.quantile(0.98) < 6.7
        assert loaded.sparse_xy[:, 0].max() < WIDTH // 2


def test_the_same_photos_have_the_same_places(photos, tmp_path):
    """But for rounding: COLMAP's sums depend on where its arrays happen to lie in memory."""
    first, second = (placed_photos(photos[:3], tmp_path / name) for name in "ab")
    for one, other in zip(first.views, second.views, strict=True):
        np.testing.assert_allclose(one.camera_to_world, other.camera_to_world, atol=1e-6)
        depth, again = one.load(480).sparse_depth, other.load(480).sparse_depth
        assert len(again) == pytest.approx(len(depth), rel=0.01)  # one on a bound may fall out
        torch.testing.assert_close(again.quantile(0.5), depth.quantile(0.5), rtol=1e-3, atol=0)


@pytest.mark.parametrize("lens", [LensSettings(focal_px=FOCAL), LensSettings()])
def test_two_photos(photos, poses, tmp_path, lens):
    placed = placed_photos([photos[0], photos[3]], tmp_path, lens=lens)
    check_places(placed.views, {"0.png": poses[0], "3.png": poses[3]})


def test_a_photo_of_something_else_and_a_broken_one_are_left_out(photos, poses, tmp_path):
    rng = np.random.default_rng(0)
    other = tmp_path / "other.png"
    Image.fromarray(rng.integers(0, 255, (90, 120, 3), np.uint8)).resize((480, 360)).save(other)
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"")
    placed = placed_photos([other, *photos[:3], broken], tmp_path / "work")
    check_places(placed.views, {f"{number}.png": pose for number, pose in enumerate(poses)})
    assert {one.name: one.why for one in placed.left_out} == {
        "other.png": "it shares too little with the others to be placed",
        "broken.jpg": f"{broken} is empty",
    }


def test_photos_that_share_nothing(photos, tmp_path):
    blank = tmp_path / "blank.png"
    Image.new("RGB", (480, 360), "grey").save(blank)
    with pytest.raises(InputError, match="no two of these photos could be placed"):
        placed_photos([blank, photos[0]], tmp_path / "work")


def test_photos_of_two_sizes_are_of_two_lenses(photos, poses, tmp_path):
    small = tmp_path / "small.png"
    Image.open(photos[4]).resize((420, 315)).save(small)
    placed = placed_photos([*photos[:3], small], tmp_path / "work")
    assert placed.views[3].intrinsics[0, 0] == pytest.approx(FOCAL * 420 / 480, rel=0.03)
    truth = {f"{number}.png": pose for number, pose in enumerate(poses[:3])}
    check_places(placed.views, truth | {"small.png": poses[4]})


def test_a_camera_that_turns_on_the_spot(tmp_path):
    paths = []
    for number, turn in enumerate((-0.1, 0.0, 0.1)):
        Image.fromarray(photographed(pose_at(0, turn=turn))).save(tmp_path / f"{number}.png")
        paths.append(tmp_path / f"{number}.png")
    with pytest.raises(InputError, match="taken from one spot"):
        placed_photos(paths, tmp_path / "work")
