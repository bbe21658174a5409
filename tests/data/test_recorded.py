"""RGB-D sets: small trees made here, and the real ones where they are."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from nvs.data.recorded import depth_sets, list_set, read_depth
from nvs.depth.encoding import DepthEncoding
from nvs.errors import InputError
from tests.conftest import DATA


def save_photo(path: Path, width: int = 8, height: int = 6) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((height, width, 3), 100, np.uint8)).save(path)
    return path


def save_png16(path: Path, values: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(values.astype(np.uint16)).save(path)
    return path


@pytest.fixture
def kinect(tmp_path):
    """Two frames of 8x6; the first has K and pose, and the raw values 0 and 65535 unknown."""
    save_photo(tmp_path / "a.png")
    save_photo(tmp_path / "b.png")
    values = np.full((6, 8), 1500)
    values[0, 0], values[0, 1] = 0, 65535
    save_png16(tmp_path / "a_depth.png", values)
    np.savez(tmp_path / "b_depth.npz", data=np.full((6, 8), 2000.0, np.float32))
    pose = np.eye(4)
    pose[0, 3] = 0.5
    description = {
        "depth_scale": 1000,
        "depth_invalid": [0, 65535],
        "frames": [
            {
                "image": "a.png",
                "depth": "a_depth.png",
                "K": [[5, 0, 4], [0, 5, 3], [0, 0, 1]],
                "c2w": pose.tolist(),
            },
            {"image": "b.png", "depth": "b_depth.npz", "K": None, "c2w": None},
            {"image": "without-depth.png"},
        ],
    }
    (tmp_path / "cameras.json").write_text(json.dumps(description))
    return tmp_path


def test_cameras_json(kinect):
    (found,) = depth_sets(kinect)
    assert [frame.name for frame in found.frames] == ["a", "b"]
    first, second = (frame.load() for frame in found.frames)
    assert first.photo == kinect / "a.png"
    assert first.depth.dtype == torch.float32
    assert first.depth[0, :2].tolist() == [0, 0]
    assert torch.all(first.depth[1:] == 1.5)
    assert (first.camera.width, first.camera.height) == (8, 6)
    assert first.camera.intrinsics[0].tolist() == [5, 0, 4]
    assert first.camera.camera_to_world[0, 3] == 0.5
    assert second.camera is None
    assert torch.all(second.depth == 2)


def test_a_folder_of_sets(kinect, tmp_path_factory):
    root = tmp_path_factory.mktemp("root")
    kinect.rename(root / "one")
    (root / "no-set").mkdir()
    assert [found.name for found in depth_sets(root)] == ["one"]


def test_a_list_of_lines(tmp_path):
    save_photo(tmp_path / "rgb" / "1.png")
    save_png16(tmp_path / "d" / "1.png", np.full((6, 8), 250))
    np.save(tmp_path / "d" / "2.npy", np.full((3, 4), 7.0))
    lines = ["# rgb depth prompt", "", "rgb/1.png d/1.png", "rgb/1.png d/2.npy d/1.png"]
    (tmp_path / "list.txt").write_text("\n".join(lines))
    (found,) = depth_sets(tmp_path / "list.txt")
    first, second = (frame.load() for frame in found.frames)
    assert first.name == "rgb/1"
    assert first.prompt is None
    assert torch.all(first.depth == 0.25)
    assert torch.all(second.depth == 7)
    assert torch.all(second.prompt == 0.25)
    kitti = list_set(tmp_path / "list.txt", DepthEncoding(256))
    assert torch.all(kitti.frames[0].load().depth == 250 / 256)


def test_disparity_is_depth_up_to_scale(tmp_path):
    path = save_png16(tmp_path / "d.png", np.array([[0, 1], [2, 4]]))
    depth = read_depth(path, DepthEncoding(scale=8, quantity="disparity"))
    assert depth.tolist() == [[0, 8], [4, 2]]


def test_every_kind_of_unknown_becomes_zero(tmp_path):
    np.save(tmp_path / "d.npy", np.array([[np.nan, np.inf], [-1, 3]]))
    assert read_depth(tmp_path / "d.npy").tolist() == [[0, 0], [0, 3]]


def test_a_rotated_photo_has_its_sides_swapped(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.zeros((6, 8, 3), np.uint8)).save(tmp_path / "a.jpg", exif=exif)
    save_png16(tmp_path / "a.png", np.ones((8, 6)))
    (tmp_path / "l.txt").write_text("a.jpg a.png")
    assert list_set(tmp_path / "l.txt").frames[0].load().depth.shape == (8, 6)


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (lambda d: (d / "a.png").unlink(), "no such photo"),
        (lambda d: (d / "a.png").write_bytes(b"not a picture"), "cannot read this photo"),
        (lambda d: (d / "a_depth.png").unlink(), "does not exist"),
        (lambda d: (d / "a_depth.png").write_bytes(b"\x89PNG\r\n\x1a\n"), "cannot be read"),
        (lambda d: save_png16(d / "a_depth.png", np.zeros((6, 8))), "no valid depth"),
        (lambda d: save_png16(d / "a_depth.png", np.ones((8, 6))), "cannot belong to a photo"),
        (lambda d: Image.new("RGB", (8, 6), "red").save(d / "a_depth.png"), "depth in colours"),
    ],
)
def test_a_broken_frame_says_what_is_wrong(kinect, break_it, message):
    (found,) = depth_sets(kinect)
    break_it(kinect)
    with pytest.raises(InputError, match=message):
        found.frames[0].load()
    found.frames[1].load()  # the rest is not touched


def test_a_photo_that_claims_to_be_huge(kinect, monkeypatch):
    (found,) = depth_sets(kinect)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)  # as if it had 200 million
    with pytest.raises(InputError, match="cannot read this photo"):
        found.frames[0].load()


def test_pickles_are_refused(tmp_path):
    np.save(tmp_path / "d.npy", np.array([[{"depth": 1}]]), allow_pickle=True)
    with pytest.raises(InputError, match="cannot be read"):
        read_depth(tmp_path / "d.npy")


@pytest.mark.parametrize("text", ["{", "[]", '{"frames": [{"depth": "x"}]}'])
def test_a_broken_cameras_json(tmp_path, text):
    (tmp_path / "cameras.json").write_text(text)
    with pytest.raises(InputError, match="not a cameras"):
        depth_sets(tmp_path)


def test_nothing_to_measure(tmp_path):
    with pytest.raises(InputError, match="no such data set"):
        depth_sets(tmp_path / "missing")
    with pytest.raises(InputError, match="no photo with depth"):
        depth_sets(tmp_path)
    (tmp_path / "l.txt").write_text("only-one-word\n")
    with pytest.raises(InputError, match="line 1"):
        depth_sets(tmp_path / "l.txt")


@pytest.mark.skipif(not DATA.is_dir(), reason="NVS_DATA_DIR names no data sets")
def test_the_real_sets():
    found = {s.name: s for s in depth_sets(DATA)}
    assert len(found["rgbd-7scenes-redkitchen"].frames) == 39
    kitti = found["rgbd-kitti-metric3d"].frames[0].load()
    assert 5 < float(kitti.depth[kitti.depth > 0].min()) < 6  # README: min 5.13 over the set
    prompt = found["rgbd-arkit-promptda"].frames[0].load()
    assert prompt.depth.shape == (192, 256)  # the photo has 1920x1440
    assert prompt.camera is None
