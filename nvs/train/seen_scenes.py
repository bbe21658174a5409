"""What a frozen depth network sees in made-up scenes: what a network for prompts learns from.

Looking takes most of the time, so it is done once for each scene and kept on disk; each use of it
brings another prompt.  Scene i is a function of the settings, the network and i alone.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from nvs.depth.cells import GridSize
from nvs.depth.model import DepthModel
from nvs.depth.network import encoder_size
from nvs.files import atomic_write
from nvs.models.files import weights_digest
from nvs.scene.camera import Camera
from nvs.train.config import check_range
from nvs.train.crops import WindowedPictures, Windows, focal_known, random_windows, resampled
from nvs.train.depth_batches import ASPECTS
from nvs.train.depth_points import NEAREST_DEPTH_M
from nvs.train.dice import Dice
from nvs.train.pictures import DepthPicture, Pictures
from nvs.train.recolour import recoloured
from nvs.train.recorded_data import RecordedPictures
from nvs.train.scene_data import made_scene, textures_name
from nvs.worlds import GENERATOR_VERSION, Textures

SIDE_PX = 28  # the pictures' sides are multiples of two patches, as our encoders want them
SOFT_EDGE = 0.1  # of logarithms, within two pixels of the raster
RASTER_PX = 50_000  # of a scene are kept, about; twice as fine as the grid of cells


@dataclasses.dataclass(frozen=True)
class SeenSceneSettings:
    """Which scenes, and where they are kept."""

    textures: Path | None = None  # a folder of photos; None: procedural textures alone
    scene_px: int = 448
    cache: Path = Path("runs/seen")
    seed: int = 0

    def __post_init__(self) -> None:
        check_range(self, positive="scene_px", not_negative="seed")


@dataclasses.dataclass(frozen=True)
class KnownPoints:
    """Points of known depth."""

    places: Tensor  # [P, 2] float32 (x, y), 0..1 over the picture
    log_depth: Tensor  # [P] float64


@dataclasses.dataclass(frozen=True)
class SeenScene:
    """One picture, what the network sees in it, and the truth; all depths are log z."""

    colors: Tensor  # [h, w, 3] in 0..1, of the cells of the grid that `complete` uses
    features: Tensor  # [C, h, w] of the finest map at the cells' middles
    cells: Tensor  # [h, w] seen there
    seen: Tensor  # [H, W] seen on a finer raster
    truth: Tensor  # [H, W] true there; NaN where there is none
    given: KnownPoints | None = None  # what a sensor told beside it


class SeenScenes:
    """Scenes by number, looked at when they are first asked for.

    Args:
        recorded: photos that take the place of some of the made-up scenes.
    """

    def __init__(
        self,
        settings: SeenSceneSettings,
        network: DepthModel,
        recorded: RecordedPictures | None = None,
    ) -> None:
        self.settings, self.network, self.recorded = settings, network, recorded
        self._textures: Textures | None = None
        made = f"{settings.scene_px}px-v{GENERATOR_VERSION}-{textures_name(settings.textures)}"
        self.folder = settings.cache / f"{made}-{weights_digest(network)}-{settings.seed}"

    def __getitem__(self, number: int) -> SeenScene:
        rng = np.random.default_rng([self.settings.seed, number])
        if self.recorded is not None and rng.random() < self.recorded.share:
            return self._looked_at(self.recorded.drawn(rng), number)
        path = self.folder / f"{number:07d}.npz"
        if not path.exists():
            with atomic_write(path) as unfinished:
                _write(self._looked_at(self._made(number), number), unfinished)
        return _read(path)

    def _made(self, number: int) -> DepthPicture:
        s = self.settings
        if self._textures is None and s.textures is not None:
            self._textures = Textures.from_folder(s.textures)
        return made_scene(s.seed * 10**9 + number, s.scene_px, self._textures)

    @torch.no_grad()
    def _looked_at(self, picture: DepthPicture, number: int) -> SeenScene:
        """A window of the picture, recoloured, as the network sees it."""
        dice = Dice.of(self.settings.seed, 11, number, batch=1, share=range(1), device="cpu")
        aspects, odds = zip(*ASPECTS, strict=True)
        aspect = float(
            np.random.default_rng([self.settings.seed, 12, number]).choice(aspects, p=odds)
        )
        whole = Pictures.stacked([picture], max(self.settings.scene_px, *picture.depth.shape))
        windows = random_windows(whole.size_px, aspect, dice)
        area = self.network.input_area_px
        width, height = encoder_size(aspect, area, SIDE_PX)
        rgb = recoloured(resampled(whole.rgb, windows, width, height), dice)[0].permute(1, 2, 0)
        focal = whole.focal_px[0] * torch.tensor([width, height]) / _sizes(windows)[0]
        told = bool(focal_known(dice)) and picture.focal_px is not None
        camera = _camera(focal if told else torch.tensor([float(width)] * 2), width, height)
        field = self.network.field(rgb.contiguous(), camera, focal_known=told)

        grid, raster = GridSize.over(camera), GridSize.over(camera, RASTER_PX)
        x, y = grid.middles(camera)
        features = field.features(torch.cartesian_prod(y, x).flip(-1))  # [h·w, C]
        assert features is not None
        size = (grid.rows, grid.columns)
        truth = _windowed_depth(WindowedPictures(whole, windows), raster)
        truth = torch.where(truth > 0, truth.clamp_min(NEAREST_DEPTH_M).log(), torch.nan)
        return SeenScene(
            colors=functional.interpolate(rgb.permute(2, 0, 1)[None], size, mode="area")[0].permute(
                1, 2, 0
            ),
            features=features.T.reshape(-1, *size),
            cells=field.on_raster(x, y).depth.log(),
            seen=field.on_raster(*raster.middles(camera)).depth.log(),
            truth=truth if picture.zero_is_sky else without_edges(truth),
            given=None if picture.prompt is None else _windowed_prompt(picture, windows),
        )


def _sizes(windows: Windows) -> Tensor:
    """[B, 2] width and height."""
    return torch.stack([windows.width_px, windows.height_px], -1)


def _camera(focal_px: Tensor, width: int, height: int) -> Camera:
    intrinsics = torch.eye(3)
    intrinsics[0, 0], intrinsics[1, 1] = focal_px.tolist()
    intrinsics[0, 2], intrinsics[1, 2] = width / 2, height / 2
    return Camera(intrinsics, torch.eye(4), width, height)


def _windowed_depth(seen: WindowedPictures, raster: GridSize) -> Tensor:
    """[rows, columns] z of the only window, of the pixel at each cell's middle; 0 without."""
    width, height = _sizes(seen.windows)[0].tolist()
    rows, columns = raster.rows, raster.columns
    x = ((torch.arange(columns) + 0.5) * width / columns).floor()
    y = ((torch.arange(rows) + 0.5) * height / rows).floor()
    if bool(seen.windows.mirrored):
        x = width - 1 - x
    return seen.depth_at(x.expand(1, rows, -1), y[:, None].expand(1, -1, columns))[0]


