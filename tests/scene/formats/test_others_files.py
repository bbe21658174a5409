"""Files as other programs write them, made here by the formats' descriptions a second time."""

from __future__ import annotations

import gzip
import io
import json
import math
import os
import shutil
import struct
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
import zstandard
from PIL import Image

import nvs
from nvs.scene.formats.registry import read_scene_file, write_scene_file
from nvs.scene.gaussians import Gaussians
from tests.scene.formats.scenes import CAMERA, cloud, picture, psnr
from tests.scene.test_ply import columns_of, ply_bytes

C0 = 0.28209479177387814


# --- .spz -------------------------------------------------------------------------------------


def spz_streams(scene: Gaussians, version: int) -> list[bytes]:
    """x right, y up, z back, of a scene with plain colours."""
    means = scene.means.numpy() * (1, -1, -1)
    w, x, y, z = (scene.quats * torch.where(scene.quats[:, :1] < 0, -1, 1)).numpy().T
    # Half a turn about x: (w, x, y, z) → (-x, w, -z, y).
    w, x, y, z = -x, w, -z, y
    sign = np.where(w < 0, -1, 1)
    xyz = np.stack([x, y, z], axis=1) * sign[:, None]
    if version == 1:
        positions = means.astype("<f2").tobytes()
    else:
        fixed = np.round(means * 4096).astype(np.int32)
        low_to_high = np.stack([fixed & 255, fixed >> 8 & 255, fixed >> 16 & 255], -1)
        positions = low_to_high.astype(np.uint8).tobytes()
    if version < 3:
        rotations = np.round(xyz * 127.5 + 127.5).astype(np.uint8).tobytes()
    else:
        rotations = b""
        for quat in np.c_[xyz, w * sign]:  # x, y, z, w
            largest = int(np.abs(quat).argmax())
            packed = largest
            for k in range(4):
                if k != largest:
                    negative = (quat[k] < 0) ^ (quat[largest] < 0)
                    packed = packed << 10 | int(negative) << 9
                    packed |= int(511 * abs(quat[k]) * math.sqrt(2) + 0.5)
            rotations += struct.pack("<I", packed)
    dc = (scene.colors.numpy() - 0.5) / C0
    return [
        positions,
        np.round(scene.opacities.numpy() * 255).astype(np.uint8).tobytes(),
        np.round(dc * 0.15 * 255 + 127.5).clip(0, 255).astype(np.uint8).tobytes(),
        np.round((np.log(scene.scales.numpy()) + 10) * 16).clip(0, 255).astype(np.uint8).tobytes(),
        rotations,
    ]


def spz(scene: Gaussians, version: int) -> bytes:
    streams = spz_streams(scene, version)
    if version < 4:
        head = struct.pack("<4sIIBBBB", b"NGSP", version, len(scene), 0, 12, 0, 0)
        return gzip.compress(head + b"".join(streams))
    packed = [zstandard.compress(stream) for stream in streams]
    table = b"".join(
        struct.pack("<QQ", len(p), len(s)) for p, s in zip(packed, streams, strict=True)
    )
    head = struct.pack("<4sIIBBBBI12x", b"NGSP", 4, len(scene), 0, 12, 1, 5, 40)
    return head + bytes(8) + table + b"".join(packed)  # eight bytes of an extension


@pytest.mark.parametrize("version", [1, 2, 3, 4])
def test_spz_of_every_version(tmp_path, version):
    scene = cloud()
    (tmp_path / "a.spz").write_bytes(spz(scene, version))
    read = read_scene_file(tmp_path / "a.spz")
    assert psnr(picture(read.gaussians), picture(scene)) > (38 if version == 1 else 42)
    assert bool(read.notes) == (version == 4)  # its flag says antialiased


# --- .ksplat ----------------------------------------------------------------------------------


