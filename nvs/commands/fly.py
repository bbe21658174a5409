"""`nvs fly`: a photo or a scene becomes a video."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from nvs.commands.options import SceneOptions
from nvs.commands.terminal import Terminal
from nvs.errors import InputError
from nvs.progress import Clock, Listener

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nvs.batch.workbench import Workbench
    from nvs.film.keyframes import KeyframePath
    from nvs.scene.camera import Camera
    from nvs.scene.scene import Scene


@dataclasses.dataclass(frozen=True)
class Options:
    """Render a camera path through a photo, or through a scene, as a video."""

    source: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="PHOTO|SCENE.ply")]
    """A photo, or Gaussians in a .ply file."""

    output: Annotated[Path, tyro.conf.arg(aliases=["-o"], metavar="FILE")] = Path("fly.mp4")
    """The video: .mp4 or .gif."""

    path: Annotated[str, tyro.conf.arg(metavar="NAME|FILE")] = "orbit"
    """orbit, swing, spiral or dolly, or a path that the viewer saved (.json)."""

    amplitude: float = 1.0
    """How far the camera goes: 1 is what the photo can stand, 2 goes twice as far."""

    frames: int | None = None
    """Frames of the video; by default 120, or what a saved path takes."""

    fps: float = 24.0
    """Frames a second."""

    width: Annotated[int | None, tyro.conf.arg(metavar="PX")] = None
    """Width of the video; by default the photo's working size."""

    ply: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """Also write the scene itself."""

    scene: SceneOptions = dataclasses.field(default_factory=SceneOptions)


def main(options: Options) -> int:
    """Run the command."""
    check(options)
    clock = Clock(Terminal("frame"))
    clock.stage("starting")
    from nvs.opening import open_scene

    opened = open_scene(options.source, options.scene.settings(), clock)
    for written in _written(options, opened, clock):
        clock.finish()
        print(written)
    if options.scene.run.timings:
        print(clock.table())
    return 0


def check(options: Options) -> None:
    """Refuse what no photo can be made with, before minutes of work.

    Raises:
        InputError: a name, a path or a number that cannot be used.
    """
    _check_outputs(options)
    _flight(options)
    options.scene.settings()


def make(
    options: Options, photo: Path, folder: Path, bench: Workbench, listener: Listener
) -> list[Path]:
    """The same for one photo of many; returns the files."""
    ply = None if options.ply is None else folder / options.ply.name
    output = folder / options.output.name
    options = dataclasses.replace(options, source=photo, output=output, ply=ply)
    opened = bench.scene(photo, options.scene.settings(), listener)
    for _ in _written(options, opened, listener):
        pass
    return [output, *([] if ply is None else [ply])]


def _written(options: Options, opened: Scene, listener: Listener) -> Iterator[str]:
    """Write the files; a line about each."""
    from nvs.film.video import render_path, write_video

    cameras = _cameras(options, _flight(options), opened)
    listener.stage("rendering")
    frames = render_path(
        opened.gaussians, cameras, progress=listener.advance, made_from=opened.made_from
    )
    write_video(frames, options.output, options.fps)
    size = f"{cameras[0].width}x{cameras[0].height}"
    yield f"wrote {options.output}: {len(cameras)} frames of {size}, {options.path}"
    if options.ply is not None:
        from nvs.scene.ply import write_ply

        listener.stage("writing the scene")
        write_ply(opened.gaussians, options.ply, opened.camera)
        yield f"wrote {options.ply}: {len(opened.gaussians):,} Gaussians"


def _check_outputs(options: Options) -> None:
    """Whatever can be known of the outputs before minutes of work."""
    from nvs.files import check_overwrites_none
    from nvs.film.video import check_video_path

    check_video_path(options.output)
    if options.ply is not None and options.ply.suffix.lower() != ".ply":
        raise InputError(f"{options.ply}: name a scene ending in .ply")
    inputs = [options.source, options.scene.depth, options.scene.known.depth_prompt]
    for output in (options.output, options.ply):
        if output is not None:
            check_overwrites_none(output, inputs)


def _flight(options: Options) -> KeyframePath | None:
    """The saved path, or None for one of ours; what no flight can have is refused."""
    from nvs.film.keyframes import load_path
    from nvs.film.path import PATH_KINDS, check_path
    from nvs.film.video import check_fps

    check_fps(options.fps)
    if options.width is not None and not 16 <= options.width <= 8192:
        raise InputError(f"--width must lie between 16 and 8192 pixels, not {options.width}")
    saved = options.path not in PATH_KINDS
    kind = PATH_KINDS[0] if saved else options.path
    check_path(kind, _frames(options), options.amplitude)
    if not saved:
        return None
    if Path(options.path).suffix.lower() != ".json":
        known = ", ".join(PATH_KINDS)
        raise InputError(f"unknown path '{options.path}': choose {known} or a saved .json")
    return load_path(options.path)


def _frames(options: Options) -> int:
    from nvs.film.path import DEFAULT_FRAMES

    return DEFAULT_FRAMES if options.frames is None else options.frames


def _cameras(options: Options, flight: KeyframePath | None, opened: Scene) -> list[Camera]:
    from nvs.film.path import camera_path
    from nvs.film.video import even_size
    from nvs.scene.reach import scene_depth

    camera = opened.camera
    width = camera.width if options.width is None else options.width
    camera = camera.resized(*even_size(width, round(camera.height * width / camera.width)))
    if flight is None:
        depth = scene_depth(opened.gaussians, camera)
        return camera_path(options.path, camera, depth, _frames(options), options.amplitude)  # type: ignore[arg-type]
    frames = flight.frames(options.fps) if options.frames is None else options.frames
    return flight.cameras(camera.width, camera.height, frames)
