"""Files that tell cameras: of RGB-D sets, of COLMAP, and of whatever `nvs fuse` takes."""

from __future__ import annotations

import functools
import io
import json
import struct
import zipfile
from pathlib import Path

import numpy as np

from tests.fuzz import mutate
from tests.fuzz.kind import Kind, Seed, a_photo, picture, saved
from tests.fuzz.mutate import Mutation


def cameras() -> list[Seed]:
    frames = [
        {
            **{"image": f"{k}.jpg", "depth": f"{k}.png", "K": [[9, 0, 4], [0, 9, 3], [0, 0, 1]]},
            "c2w": np.eye(4).tolist(),
        }
        for k in range(2)
    ]
    described = {"depth_scale": 1000, "depth_invalid": [0], "scale": "metric", "frames": frames}
    text: tuple[Mutation, ...] = (mutate.a_token, mutate.a_token, mutate.a_line, mutate.some_bytes)
    return [
        Seed("cameras.json", json.dumps(described).encode(), (mutate.json_value, *text)),
        Seed("colmap.zip", _colmap_text(), tuple(mutate.zip_member(each) for each in text)),
        Seed("binary.zip", _colmap_binary(), (mutate.zip_member(mutate.some_bytes),)),
    ]


def _colmap_text() -> bytes:
    files = {
        "cameras.txt": "1 PINHOLE 16 12 16 16 8 6\n",
        "images.txt": "1 1 0 0 0 0 0 0 1 photo.jpg\n4 4 1 8 6 2 3 3 -1\n",
        "points3D.txt": "1 0.1 0.1 2 9 9 9 0.5 1 0\n2 0 0 3 9 9 9 0.5 1 1\n",
    }
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as members:
        for name, content in files.items():
            members.writestr(name, content)
    return archive.getvalue()


def _colmap_binary() -> bytes:
    image = struct.pack("<Q", 1) + struct.pack("<I7dI", 1, 1, 0, 0, 0, 0, 0, 0, 1) + b"photo.jpg\0"
    image += struct.pack("<Q", 1) + struct.pack("<ddq", 8, 6, 1)
    point = struct.pack("<Q", 1) + struct.pack("<Q3d3BdQ", 1, 0.1, 0.1, 2, 9, 9, 9, 0.5, 1)
    camera = struct.pack("<Q", 1) + struct.pack("<IiQQ4d", 1, 1, 16, 12, 16, 16, 8, 6)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as members:
        members.writestr("cameras.bin", camera)
        members.writestr("images.bin", image)
        members.writestr("points3D.bin", point + struct.pack("<2i", 1, 0))
    return archive.getvalue()


def read_cameras(path: Path) -> None:
    from nvs.data.recorded import cameras_json_set
    from nvs.depth.sources.points_file import read_known_points

    if path.suffix == ".json":
        cameras_json_set(path.parent)
        return
    _unpack(path, path.parent)
    known = read_known_points(path.parent, a_photo())
    assert known.depth.isfinite().all()
    assert known.places.isfinite().all()


def _unpack(archive: Path, folder: Path) -> None:
    """A COLMAP model is a folder of files: it is packed for us alone."""
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(archive) as members:
        for name in members.namelist():
            if name.count(".") == 1:
                (folder / name).write_bytes(members.read(name))
    archive.unlink()


PHOTOS = ("photo.png", "0.png", "a_1.0.png")  # what the seeds call theirs


