"""`nvs depth`: a photo's depth, at any resolution."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from nvs.commands.options import (
    KnownDepthOptions,
    LensOptions,
    PhotoOptions,
    RunOptions,
    refuse_folder,
)
from nvs.commands.terminal import Terminal
from nvs.errors import InputError
from nvs.progress import Clock, Listener

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np

    from nvs.batch.workbench import Workbench
    from nvs.pipeline import Model


@dataclasses.dataclass(frozen=True)
class Options:
    """Write the depth of a photo, and a coloured preview beside it.

    .npz holds `depth` (float32, z, 0 where there is sky), `intrinsics` and `unit` ("m" or
    "relative"); .png has 16 bits; .exr float32.
    """

    photo: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="PHOTO")]

    output: Annotated[Path, tyro.conf.arg(aliases=["-o"], metavar="FILE")] = Path("depth.npz")
    """depth.npz, depth.png or depth.exr."""

    width: Annotated[int | None, tyro.conf.arg(metavar="PX")] = None
    """Width of the depth map; the field is continuous and can be asked at any. By default the
    photo's own."""

    detail: Literal["normal", "high"] = "normal"
    """high looks at parts of the photo, too: finer outlines and thin things, much slower."""

    known: KnownDepthOptions = dataclasses.field(default_factory=KnownDepthOptions)

    lens: LensOptions = dataclasses.field(default_factory=LensOptions)

    frame: Annotated[int, tyro.conf.arg(metavar="N")] = 1
    """Which picture of a file that holds several (an animation, pages), from 1."""

    pose: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """Where the photo was taken from, in the world of the points of --depth-prompt: 4x4 numbers,
    camera to world, x right, y down, z forward (.txt, .json, .npy), or cameras as `nvs fuse
    --cameras` takes them, of which the photo's is that of its name."""

    run: RunOptions = dataclasses.field(default_factory=RunOptions)


def main(options: Options) -> int:
    """Run the command."""
    from nvs.files import check_overwrites_none

    refuse_folder(options.photo)
    check(options)
    for output in (options.output, _preview(options)):
        check_overwrites_none(
            output,
            [
                options.photo,
                options.pose,
                options.known.depth_prompt,
                options.known.depth_confidence,
            ],
        )
    clock = Clock(Terminal("row"))
    for written in _written(options, options.run.load_model, clock):
        print(written)
    if options.run.timings:
        print(clock.table())
    return 0


def check(options: Options) -> None:
    """Refuse what no photo can be made with.

    Raises:
        InputError: a name or a number that cannot be used.
    """
    from nvs.depth.file import check_depth_path

    check_depth_path(options.output)
    if options.width is not None and not 1 <= options.width <= 20_000:
        raise InputError(f"--width must lie between 1 and 20000 pixels, not {options.width}")
    options.known.settings()
    options.known.check_pose(options.pose)


def make(
    options: Options, photo: Path, folder: Path, bench: Workbench, listener: Listener
) -> list[Path]:
    """The same for one photo of many; returns the files."""
    output = folder / options.output.name
    options = dataclasses.replace(options, photo=photo, output=output)
    for _ in _written(options, lambda: bench.model(options.run.settings()), listener):
        pass
    return [output, _preview(options)]


def _preview(options: Options) -> Path:
    return options.output.with_name(f"{options.output.stem}_preview.png")


def _written(
    options: Options, load_model: Callable[[], Model], listener: Listener
) -> Iterator[str]:
    """Write the files; a line about each."""
    from nvs.depth.preview import depth_preview
    from nvs.depth.rows import write_field_depth
    from nvs.opening import depth_of_photo, open_photo

    reading = PhotoOptions(options.lens, 1 << 30, options.frame, options.pose).settings()
    photo = open_photo(options.photo, reading, listener)
    camera = photo.camera
    if options.width is not None:
        height = max(1, round(camera.height * options.width / camera.width))
        camera = camera.resized(options.width, height)
    listener.stage("loading the model")
    model = load_model()
    known = options.known.settings(detail=options.detail)
    field = depth_of_photo(photo, model, known, options.run.device, listener)
    listener.stage("asking the field")
    depth = write_field_depth(options.output, field, camera, listener.advance)
    listener.stage("writing the preview")
    _write_png(depth_preview(depth, depth <= 0), _preview(options))
    listener.finish()
    yield f"wrote {options.output}: {camera.width}x{camera.height}, unit {field.unit!r}"
    yield f"wrote {_preview(options)}"


def _write_png(picture: np.ndarray, path: Path) -> None:
    from PIL import Image

    from nvs.files import atomic_write

    with atomic_write(path) as unfinished:
        Image.fromarray(picture).save(unfinished)