def without_edges(truth: Tensor) -> Tensor:
    """Measured log z [H, W] but where it changes: sensors make up what lies in between."""
    low, high = truth.nan_to_num(torch.inf)[None], truth.nan_to_num(-torch.inf)[None]
    around = functional.max_pool2d(high, 5, 1, 2) + functional.max_pool2d(-low, 5, 1, 2)
    return torch.where(around[0] < SOFT_EDGE, truth, torch.nan)


def _windowed_prompt(picture: DepthPicture, windows: Windows) -> KnownPoints | None:
    """What a sensor told of the only window; None for nothing."""
    assert picture.prompt is not None
    rows, columns = picture.prompt.shape
    y, x = np.nonzero(np.isfinite(picture.prompt) & (picture.prompt > 0))
    height, width = picture.depth.shape
    pixel = torch.from_numpy(
        np.stack([(x + 0.5) * width / columns, (y + 0.5) * height / rows], -1)
    ).float()
    places = (pixel - torch.stack([windows.left_px, windows.top_px], -1)) / _sizes(windows)
    inside = ((places > 0) & (places < 1)).all(-1)
    if not bool(inside.any()):
        return None
    if bool(windows.mirrored):
        places = torch.stack([1 - places[:, 0], places[:, 1]], -1)
    told = torch.from_numpy(picture.prompt[y, x]).double().log()
    return KnownPoints(places[inside], told[inside])


def _write(scene: SeenScene, path: Path) -> None:
    """In half precision, depths around their median: to a thousandth."""
    middle = scene.cells.median()

    def halved(log_depth: Tensor) -> NDArray[np.float16]:
        return (log_depth - middle).half().numpy()

    with path.open("wb") as file:
        np.savez(
            file,
            middle=middle.numpy(),
            colors=(255 * scene.colors).round().byte().numpy(),
            features=scene.features.half().numpy(),
            cells=halved(scene.cells),
            seen=halved(scene.seen),
            truth=halved(scene.truth),
        )


def _read(path: Path) -> SeenScene:
    with np.load(path) as kept:
        middle = float(kept["middle"])

        def log_depth(name: str) -> Tensor:
            return torch.from_numpy(kept[name]).float() + middle

        return SeenScene(
            colors=torch.from_numpy(kept["colors"]).float() / 255,
            features=torch.from_numpy(kept["features"]).float(),
            cells=log_depth("cells"),
            seen=log_depth("seen"),
            truth=log_depth("truth"),
        )
