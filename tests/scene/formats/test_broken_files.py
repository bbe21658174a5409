"""Broken files of every kind: one line, and never more memory than the file's size can justify."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import gzip
import io
import json
import random
import re
import struct
import tracemalloc
import zipfile
from pathlib import Path

import pytest
import torch
import zstandard
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image

import nvs
from nvs.scene.formats.registry import WRITERS, read_scene_file, write_scene_file
from nvs.scene.formats.texels import write_texels
from tests.fuzz import mutate
from tests.scene.formats.scenes import CAMERA, cloud
from tests.scene.formats.test_others_files import glb, glb_parts, ksplat, spz

same_folder = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60
)
KINDS = (*WRITERS, ".ksplat", "4.spz", ".ply.gz")


def whole(suffix: str, folder: Path) -> bytes:
    """A file of that kind that is right, with harmonics where it can have them."""
    if suffix == ".ksplat":
        return ksplat(cloud(40, 4), 1, 3)
    if suffix == "4.spz":
        return spz(cloud(40), 4)
    path = folder / f"whole{suffix.removesuffix('.gz')}"
    if not path.exists():
        write_scene_file(cloud(300, 4), path, CAMERA)
    return gzip.compress(path.read_bytes()) if suffix.endswith(".gz") else path.read_bytes()


def refusal_of(path: Path) -> str:
    with pytest.raises(nvs.InputError) as refusal:
        read_scene_file(path)
    assert "\n" not in str(refusal.value)
    assert str(path) in str(refusal.value)
    return str(refusal.value)


@pytest.mark.parametrize("suffix", KINDS)
def test_any_truncation_is_one_line(tmp_path, suffix):
    data = whole(suffix, tmp_path)
    path = tmp_path / f"cut{suffix}"
    # The first bytes one by one, where headers are; then all parts of the file.
    for length in [*range(1, 60), *range(60, len(data), max(1, len(data) // 60)), len(data) - 1]:
        if suffix == ".splat" and length % 32 == 0:
            continue  # a .splat that is cut between Gaussians is one of fewer
        path.write_bytes(data[:length])
        refusal_of(path)


@pytest.mark.parametrize("suffix", KINDS)
@given(
    changes=st.lists(
        st.tuples(st.integers(0, 1 << 20), st.integers(0, 255)), min_size=1, max_size=8
    )
)
@example(changes=[(8, 255), (9, 255), (10, 255), (11, 255)])
@example(changes=[(k, 0) for k in range(4)])
@same_folder
def test_damaged_bytes_give_gaussians_or_one_line(tmp_path, suffix, changes):
    data = bytearray(whole(suffix, tmp_path))
    for position, value in changes:
        data[position % (len(data) if position % 2 else min(200, len(data)))] = value
    path = tmp_path / f"damaged{suffix}"
    path.write_bytes(data)
    tracemalloc.start()
    try:
        scene = read_scene_file(path).gaussians
    except nvs.InputError as error:
        refusal = str(error)
    else:
        refusal = ""
        assert bool(scene.means.isfinite().all())
        assert bool(scene.scales.isfinite().all())
        assert bool(scene.colors.isfinite().all())
        assert 0 <= float(scene.opacities.min()) <= float(scene.opacities.max()) <= 1
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "\n" not in refusal
    assert peak < 200e6


def sog(meta: dict, **pictures: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("meta.json", json.dumps(meta))
        for name, content in pictures.items():
            archive.writestr(f"{name}.webp", content)
    return file.getvalue()


@functools.cache
def bombs() -> dict[str, bytes]:
    """Small files that say or hold what fills a memory."""
    spz_head = struct.pack("<4sIIBBBB", b"NGSP", 3, 2**32 - 1, 3, 12, 0, 0)
    zeros = zstandard.compress(bytes(1 << 20))
    count = 10**8
    sizes = [9 * count, count, 3 * count, 3 * count, 4 * count]
    ngsp = struct.pack("<4sIIBBBBI12x", b"NGSP", 4, count, 0, 12, 0, 5, 32)
    ngsp += b"".join(struct.pack("<QQ", len(zeros), size) for size in sizes) + zeros * 5
    ply = b"ply\nformat binary_little_endian 1.0\nelement vertex 99999999999\n"
    ply += b"".join(b"property float %s\n" % name for name in (
        b"x y z f_dc_0 f_dc_1 f_dc_2 opacity scale_0 scale_1 scale_2 rot_0 rot_1 rot_2 rot_3"
    ).split()) + b"end_header\n"  # fmt: skip
    chunks = b"ply\nformat binary_little_endian 1.0\nelement chunk 1000000000\n"
    chunks += b"property float min_x\nelement vertex 256000000000\nproperty uint packed_position\n"
    small = write_texels(cloud(16).means.numpy() * 0 + 1)
    part = {"files": ["p.webp", "p.webp"], "mins": [0] * 3, "maxs": [1] * 3, "codebook": [0] * 256}
    meta = {"version": 2, "count": 10**9, "means": part, "scales": part, "quats": part, "sh0": part}
    header = struct.pack("<BBxxIIIIH", 0, 1, 1, 1, 10**9, 10**9, 1).ljust(4096, b"\0")
    section = struct.pack(
        "<IIIIfHxxI4xIIH", *(10**9, 10**9, 256, 4 * 10**6, 5.0), 12, 32767, 0, 0, 2
    )
    return {
        "count.spz": gzip.compress(spz_head + bytes(1 << 16)),
        "zeros.spz": gzip.compress(
            spz_head[:8] + struct.pack("<I", 10**7) + spz_head[12:] + bytes(1 << 27)
        ),
        "count4.spz": ngsp,
        "count.ply": ply + bytes(1 << 10),
        "chunks.ply": chunks + b"end_header\n" + bytes(1 << 10),
        "zeros.ply.gz": gzip.compress(ply + bytes(1 << 27)),
        "count.sog": sog(meta, p=small),
        "count.ksplat": header + section.ljust(1024, b"\0") + bytes(1 << 12),
    }


@pytest.mark.parametrize("name", bombs())
def test_bombs_do_not_go_off(tmp_path, name):
    (tmp_path / name).write_bytes(bombs()[name])
    tracemalloc.start()
    refusal_of(tmp_path / name)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 150e6


def test_a_picture_larger_than_its_file_can_justify(tmp_path):
    """A WebP of one colour: 100 million pixels in few bytes."""
    file = io.BytesIO()
    Image.new("RGB", (9000, 9000)).save(file, "WEBP", lossless=True)
    part = {"files": ["p.webp", "p.webp"], "mins": [0] * 3, "maxs": [1] * 3, "codebook": [0] * 256}
    meta = {"version": 2, "count": 10**7, "means": part, "scales": part, "quats": part, "sh0": part}
    (tmp_path / "a.sog").write_bytes(sog(meta, p=file.getvalue()))
    assert "times its own size" in refusal_of(tmp_path / "a.sog")


@pytest.mark.parametrize(
    ("meta", "words"),
    [
        ({"version": 3, "count": 5}, "version 3, not 1 or 2"),
        ({"version": 2}, "how many"),
        ({"version": 2, "count": -1}, "how many"),
        ({"version": 2, "count": 0}, "holds no Gaussians"),
        ({"version": 2, "count": 5}, "has no means"),
        ({"version": 2, "count": 5, "means": {"files": ["x.webp"]}}, "names no files"),
        ({"version": 2, "count": 5, "means": {"files": ["../x", "x"]}}, "has no"),
        ([1, 2], "no JSON object"),
    ],
)
def test_odd_meta_data(tmp_path, meta, words):
    (tmp_path / "a.sog").write_bytes(sog(meta))
    assert re.search(words, refusal_of(tmp_path / "a.sog"))


def test_odd_gltf(tmp_path):
    write_scene_file(cloud(20), tmp_path / "a.glb", CAMERA)
    path = tmp_path / "b.glb"

    def refused(change) -> str:
        content, binary = glb_parts(tmp_path / "a.glb")
        change(content)
        path.write_bytes(glb(content, binary))
        return refusal_of(path)

    assert "circles" in refused(lambda c: c["nodes"][0].update(children=[0]))
    assert "not there" in refused(lambda c: c["nodes"][0].update(mesh=7))
    assert "not there" in refused(lambda c: c["scenes"][0].update(nodes=[99]))
    assert "beyond" in refused(lambda c: c["accessors"][0].update(count=10**12))
    assert "beyond" in refused(lambda c: c["bufferViews"][0].update(byteOffset=10**12))
    assert "no data" in refused(lambda c: c["accessors"][0].pop("bufferView"))
    assert "different lengths" in refused(lambda c: c["accessors"][0].update(count=3))
    assert "no Gaussians" in refused(lambda c: c["meshes"][0]["primitives"][0].pop("extensions"))
    assert "transform" in refused(lambda c: c["nodes"][0].update(rotation=["a"]))
    assert "transform" in refused(lambda c: c["nodes"][0].update(scale=[10**400, 1, 1]))
    assert "no list" in refused(lambda c: c["meshes"][0].update(primitives=3))
    assert "no Gaussians" in refused(
        lambda c: c["meshes"][0]["primitives"][0].update(extensions=["x"])
    )
    assert "turned by nothing" in refused(lambda c: c["nodes"][0].update(rotation=[0, 0, 0, 0]))
    extension = {"extensions": {"KHR_gaussian_splatting_compression_spz_2": {"bufferView": 0}}}
    assert "compressed" in refused(
        lambda c: c["meshes"][0]["primitives"][0]["extensions"]["KHR_gaussian_splatting"].update(
            extension
        )
    )


@pytest.mark.parametrize("aspect", [10**400, float("inf"), float("nan"), 0, -1, 1e308])
def test_a_gltf_camera_of_no_shape_is_none(tmp_path, aspect):
    write_scene_file(cloud(20), tmp_path / "a.glb", CAMERA)
    content, binary = glb_parts(tmp_path / "a.glb")
    lens = {"yfov": 0.8, "aspectRatio": 1.5}
    content["cameras"] = [{"type": "perspective", "perspective": lens}]
    (tmp_path / "b.glb").write_bytes(glb(content, binary))
    assert read_scene_file(tmp_path / "b.glb").camera.width == 1080
    lens["aspectRatio"] = aspect
    (tmp_path / "b.glb").write_bytes(glb(content, binary))
    assert read_scene_file(tmp_path / "b.glb").camera is None


def test_what_cannot_be_projected_is_left_out(tmp_path):
    """Nodes may put Gaussians, all finite, where float32 ends; so may the file itself."""
    write_scene_file(cloud(20), tmp_path / "a.glb")
    content, binary = glb_parts(tmp_path / "a.glb")
    content["nodes"][0]["scale"] = [1e30, 1e30, 1e30]
    (tmp_path / "b.glb").write_bytes(glb(content, binary))
    assert "no Gaussian with finite values" in refusal_of(tmp_path / "b.glb")
    scene = cloud(20)
    scene.means[3] = 3e38
    write_scene_file(scene, tmp_path / "c.ply")
    read = nvs.open_scene(tmp_path / "c.ply")
    assert len(read.gaussians) == 19
    assert bool(read.camera.camera_to_world.isfinite().all())


def test_negative_sizes_are_drawn_as_positive_ones(tmp_path):
    scene = cloud(24, 4)
    flipped = dataclasses.replace(scene, scales=-scene.scales)
    (tmp_path / "a.ksplat").write_bytes(ksplat(flipped, 0, 3))
    assert torch.equal(read_scene_file(tmp_path / "a.ksplat").gaussians.scales, scene.scales)


def test_harmonics_of_another_length(tmp_path):
    write_scene_file(cloud(20, 4), tmp_path / "a.glb")
    content, binary = glb_parts(tmp_path / "a.glb")
    index = content["meshes"][0]["primitives"][0]["attributes"][
        "KHR_gaussian_splatting:SH_DEGREE_1_COEF_1"
    ]
    content["accessors"][index]["count"] = 3
    (tmp_path / "b.glb").write_bytes(glb(content, binary))
    assert "different lengths" in refusal_of(tmp_path / "b.glb")


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("suffix", [".glb", ".sog"])
def test_any_value_in_its_json(tmp_path, suffix):
    """What stands for numbers, lists and objects may be anything: read, or refused."""
    path = tmp_path / f"b{suffix}"
    write_scene_file(cloud(40, 4), tmp_path / f"a{suffix}", CAMERA)
    if suffix == ".glb":
        content, binary = glb_parts(tmp_path / "a.glb")
    else:
        with zipfile.ZipFile(tmp_path / "a.sog") as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
        content = json.loads(files.pop("meta.json"))
        files = {name.removesuffix(".webp"): data for name, data in files.items()}
    dice = random.Random(0)
    read = 0
    for _ in range(250):
        changed = mutate.a_value(json.loads(json.dumps(content)), dice)
        if dice.random() < 0.1 and isinstance(changed, dict):
            changed[dice.choice([*changed])] = 10**400
        path.write_bytes(glb(changed, binary) if suffix == ".glb" else sog(changed, **files))
        with contextlib.suppress(nvs.InputError):
            read_scene_file(path)
            read += 1
    assert 25 < read < 225


def test_what_is_nothing_at_all(tmp_path):
    for suffix in KINDS:
        path = tmp_path / f"a{suffix}"
        path.write_bytes(b"something else entirely, but long enough to be read as a header" * 9)
        refusal_of(path)
        path.write_bytes(b"")
        assert "empty" in refusal_of(path)
        path.unlink()
        assert "does not exist" in refusal_of(path)
    (tmp_path / "a.zip").write_bytes(sog({}))
    assert "has no means" in refusal_of(tmp_path / "a.zip")
