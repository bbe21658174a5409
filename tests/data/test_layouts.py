"""Public sets on small made-up trees of the same form."""

import numpy as np
import pytest
import torch
from PIL import Image

from nvs.data.layouts import LAYOUTS
from nvs.data.recorded import depth_sets
from nvs.errors import InputError

WIDTH, HEIGHT = 32, 24


def photo(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((HEIGHT, WIDTH, 3), 90, np.uint8)).save(path)


def png16(path, value, width=WIDTH, height=HEIGHT):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((height, width), value, np.uint16)).save(path)


def only_frame(root, layout):
    (found,) = depth_sets(root)
    assert found.name == f"{layout}:{root.name}"
    (frame,) = found.frames
    assert [f.name for f in depth_sets(root, layout)[0].frames] == [frame.name]
    return frame, frame.load()


def test_kitti_selection(tmp_path):
    root = tmp_path / "depth_selection" / "val_selection_cropped"
    name = "2011_09_26_drive_0002_sync_{}_0000000005_image_02.png"
    photo(root / "image" / name.format("image"))
    png16(root / "groundtruth_depth" / name.format("groundtruth_depth"), 10 * 256)
    intrinsics = root / "intrinsics" / name.format("image").replace(".png", ".txt")
    intrinsics.parent.mkdir()
    intrinsics.write_text("721.5 0 596.5 0 721.5 149.8 0 0 1\n")
    frame, sample = only_frame(tmp_path, "kitti")
    assert torch.all(sample.depth == 10)
    assert sample.camera.intrinsics[0, 0] == 721.5
    png16(frame.depth, 81 * 256)  # beyond 80 m nothing counts
    with pytest.raises(InputError, match="no valid depth"):
        frame.load()


def test_kitti_drives(tmp_path):
    drive = "2011_09_26_drive_0013_sync"
    png16(tmp_path / "val" / drive / "proj_depth/groundtruth/image_02/0000000007.png", 512)
    photo(tmp_path / "raw" / "2011_09_26" / drive / "image_02/data/0000000007.png")
    frame, sample = only_frame(tmp_path, "kitti")
    assert frame.name == f"{drive}/image_02/0000000007"
    assert torch.all(sample.depth == 2)


def test_eth3d(tmp_path):
    photo(tmp_path / "office" / "images/dslr_images/DSC_1.JPG")
    depth = np.full((HEIGHT, WIDTH), np.inf, np.float32)
    depth[3, 5] = 2.5
    path = tmp_path / "office" / "ground_truth_depth/dslr_images/DSC_1.JPG"
    path.parent.mkdir(parents=True)
    depth.tofile(path)
    frame, sample = only_frame(tmp_path, "eth3d")
    assert frame.name == "office/DSC_1"
    assert sample.depth[3, 5] == 2.5
    assert (sample.depth > 0).sum() == 1
    depth[:5].tofile(path)
    with pytest.raises(InputError, match="160 depths for a photo of 32x24"):
        frame.load()


def test_nyu_pairs(tmp_path):
    photo(tmp_path / "bathroom" / "rgb_00045.jpg")
    png16(tmp_path / "bathroom" / "sync_depth_00045.png", 1500)
    frame, sample = only_frame(tmp_path, "nyu")
    assert frame.name == "bathroom/00045"
    assert torch.all(sample.depth == 1.5)


def test_nyu_labelled(tmp_path):
    h5py = pytest.importorskip("h5py")
    depths = np.arange(2 * WIDTH * HEIGHT, dtype=np.float32).reshape(2, WIDTH, HEIGHT) + 1
    images = np.zeros((2, 3, WIDTH, HEIGHT), np.uint8)
    images[1, 0, 4, 2] = 255  # red at x = 4, y = 2
    with h5py.File(tmp_path / "nyu_depth_v2_labeled.mat", "w") as file:
        file["depths"], file["images"] = depths, images
    (found,) = depth_sets(tmp_path)
    assert [frame.name for frame in found.frames] == ["0000", "0001"]
    sample = found.frames[1].load()
    assert sample.depth.shape == (HEIGHT, WIDTH)
    assert sample.depth[2, 4] == depths[1, 4, 2]
    loaded = sample.load_photo()
    assert loaded.rgb[2, 4].tolist() == [1, 0, 0]
    assert (loaded.camera.width, loaded.camera.height) == (WIDTH, HEIGHT)


def test_scannet(tmp_path):
    scene = tmp_path / "scene0000_00"
    photo(scene / "color" / "10.jpg")
    png16(scene / "depth" / "10.png", 2000, 16, 12)  # the depth camera's own size
    for folder, name, first in (("intrinsic", "intrinsic_color", 25.0), ("pose", "10", 1.0)):
        (scene / folder).mkdir()
        matrix = np.eye(4)
        matrix[0, 0] = matrix[1, 1] = first
        matrix[0, 3] = 0.5
        np.savetxt(scene / folder / f"{name}.txt", matrix)
    frame, sample = only_frame(tmp_path, "scannet")
    assert frame.name == "scene0000_00/10"
    assert sample.depth.shape == (12, 16)
    assert sample.camera.intrinsics[0, 0] == 25
    assert sample.camera.camera_to_world[0, 3] == 0.5
    assert sample.load_photo().camera.camera_to_world[0, 3] == 0  # a photo is its own origin