def ksplat(scene: Gaussians, level: int, coefficients: int = 0) -> bytes:
    """Two sections; the second has one full bucket and one that is not."""
    count = len(scene)
    halves = [scene[: count // 2], scene[count // 2 :]]
    head = struct.pack("<BBxxIIIIH", 0, 1, 2, 2, count, count, level).ljust(4096, b"\0")
    headers, bodies = b"", b""
    for part in halves:
        n = len(part)
        capacity = n - 10
        buckets, block, steps = 2, 20.0, 32767
        means = part.means.numpy()
        centers = np.array([[0.0, 0, 6], [1, 1, 5]], "<f4")
        which = np.r_[np.zeros(capacity, int), np.ones(10, int)]
        degree = {0: 0, 3: 1, 8: 2}[coefficients]
        headers += struct.pack(
            "<IIIIfHxxI4xIIH", n, n, capacity, buckets, block, 12, steps, 1, 1, degree
        ).ljust(1024, b"\0")
        body = struct.pack("<I", 10) + centers.tobytes()
        rgba = np.round(np.c_[part.colors[:, 0] * C0 + 0.5, part.opacities] * 255)
        rest = part.colors[:, 1 : 1 + coefficients].numpy()  # [n, K, 3]
        groups = [rest[:, start:end] for start, end in ((0, 3), (3, 8)) if end <= coefficients]
        rest = np.concatenate(
            [np.empty((n, 0)), *(g.transpose(0, 2, 1).reshape(n, -1) for g in groups)], axis=1
        )
        for k in range(n):
            if level == 0:
                body += means[k].astype("<f4").tobytes()
            else:
                offset = (means[k] - centers[which[k]]) / (block / 2 / steps) + steps
                body += np.round(offset).astype("<u2").tobytes()
            number = "<f4" if level == 0 else "<f2"
            body += part.scales[k].numpy().astype(number).tobytes()
            body += part.quats[k].numpy().astype(number).tobytes()
            body += rgba[k].clip(0, 255).astype(np.uint8).tobytes()
            if level == 2:
                body += np.round((rest[k] + 1.5) / 3 * 255).clip(0, 255).astype(np.uint8).tobytes()
            else:
                body += rest[k].astype(number).tobytes()
        bodies += body
    return head + headers + bodies


@pytest.mark.parametrize("level", [0, 1, 2])
@pytest.mark.parametrize("coefficients", [0, 3, 8])
def test_ksplat_of_every_level(tmp_path, level, coefficients):
    scene = cloud(60, 1 + coefficients)
    (tmp_path / "a.bin").write_bytes(ksplat(scene, level, coefficients))
    read = read_scene_file(tmp_path / "a.bin").gaussians
    assert read.sh_degree == (scene.sh_degree or None)
    assert psnr(picture(read), picture(scene)) > 40


# --- .sog -------------------------------------------------------------------------------------


def sog_parts(path: Path, scene: Gaussians) -> dict[str, bytes]:
    write_scene_file(scene, path / "a.sog")
    with zipfile.ZipFile(path / "a.sog") as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def webp(values: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(values.astype(np.uint8)).save(file, "WEBP", lossless=True, exact=True)
    return file.getvalue()


def test_sog_in_a_folder(tmp_path):
    scene = cloud(300, 4)
    for name, content in sog_parts(tmp_path, scene).items():
        (tmp_path / name).write_bytes(content)
    read = read_scene_file(tmp_path / "meta.json").gaussians
    assert psnr(picture(read), picture(scene)) > 44
    (tmp_path / "sh0.webp").unlink()
    with pytest.raises(nvs.InputError, match=r"needs sh0\.webp beside it"):
        read_scene_file(tmp_path / "meta.json")


def test_sog_of_the_first_version(tmp_path):
    """Ranges instead of codebooks, and the logit of opacity."""
    scene = cloud(300)
    parts = sog_parts(tmp_path, scene)
    meta = json.loads(parts["meta.json"])
    scales, colors = (np.asarray(Image.open(io.BytesIO(parts[f"{n}.webp"])).convert("RGBA"))
                      for n in ("scales", "sh0"))  # fmt: skip
    logs = np.array(meta["scales"]["codebook"])[scales[..., :3]]
    dc = np.array(meta["sh0"]["codebook"])[colors[..., :3]]
    logit = np.log((colors[..., 3:] / 255).clip(0.01, 0.99))
    logit -= np.log(1 - (colors[..., 3:] / 255).clip(0.01, 0.99))
    for name, values in (("scales", logs), ("sh0", np.concatenate([dc, logit], axis=-1))):
        low, high = values.min((0, 1)), values.max((0, 1))
        parts[f"{name}.webp"] = webp(np.round((values - low) / (high - low) * 255))
        meta[name] = {"mins": low.tolist(), "maxs": high.tolist(), "files": [f"{name}.webp"]}
    meta["means"]["shape"] = [meta.pop("count"), 3]
    del meta["version"]
    parts["meta.json"] = json.dumps(meta).encode()
    with zipfile.ZipFile(tmp_path / "old.sog", "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    read = read_scene_file(tmp_path / "old.sog").gaussians
    assert psnr(picture(read), picture(scene)) > 38


# --- .glb -------------------------------------------------------------------------------------


def glb_parts(path: Path) -> tuple[dict, bytes]:
    data = path.read_bytes()
    (length,) = struct.unpack_from("<I", data, 12)
    return json.loads(data[20 : 20 + length]), data[28 + length :]


def glb(content: dict, binary: bytes) -> bytes:
    text = json.dumps(content).encode()
    text += b" " * (-len(text) % 4)
    chunks = struct.pack("<I4s", len(text), b"JSON") + text
    chunks += struct.pack("<I4s", len(binary), b"BIN\0") + binary
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks


def test_glb_nodes_place_what_they_hold(tmp_path):
    scene = cloud(100, 4)
    write_scene_file(scene, tmp_path / "a.glb")
    content, binary = glb_parts(tmp_path / "a.glb")
    half = math.sqrt(0.5)
    content["nodes"] = [
        {"children": [1], "translation": [0.5, -1, 2], "scale": [2, 2, 2]},
        {"mesh": 0, "rotation": [0, half, 0, half]},
    ]
    (tmp_path / "b.glb").write_bytes(glb(content, binary))
    read = read_scene_file(tmp_path / "b.glb").gaussians
    # glTF: a quarter turn about y takes z to x and x to -z; ours has x and y turned round.
    x, y, z = scene.means.T
    expected = torch.stack([-(2 * z + 0.5), -(2 * -y - 1), 2 * x + 2], dim=1)
    torch.testing.assert_close(read.means, expected, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(read.scales, 2 * scene.scales, rtol=1e-4, atol=1e-5)
    content["nodes"][0]["scale"] = [2, 1, 1]
    (tmp_path / "b.glb").write_bytes(glb(content, binary))
    with pytest.raises(nvs.InputError, match="stretches"):
        read_scene_file(tmp_path / "b.glb")


def glb_columns(path: Path) -> dict[str, np.ndarray]:
    """Every attribute of a .glb's first mesh as its accessor says, read without our reader."""
    content, binary = glb_parts(path)
    found = {}
    for name, index in content["meshes"][0]["primitives"][0]["attributes"].items():
        accessor = content["accessors"][index]
        view = content["bufferViews"][accessor["bufferView"]]
        kind = {5126: "<f4", 5121: "u1"}[accessor["componentType"]]
        width = {"SCALAR": 1, "VEC3": 3, "VEC4": 4}[accessor["type"]]
        data = binary[view["byteOffset"] :][: view["byteLength"]]
        found[name] = np.frombuffer(data, kind).reshape(accessor["count"], width)
    return found


def test_our_glb_keeps_to_the_extension(tmp_path):
    """What KHR_gaussian_splatting asks for: names, kinds and ranges."""
    scene = cloud(coefficients=16)
    write_scene_file(scene, tmp_path / "a.glb", CAMERA)
    content, _ = glb_parts(tmp_path / "a.glb")
    assert content["extensionsUsed"] == ["KHR_gaussian_splatting"]
    primitive = content["meshes"][0]["primitives"][0]
    assert primitive["mode"] == 0
    assert primitive["extensions"]["KHR_gaussian_splatting"] == {
        "kernel": "ellipse",
        "colorSpace": "srgb_rec709_display",
        "sortingMethod": "cameraDistance",
        "projection": "perspective",
    }
    columns = glb_columns(tmp_path / "a.glb")
    prefix = "KHR_gaussian_splatting:"
    harmonics = [f"SH_DEGREE_{d}_COEF_{n}" for d in range(4) for n in range(2 * d + 1)]
    assert set(columns) == {"POSITION", "COLOR_0"} | {
        prefix + name for name in ("ROTATION", "SCALE", "OPACITY", *harmonics)
    }
    accessor = content["accessors"][primitive["attributes"]["POSITION"]]
    assert accessor["min"] == columns["POSITION"].min(axis=0).tolist()
    assert accessor["max"] == columns["POSITION"].max(axis=0).tolist()
    assert np.allclose(np.linalg.norm(columns[prefix + "ROTATION"], axis=1), 1, atol=1e-6)
    assert np.allclose(columns[prefix + "SCALE"], scene.scales, rtol=1e-6)
    opacity = columns[prefix + "OPACITY"]
    assert opacity.shape[1] == 1
    assert 0 <= opacity.min() <= opacity.max() <= 1
    assert columns["COLOR_0"].dtype == np.uint8
    assert all(view["byteOffset"] % 4 == 0 for view in content["bufferViews"])


def test_glb_of_the_draft_and_with_short_numbers(tmp_path):
    scene = cloud(100)
    write_scene_file(scene, tmp_path / "a.glb")
    content, binary = glb_parts(tmp_path / "a.glb")
    attributes = content["meshes"][0]["primitives"][0]["attributes"]
    data = bytearray(binary)

    def view(name: str) -> dict:
        return content["bufferViews"][content["accessors"][attributes[name]]["bufferView"]]

    at = view("KHR_gaussian_splatting:SCALE")
    start, end = at["byteOffset"], at["byteOffset"] + at["byteLength"]
    data[start:end] = np.log(np.frombuffer(data[start:end], "<f4")).astype("<f4").tobytes()
    at = view("KHR_gaussian_splatting:ROTATION")
    start, end = at["byteOffset"], at["byteOffset"] + at["byteLength"]
    shorts = np.round(np.frombuffer(data[start:end], "<f4") * 32767).astype("<i2").tobytes()
    at |= {"byteOffset": len(data), "byteLength": len(shorts)}
    content["accessors"][attributes["KHR_gaussian_splatting:ROTATION"]] |= {
        "componentType": 5122, "normalized": True,
    }  # fmt: skip
    (tmp_path / "b.glb").write_bytes(glb(content, bytes(data) + shorts))
    read = read_scene_file(tmp_path / "b.glb")
    assert "draft" in read.notes[0]
    assert psnr(picture(read.gaussians), picture(scene)) > 60


# --- .ply -------------------------------------------------------------------------------------


def test_sharps_camera(tmp_path):
    """`extrinsic` is world to camera; its scenes are seen from where the photo was taken."""
    scene = cloud(30)
    extrinsic = np.eye(4, dtype="f4")
    extrinsic[:3, 3] = (0.5, 0, 2)
    intrinsic = np.array([500, 0, 320, 0, 510, 240, 0, 0, 1], "f4")
    after = [
        ("element extrinsic 16\nproperty float extrinsic\n", extrinsic.tobytes()),
        ("element intrinsic 9\nproperty float intrinsic\n", intrinsic.tobytes()),
        ("element image_size 2\nproperty uint image_size\n", struct.pack("<II", 640, 480)),
        ("element frame 2\nproperty int frame\n", struct.pack("<ii", 1, 30)),
    ]
    whole = ply_bytes(columns_of(scene), after=after)
    (tmp_path / "a.ply").write_bytes(whole)
    opened = nvs.open_scene(tmp_path / "a.ply")
    assert (opened.camera.width, opened.camera.height) == (640, 480)
    assert opened.camera.intrinsics.flatten().tolist() == intrinsic.tolist()
    assert opened.camera.camera_to_world[:3, 3].tolist() == [-0.5, 0, -2]
    for cut in range(len(whole) - 8 - 4 * 27, len(whole) - 9, 7):
        (tmp_path / "a.ply").write_bytes(whole[:cut])
        with pytest.raises(nvs.InputError, match="not complete"):
            read_scene_file(tmp_path / "a.ply")


def test_harmonics_of_degree_four_are_left_out(tmp_path):
    scene = cloud(30, 16)
    columns = {name: c for name, c in columns_of(scene).items() if not name.startswith("f_rest")}
    rest = np.zeros((30, 3, 24), "f4")
    rest[:, :, :15] = scene.colors[:, 1:].transpose(1, 2)
    rest[:, :, 15:] = 9.0
    columns |= {f"f_rest_{k}": rest.reshape(30, 72)[:, k] for k in range(72)}
    (tmp_path / "a.ply").write_bytes(ply_bytes(columns))
    read = read_scene_file(tmp_path / "a.ply")
    torch.testing.assert_close(read.gaussians.colors, scene.colors)
    assert read.notes == ("spherical harmonics of degree 4: those beyond degree 3 left out",)


@pytest.mark.parametrize(("dtype", "most"), [("u1", 255), ("f4", 1), ("f4", 255)])
def test_red_green_blue(tmp_path, dtype, most):
    scene = cloud(30)
    columns = {name: c for name, c in columns_of(scene).items() if not name.startswith("f_dc")}
    for channel, name in enumerate(("red", "green", "blue")):
        values = scene.colors[:, channel].numpy() * most
        columns[name] = values.round().astype(dtype) if dtype == "u1" else values.astype(dtype)
    (tmp_path / "a.ply").write_bytes(ply_bytes(columns))
    read = read_scene_file(tmp_path / "a.ply")
    torch.testing.assert_close(read.gaussians.colors, scene.colors, rtol=0, atol=0.6 / 255)
    assert "red, green, blue" in read.notes[0]


def test_two_scales_are_flat_discs(tmp_path):
    scene = cloud(30)
    columns = columns_of(scene)
    del columns["scale_2"]
    (tmp_path / "a.ply").write_bytes(ply_bytes(columns))
    read = read_scene_file(tmp_path / "a.ply")
    torch.testing.assert_close(read.gaussians.scales[:, :2], scene.scales[:, :2])
    assert not read.gaussians.scales[:, 2].any()
    assert "flat discs" in read.notes[0]
    assert bool(picture(read.gaussians).any())


def test_a_compressed_ply_without_ranges_of_colours(tmp_path):
    """As SuperSplat wrote it at first: colours are bytes of 0..1."""
    scene = cloud(300)
    write_scene_file(scene, tmp_path / "a.compressed.ply")
    header, data = (tmp_path / "a.compressed.ply").read_bytes().split(b"end_header\n", 1)
    chunks = np.frombuffer(data, "<f4", 2 * 18).reshape(2, 18)
    packed = np.frombuffer(data, "<u4", offset=chunks.nbytes).reshape(-1, 4).copy()
    chunk = np.arange(300) // 256
    shares = np.stack([packed[:, 3] >> at & 255 for at in (24, 16, 8)], axis=1) / 255
    rgb = chunks[chunk, 12:15] * (1 - shares) + chunks[chunk, 15:18] * shares
    whole = np.round(rgb.clip(0, 1) * 255).astype("<u4")
    packed[:, 3] = packed[:, 3] & 255 | whole[:, 0] << 24 | whole[:, 1] << 16 | whole[:, 2] << 8
    lines = [line for line in header.splitlines() if line[-5:] not in
             (b"min_r", b"min_g", b"min_b", b"max_r", b"max_g", b"max_b")]  # fmt: skip
    plain = b"\n".join([*lines, b"end_header\n"]) + chunks[:, :12].tobytes() + packed.tobytes()
    (tmp_path / "b.ply").write_bytes(plain)
    read = nvs.read_ply(tmp_path / "b.ply")
    assert psnr(picture(read), picture(scene)) > 42


# --- PlayCanvas's own converter ---------------------------------------------------------------

ORACLE = os.environ.get("NVS_SPLAT_TRANSFORM") or shutil.which("splat-transform")


def transformed(source: Path, target: Path, *options: str) -> Path:
    command = [ORACLE, "-q", "-w", "-g", "cpu", *options, str(source), str(target)]
    if ORACLE.endswith(".mjs"):
        command.insert(0, "node")
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return target


@pytest.mark.skipif(ORACLE is None, reason="no splat-transform (npm: @playcanvas/splat-transform)")
@pytest.mark.parametrize("coefficients", [None, 16])
@pytest.mark.parametrize(
    ("suffix", "options", "least"),
    [
        (".compressed.ply", (), 40),
        (".spz", ("--spz-version", "4"), 33),
        (".spz", ("--spz-version", "3"), 33),
        (".sog", (), 20),  # harmonics of 400 random Gaussians make a poor palette
        (".glb", (), 100),
    ],
)
def test_what_splat_transform_writes(tmp_path, coefficients, suffix, options, least):
    scene = cloud(coefficients=coefficients)
    nvs.write_ply(scene, tmp_path / "a.ply", CAMERA)
    read = read_scene_file(transformed(tmp_path / "a.ply", tmp_path / f"b{suffix}", *options))
    assert psnr(picture(read.gaussians), picture(scene)) > least


@pytest.mark.skipif(ORACLE is None, reason="no splat-transform (npm: @playcanvas/splat-transform)")
@pytest.mark.parametrize("coefficients", [None, 16])
@pytest.mark.parametrize("suffix", [".compressed.ply", ".splat", ".spz", ".sog"])
def test_splat_transform_reads_ours_as_we_do(tmp_path, coefficients, suffix):
    write_scene_file(cloud(coefficients=coefficients), tmp_path / f"a{suffix}", CAMERA)
    theirs = nvs.read_ply(transformed(tmp_path / f"a{suffix}", tmp_path / "b.ply"))
    ours = read_scene_file(tmp_path / f"a{suffix}").gaussians
    # It takes the bytes of .splat's quaternions as -1..1 evenly, its first viewer as ours.
    assert psnr(picture(theirs), picture(ours)) > (45 if suffix == ".splat" else 100)


@pytest.mark.skipif(ORACLE is None, reason="no splat-transform (npm: @playcanvas/splat-transform)")
@pytest.mark.parametrize("coefficients", [None, 16])
def test_our_glb_says_what_splat_transforms_says(tmp_path, coefficients):
    """It writes .glb and does not read it: both files are read by neither program."""
    nvs.write_ply(cloud(coefficients=coefficients), tmp_path / "a.ply", CAMERA)
    theirs = transformed(tmp_path / "a.ply", tmp_path / "b.glb")
    write_scene_file(nvs.read_ply(tmp_path / "a.ply"), tmp_path / "c.glb", CAMERA)
    extensions = [
        glb_parts(path)[0]["meshes"][0]["primitives"][0]["extensions"]
        for path in (theirs, tmp_path / "c.glb")
    ]
    assert extensions[0] == extensions[1]
    expected, ours = glb_columns(theirs), glb_columns(tmp_path / "c.glb")
    assert set(ours) == set(expected)
    for name, column in expected.items():
        assert ours[name].dtype == column.dtype
        off = np.abs(ours[name].astype(float) - column)
        if name.endswith("ROTATION"):  # q and -q are one rotation
            off = np.minimum(off, np.abs(ours[name] + column))
        assert off.max() <= (1 if name == "COLOR_0" else 2e-5)
