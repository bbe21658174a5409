"""Files of Gaussians in every format that is read; `splats` in kinds.py are the plain .ply."""

from __future__ import annotations

import dataclasses
import functools
import gzip
import io
import json
import random
import struct
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import zstandard
from PIL import Image

from tests.fuzz import mutate
from tests.fuzz.kind import Kind, Seed
from tests.fuzz.mutate import Mutation, gzipped, within

_HEADER = functools.partial(mutate.a_token, until=b"end_header")
_BODY = mutate.last(b"end_header\n", mutate.a_float, skip=len(b"end_header\n"))
_PLY: tuple[Mutation, ...] = (_HEADER, _HEADER, mutate.a_line, _BODY, mutate.some_bytes)


def read_scene(path: Path) -> None:
    """As `nvs fly` opens it: where no camera is named, one is found; its first frame, small."""
    from nvs.opening import open_scene
    from nvs.rendering.render import render
    from nvs.scene.reach import scene_depth

    if path.name == "folder.zip":  # a scene in a folder: packed for us alone
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                (path.parent / name).write_bytes(archive.read(name))
        path = path.with_name("meta.json")
    scene = open_scene(path)
    gaussians = scene.gaussians
    assert len(gaussians)
    assert all(getattr(gaussians, f.name).isfinite().all() for f in dataclasses.fields(gaussians))
    assert 0 <= gaussians.opacities.min() <= gaussians.opacities.max() <= 1
    assert scene.camera.intrinsics.isfinite().all()
    assert scene.camera.camera_to_world.isfinite().all()
    camera = scene.camera.resized(24, 18)
    assert render(gaussians, [camera]).rgb.isfinite().all()
    depth = scene_depth(gaussians, camera)
    assert 0 < depth.near <= depth.focus <= depth.far < float("inf")


def _written(suffix: str, coefficients: int | None = None, count: int = 5) -> bytes:
    """A file as we write it, with harmonics where they are asked for."""
    from nvs.scene.formats.registry import write_scene_file
    from tests.scene.formats.scenes import CAMERA, cloud

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a{suffix}"
        write_scene_file(cloud(count, coefficients), path, CAMERA)
        return path.read_bytes()


def compressed_plys() -> list[Seed]:
    return [
        Seed("a.compressed.ply", _written(".compressed.ply"), _PLY),
        Seed("b.compressed.ply", _written(".compressed.ply", 4), _PLY),
    ]


def gzipped_plys() -> list[Seed]:
    mutations = (*(gzipped(each) for each in _PLY), mutate.some_bytes)
    return [
        Seed("a.ply.gz", gzip.compress(_written(".ply", 4), mtime=0), mutations),
        Seed("b.ply.gz", gzip.compress(_written(".compressed.ply"), mtime=0), mutations),
    ]


def sharp_plys() -> list[Seed]:
    """Elements behind the Gaussians tell the camera: as SHARP writes them, and did at first."""
    from tests.scene.formats.scenes import cloud
    from tests.scene.test_ply import columns_of, ply_bytes

    eye = np.eye(4, dtype="f4").tobytes()
    matrix = np.array([500, 0, 320, 0, 510, 240, 0, 0, 1], "f4").tobytes()
    extrinsic = ("element extrinsic 16\nproperty float extrinsic\n", eye)
    now = [
        extrinsic,
        ("element intrinsic 9\nproperty float intrinsic\n", matrix),
        ("element image_size 2\nproperty uint image_size\n", struct.pack("<II", 640, 480)),
        ("element frame 2\nproperty int frame\n", struct.pack("<ii", 1, 30)),
        ("element disparity 2\nproperty float disparity\n", struct.pack("<ff", 0.1, 1)),
        ("element color_space 1\nproperty uchar color_space\n", b"\1"),
        ("element version 3\nproperty uchar version\n", b"\1\5\0"),
    ]
    four = np.array([500, 510, 640, 480], "f4").tobytes()
    first = [("element intrinsic 4\nproperty float intrinsic\n", four), extrinsic]
    columns = columns_of(cloud(5))
    return [
        Seed("a.ply", ply_bytes(columns, after=now), _PLY),
        Seed("b.ply", ply_bytes(columns, after=first), _PLY),
    ]


def splat_files() -> list[Seed]:
    mutations = (mutate.some_bytes, mutate.a_float)
    return [Seed("a.splat", _written(".splat", count=6), mutations)]


def ksplats() -> list[Seed]:
    from tests.scene.formats.scenes import cloud
    from tests.scene.formats.test_others_files import ksplat

    parts = ((0, 44), (4096, 4096 + 44), (5120, 5120 + 44), (6144, None))
    mutations = (
        *(within(*part, mutate.some_bytes) for part in parts),
        *(within(*part, mutate.a_float) for part in parts[1:]),
        mutate.some_bytes,
    )
    levels = (((0, 3), (1, 8)), ((1, 0), (2, 8)), ((2, 3),))
    return [
        Seed(f"{level}-{coefficients}.ksplat", data, mutations)
        for each in levels
        for level, coefficients in each
        for data in [ksplat(cloud(24, 1 + coefficients), level, coefficients)]
    ]


def spz_files() -> list[Seed]:
    from tests.scene.formats.scenes import cloud
    from tests.scene.formats.test_others_files import spz

    head = within(0, 16, mutate.some_bytes)
    packed = (gzipped(head), gzipped(mutate.some_bytes), mutate.some_bytes)
    plain = (within(0, 40, mutate.some_bytes), _zstd_stream, mutate.some_bytes)
    return [
        *(Seed(f"{version}.spz", spz(cloud(5), version), packed) for version in (1, 2, 3)),
        Seed("harmonics.spz", _written(".spz", 4), packed),
        Seed("4.spz", spz(cloud(5), 4), plain),
    ]


