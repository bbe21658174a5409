"""Binary glTF with KHR_gaussian_splatting (.glb): points whose attributes make them Gaussians.

Viewers without the extension show the points in their colours.  Our files also hold the photo's
camera as a glTF camera.

glTF has y up.  Other programs' converters turn a .ply by 180 degrees about z to get there (x and y
change their signs), so do we.  Scales are stored as they are; drafts of the extension stored
logarithms, which are told by their signs.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nvs.files import atomic_write
from nvs.scene.camera import Camera
from nvs.scene.formats.gltf import NotInFileError, Placed, Tree, read_chunks
from nvs.scene.formats.ply_camera import camera_numbers, camera_of
from nvs.scene.formats.record import Columns, Flattened, Floats, SceneFile, UnreadableError
from nvs.scene.gaussians import Gaussians
from nvs.scene.rotations import turn_and_size

EXTENSION = "KHR_gaussian_splatting"
DEGREES = range(1, 4)
FLIP = torch.diag(torch.tensor([-1.0, -1.0, 1.0, 1.0]))  # ours to glTF and back
LOOKING = torch.diag(torch.tensor([1.0, -1.0, -1.0, 1.0]))  # glTF cameras look along -z, y up
CAMERA = "nvs_camera"  # in the camera's extras, where nothing is rounded
DEFAULT_HEIGHT = 720  # pixels of a camera that says an angle only
WIDEST_ASPECT = 100  # width by height; others are no picture's
LINEAR = "lin_rec709_display"
FLOAT, BYTE = 5126, 5121


def read(file: BinaryIO, size: int) -> SceneFile:
    """A whole file; all its meshes of Gaussians, where its nodes put them.

    Raises:
        UnreadableError: no such file, cut off, damaged, or with Gaussians that are compressed.
    """
    tree = Tree(*read_chunks(file.read()))
    parts: list[SceneFile] = []
    camera: Camera | None = None
    try:
        for placed in tree.placed():
            for primitive in tree.primitives(placed.node):
                extensions = primitive.get("extensions")
                extension = extensions.get(EXTENSION) if isinstance(extensions, dict) else None
                if isinstance(extension, dict):
                    parts.append(_read_primitive(tree, primitive, extension, placed.matrix))
            camera = camera or _camera(tree, placed)
    except NotInFileError as error:
        raise UnreadableError(f"is damaged: {error}") from None
    if not parts:
        raise UnreadableError(f"holds no Gaussians: none of its meshes has {EXTENSION}")
    if len({part.gaussians.sh_degree for part in parts}) > 1:
        raise UnreadableError("has meshes of Gaussians with harmonics of different degrees")
    notes = tuple(dict.fromkeys(note for part in parts for note in part.notes))
    return SceneFile(Gaussians.concatenate([part.gaussians for part in parts]), camera, notes)


def write(scene: Gaussians, path: Path | str, camera: Camera | None = None) -> None:
    """Write Gaussians as float32: nothing is lost but plain colours beyond those of points.

    Raises:
        InputError: the file cannot be written.
        ValueError: a Gaussian has values that are not finite.
    """
    flat = Flattened.of(scene.map(lambda tensor: tensor.detach().cpu()).moved(FLIP))
    attributes: dict[str, NDArray[Any]] = {
        "POSITION": flat.means,
        "COLOR_0": (np.c_[flat.rgb, flat.opacities] * 255).round().clip(0, 255).astype(np.uint8),
        f"{EXTENSION}:ROTATION": flat.quats[:, [1, 2, 3, 0]],
        f"{EXTENSION}:SCALE": flat.scales,
        f"{EXTENSION}:OPACITY": flat.opacities[:, None],
        f"{EXTENSION}:SH_DEGREE_0_COEF_0": flat.dc,
    }
    for k in range(flat.rest.shape[1]):
        degree = int((k + 1) ** 0.5)
        attributes[f"{EXTENSION}:SH_DEGREE_{degree}_COEF_{k + 1 - degree**2}"] = flat.rest[:, k]

    views: list[dict[str, Any]] = []
    accessors: list[dict[str, Any]] = []
    data = b""
    for name, values in attributes.items():
        stored = values if values.dtype == np.uint8 else values.astype("<f4")
        views.append(
            {"buffer": 0, "byteOffset": len(data), "byteLength": stored.nbytes, "target": 34962}
        )
        kind = {1: "SCALAR", 3: "VEC3", 4: "VEC4"}[values.shape[1]]
        accessor = {"bufferView": len(accessors), "count": len(flat), "type": kind}
        if stored.dtype == np.uint8:
            accessor |= {"componentType": BYTE, "normalized": True}
        else:
            accessor |= {"componentType": FLOAT}
        if name == "POSITION":
            accessor |= {"min": stored.min(axis=0).tolist(), "max": stored.max(axis=0).tolist()}
        accessors.append(accessor)
        data += stored.tobytes()
    content: dict[str, Any] = {
        "asset": {"version": "2.0", "generator": "nvs"},
        "extensionsUsed": [EXTENSION],
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [
            {
                "primitives": [
                    {
                        "mode": 0,  # points
                        "attributes": {name: k for k, name in enumerate(attributes)},
                        "extensions": {
                            EXTENSION: {
                                "kernel": "ellipse",
                                "colorSpace": "srgb_rec709_display",
                                "sortingMethod": "cameraDistance",
                                "projection": "perspective",
                            }
                        },
                    }
                ]
            }
        ],
        "buffers": [{"byteLength": len(data)}],
        "bufferViews": views,
        "accessors": accessors,
    }
    if camera is not None:
        content["cameras"] = [_written_camera(camera)]
        pose = FLIP @ camera.camera_to_world.cpu() @ LOOKING
        content["nodes"].append({"camera": 0, "matrix": pose.T.flatten().tolist()})
        content["scenes"][0]["nodes"].append(1)
    text = json.dumps(content).encode()
    text += b" " * (-len(text) % 4)
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        file.write(struct.pack("<4sII", b"glTF", 2, 12 + 8 + len(text) + 8 + len(data)))
        file.write(struct.pack("<I4s", len(text), b"JSON") + text)
        file.write(struct.pack("<I4s", len(data), b"BIN\0") + data)


def _read_primitive(
    tree: Tree, primitive: dict[str, Any], extension: dict[str, Any], matrix: Tensor
) -> SceneFile:
    further = extension.get("extensions")
    compression = next(iter(further), "") if isinstance(further, dict) else ""
    if "compression" in compression:
        raise UnreadableError(f"holds its Gaussians compressed ({compression}): export it without")

    def values(name: str, components: int) -> Floats:
        return tree.attribute(primitive, name, components)

    means = values("POSITION", 3)
    notes: tuple[str, ...] = ()
    scales = values(f"{EXTENSION}:SCALE", 3)
    if (scales < 0).any():
        notes += ("negative scales: taken as logarithms, as a draft of the extension has them",)
        with np.errstate(over="ignore", invalid="ignore"):
            scales = np.exp(scales)
    dc, rest = values(f"{EXTENSION}:SH_DEGREE_0_COEF_0", 3), []
    for degree in DEGREES:
        names = [f"{EXTENSION}:SH_DEGREE_{degree}_COEF_{k}" for k in range(2 * degree + 1)]
        if not tree.has_attribute(primitive, names[0]):
            break
        rest += [values(name, 3) for name in names]
    if any(len(each) != len(means) for each in rest):
        raise NotInFileError("its attributes have different lengths")
    if extension.get("colorSpace") == LINEAR:
        notes += ("its colours are of linear light and are drawn as such: it looks too dark",)
    columns = Columns(
        means=means,
        quats=values(f"{EXTENSION}:ROTATION", 4)[:, [3, 0, 1, 2]],
        scales=scales,
        opacities=values(f"{EXTENSION}:OPACITY", 1)[:, 0].clip(0, 1),
        dc=dc,
        rest=np.stack(rest, axis=1) if rest else None,
    )
    if len({len(means), len(columns.quats), len(scales), len(columns.opacities), len(dc)}) > 1:
        raise NotInFileError("its attributes have different lengths")
    scene = columns.scene(notes=notes)
    pose, size = turn_and_size(FLIP @ matrix)
    if pose is None:
        raise UnreadableError("stretches its Gaussians by its nodes; apply the transforms first")
    return SceneFile(scene.gaussians.scaled(size).moved(pose), None, scene.notes).only_finite()


def _written_camera(camera: Camera) -> dict[str, Any]:
    focal_px = float(camera.intrinsics[1, 1])
    return {
        "type": "perspective",
        "perspective": {
            "yfov": 2 * float(np.arctan(camera.height / 2 / focal_px)),
            "aspectRatio": camera.width / camera.height,
            "znear": 0.01,
        },
        "extras": {CAMERA: camera_numbers(camera.at_origin())},
    }


def _camera(tree: Tree, placed: Placed) -> Camera | None:
    """The camera that a node holds; None where it holds none, or one that is not a pinhole's."""
    content = tree.camera(placed.node)
    if content is None:
        return None
    pose, _ = turn_and_size(FLIP @ placed.matrix)
    if pose is None:
        return None
    pose = pose @ LOOKING
    extras = content.get("extras")
    lens = camera_of(extras.get(CAMERA)) if isinstance(extras, dict) else None
    perspective = content.get("perspective")
    if lens is None and isinstance(perspective, dict):
        angle, aspect = perspective.get("yfov"), perspective.get("aspectRatio", 1.5)
        if (
            isinstance(angle, (int, float))
            and isinstance(aspect, (int, float))
            and 0 < angle < np.pi
            and 0 < aspect < WIDEST_ASPECT
        ):
            focal_px = DEFAULT_HEIGHT / 2 / float(np.tan(angle / 2))
            width = round(DEFAULT_HEIGHT * aspect)
            center = [width / 2, DEFAULT_HEIGHT / 2]
            lens = camera_of([width, DEFAULT_HEIGHT, focal_px, focal_px, *center])
    return None if lens is None else lens.moved(pose)