def test_diode(tmp_path):
    base = tmp_path / "indoors" / "scene_1" / "scan_2" / "00019_00183_indoors_000_010"
    photo(base.with_suffix(".png"))
    depth = np.full((HEIGHT, WIDTH, 1), 5.0, np.float32)
    depth[:, 20:] = 9.0  # a step: the scanner smears it, it does not count
    depth[0, 0] = 0.3
    mask = np.ones((HEIGHT, WIDTH), np.float32)
    mask[5, 5] = 0
    np.save(f"{base}_depth.npy", depth)
    np.save(f"{base}_depth_mask.npy", mask)
    frame, sample = only_frame(tmp_path, "diode")
    assert frame.name == "indoors/scene_1/scan_2/00019_00183_indoors_000_010"
    assert sample.depth[0, 0] == sample.depth[5, 5] == 0
    assert torch.all(sample.depth[2:, 19:21] == 0)
    assert sample.depth[10, 10] == 5
    assert sample.depth[10, 25] == 9


def test_hypersim_distance_becomes_z(tmp_path):
    h5py = pytest.importorskip("h5py")
    images = tmp_path / "ai_001_001" / "images"
    photo(images / "scene_cam_00_final_preview" / "frame.0000.tonemap.jpg")
    focal = 886.81 * WIDTH / 1024
    y, x = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    distance = 3 * np.sqrt(1 + ((x - 16) / focal) ** 2 + ((y - 12) / focal) ** 2)
    distance[0, 0] = np.nan
    path = images / "scene_cam_00_geometry_hdf5" / "frame.0000.depth_meters.hdf5"
    path.parent.mkdir()
    with h5py.File(path, "w") as file:
        file["dataset"] = distance.astype(np.float32)
    frame, sample = only_frame(tmp_path, "hypersim")
    assert frame.name == "ai_001_001/scene_cam_00/frame.0000"
    assert sample.depth[0, 0] == 0
    torch.testing.assert_close(sample.depth[1:], torch.full((HEIGHT - 1, WIDTH), 3.0))
    assert sample.notes == ("1 pixels of the depth are NaN",)


def test_synth4k(tmp_path):
    pytest.importorskip("nvs.depth.file", reason="EXR is read there")
    from nvs.depth.file import write_depth
    from nvs.scene.camera import Camera

    game = tmp_path / "cyberpunk" / "walk_1"
    photo(game / "rgb" / "0001.png")
    depth = torch.full((HEIGHT, WIDTH), 20.0)
    depth[0], depth[1] = 2.0, 400.0
    (game / "depth").mkdir()
    write_depth(game / "depth" / "0001.exr", depth, Camera.from_focal(30, WIDTH, HEIGHT), "m")
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[7] = 255
    (game / "highfreq_mask").mkdir()
    Image.fromarray(mask).save(game / "highfreq_mask" / "0001_highfreq_mask.png")
    frame, sample = only_frame(tmp_path, "synth4k")
    assert frame.name == "cyberpunk/walk_1/depth/0001"
    assert sample.depth[:, 0].tolist() == [0, 0] + [20] * 22
    assert sample.detail.sum(1).tolist() == [0] * 7 + [32] + [0] * 16


def test_numbers_of_one_frame_that_are_none_stop_no_other(tmp_path):
    scene = tmp_path / "scene0000_00"
    for folder in ("intrinsic", "pose"):
        (scene / folder).mkdir(parents=True)
    np.savetxt(scene / "intrinsic" / "intrinsic_color.txt", np.diag([25.0, 25, 1, 1]))
    for i, pose in enumerate(("", "-inf " * 16, "1 0 words")):
        photo(scene / "color" / f"{i}.jpg")
        png16(scene / "depth" / f"{i}.png", 2000)
        (scene / "pose" / f"{i}.txt").write_text(pose)
    (scene / "pose" / "0.txt").unlink()  # not posed, but measured
    (found,) = depth_sets(tmp_path)
    found.frames[0].load()
    for frame in found.frames[1:]:
        with pytest.raises(InputError, match="its pose is not 4x4 finite numbers"):
            frame.load()


def test_diode_files_of_another_form(tmp_path):
    photo(tmp_path / "a.png")
    np.save(tmp_path / "a_depth.npy", np.float32(5))
    (found,) = depth_sets(tmp_path)
    with pytest.raises(InputError, match=r"a_depth\.npy: a depth map of DIODE is"):
        found.frames[0].load()


def test_hdf5_files_of_another_form(tmp_path):
    h5py = pytest.importorskip("h5py")
    labelled = tmp_path / "nyu_depth_v2_labeled.mat"
    with h5py.File(labelled, "w") as file:
        file["images"] = np.zeros((1, 3, WIDTH, HEIGHT), np.uint8)
    with pytest.raises(InputError, match="holds no `depths`"):
        depth_sets(tmp_path)
    with h5py.File(labelled, "a") as file:
        file["depths"] = np.ones((2, WIDTH, HEIGHT), np.float32)
    (found,) = depth_sets(tmp_path)
    found.frames[0].load()
    with pytest.raises(InputError, match="it has 1 images"):
        found.frames[1].load()

    images = tmp_path / "hypersim" / "ai_001_001" / "images"
    photo(images / "scene_cam_00_final_preview" / "frame.0000.tonemap.jpg")
    path = images / "scene_cam_00_geometry_hdf5" / "frame.0000.depth_meters.hdf5"
    path.parent.mkdir()
    h5py.File(path, "w").close()
    (found,) = depth_sets(tmp_path / "hypersim")
    with pytest.raises(InputError, match="holds no `dataset`"):
        found.frames[0].load()


def test_unknown_layouts_are_named(tmp_path):
    with pytest.raises(InputError, match="choose auto, kitti, eth3d"):
        depth_sets(tmp_path, "sintel")
    assert list(LAYOUTS) == ["kitti", "eth3d", "nyu", "scannet", "diode", "hypersim", "synth4k"]
