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
from nvs.progress import Clock, Listener

if TYPE_CHECKING:
    from nvs.batch.workbench import Workbench
    from nvs.film.seen import Witness
    from nvs.opening import PhotoSettings
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

    output: Annotated[Path | None, tyro.conf.arg(aliases=["-o"], metavar="FILE")] = None
    """The new one: .jpg, .png, .webp or .tif, with the photo's EXIF and colour profile. By
    default reframe.jpg, with transparency reframe.png."""

    view: ViewOptions = dataclasses.field(default_factory=ViewOptions)

    lens: LensOptions = dataclasses.field(default_factory=LensOptions)

    stereo: StereoOptions = dataclasses.field(default_factory=StereoOptions)

    scene: SceneOptions = dataclasses.field(default_factory=SceneOptions)


def main(options: Options) -> int:
    """Run the command."""
    from nvs.files import check_overwrites_none, check_writable
    from nvs.opening import open_photo, scene_of_photo

    check(options)
    output = _output(options)
    scene = options.scene
    given = [options.photo, scene.depth, scene.known.depth_prompt, scene.photo.pose]
    check_overwrites_none(output, given)
    check_writable(output)
    clock = Clock(Terminal())
    settings = options.scene.settings()
    full = open_photo(options.photo, _whole(options), clock)
    side = settings.photo.longer_side
    photo = full.resized_to(side) if max(full.rgb.shape[:2]) > side else full
    clock.stage("loading the model")
    model = settings.model.load()
    opened = scene_of_photo(photo, model, settings, clock)
    print(_written(options, full, opened, clock))
    if options.scene.run.timings:
        print(clock.table())
    return 0


def check(options: Options) -> None:
    """Refuse what no photo can be made with, before minutes of work.

    Raises:
        InputError: a name or a number that cannot be used.
    """
    from nvs.photo.saved import check_picture_path

    for group in (options.view, options.lens, options.stereo):
        group.check()
    if len(options.lens.focus) > 1:
        raise InputError("--focus: a still has one focus")
    check_picture_path(_output(options), options.view.invented == "transparent")
    sharp_and_flat = options.lens.share is None and options.stereo.stereo is None
    if options.view.invented != "keep" and not sharp_and_flat:
        raise InputError("--invented blur and transparent go without --aperture and --stereo")
    options.scene.settings()


def make(
    options: Options, photo: Path, folder: Path, bench: Workbench, listener: Listener
) -> list[Path]:
    """The same for one photo of many; returns the file."""
    from nvs.opening import open_photo

    output = folder / _output(options).name
    options = dataclasses.replace(options, photo=photo, output=output)
    opened = bench.scene(photo, options.scene.settings(), listener)
    _written(options, open_photo(photo, _whole(options)), opened, listener)
    return [output]


def _output(options: Options) -> Path:
    """The name that was given, or one whose format can hold what is asked for."""
    if options.output is not None:
        return options.output
    return Path("reframe.png" if options.view.invented == "transparent" else "reframe.jpg")


def _whole(options: Options) -> PhotoSettings:
    """The photo at its full size, whatever size its scene is made of."""
    return dataclasses.replace(options.scene.photo.settings(), longer_side=1 << 20)


def _written(options: Options, full: Photo, opened: Scene, listener: Listener) -> str:
    """Write the picture; a line about it."""
    from nvs.film.seen import Witness
    from nvs.film.still import FullPhoto, picture_of
    from nvs.photo.saved import save_like
    from nvs.scene.reach import scene_depth

    output = _output(options)
    listener.stage("choosing the view")
    depth = scene_depth(opened.gaussians, opened.camera)
    witness = Witness(opened)
    camera = _camera(options.view, full, opened, depth, witness, listener)
    listener.stage("rendering")
    shot = shot_of(opened, depth, options.lens, options.stereo)
    focus = options.lens.pulled(opened, depth, 1)[0]
    whole = [FullPhoto(full.rgb, opened.camera)]
    picture = picture_of(opened, whole, shot, camera, focus, options.view.invented)
    seen = witness.share(camera)
    save_like(options.photo, picture.rgb, output, picture.alpha)
    listener.finish()
    size = f"{picture.rgb.shape[1]}x{picture.rgb.shape[0]}"
    return f"wrote {output}: {size}, {100 * seen:.1f} % of it was photographed"


def _camera(
    view: ViewOptions,
    full: Photo,
    opened: Scene,
    depth: SceneDepth,
    witness: Witness,
    listener: Listener,
) -> Camera:
    """The new camera, its picture of the photo's full size or cut from that."""
    from nvs.film.viewpoint import Move, interest, moved_camera, straightened, upright

    camera = full.camera
    if view.level:
        camera = straightened(camera, opened, listener)
    camera = moved_camera(camera, depth, Move(*view.move, *view.look, view.zoom))
    if view.portrait:
        camera = upright(camera, interest(opened, witness, camera, depth))
    return camera
