"""`nvs splat`: photos become Gaussians in files."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from nvs.commands.options import SceneOptions, refuse_folder
from nvs.commands.scene_file import is_output, write_output
from nvs.commands.terminal import Terminal
from nvs.errors import InputError
from nvs.progress import Clock, Listener

if TYPE_CHECKING:
    from nvs.batch.workbench import Workbench


@dataclasses.dataclass(frozen=True)
class Options:
    """Write the Gaussians of photos as files, one each, named like the photo."""

    photos: Annotated[list[Path], tyro.conf.Positional, tyro.conf.arg(metavar="PHOTO")]
    """One or more photos."""

    output: Annotated[Path, tyro.conf.arg(aliases=["-o"], metavar="DIR|FILE")] = Path(".")
    """Folder for the .ply files, made where missing; or, for one photo, a file: .ply,
    .compressed.ply, .splat, .spz, .sog, .glb (docs/formats.md), or .html: a page that plays the
    scene, to send to a friend (docs/share.md)."""

    scene: SceneOptions = dataclasses.field(default_factory=SceneOptions)


def main(options: Options) -> int:
    """Run the command; a photo that cannot be used is named, and the others are written."""
    from nvs.files import check_overwrites_none, check_writable
    from nvs.opening import open_photo, scene_of_photo

    if not options.photos:
        raise InputError("name at least one photo")
    for path in options.photos:
        refuse_folder(path)
    of_one_photo = options.scene.depth is not None or options.scene.known.of_one_photo
    if of_one_photo and len(options.photos) > 1:
        raise InputError(
            "--depth, --depth-prompt and --at belong to one photo: call nvs splat for each"
        )
    one_file = is_output(options.output) and not options.output.is_dir()
    if one_file and len(options.photos) > 1:
        raise InputError(f"{options.output} is one file: name a folder for several photos")
    if one_file:
        check_overwrites_none(options.output, [*options.photos])
        check_writable(options.output)
    names = [photo.stem for photo in options.photos]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise InputError(f"two photos would be written to {min(twice)}.ply: rename one")
    clock = Clock(Terminal())
    clock.stage("loading the model")
    settings = options.scene.settings()
    model = settings.model.load()
    failed = 0
    for path in options.photos:
        target = options.output if one_file else options.output / f"{path.stem}.ply"
        try:
            photo = open_photo(path, settings.photo, clock)
            scene = scene_of_photo(photo, model, settings, clock)
            written = write_output(scene, target, path.stem, clock)
        except InputError as error:
            clock.finish()
            print(f"nvs: {error}", file=sys.stderr)
            failed += 1
            continue
        clock.finish()
        print(f"wrote {target}: {written:,} Gaussians")
    if options.scene.run.timings:
        print(clock.table())
    return 2 if failed else 0


def check(options: Options) -> None:
    """Refuse what no photo can be made with.

    Raises:
        InputError: a number that cannot be used.
    """
    options.scene.settings()


def make(
    options: Options, photo: Path, folder: Path, bench: Workbench, listener: Listener
) -> list[Path]:
    """The same for one photo of many; returns the file."""
    from nvs.scene.ply import write_ply

    scene = bench.scene(photo, options.scene.settings(), listener)
    listener.stage("writing the scene")
    write_ply(scene.gaussians, folder / "scene.ply", scene.camera)
    return [folder / "scene.ply"]
