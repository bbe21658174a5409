"""Options that several commands share."""

from __future__ import annotations

import dataclasses
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from nvs.errors import InputError

if TYPE_CHECKING:
    import torch

    from nvs.depth.detail.looks import Detail
    from nvs.models.registry import ModelSettings
    from nvs.opening import DepthSettings, PhotoSettings, SceneSettings
    from nvs.pipeline import Model


# Commands for whole folders, and what each makes of one.
OF_FOLDERS = {"batch": "something of each photo in it", "fuse": "one scene of all of them"}


def refuse_folder(source: Path) -> None:
    """Say to whom gives a folder where one photo is wanted which command takes it.

    Raises:
        InputError: it is a folder.
    """
    if source.is_dir():
        makers = [
            f"nvs {name} makes {what}"
            for name, what in OF_FOLDERS.items()
            if importlib.util.find_spec(f"nvs.commands.{name}") is not None
        ]
        raise InputError("; ".join([f"{source} is a folder: name one photo in it", *makers]))


@dataclasses.dataclass(frozen=True)
class RunOptions:
    """How to run."""

    model: str = "default"
    """A model's name (see `nvs models list`) or the path of a .safetensors or .ckpt file."""

    weights: Annotated[
        tuple[Path, ...], tyro.conf.UseAppendAction, tyro.conf.arg(metavar="FILE")
    ] = ()
    """Files of the named model on disk, in place of its own: the depth network's and then,
    for a model with a Gaussian head of its own, that head's (--weights twice)."""

    head: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """A Gaussian head that `nvs train head` wrote for this model, instead of the model's own."""

    prompts: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """What `nvs train prompts` wrote for this model: corrects depth that --depth-prompt tells."""

    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where to compute; auto takes the GPU if there is one."""

    seed: int = 0
    """The same seed gives the same result."""

    timings: bool = False
    """Print the seconds that each stage took."""

    def load_model(self) -> Model:
        """The model that was asked for, where it was asked to run."""
        return self.settings().load()

    def settings(self) -> ModelSettings:
        """The same for the library."""
        from nvs.models.registry import ModelSettings

        return ModelSettings(self.model, self.weights, self.head, self.prompts, self.device)

    def torch_device(self) -> torch.device:
        """The device that was asked for."""
        from nvs.device import torch_device

        return torch_device(self.device)


@dataclasses.dataclass(frozen=True)
class LensOptions:
    """What the photo's file does not know of its lens. One at most; else EXIF, else 30 mm."""

    focal_px: float | None = None
    """Focal length in pixels of the upright photo."""

    focal_mm: float | None = None
    """Focal length in 35-mm equivalents."""

    fov: float | None = None
    """Horizontal field of view in degrees."""


@dataclasses.dataclass(frozen=True)
class PhotoOptions:
    """How to read the photo."""

    lens: LensOptions = dataclasses.field(default_factory=LensOptions)

    longer_side: Annotated[int, tyro.conf.arg(metavar="PX")] = 1024
    """A larger photo is reduced to this many pixels along its longer side."""

    frame: Annotated[int, tyro.conf.arg(metavar="N")] = 1
    """Which picture of a file that holds several (an animation, pages), from 1."""

    pose: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """Where the photo was taken from, in the world of the points of --depth-prompt, in which the
    scene then stands: 4x4 numbers, camera to world, x right, y down, z forward (.txt, .json, .npy),
    or cameras as `nvs fuse --cameras` takes them, of which the photo's is that of its name."""

    def settings(self) -> PhotoSettings:
        """The same for the library.

        Raises:
            InputError: a size that no photo can have.
        """
        from nvs.opening import PhotoSettings

        if self.longer_side < 16:
            raise InputError(f"--longer-side must be at least 16, not {self.longer_side}")
        lens = self.lens
        return PhotoSettings(
            lens.focal_px, lens.focal_mm, lens.fov, self.longer_side, self.frame, self.pose
        )


