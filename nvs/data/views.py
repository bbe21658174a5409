"""Posed photos on disk: several views of one scene, with what is known of its depth."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nvs.data.recorded import (
    check_shape,
    described_frames,
    one_line_for_description,
    photo_size,
    read_depth,
    rigid_pose,
    square_matrix,
)
from nvs.depth.encoding import DepthEncoding
from nvs.depth.file import why
from nvs.errors import InputError
from nvs.photo.colmap import read_colmap
from nvs.photo.focal import photo_camera
from nvs.photo.lens import LEAST_LEFT, Lens, straightened, straightened_points
from nvs.photo.photo import Photo, load_photo
from nvs.scene.camera import Camera
from nvs.scene.scene import Unit

OPENGL_AXES = np.diag([1.0, -1.0, -1.0, 1.0])  # y up, z back ↔ y down, z forward


@dataclasses.dataclass(frozen=True)
class View:
    """One photo with its place in the scene, at its working size, lens straightened."""

    name: str
    photo: Photo  # its camera stands at the origin
    camera: Camera  # the same camera at its place in the scene
    depth: Tensor | None  # [H', W'] z, 0 = unknown; spans the same view at its own size
    sparse_xy: Tensor  # [M, 2] pixels of `camera`
    sparse_depth: Tensor  # [M] z
    unit: Unit = "relative"  # of poses and depths
    confidence: Tensor | None = None  # [H', W'] 0..1, of `depth`, where the set tells it


@dataclasses.dataclass(frozen=True)
class ConfidenceFile:
    """A map of how far each pixel of a depth map is to be trusted."""

    path: Path
    full: float  # what stands for 1


@dataclasses.dataclass(frozen=True)
class ViewFile:
    """A photo with its place, not read yet; `load` gives the `View`."""

    name: str
    photo: Path
    intrinsics: NDArray[np.float64]  # [3, 3], pixels of the photo at its full size
    camera_to_world: NDArray[np.float64]  # [4, 4], OpenCV axes
    lens: Lens = dataclasses.field(default_factory=Lens)
    depth: Path | None = None
    encoding: DepthEncoding = dataclasses.field(default_factory=DepthEncoding)
    sparse: Path | tuple[NDArray[np.float64], NDArray[np.float64]] | None = None
    unit: Unit = "relative"  # of poses and depths
    size: tuple[int, int] | None = None  # (width, height) that K and sparse points are told for
    focal_known: bool = True  # False: K is an assumption
    confidence: ConfidenceFile | None = None  # of `depth`, of the same size
    as_stored: bool = False  # K and pose are told for the photo's pixels before EXIF turns them

    def load(self, longer_side: int) -> View:
        """Read the photo and its depth, reduced to `longer_side` pixels where it is larger.

        Raises:
            InputError: a missing or unreadable file, a photo of another shape than its
                camera's, or a lens that cannot be.
        """
        from nvs.data.turned import turned_upright  # which turns a record of this file's

        upright = self if self.depth is not None else turned_upright(self)
        return upright._load(longer_side)

    def _load(self, longer_side: int) -> View:
        photo = load_photo(self.photo)
        full_size = photo.full_size
        intrinsics = torch.from_numpy(self.intrinsics_at(full_size)).float()
        seen_by = photo_camera(*full_size, {}, intrinsics=intrinsics)
        photo = dataclasses.replace(
            photo,
            camera=seen_by.camera.resized(photo.camera.width, photo.camera.height),
            focal_source=seen_by.focal_source,
            focal_known=self.focal_known,
        )
        full = photo.camera
        self._refuse_impossible_lens(full)
        photo = dataclasses.replace(photo, rgb=straightened(photo.rgb, full.intrinsics, self.lens))
        if longer_side < max(full.width, full.height):
            photo = photo.resized_to(longer_side)
        camera = photo.camera.moved(rigid_pose(self.camera_to_world, self.name))
        xy, depths = self._sparse_points()
        if len(xy):
            xy = straightened_points(xy, self.intrinsics, self.lens)
        width, height = self.size or full_size
        scale = np.array([camera.width / width, camera.height / height])
        depth = self._dense_depth(full)
        sparse_xy, sparse_depth = (torch.from_numpy(a).float() for a in (xy * scale, depths))
        kept = sparse_xy.isfinite().all(dim=1) & sparse_depth.isfinite()
        return View(
            self.name,
            photo,
            camera,
            depth,
            sparse_xy[kept],
            sparse_depth[kept],
            self.unit,
            None if depth is None else self._confidence(depth, full),
        )

    def _refuse_impossible_lens(self, full: Camera) -> None:
        left = self.lens.share_left(full.intrinsics, full.width, full.height)
        if left < LEAST_LEFT:
            told = dataclasses.asdict(self.lens).items()
            words = ", ".join(f"{name} = {value:g}" for name, value in told if value != 0)
            raise InputError(
                f"{self.name}: no lens distorts like this: {words} leave {left:.0%} of its picture"
            )

    def intrinsics_at(self, size: tuple[int, int]) -> NDArray[np.float64]:
        """K of the photo as it is, which may be larger or smaller than the one it is told for."""
        if self.size is None or self.size == size:
            return self.intrinsics
        (width, height), (told_width, told_height) = size, self.size
        if min(self.size) < 1:
            raise InputError(f"{self.name}: its camera's picture has no size")
        by_x, by_y = width / told_width, height / told_height
        if abs(by_x / by_y - 1) > 0.01 + 1 / min(*size, *self.size):
            raise InputError(
                f"{self.photo}: the photo has {width}x{height} pixels, its camera's picture "
                f"{told_width}x{told_height}: was it cut or turned?"
            )
        return np.diag([by_x, by_y, 1.0]) @ self.intrinsics

    def _dense_depth(self, full: Camera) -> Tensor | None:
        if self.depth is None:
            return None
        depth = read_depth(self.depth, self.encoding)
        check_shape(depth, full.width, full.height, self.depth.name)
        return self._straightened_map(depth, full)

    def _confidence(self, depth: Tensor, full: Camera) -> Tensor | None:
        if self.confidence is None:
            return None
        told = read_depth(self.confidence.path)
        if told.shape != depth.shape:
            raise InputError(
                f"{self.confidence.path}: a confidence of {told.shape[1]}x{told.shape[0]} pixels "
                f"cannot belong to depth of {depth.shape[1]}x{depth.shape[0]}"
            )
        return self._straightened_map((told / self.confidence.full).clamp(max=1), full)

    def _straightened_map(self, values: Tensor, full: Camera) -> Tensor:
        """A map [h, w] over the picture as a straight lens has it, 0 beyond the picture."""
        at_own_size = full.resized(values.shape[1], values.shape[0]).intrinsics
        return straightened(values[..., None], at_own_size, self.lens, nearest=True)[..., 0]

    def _sparse_points(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        if self.sparse is None:
            return np.zeros((0, 2)), np.zeros(0)
        if isinstance(self.sparse, tuple):
            return self.sparse
        try:
            with np.load(self.sparse, allow_pickle=False) as archive:
                xy, depths = archive["uv"].astype(np.float64), archive["z"].astype(np.float64)
        except Exception as error:  # the decoders raise whatever the file's bytes lead them to
            raise InputError(f"{self.sparse}: cannot read sparse points ({why(error)})") from None
        if depths.ndim != 1 or xy.shape != (len(depths), 2):
            raise InputError(f"{self.sparse}: expected `uv` [M, 2] and `z` [M]")
        known = np.isfinite(xy).all(1) & np.isfinite(depths) & (depths > 0)
        return xy[known], depths[known]


@dataclasses.dataclass(frozen=True)
class ViewSet:
    """The posed photos of one scene, in the order of its files."""

    name: str
    views: list[ViewFile]
    metric: bool  # whether poses are in metres

    def pairs(self, count: int, step: int) -> list[tuple[ViewFile, ViewFile]]:
        """(source, target) `step` files apart, at most `count` of them, evenly spread.

        A scene of fewer views has its first and last one as a pair.
        """
        step = min(step, len(self.views) - 1)
        every = list(zip(self.views, self.views[step:], strict=False))
        if len(every) <= count:
            return every
        return [every[int(i * len(every) / count)] for i in range(count)]


def cameras_json_views(path: Path) -> ViewSet:
    """A `cameras.json`: per frame image, K, c2w, and what it has of depth.

    Raises:
        InputError: no such file, or not of this form.
    """
    folder = path.parent

    def view(name: str, frame: dict[str, Any], encoding: DepthEncoding) -> ViewFile | None:
        if not (frame.get("K") and frame.get("c2w")):
            return None
        return ViewFile(
            name,
            folder / frame["image"],
            square_matrix(frame["K"], 3, "K"),
            square_matrix(frame["c2w"], 4, "c2w"),
            _described_lens(frame),
            folder / frame["depth"] if frame.get("depth") else None,
            encoding,
            folder / frame["sparse_points"] if frame.get("sparse_points") else None,
        )

    return ViewSet(folder.resolve().name, *described_frames(path, view))


def _described_lens(frame: dict[str, Any]) -> Lens:
    for key in ("dist_k1k2p1p2k3", "dist_k1k2p1p2", "dist_k1"):
        if key in frame:
            return Lens(*np.atleast_1d(frame[key]).astype(float).tolist())
    return Lens()


def transforms_json_views(path: Path) -> ViewSet:
    """A `transforms.json` (instant-ngp, nerfstudio, Blender): OpenGL camera axes.

    Raises:
        InputError: no such file, not of this form, or a fisheye lens.
    """
    folder = path.parent
    with one_line_for_description(path, "a transforms.json"):
        shared = json.loads(path.read_text(encoding="utf-8"))
        views = [_transforms_view(folder, shared | frame) for frame in shared["frames"]]
    return ViewSet(folder.resolve().name, sorted(views, key=lambda view: view.name), metric=False)


def _transforms_view(folder: Path, frame: dict[str, Any]) -> ViewFile:
    if "FISHEYE" in str(frame.get("camera_model", "")) or frame.get("is_fisheye"):
        raise InputError(f"{folder.name}: fisheye lenses are not supported")
    photo = folder / frame["file_path"]
    if not photo.suffix:  # Blender's files leave it out
        photo = photo.with_suffix(".png")
    has_size = "w" in frame and "h" in frame
    width, height = (int(frame["w"]), int(frame["h"])) if has_size else photo_size(photo)
    if "fl_x" in frame:
        focal_x = float(frame["fl_x"])
    else:
        focal_x = width / (2 * np.tan(float(frame["camera_angle_x"]) / 2))
    focal_y = float(frame.get("fl_y", focal_x))
    centre = float(frame.get("cx", width / 2)), float(frame.get("cy", height / 2))
    intrinsics = np.array([[focal_x, 0, centre[0]], [0, focal_y, centre[1]], [0, 0, 1]])
    pose = square_matrix(frame["transform_matrix"], 4, "transform_matrix")
    pose = pose @ OPENGL_AXES
    lens = Lens(*(float(frame.get(k, 0)) for k in ("k1", "k2", "p1", "p2", "k3")))
    name = Path(frame["file_path"]).with_suffix("").as_posix()
    size = (width, height) if has_size else None
    return ViewFile(name, photo, intrinsics, pose, lens, size=size)


def llff_views(folder: Path) -> ViewSet:
    """LLFF: `poses_bounds.npy` [N, 17] and the photos of `images`, or a reduced `images_K`.

    A row holds [R | t | (height, width, focal)] with the axes down, right, back, then the
    nearest and farthest depth; photos belong to rows in the order of their names.

    Raises:
        InputError: not of this form, or another number of photos than of poses.
    """
    try:
        # Mapped, so that a header which lies about the size is found out instead of obeyed.
        rows = np.load(folder / "poses_bounds.npy", mmap_mode="r", allow_pickle=False)
        matrices = rows[:, :15].astype(np.float64).reshape(-1, 3, 5)
    except Exception:  # the decoders raise whatever the file's bytes lead them to
        raise InputError(
            f"{folder}/poses_bounds.npy: not LLFF poses, 17 numbers for each photo"
        ) from None
    photos = _llff_photos(folder)
    if len(photos) != len(matrices):
        raise InputError(f"{folder}: {len(matrices)} poses but {len(photos)} photos")
    views = []
    for photo, matrix in zip(photos, matrices, strict=True):
        down, right, back, centre, (_, full_width, full_focal) = matrix.T
        width, height = photo_size(photo)
        focal = full_focal * width / full_width
        intrinsics = np.array([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1]])
        pose = np.eye(4)
        pose[:3] = np.stack([right, down, -back, centre], axis=1)
        views.append(ViewFile(photo.stem, photo, intrinsics, pose, size=(width, height)))
    return ViewSet(folder.resolve().name, views, metric=False)


def _llff_photos(folder: Path) -> list[Path]:
    """The photos of the smallest folder of them, by name."""
    folders = [f for f in folder.glob("images*") if re.fullmatch(r"images(_\d+)?", f.name)]
    reductions = {f: int(f.name.split("_")[1]) if "_" in f.name else 1 for f in folders}
    for candidate in sorted(folders, key=lambda f: -reductions[f]):
        photos = sorted(p for p in candidate.iterdir() if p.suffix.lower() in (".jpg", ".png"))
        if photos:
            return photos
    return []


def colmap_views(folder: Path) -> ViewSet:
    """A COLMAP project: a sparse model in `sparse/0`, `sparse` or here, photos in `images`.

    Raises:
        InputError: a damaged model or an unsupported lens.
    """
    model = next(p for p in _colmap_folders(folder) if _has_colmap(p))
    views = [
        ViewFile(
            Path(image.name).with_suffix("").as_posix(),
            folder / "images" / image.name,
            image.camera.intrinsics,
            image.camera_to_world,
            image.camera.lens,
            sparse=(image.xy, image.depth),
            size=(image.camera.width, image.camera.height),
            as_stored=True,
        )
        for image in read_colmap(model)
    ]
    return ViewSet(folder.resolve().name, views, metric=False)


def _colmap_folders(folder: Path) -> list[Path]:
    return [folder / "sparse" / "0", folder / "sparse", folder]


def _has_colmap(folder: Path) -> bool:
    return any((folder / f"images{suffix}").is_file() for suffix in (".bin", ".txt"))


def view_sets(path: Path) -> list[ViewSet]:
    """Every set of posed views at `path`: one scene's folder, or folders of such folders.

    Recognised, in this order: cameras.json, transforms.json, LLFF's poses_bounds.npy, a COLMAP
    model, exports of Record3D and Polycam, scans of ARKitScenes, Middlebury stereo pairs.

    Raises:
        InputError: nothing there that could be measured.
    """
    if not path.is_dir():
        raise InputError(f"{path}: no such folder")
    folders = [path]
    sets: list[ViewSet] = []
    for _ in range(3):  # the scene itself, scenes in a folder, collections of scenes
        found = {folder: view_set(folder) for folder in folders}
        sets += [recentred(one) for one in found.values() if one and len(one.views) > 1]
        beyond = [folder for folder, one in found.items() if one is None]
        folders = [sub for folder in beyond for sub in sorted(folder.iterdir()) if sub.is_dir()]
    if not sets:
        raise InputError(
            f"{path}: no posed views found; expected cameras.json, transforms.json, "
            "poses_bounds.npy, a COLMAP model, an export of Record3D or Polycam, a scan of "
            "ARKitScenes, or a Middlebury stereo pair"
        )
    return sets


def recentred(one: ViewSet) -> ViewSet:
    """The same scene with its first camera's centre (the first that is one) as the origin.

    Poses far from it (maps in UTM) would lose centimetres when they become float32.
    """
    centres = [view.camera_to_world[:3, 3] for view in one.views]
    # A broken pose is named when it is read; here it must not break the others.
    centre = next((c.copy() for c in centres if np.isfinite(c).all()), np.zeros(3))
    views = []
    for view in one.views:
        pose = view.camera_to_world.copy()
        pose[:3, 3] -= centre
        unit: Unit = "m" if one.metric else "relative"
        views.append(dataclasses.replace(view, camera_to_world=pose, unit=unit))
    return dataclasses.replace(one, views=views)


def view_set(folder: Path) -> ViewSet | None:
    """The scene that a folder describes, or None where it describes none."""
    from nvs.data.arkitscenes import arkitscenes_views, trajectory_file
    from nvs.data.polycam import polycam_folder, polycam_views
    from nvs.data.record3d import record3d_file, record3d_views
    from nvs.data.stereo import is_stereo_pair, stereo_views

    if (path := folder / "cameras.json").is_file():
        return cameras_json_views(path)
    if (path := folder / "transforms.json").is_file():
        return transforms_json_views(path)
    if (folder / "poses_bounds.npy").is_file():
        return llff_views(folder)
    if any(_has_colmap(candidate) for candidate in _colmap_folders(folder)):
        return colmap_views(folder)
    if (metadata := record3d_file(folder)) is not None:
        return record3d_views(metadata)
    if (keyframes := polycam_folder(folder)) is not None:
        return polycam_views(keyframes)
    if (trajectory := trajectory_file(folder)) is not None:
        return arkitscenes_views(trajectory)
    return stereo_views(folder) if is_stereo_pair(folder) else None
