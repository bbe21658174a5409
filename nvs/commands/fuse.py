"""`nvs fuse`: several photos of one place, or a clip, become one scene."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from nvs.commands.options import LensOptions, RunOptions
from nvs.commands.terminal import Terminal
from nvs.progress import Clock

if TYPE_CHECKING:
    from nvs.opening import SceneSettings


@dataclasses.dataclass(frozen=True)
class Options:
    """Make one scene of several photos of one place, or of a clip.

    Where the photos were taken from is told by --cameras, by the folder itself, or is found out
    (pip install 'nvs[places]'); docs/places.md.
    """

    sources: Annotated[list[Path], tyro.conf.Positional, tyro.conf.arg(metavar="PHOTO|FOLDER|CLIP")]
    """Photos of one place, a folder of them, or one clip."""

    output: Annotated[Path, tyro.conf.arg(aliases=["-o"], metavar="FILE")] = Path("scene.ply")
    """The scene: .ply, .compressed.ply, .splat, .spz, .sog or .glb (docs/formats.md)."""

    cameras: Annotated[Path | None, tyro.conf.arg(metavar="FILE|FOLDER")] = None
    """Where the photos were taken from, matched by their files' names: cameras.json,
    transforms.json, a COLMAP model, an export of Record3D, Polycam or ARKitScenes. The scene
    stands in their frame."""

    longer_side: Annotated[int, tyro.conf.arg(metavar="PX")] = 1024
    """A larger photo is reduced to this many pixels along its longer side."""

    backfill: bool = True
    """Fill in what no photo shows: behind near things and past the borders."""

    detail: Literal["normal", "high"] = "normal"
    """high: look at parts of each photo, too, for finer outlines; it takes longer."""

    photo_depth: bool = True
    """Use the depth that a phone recorded with the photos, or that cameras.json names."""

    lens: LensOptions = dataclasses.field(default_factory=LensOptions)

    run: RunOptions = dataclasses.field(default_factory=RunOptions)

    def settings(self) -> SceneSettings:
        """The same for the library.

        Raises:
            InputError: a number out of its range.
        """
        from nvs.commands.options import KnownDepthOptions, PhotoOptions, SceneOptions

        photo = PhotoOptions(self.lens, self.longer_side)
        known = KnownDepthOptions(photo_depth=self.photo_depth)
        scene = SceneOptions(
            photo, self.run, backfill=self.backfill, known=known, detail=self.detail
        )
        return scene.settings()


class _Lines(Terminal):
    """A line for each stage, when it begins."""

    def __init__(self) -> None:
        super().__init__("photo")
        self._told: set[str] = set()

    def stage(self, name: str) -> None:
        if name not in self._told:
            self._clear()
            print(name, flush=True)
        self._told.add(name)
        super().stage(name)


def main(options: Options) -> int:
    """Run the command; photos that cannot be used are named, the scene is made of the others."""
    from nvs.files import check_overwrites_none, check_writable
    from nvs.opening import open_place
    from nvs.scene.formats.registry import check_scene_path, write_scene_file

    check_scene_path(options.output)
    check_overwrites_none(options.output, [*options.sources, options.cameras])
    check_writable(options.output)
    settings = options.settings()
    clock = Clock(_Lines())
    place = open_place(options.sources, settings, options.cameras, clock)
    scene = place.scene
    clock.stage("writing the scene")
    write_scene_file(scene.gaussians, options.output, scene.camera)
    clock.finish()
    for one in place.left_out:
        print(f"left out {one.name}: {one.why}")
    unit = "metres" if scene.unit == "m" else "a unit that nobody knows"
    photos = "one photo" if place.photos == 1 else f"{place.photos} photos"
    left_out = f", {len(place.left_out)} left out" if place.left_out else ""
    print(
        f"wrote {options.output}: {len(scene.gaussians):,} Gaussians of {photos}{left_out}; "
        f"{place.cameras}; lengths in {unit}"
    )
    if options.run.timings:
        print(clock.table())
    return 0