def _zstd_stream(data: bytes, dice: random.Random) -> bytes:
    """One stream of an .spz of version 4 changed, its length in the table made right, or not."""
    (number, table) = struct.unpack_from("<BI", data, 15)
    streams, at = [], table + 16 * number
    for index in range(number):
        (length, size) = struct.unpack_from("<QQ", data, table + 16 * index)
        streams.append((data[at : at + length], size))
        at += length
    k = dice.randrange(number)
    content = mutate.some_bytes(zstandard.decompress(streams[k][0]), dice)
    size = dice.choice((len(content), streams[k][1]))
    streams[k] = (zstandard.compress(content), size)
    entries = b"".join(struct.pack("<QQ", len(packed), size) for packed, size in streams)
    return data[:table] + entries + b"".join(packed for packed, _ in streams)


def sogs() -> list[Seed]:
    whole = _written(".sog", 4)
    mutations = (mutate.zip_member(_of_sog), mutate.zip_member(_of_sog), mutate.some_bytes)
    return [
        Seed("a.sog", whole, mutations),
        Seed("b.sog", _written(".sog"), mutations),
        Seed("first.sog", _sog_of_the_first_version(), mutations),
        Seed("folder.zip", whole, mutations[:1]),
    ]


def _of_sog(data: bytes, dice: random.Random) -> bytes:
    """Its JSON, or a picture: its bytes, or what it shows."""
    if data.startswith(b"{"):
        return dice.choice((mutate.json_value, mutate.json_value, mutate.a_token))(data, dice)
    if dice.random() < 0.5:
        return mutate.some_bytes(data, dice)
    image = Image.open(io.BytesIO(data)).convert("RGBA")
    match dice.randrange(4):
        case 0:
            image = image.resize((dice.choice((1, 3, 64, 1000)), dice.choice((1, 4, 256))))
        case 1:
            image = image.convert(dice.choice(("L", "RGB")))
        case _:
            pixels = mutate.some_bytes(image.tobytes(), dice)[: 4 * image.width * image.height]
            pixels = pixels.ljust(4 * image.width * image.height, b"\0")
            image = Image.frombytes("RGBA", image.size, pixels)
    file = io.BytesIO()
    image.save(file, "WEBP", lossless=True, exact=True)
    return file.getvalue()


def _sog_of_the_first_version() -> bytes:
    """Ranges instead of codebooks."""
    made = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(_written(".sog", 4))) as archive,
        zipfile.ZipFile(made, "w") as old,
    ):
        for name in archive.namelist():
            if name != "meta.json":
                old.writestr(name, archive.read(name))
        meta = json.loads(archive.read("meta.json"))
        del meta["version"], meta["shN"]["bands"], meta["shN"]["codebook"]
        meta["means"]["shape"] = [meta.pop("count"), 3]
        meta["scales"] = {"mins": [-4] * 3, "maxs": [-1] * 3, "files": ["scales.webp"]}
        meta["sh0"] = {"mins": [-1] * 4, "maxs": [2] * 4, "files": ["sh0.webp"]}
        meta["shN"] |= {"mins": -1, "maxs": 1}
        old.writestr("meta.json", json.dumps(meta))
    return made.getvalue()


def glbs() -> list[Seed]:
    mutations: tuple[Mutation, ...] = (
        *(_glb_json, _glb_json, _glb_json, _glb_binary),
        *(within(0, 24, mutate.some_bytes), mutate.some_bytes),
    )
    return [
        Seed("a.glb", _written(".glb"), mutations),
        Seed("b.glb", _written(".glb", 4), mutations),
        Seed("c.glb", _placed_by_nodes(), mutations),
    ]


def _placed_by_nodes() -> bytes:
    """A tree of nodes with every form of transform, short numbers among its attributes."""
    content, binary = _glb_parts(_written(".glb"))
    content["nodes"] = [
        {"children": [2], "translation": [0.5, -0.3, 1], "scale": [2, 2, 2]},
        content["nodes"][1],
        {"mesh": 0, "rotation": [0, 0, 0.7071067811865476, 0.7071067811865476]},
    ]
    content["cameras"] = [{"type": "perspective", "perspective": {"yfov": 0.8, "aspectRatio": 1.5}}]
    return _glb(json.dumps(content).encode(), binary)


def _glb_json(data: bytes, dice: random.Random) -> bytes:
    content, binary = _glb_parts(data)
    return _glb(mutate.json_value(json.dumps(content).encode(), dice), binary)


def _glb_binary(data: bytes, dice: random.Random) -> bytes:
    content, binary = _glb_parts(data)
    changed = dice.choice((mutate.a_float, mutate.some_bytes))(binary, dice)
    return _glb(json.dumps(content).encode(), changed)


def _glb_parts(data: bytes) -> tuple[dict, bytes]:
    (length,) = struct.unpack_from("<I", data, 12)
    return json.loads(data[20 : 20 + length]), data[28 + length :]


def _glb(text: bytes, binary: bytes) -> bytes:
    chunks = b"".join(
        struct.pack("<I4s", len(chunk), name) + chunk
        for name, chunk in ((b"JSON", text), (b"BIN\0", binary))
    )
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks


def _kind(name: str, seeds: Callable[[], list[Seed]]) -> Kind:
    return Kind(name, seeds, read_scene)


SCENE_KINDS = (
    _kind("compressed plys", compressed_plys),
    _kind("gzipped plys", gzipped_plys),
    _kind("sharp plys", sharp_plys),
    _kind("splat files", splat_files),
    _kind("ksplats", ksplats),
    _kind("spz files", spz_files),
    _kind("sogs", sogs),
    _kind("glbs", glbs),
)
