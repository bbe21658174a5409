"""`nvs reframe`: a photo from another viewpoint, as a photo."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from nvs.commands.film_options import LensOptions, StereoOptions, shot_of
from nvs.commands.options import SceneOptions
from nvs.commands.terminal import Terminal
from nvs.errors import InputError
from nvs.progress import Clock

if TYPE_CHECKING:
    from nvs.film.seen import Witness
    from nvs.photo.photo import Photo
    from nvs.scene.camera import Camera
    from nvs.scene.reach import SceneDepth
    from nvs.scene.scene import Scene


@dataclasses.dataclass(frozen=True)
class ViewOptions:
    """The new viewpoint."""

    move: Annotated[tuple[float, float, float], tyro.conf.arg(metavar="RIGHT UP FORWARD")] = (
        0.0,
        0.0,
        0.0,
    )
    """How far the camera goes, in shares of the near distance: 0.1 is a clear step."""

    look: Annotated[tuple[float, float], tyro.conf.arg(metavar="RIGHT UP")] = (0.0, 0.0)
    """How far it turns, degrees; without, it goes on looking at what was in the middle."""

    zoom: float = 1.0
    """How many times larger things are."""

    level: bool = False
    """Straighten the horizon and upright lines."""

    portrait: bool = False
    """Cut an upright picture, 3:4, around what is near. (A soft background: --aperture.)"""

    invented: Literal["keep", "blur", "transparent"] = "keep"
    """What becomes of what the photo did not show: blur puts it out of focus."""

    def check(self) -> None:
        """Refuse what no camera can do."""
        numbers = (*self.move, *self.look, self.zoom)
        if not all(math.isfinite(number) for number in numbers):
            raise InputError("--move, --look and --zoom are finite numbers")
        if max(abs(step) for step in self.move) > 2 or self.move[2] > 0.9:
            raise InputError("--move goes 2 near distances at most, and forward 0.9 of one")
        if max(abs(turn) for turn in self.look) > 60:
            raise InputError("--look turns by 60 degrees at most")
        if not 0.3 <= self.zoom <= 10:
            raise InputError(f"--zoom must lie between 0.3 and 10, not {self.zoom}")


@dataclasses.dataclass(frozen=True)
class Options:
    """Change a photo's viewpoint afterwards: one still at its full size (docs/films.md)."""

    photo: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="PHOTO")]
    """A photo."""

    output: Annotated[Path, tyro.conf.arg(aliases=["-o"], metavar="FILE")]
    """The new one: .jpg, .png, .webp or .tif, with the photo's EXIF and colour profile."""

    view: ViewOptions = dataclasses.field(default_factory=ViewOptions)

    lens: LensOptions = dataclasses.field(default_factory=LensOptions)

    stereo: StereoOptions = dataclasses.field(default_factory=StereoOptions)

    scene: SceneOptions = dataclasses.field(default_factory=SceneOptions)


def main(options: Options) -> int:
    """Run the command."""
    _check(options)
    from nvs.film.seen import Witness
    from nvs.film.still import picture_of
    from nvs.opening import open_photo, scene_of_photo
    from nvs.photo.saved import save_like
    from nvs.scene.reach import scene_depth

    clock = Clock(Terminal())
    settings = options.scene.settings()
    whole = dataclasses.replace(settings.photo, longer_side=1 << 20)
    full = open_photo(options.photo, whole, clock)
    side = settings.photo.longer_side
    photo = full.resized_to(side) if max(full.rgb.shape[:2]) > side else full
    clock.stage("loading the model")
    model = settings.model.load()
    opened = scene_of_photo(photo, model, settings, clock)
    clock.stage("choosing the view")
    depth = scene_depth(opened.gaussians, opened.camera)
    witness = Witness(opened)
    camera = _camera(options.view, full, opened, depth, witness, clock)
    clock.stage("rendering")
    shot = shot_of(opened, depth, options.lens, options.stereo)
    focus = options.lens.pulled(opened, depth, 1)[0]
    picture = picture_of(opened, full.rgb, shot, camera, focus, options.view.invented)
    seen = witness.share(camera)
    save_like(options.photo, picture.rgb, options.output, picture.alpha)
    clock.finish()
    size = f"{picture.rgb.shape[1]}x{picture.rgb.shape[0]}"
    print(f"wrote {options.output}: {size}, {100 * seen:.1f} % of it was photographed")
    if options.scene.run.timings:
        print(clock.table())
    return 0


def _check(options: Options) -> None:
    """Whatever can be known before minutes of work."""
    from nvs.files import check_overwrites_none, check_writable
    from nvs.photo.saved import check_picture_path

    for group in (options.view, options.lens, options.stereo):
        group.check()
    if len(options.lens.focus) > 1:
        raise InputError("--focus: a still has one focus")
    transparent = options.view.invented == "transparent"
    check_picture_path(options.output, transparent)
    sharp_and_flat = options.lens.share is None and options.stereo.stereo is None
    if options.view.invented != "keep" and not sharp_and_flat:
        raise InputError("--invented blur and transparent go without --aperture and --stereo")
    scene = options.scene
    given = [options.photo, scene.depth, scene.known.depth_prompt, scene.photo.pose]
    check_overwrites_none(options.output, given)
    check_writable(options.output)


def _camera(
    view: ViewOptions,
    full: Photo,
    opened: Scene,
    depth: SceneDepth,
    witness: Witness,
    clock: Clock,
) -> Camera:
    """The new camera, its picture of the photo's full size or cut from that."""
    from nvs.film.viewpoint import Move, interest, moved_camera, straightened, upright

    camera = full.camera
    if view.level:
        camera = straightened(camera, opened, clock)
    camera = moved_camera(camera, depth, Move(*view.move, *view.look, view.zoom))
    if view.portrait:
        camera = upright(camera, interest(opened, witness, camera, depth))
    return camera
