"""`nvs convert`: a scene's file becomes one of another format, smaller, cropped or turned."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from nvs.commands.scene_file import check_output, write_output
from nvs.commands.terminal import Terminal
from nvs.errors import InputError
from nvs.progress import Clock

if TYPE_CHECKING:
    from nvs.scene.camera import Camera
    from nvs.scene.scene import Scene

Triple = tuple[float, float, float]

FLIGHT_VIEWS = 8  # from which it is seen what shows most, beside the first view
VIEW_WIDTH = 640  # pixels of these


@dataclasses.dataclass(frozen=True)
class Options:
    """Write a scene in another format (docs/formats.md). First it is cropped, then thinned out
    (--keep), then turned, then scaled."""

    source: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="IN")]
    """Gaussians: .ply, .compressed.ply, .ply.gz, .splat, .ksplat, .spz, .sog or .glb."""

    output: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="OUT")]
    """The file to write: .ply, .compressed.ply, .splat, .spz, .sog, .glb, or .html: a page that
    plays the scene, to send to a friend (docs/share.md)."""

    keep: Annotated[int | None, tyro.conf.arg(metavar="N")] = None
    """Keep N Gaussians: what shows nothing in the first view and in a flight around it goes first;
    then the rest is thinned out evenly, and grows to stay closed."""

    crop: Annotated[tuple[Triple, Triple] | None, tyro.conf.arg(metavar="X Y Z X Y Z")] = None
    """Keep what lies between two corners, the lower one first."""

    rotate: Annotated[Triple | None, tyro.conf.arg(metavar="X Y Z")] = None
    """Turn about the x axis, then y, then z; degrees."""

    scale: float = 1.0
    """Make everything so many times as large."""

    settings: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """Also write the first view and a flight for SuperSplat's viewer (settings.json)."""

    flight: Literal["orbit", "swing", "spiral", "dolly", "none"] = "orbit"
    """The flight in --settings."""


def main(options: Options) -> int:
    """Run the command."""
    from nvs.files import check_overwrites_none, check_writable
    from nvs.scene.formats.registry import is_scene

    check_output(options.output)
    for output in (options.output, options.settings):
        if output is not None:
            check_overwrites_none(output, [options.source])
            check_writable(output)
    if options.settings is not None and options.settings.resolve() == options.output.resolve():
        raise InputError(f"{options.settings} is where the scene goes: name another --settings")
    if options.keep is not None and options.keep < 1:
        raise InputError(f"--keep must be 1 or more, not {options.keep}")
    if not 1e-9 <= options.scale <= 1e9:
        raise InputError(f"--scale must lie between 1e-9 and 1e9, not {options.scale}")
    if not all(math.isfinite(angle) for angle in options.rotate or ()):
        raise InputError("--rotate takes three angles in degrees")
    clock = Clock(Terminal())
    if options.source.exists() and not is_scene(options.source):
        raise InputError(f"{options.source} holds no Gaussians; nvs splat makes them of a photo")
    from nvs.opening import open_scene

    scene = open_scene(options.source, listener=clock)
    read = len(scene.gaussians)
    scene = _changed(scene, options)
    written = write_output(scene, options.output, options.source.stem, clock)
    clock.finish()
    kept = f" of {read:,}" if written < read else ""
    size = options.output.stat().st_size
    print(f"wrote {options.output}: {written:,}{kept} Gaussians, {size / 1e6:,.1f} MB")
    if options.settings is not None:
        _write_settings(options.settings, scene, options.flight)
        print(f"wrote {options.settings}: first view, flight: {options.flight}")
    return 0


def _changed(scene: Scene, options: Options) -> Scene:
    """The scene and its camera, after all that was asked."""
    import torch

    from nvs.rendering.shown import thinned
    from nvs.scene.formats.order import local_order
    from nvs.scene.rotations import euler_rotation

    gaussians, camera = scene.gaussians, scene.camera
    if options.crop is not None:
        low, high = gaussians.means.new_tensor(options.crop)
        gaussians = gaussians[((gaussians.means >= low) & (gaussians.means <= high)).all(dim=1)]
        if len(gaussians) == 0:
            raise InputError("--crop keeps nothing: no Gaussian lies between its corners")
    if options.keep is not None:
        order = torch.from_numpy(local_order(gaussians.means.cpu().numpy())).to(
            gaussians.means.device
        )
        gaussians = thinned(gaussians, order, options.keep, _views(scene))
    pose = torch.eye(4)
    if options.rotate is not None:
        pose[:3, :3] = euler_rotation(options.rotate)
        gaussians = gaussians.moved(pose)
    moved = pose @ camera.camera_to_world.cpu()
    moved[:3, 3] *= options.scale
    sources = tuple(dataclasses.replace(each, camera=camera.moved(moved)) for each in scene.sources)
    return dataclasses.replace(
        scene,
        gaussians=gaussians.scaled(options.scale),
        camera=camera.moved(moved),
        sources=sources,
    )


def _views(scene: Scene) -> list[Camera]:
    """The first view and those of an orbit around it."""
    from nvs.film.path import camera_path
    from nvs.scene.reach import scene_depth

    camera = scene.camera
    if camera.width > VIEW_WIDTH:
        camera = camera.resized(VIEW_WIDTH, round(camera.height * VIEW_WIDTH / camera.width))
    depth = scene_depth(scene.gaussians, camera)
    views = [camera, *camera_path("orbit", camera, depth, FLIGHT_VIEWS)[1:]]
    return [view.to(scene.gaussians.means.device) for view in views]


def _write_settings(path: Path, scene: Scene, flight: str) -> None:
    from nvs.film.path import DEFAULT_FPS, DEFAULT_FRAMES, camera_path
    from nvs.film.supersplat import write_settings
    from nvs.scene.reach import scene_depth

    depth = scene_depth(scene.gaussians, scene.camera)
    cameras = (
        [] if flight == "none" else camera_path(flight, scene.camera, depth, DEFAULT_FRAMES)  # type: ignore[arg-type]
    )
    write_settings(path, scene.camera, depth.focus, cameras, DEFAULT_FPS)
