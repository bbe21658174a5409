"""Every format that is written and read again gives the picture of the scene."""

from __future__ import annotations

import gzip

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import nvs
from nvs.scene.camera import Camera
from nvs.scene.formats.registry import WRITERS, is_scene, read_scene_file, write_scene_file
from nvs.scene.formats.smallest_three import SmallestThree
from nvs.scene.gaussians import Gaussians
from tests.conftest import ASSETS
from tests.scene.formats.scenes import CAMERA, cloud, picture, psnr

# Least PSNR, dB, of a cloud's picture: harmonics of degree 0 and 3.  .splat has no others.
LEAST = {
    ".ply": (110, 110),
    ".glb": (110, 110),
    ".compressed.ply": (42, 38),
    ".splat": (45, None),
    ".spz": (45, 35),
    ".sog": (46, 44),
}
KEEP_CAMERA = (".ply", ".compressed.ply", ".sog", ".glb")


@pytest.mark.parametrize("suffix", WRITERS)
@pytest.mark.parametrize("coefficients", [None, 4, 9, 16])
def test_the_picture_stays(tmp_path, suffix, coefficients):
    least = LEAST[suffix][0 if coefficients is None else 1]
    if least is None:
        pytest.skip("has no harmonics")
    scene = cloud(coefficients=coefficients)
    write_scene_file(scene, tmp_path / f"a{suffix}")
    read = read_scene_file(tmp_path / f"a{suffix}")
    assert read.gaussians.sh_degree == scene.sh_degree
    assert len(read.gaussians) == len(scene)
    assert psnr(picture(read.gaussians), picture(scene)) > least


def test_splat_keeps_the_colour_that_does_not_depend_on_the_side(tmp_path):
    scene = cloud(coefficients=9)
    write_scene_file(scene, tmp_path / "a.splat")
    plain = Gaussians(
        scene.means, scene.quats, scene.scales, scene.opacities,
        (0.5 + 0.28209479177387814 * scene.colors[:, 0]).clamp(0, 1),
    )  # fmt: skip
    read = read_scene_file(tmp_path / "a.splat").gaussians
    assert psnr(picture(read), picture(plain)) > 45


@pytest.mark.parametrize("suffix", KEEP_CAMERA)
@pytest.mark.parametrize("moved", [False, True])
def test_the_camera_comes_along(tmp_path, suffix, moved):
    pose = torch.eye(4)
    if moved:
        pose[:3, :3] = torch.tensor([[0.8, 0, 0.6], [0, 1, 0], [-0.6, 0, 0.8]])
        pose[:3, 3] = torch.tensor([1.0, -2.0, 0.5])
    intrinsics = torch.tensor([[300.0, 0, 151.5], [0, 301.0, 99.25], [0, 0, 1]])
    camera = Camera(intrinsics, pose, 300, 200)
    write_scene_file(cloud(20), tmp_path / f"a{suffix}", camera)
    read = read_scene_file(tmp_path / f"a{suffix}").camera
    assert (read.width, read.height) == (300, 200)
    torch.testing.assert_close(read.intrinsics, intrinsics, rtol=1e-6, atol=1e-5)
    torch.testing.assert_close(read.camera_to_world, pose, rtol=1e-5, atol=1e-5)
    assert nvs.open_scene(tmp_path / f"a{suffix}").made_from is not None


@pytest.mark.parametrize("suffix", WRITERS)
def test_a_file_is_known_by_what_is_in_it(tmp_path, suffix):
    scene = cloud(50)
    write_scene_file(scene, tmp_path / f"a{suffix}")
    renamed = (tmp_path / f"a{suffix}").rename(tmp_path / "renamed.bin")
    assert is_scene(renamed)
    assert len(read_scene_file(renamed).gaussians) == 50
    wrong = renamed.rename(tmp_path / "wrong.ply")
    assert len(nvs.open_scene(wrong).gaussians) == 50


def test_photos_are_no_scenes(tmp_path):
    for photo in ASSETS.glob("*.jpg"):
        assert not is_scene(photo)
    (tmp_path / "zeros.bin").write_bytes(bytes(64 << 10))
    (tmp_path / "ones.bin").write_bytes(b"\xff" * 3200)
    (tmp_path / "text.txt.gz").write_bytes(gzip.compress(b"hello" * 100))
    noise = np.random.default_rng(0).integers(0, 256, 32 * 500, dtype=np.uint8)
    (tmp_path / "noise.bin").write_bytes(noise.tobytes())
    for path in tmp_path.iterdir():
        assert not is_scene(path), path
    assert not is_scene(tmp_path / "missing.bin")
    assert is_scene(tmp_path / "missing.spz")