def told() -> list[Seed]:
    from tests.data.test_phones import record3d_metadata

    pose = np.eye(4).tolist()
    frame = {"file_path": "photo.jpg", "transform_matrix": pose}
    transforms = {"fl_x": 16, "cx": 8, "cy": 6, "w": 16, "h": 12, "k1": 0.1, "frames": [frame]}
    blender = {
        "camera_angle_x": 0.7,
        "frames": [{"file_path": "./images/photo", "transform_matrix": pose}],
    }
    lens = {"K": [[16, 0, 8], [0, 16, 6], [0, 0, 1]], "dist_k1k2p1p2": [0.1, 0, 0, 0.01]}
    frames = [{"image": name, "c2w": pose, **lens} for name in PHOTOS]
    described = {"scale": "metric", "frames": frames}
    each = [[16 + k, 16, 8, 6] for k in range(3)]
    camera = {f"t_{row}{column}": float(row == column) for row in range(3) for column in range(4)}
    camera |= {"fx": 16, "fy": 16, "cx": 8, "cy": 6, "width": 16, "height": 12}
    rows = np.tile(np.array([0, 1, 0, 0.1, 12, 1, 0, 0, 0, 16, 0, 0, -1, 0, 16, 1, 9.0]), (3, 1))
    poses = io.BytesIO()
    np.save(poses, rows)
    words: tuple[Mutation, ...] = (mutate.a_token, mutate.some_bytes)
    text = (mutate.json_value, mutate.json_value, *words)
    models = tuple(mutate.zip_member(one) for one in (mutate.a_token, mutate.a_line, *words))
    return [
        Seed("transforms.json", json.dumps(transforms).encode(), text),
        Seed("metadata.json", json.dumps(record3d_metadata()).encode(), text),
        Seed("polycam.json", json.dumps(camera).encode(), text),
        Seed("lowres_wide.traj", b"1.0 0 0.1 0 0 0 0\n2.0 0 0.2 0 1 0 0\n", words),
        Seed("a_1.0.pincam", b"16 12 16 16 8 6", words),
        Seed("blender.json", json.dumps(blender).encode(), text),
        Seed("cameras.json", json.dumps(described).encode(), text),
        Seed(
            "each.json",
            json.dumps(record3d_metadata(perFrameIntrinsicCoeffs=each)).encode(),
            text,
        ),
        Seed("poses_bounds.npy", poses.getvalue(), (mutate.npy_header, mutate.some_bytes)),
        Seed("text.zip", _colmap_text(), models),
        Seed("binary.zip", _colmap_binary(), (mutate.zip_member(mutate.some_bytes),)),
    ]


@functools.cache
def _a_png() -> bytes:
    return saved(picture().resize((32, 24)), "PNG")


def read_told(path: Path) -> None:
    """As `nvs fuse PHOTO ... --cameras FILE` goes: read, matched by names, each photo loaded."""
    from nvs.placing.told import placed_by, told_cameras

    folder = path.parent
    (folder / "images").mkdir()
    photos = [folder / "images" / name for name in PHOTOS]
    for photo in photos:
        photo.write_bytes(_a_png())
    told = _laid_out(path)
    placed = placed_by(photos, told_cameras(told), told)
    for view in placed.views:
        loaded = view.load(16)
        assert loaded.camera.intrinsics.isfinite().all()
        assert loaded.camera.camera_to_world.isfinite().all()
        assert loaded.photo.rgb.isfinite().all()
        assert loaded.sparse_xy.isfinite().all()
        assert loaded.sparse_depth.isfinite().all()


def _laid_out(path: Path) -> Path:
    """What is named as --cameras, the file among what has to lie beside it."""
    folder = path.parent
    if path.name == "polycam.json":
        (folder / "cameras").mkdir()
        return path.rename(folder / "cameras" / "photo.json")
    if path.suffix == ".zip":
        _unpack(path, folder / "sparse")
        return folder / "sparse"
    if path.suffix in (".traj", ".pincam"):
        lenses = folder / "lowres_wide_intrinsics"
        lenses.mkdir()
        if path.suffix == ".pincam":
            path.rename(lenses / path.name)
            (folder / "lowres_wide.traj").write_text("1.0 0 0.1 0 0 0 0\n")
        else:
            (lenses / "a_1.0.pincam").write_text("16 12 16 16 8 6")
        return folder / "lowres_wide.traj"
    return path


TOLD_KINDS = (
    Kind("cameras", cameras, read_cameras),
    Kind("told cameras", told, read_told),
)
