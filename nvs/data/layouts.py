"""Public RGB-D sets as their owners distribute them: which files belong together."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from scipy import ndimage

from nvs.data.recorded import DepthFrame, DepthSet, photo_size
from nvs.depth.encoding import DepthEncoding
from nvs.depth.file import read_numbers
from nvs.errors import InputError

_PHOTO_SUFFIXES = (".jpg", ".jpeg", ".png", ".JPG", ".PNG")


def public_set(folder: Path, layout: str | None = None) -> DepthSet:
    """The frames that the named layout, or else the first that fits, finds in a folder."""
    for name in [layout] if layout else LAYOUTS:
        frames = LAYOUTS[name](folder)
        if frames:
            return DepthSet(f"{name}:{folder.resolve().name}", frames)
    return DepthSet(folder.resolve().name, [])


def kitti(folder: Path) -> list[DepthFrame]:
    """KITTI depth: `depth_selection/val_selection_cropped`, or raw drives beside `val/`.

    png16, metres = value / 256; beyond 80 m is not measured (Eigen et al. 2014).  Raw photos
    are looked for under `raw/`, the annotated depth under `val/` or `train/`.
    """
    encoding = DepthEncoding(256.0, farthest=80.0)
    frames = []
    for depth in sorted(folder.rglob("val_selection_cropped/groundtruth_depth/*.png")):
        name = depth.name.replace("_groundtruth_depth_", "_image_")
        root = depth.parents[1]
        frames.append(
            DepthFrame(
                Path(name).stem,
                root / "image" / name,
                depth,
                encoding,
                _numbers_file(root / "intrinsics" / f"{Path(name).stem}.txt", (3, 3)),
            )
        )
    for depth in sorted(folder.glob("*/*_sync/proj_depth/groundtruth/image_0[23]/*.png")):
        camera, drive = depth.parent.name, depth.parents[3].name
        photo = folder / "raw" / drive[:10] / drive / camera / "data" / depth.name
        frames.append(DepthFrame(f"{drive}/{camera}/{depth.stem}", photo, depth, encoding))
    return frames


def eth3d(folder: Path) -> list[DepthFrame]:
    """ETH3D high-resolution: `SCENE/ground_truth_depth/dslr_images/X.JPG` is raw float32.

    The file holds the distorted photo's pixels row by row, metres; infinite is unknown.
    """
    frames = []
    for depth in sorted(folder.rglob("ground_truth_depth/dslr_images/*.JPG")):
        scene = depth.parents[2]
        photo = scene / "images" / "dslr_images" / depth.name
        read = partial(_raw_float32, photo)
        frames.append(DepthFrame(f"{scene.name}/{depth.stem}", photo, depth, read=read))
    return frames


def nyu(folder: Path) -> list[DepthFrame]:
    """NYU Depth v2: `nyu_depth_v2_labeled.mat` (needs h5py), or `SCENE/sync_depth_N.png`.

    The labelled file holds all photos and depths in metres.  The pairs of files are the test
    split that training codes hand around: `rgb_N.jpg` with millimetres in `sync_depth_N.png`.
    """
    frames = []
    for depth in sorted(folder.rglob("sync_depth_*.png")):
        photo = depth.with_name(depth.name.replace("sync_depth_", "rgb_")).with_suffix(".jpg")
        name = f"{depth.parent.name}/{depth.stem.removeprefix('sync_depth_')}"
        frames.append(DepthFrame(name, photo, depth, DepthEncoding(1000.0)))
    for labelled in sorted(folder.glob("*labeled.mat")):
        with _hdf5(labelled) as file:
            count = len(_dataset(file, "depths", labelled))
        frames += [
            DepthFrame(
                f"{i:04d}",
                labelled,
                labelled,
                read=partial(_matlab_array, "depths", i),
                pixels=partial(_matlab_array, "images", i, labelled),
            )
            for i in range(count)
        ]
    return frames


def scannet(folder: Path) -> list[DepthFrame]:
    """ScanNet as its SensReader exports it: `SCENE/{color,depth,pose,intrinsic}/`.

    png16 millimetres in the depth camera, registered to the colour camera's view.
    """
    frames = []
    for depth in sorted(folder.rglob("depth/*.png"), key=_by_number):
        scene = depth.parents[1]
        if not (scene / "intrinsic" / "intrinsic_color.txt").is_file():
            continue
        matrix = _numbers_file(scene / "intrinsic" / "intrinsic_color.txt", (4, 4))
        frames.append(
            DepthFrame(
                f"{scene.name}/{depth.stem}",
                scene / "color" / f"{depth.stem}.jpg",
                depth,
                DepthEncoding(1000.0),
                None if matrix is None else matrix[:3, :3],
                _numbers_file(scene / "pose" / f"{depth.stem}.txt", (4, 4)),
            )
        )
    return frames


def diode(folder: Path) -> list[DepthFrame]:
    """DIODE: `X.png`, `X_depth.npy` (metres, [H, W, 1]) and `X_depth_mask.npy`.

    As usual, 0.6 to 350 m count, and not where the scanner smears depth edges (a Sobel
    gradient above 0.3 m).
    """
    return [
        DepthFrame(
            depth.relative_to(folder).as_posix().removesuffix("_depth.npy"),
            depth.with_name(depth.name.replace("_depth.npy", ".png")),
            depth,
            DepthEncoding(nearest=0.6, farthest=350.0),
            read=_diode_depth,
        )
        for depth in sorted(folder.rglob("*_depth.npy"))
    ]


def hypersim(folder: Path) -> list[DepthFrame]:
    """Hypersim: `images/scene_C_final_preview/X.tonemap.jpg`, `..._geometry_hdf5/` (h5py).

    `depth_meters` is the distance from the camera's centre; with Hypersim's usual lens (focal
    length 886.81 px at 1024x768) it becomes z.
    """
    frames = []
    for depth in sorted(folder.rglob("scene_*_geometry_hdf5/*.depth_meters.hdf5")):
        stem = depth.name.removesuffix(".depth_meters.hdf5")
        preview = depth.parent.name.replace("_geometry_hdf5", "_final_preview")
        photo = depth.parents[1] / preview / f"{stem}.tonemap.jpg"
        scene, camera = depth.parents[2].name, depth.parent.name.removesuffix("_geometry_hdf5")
        frames.append(DepthFrame(f"{scene}/{camera}/{stem}", photo, depth, read=_hypersim_depth))
    return frames


def synth4k(folder: Path) -> list[DepthFrame]:
    """Synth4K: `GAME/.../depth/X.exr` beside a folder of photos and `highfreq_mask/`.

    Depths below 3 m and above 150 m (sky) do not count, as in the authors' evaluation.
    """
    frames = []
    for depth in sorted(folder.rglob("depth/*.exr")):
        scene = depth.parents[1]
        candidates = (
            scene / name / f"{depth.stem}{suffix}"
            for name in ("rgb", "image", "images", "color")
            for suffix in _PHOTO_SUFFIXES
        )
        photo = next((p for p in candidates if p.is_file()), scene / "rgb" / f"{depth.stem}.png")
        mask = scene / "highfreq_mask" / f"{depth.stem}_highfreq_mask.png"
        frames.append(
            DepthFrame(
                depth.relative_to(folder).with_suffix("").as_posix(),
                photo,
                depth,
                DepthEncoding(nearest=3.0, farthest=150.0),
                detail=mask if mask.is_file() else None,
            )
        )
    return frames


def _raw_float32(photo: Path, depth: Path) -> np.ndarray:
    width, height = photo_size(photo)
    try:
        values = np.fromfile(depth, np.float32)
    except OSError as error:
        raise InputError(f"{depth}: cannot read this depth file ({error})") from None
    if values.size != width * height:
        raise InputError(f"{depth.name}: {values.size} depths for a photo of {width}x{height}")
    return values.reshape(height, width)


def _diode_depth(path: Path) -> np.ndarray:
    depth = read_numbers(path).astype(np.float64)
    if depth.ndim != 3:
        raise InputError(f"{path.name}: a depth map of DIODE is [H, W, 1], not {depth.shape}")
    depth = depth[..., 0]
    mask = read_numbers(path.with_name(path.name.replace("_depth.npy", "_depth_mask.npy")))
    if mask.shape != depth.shape:
        raise InputError(f"{path.name}: a mask of {mask.shape} for depth {depth.shape}")
    smeared = np.abs(ndimage.sobel(depth, 0)) + np.abs(ndimage.sobel(depth, 1)) > 0.3
    return np.where((mask == 1) & ~smeared, depth, 0.0)


def _hypersim_depth(path: Path) -> np.ndarray:
    with _hdf5(path) as file:
        distance = np.asarray(_dataset(file, "dataset", path), np.float64)
    if distance.ndim != 2:
        raise InputError(f"{path.name}: a depth map of Hypersim is [H, W], not {distance.shape}")
    height, width = distance.shape
    focal_px = 886.81 * width / 1024
    y, x = np.mgrid[:height, :width] + 0.5
    return distance / np.sqrt(1 + ((x - width / 2) ** 2 + (y - height / 2) ** 2) / focal_px**2)


def _matlab_array(name: str, index: int, path: Path) -> np.ndarray:
    """One [H, W] or [H, W, 3] array: Matlab stores columns first, so HDF5 shows [.., W, H]."""
    with _hdf5(path) as file:
        arrays = _dataset(file, name, path)
        if index >= len(arrays):
            raise InputError(f"{path.name}: it has {len(arrays)} {name}, none for {index}")
        return np.ascontiguousarray(np.asarray(arrays[index]).T)


def _dataset(file: Any, name: str, path: Path) -> Any:  # noqa: ANN401 (h5py.File, h5py.Dataset)
    if name not in file:
        raise InputError(f"{path.name}: it holds no `{name}`")
    return file[name]


def _hdf5(path: Path) -> Any:  # noqa: ANN401 (h5py.File)
    try:
        import h5py
    except ImportError:
        raise InputError(f"{path.name} is an HDF5 file: pip install h5py") from None
    try:
        return h5py.File(path, "r")
    except OSError as error:
        raise InputError(f"{path}: cannot read this depth file ({error})") from None


def _numbers_file(path: Path, shape: tuple[int, int]) -> np.ndarray | None:
    """A matrix of a text file; None where there is no such file.

    NaN where the file holds something else: its frame says so when it is read, others go on.
    """
    if not path.is_file():
        return None
    try:
        with warnings.catch_warnings():  # about empty files
            warnings.simplefilter("ignore")
            return np.loadtxt(path).reshape(shape)
    except (OSError, ValueError):
        return np.full(shape, np.nan)


def _by_number(path: Path) -> tuple[Path, int, str]:
    return path.parent, int(path.stem) if path.stem.isdecimal() else -1, path.stem


LAYOUTS: dict[str, Callable[[Path], list[DepthFrame]]] = {
    "kitti": kitti,
    "eth3d": eth3d,
    "nyu": nyu,
    "scannet": scannet,
    "diode": diode,
    "hypersim": hypersim,
    "synth4k": synth4k,
}
