"""`nvs splat`: photos become Gaussians in files."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import Annotated

import tyro

from nvs.commands.scene import SceneOptions, photo_field, splat
from nvs.errors import InputError
from nvs.stages import Stages


@dataclasses.dataclass(frozen=True)
class Options:
    """Write the Gaussians of photos as .ply files, one each, named like the photo."""

    photos: Annotated[list[Path], tyro.conf.Positional, tyro.conf.arg(metavar="PHOTO")]
    """One or more photos."""

    output: Annotated[Path, tyro.conf.arg(aliases=["-o"], metavar="DIR")] = Path(".")
    """Folder for the files; made where missing."""

    scene: SceneOptions = dataclasses.field(default_factory=SceneOptions)


def main(options: Options) -> int:
    """Run the command; a photo that cannot be used is named, and the others are written."""
    from nvs.scene.ply import write_ply

    if not options.photos:
        raise InputError("name at least one photo")
    of_one_photo = (options.scene.depth, options.scene.known.depth_prompt)
    if any(of_one_photo) and len(options.photos) > 1:
        raise InputError("--depth and --depth-prompt belong to one photo: call nvs splat for each")
    names = [photo.stem for photo in options.photos]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise InputError(f"two photos would be written to {min(twice)}.ply: rename one")
    stages = Stages()
    stages("loading the model")
    model = options.scene.run.load_model()
    failed = 0
    for path in options.photos:
        target = options.output / f"{path.stem}.ply"
        try:
            stages("reading the photo")
            photo = options.scene.photo.load(path)
            field = photo_field(model, photo, options.scene, stages)
            gaussians = splat(model, photo, field, options.scene, stages).scene
            stages("writing the scene")
            write_ply(gaussians, target, photo.camera)
        except InputError as error:
            stages.end()
            print(f"nvs: {error}", file=sys.stderr)
            failed += 1
            continue
        stages.end()
        print(f"wrote {target}: {len(gaussians):,} Gaussians")
    if options.scene.run.timings:
        print(stages.table())
    return 2 if failed else 0