def test_a_gzipped_ply_is_read(tmp_path):
    scene = cloud(50, 4)
    write_scene_file(scene, tmp_path / "a.ply", CAMERA)
    packed = tmp_path / "a.ply.gz"
    packed.write_bytes(gzip.compress((tmp_path / "a.ply").read_bytes()))
    read = read_scene_file(packed)
    torch.testing.assert_close(read.gaussians.means, scene.means)
    assert read.camera.width == CAMERA.width


@pytest.mark.parametrize("suffix", WRITERS)
def test_one_gaussian_and_many_alike(tmp_path, suffix):
    one = cloud(1)
    same = one.map(lambda tensor: tensor.repeat(300, *[1] * (tensor.ndim - 1)))
    for scene in (one, same):
        write_scene_file(scene, tmp_path / f"a{suffix}")
        read = read_scene_file(tmp_path / f"a{suffix}").gaussians
        assert len(read) == len(scene)
        torch.testing.assert_close(read.means, scene.means, rtol=1e-3, atol=1e-2)


@given(
    seed=st.integers(0, 10**6),
    count=st.integers(1, 700),
    coefficients=st.sampled_from([None, 4, 16]),
    size=st.sampled_from([1e-3, 1.0, 1e3]),
    suffix=st.sampled_from(list(WRITERS)),
)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_scene_stays_within_the_formats_steps(
    tmp_path, seed, count, coefficients, size, suffix
):
    scene = cloud(count, coefficients, seed).scaled(size)
    write_scene_file(scene, tmp_path / f"a{suffix}")
    read = read_scene_file(tmp_path / f"a{suffix}").gaussians
    assert len(read) == count
    # Formats may sort: what each Gaussian became is told by its place.
    places = torch.cdist(scene.means.double() / size, read.means.double() / size)
    assert float(places.min(dim=1).values.max()) < 0.02
    found = places.argmin(dim=1)
    alone = (places < 0.05).sum(dim=1) == 1
    if suffix == ".spz" and size != 1:  # its scales lie between exp(-10) and exp(6)
        return
    for name, step in (("opacities", 0.012), ("scales", None)):
        ours, theirs = getattr(scene, name)[alone], getattr(read, name)[found][alone]
        if step is None:
            ours, theirs, step = ours.log(), theirs.log(), 0.12
        assert float((ours - theirs).abs().max() if alone.any() else 0) < step, name


@given(st.lists(st.floats(-1, 1), min_size=4, max_size=4).filter(lambda q: max(map(abs, q)) > 0.1))
def test_smallest_three_are_the_same_rotation(quat):
    quat = np.array([quat]) / np.linalg.norm(quat)
    again = SmallestThree.of(quat).quats().astype(np.float64)
    assert abs(abs((quat * again).sum()) - 1) < 1e-6


def test_what_cannot_be_written(tmp_path):
    with pytest.raises(nvs.InputError, match=r"\.compressed\.ply"):
        write_scene_file(cloud(3), tmp_path / "a.obj")
    broken = cloud(3)
    broken.means[1, 1] = float("nan")
    for suffix in WRITERS:
        with pytest.raises(ValueError, match="means"):
            write_scene_file(broken, tmp_path / f"a{suffix}")
        with pytest.raises(ValueError, match="without"):
            write_scene_file(broken[:0], tmp_path / f"a{suffix}")
    assert not list(tmp_path.iterdir())


def test_a_photos_scene_is_packed_well(tmp_path, model):
    """The order of a photo's scene is what makes it small; larger photos gain more."""
    photo = nvs.load_photo(ASSETS / "room.jpg").resized_to(200)
    scene = model.splat(photo)
    sizes = {}
    for suffix in (".ply", ".sog", ".spz"):
        write_scene_file(scene, tmp_path / f"a{suffix}")
        sizes[suffix] = (tmp_path / f"a{suffix}").stat().st_size
        read = read_scene_file(tmp_path / f"a{suffix}").gaussians
        assert psnr(picture(read, photo.camera), picture(scene, photo.camera)) > 40
    assert sizes[".ply"] > 6.3 * sizes[".sog"]
    assert sizes[".ply"] > 4.2 * sizes[".spz"]