@dataclasses.dataclass(frozen=True)
class KnownDepthOptions:
    """What is known of the depth: the result agrees with it, and is in its unit."""

    depth_prompt: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """Known depth, sparse, coarse, partial or noisy: a depth map of any size, 0 where unknown
    (.npy, .npz, .png, .tiff, .pfm, .exr, .jpg), points x y z in the camera's frame, or with --pose
    in the world's (.ply, .pcd, .las, .laz, .csv), or the folder of a COLMAP model. --model
    infinidepth only takes its scale from it."""

    depth_scale: Annotated[float | None, tyro.conf.arg(metavar="N")] = None
    """What one metre is in the depth file; by default 1000 for whole numbers (KITTI's: 256, TUM's:
    5000). Of disparities: what something one metre away has."""

    depth_kind: Literal["depth", "disparity", "auto"] = "auto"
    """What a depth map holds: depth (far is large) or disparity (near is large, as most networks
    save it); auto compares it with what is seen in the photo and says which it took."""

    depth_confidence: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """A map beside --depth-prompt: 0..1, or whole numbers 0, 1, 2 as ARKit's."""

    at: Annotated[
        tuple[tuple[float, float, float], ...],
        tyro.conf.UseAppendAction,
        tyro.conf.arg(metavar="X Y METRES"),
    ] = ()
    """The depth at a pixel of the photo, given once or more."""

    photo_depth: bool = True
    """Use the depth that a phone wrote into the photo, where nothing else is known."""

    metric_model: Annotated[str | None, tyro.conf.arg(metavar="MODEL")] = None
    """Where no depth is known: a model whose depth is in metres, to take the scale from."""

    @property
    def of_one_photo(self) -> bool:
        """Whether something is known that belongs to one photo."""
        return self.depth_prompt is not None or bool(self.at)

    def check_pose(self, pose: Path | None) -> None:
        """Refuse a place without the depth that gives the scene its size there.

        Raises:
            InputError: nothing is known of the depth.
        """
        if pose is not None and self.depth_prompt is None:
            raise InputError("--pose goes with --depth-prompt: without, the scene has no size")

    def settings(self, depth: Path | None = None, detail: Detail = "normal") -> DepthSettings:
        """The same for the library, with a depth map that replaces the model's.

        Raises:
            InputError: a scale that no file has.
        """
        from nvs.opening import DepthSettings

        if self.depth_scale is not None and not 0 < self.depth_scale < float("inf"):
            raise InputError(f"--depth-scale must be positive, not {self.depth_scale}")
        return DepthSettings(
            depth,
            self.depth_prompt,
            self.metric_model,
            self.at,
            self.depth_scale,
            self.depth_confidence,
            self.photo_depth,
            self.depth_kind,
            detail,
        )


@dataclasses.dataclass(frozen=True)
class SceneOptions:
    """How a photo becomes a scene."""

    photo: PhotoOptions = dataclasses.field(default_factory=PhotoOptions)

    run: RunOptions = dataclasses.field(default_factory=RunOptions)

    points: Annotated[int | None, tyro.conf.arg(metavar="N")] = None
    """How many Gaussians show the photo's surfaces; by default two for each of its pixels."""

    depth: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """Use this depth or disparity map (.npy, .npz, .png, ...) instead of the model's depth."""

    detail: Literal["normal", "high"] = "normal"
    """high looks at parts of the photo, too: finer outlines and thin things, much slower."""

    backfill: bool = True
    """Fill in what the photo does not show: behind near things and past its border."""

    known: KnownDepthOptions = dataclasses.field(default_factory=KnownDepthOptions)

    def settings(self) -> SceneSettings:
        """The same for the library.

        Raises:
            InputError: a number out of its range.
        """
        from nvs.opening import SceneSettings

        if self.run.seed < 0:
            raise InputError(f"--seed must be 0 or more, not {self.run.seed}")
        if self.points is not None and not 1 <= self.points <= 50_000_000:
            raise InputError(f"--points must lie between 1 and 50 million, not {self.points}")
        self.known.check_pose(self.photo.pose)
        return SceneSettings(
            self.run.settings(),
            self.photo.settings(),
            self.known.settings(self.depth, self.detail),
            self.points,
            self.backfill,
            self.run.seed,
        )
