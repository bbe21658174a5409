"""`nvs fly`: a photo or a scene becomes a film."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import tyro

from nvs.commands.film_options import (
    FlightOptions,
    FrameOptions,
    LensOptions,
    StereoOptions,
    shot_of,
)
from nvs.commands.options import SceneOptions, refuse_folder
from nvs.commands.terminal import Terminal
from nvs.errors import InputError
from nvs.progress import Clock, Listener

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nvs.batch.workbench import Workbench
    from nvs.film.amplitude import Flight
    from nvs.film.keyframes import KeyframePath
    from nvs.film.path import PathKind
    from nvs.film.shot import Shot
    from nvs.scene.reach import SceneDepth
    from nvs.scene.scene import Scene


@dataclasses.dataclass(frozen=True)
class Options:
    """Render a camera path through a photo, or through a scene, as a film (docs/films.md)."""

    sources: Annotated[list[Path], tyro.conf.Positional, tyro.conf.arg(metavar="PHOTO|SCENE|CLIP")]
    """A photo, or a file of Gaussians: .ply, .spz, .sog and others (docs/formats.md); or several
    photos of one place, or a clip (docs/places.md)."""

    output: Annotated[Path | None, tyro.conf.arg(aliases=["-o"], metavar="FILE")] = None
    """The film: .mp4, .gif, .webp, .mov (ProRes, ten bits), or a picture for each frame, with
    depth: shot/frame.####.exr or .png. By default fly.mp4."""

    ply: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """Also write the scene itself: .ply, .compressed.ply, .splat, .spz, .sog or .glb."""

    track: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """Also write the camera's way: .json (Blender) or .chan (Nuke)."""

    cameras: Annotated[Path | None, tyro.conf.arg(metavar="FILE|FOLDER")] = None
    """Where several photos were taken from, as for nvs fuse."""

    flight: FlightOptions = dataclasses.field(default_factory=FlightOptions)

    frame: FrameOptions = dataclasses.field(default_factory=FrameOptions)

    lens: LensOptions = dataclasses.field(default_factory=LensOptions)

    stereo: StereoOptions = dataclasses.field(default_factory=StereoOptions)

    scene: SceneOptions = dataclasses.field(default_factory=SceneOptions)


def main(options: Options) -> int:
    """Run the command."""
    from nvs.files import check_writable

    if not options.sources:
        raise InputError("name a photo, a scene, several photos of one place, or a clip")
    if len(options.sources) == 1:
        refuse_folder(options.sources[0])
    saved = _checked(options)
    for path in (_output(options), options.ply, options.track):
        if path is not None:
            check_writable(path)
    clock = Clock(Terminal("frame"))
    clock.stage("starting")
    from nvs.opening import open_sources

    opened = open_sources(options.sources, options.scene.settings(), options.cameras, clock)
    for written in _written(options, saved, opened, clock):
        clock.finish()
        print(written)
    if options.scene.run.timings:
        print(clock.table())
    return 0


def _output(options: Options) -> Path:
    """The name that was given, or one by which players know the kind of stereo."""
    if options.output is not None:
        return options.output
    from nvs.film.stereo import SUFFIXES

    ending = "" if options.stereo.stereo is None else SUFFIXES[options.stereo.stereo]
    return Path(f"fly{ending}.mp4")


def check(options: Options) -> None:
    """Refuse what no photo can be made with, before minutes of work.

    Raises:
        InputError: a name, a path or a number that cannot be used.
    """
    _checked(options)


def _checked(options: Options) -> KeyframePath | None:
    """As `check`; the saved path, or None for one of ours."""
    _check_outputs(options, _output(options))
    saved = _saved_path(options)
    options.scene.settings()
    return saved


def make(
    options: Options, photo: Path, folder: Path, bench: Workbench, listener: Listener
) -> list[Path]:
    """The same for one photo of many; returns the files.

    Raises:
        InputError: a picture of each frame is wanted, or as the command.
    """
    from nvs.film.series import is_series

    if is_series(_output(options)):
        raise InputError("of many photos films are made, not a picture of each frame")
    output, ply, track = (
        None if path is None else folder / path.name
        for path in (_output(options), options.ply, options.track)
    )
    options = dataclasses.replace(options, sources=[photo], output=output, ply=ply, track=track)
    opened = bench.scene(photo, options.scene.settings(), listener)
    for _ in _written(options, _saved_path(options), opened, listener):
        pass
    return [path for path in (output, ply, track) if path is not None]


def _written(
    options: Options, saved: KeyframePath | None, opened: Scene, listener: Listener
) -> Iterator[str]:
    """Write the files; a line about each."""
    from nvs.scene.reach import scene_depth

    output = _output(options)
    depth = scene_depth(opened.gaussians, options.frame.framed(opened.camera))
    flight = _flight(options, saved, opened, depth, listener)
    shot = shot_of(opened, depth, options.lens, options.stereo)
    focus = options.lens.pulled(opened, depth, len(flight.cameras))
    listener.stage("rendering")
    written = _write_film(options, output, shot, flight, focus, opened, listener)
    yield f"wrote {output}: {written}, {_described(options, flight, opened)}"
    if options.track is not None:
        from nvs.film.track import write_track

        write_track(options.track, flight.cameras, options.frame.fps)
        yield f"wrote {options.track}: the camera of each frame"
    if options.ply is not None:
        from nvs.scene.formats.registry import write_scene_file

        listener.stage("writing the scene")
        write_scene_file(opened.gaussians, options.ply, opened.camera if opened.sources else None)
        yield f"wrote {options.ply}: {len(opened.gaussians):,} Gaussians"


def _check_outputs(options: Options, output: Path) -> None:
    """Whatever can be known of the outputs before minutes of work."""
    from nvs.files import check_overwrites_none
    from nvs.film.limited import check_limit
    from nvs.film.series import check_series, is_series
    from nvs.film.track import check_track_path
    from nvs.film.video import check_video_path
    from nvs.scene.formats.registry import check_scene_path

    for group in (options.flight, options.frame, options.lens, options.stereo):
        group.check()
    if is_series(output):
        check_series(output)
    else:
        check_video_path(output)
    if options.frame.megabytes is not None:
        if is_series(output):
            raise InputError("--megabytes is for one file, not for a picture of each frame")
        check_limit(output, options.frame.megabytes)
    if options.ply is not None:
        check_scene_path(options.ply)
    if options.track is not None:
        check_track_path(options.track)
    inputs = [
        *options.sources,
        options.cameras,
        options.scene.depth,
        options.scene.known.depth_prompt,
        options.scene.photo.pose,
    ]
    if Path(options.flight.path).suffix.lower() == ".json":
        inputs.append(Path(options.flight.path))
    for written in (output, options.ply, options.track):
        if written is not None:
            check_overwrites_none(written, inputs)


def _saved_path(options: Options) -> KeyframePath | None:
    """The saved path, or None for one of ours; what no flight can have is refused."""
    from nvs.film.keyframes import load_path
    from nvs.film.path import PATH_KINDS, check_path

    path, amplitude = options.flight.path, options.flight.amplitude
    saved = path not in PATH_KINDS
    check_path(
        PATH_KINDS[0] if saved else path,
        _frames(options),
        1.0 if isinstance(amplitude, str) else amplitude,
    )
    if not saved:
        return None
    if Path(path).suffix.lower() != ".json":
        known = ", ".join(PATH_KINDS)
        raise InputError(f"unknown path '{path}': choose {known} or a saved .json")
    return load_path(path)


def _frames(options: Options) -> int:
    from nvs.film.path import DEFAULT_FRAMES, WIGGLE_FRAMES

    default = WIGGLE_FRAMES if options.flight.path == "wiggle" else DEFAULT_FRAMES
    return default if options.frame.frames is None else options.frame.frames


def _flight(
    options: Options,
    saved: KeyframePath | None,
    opened: Scene,
    depth: SceneDepth,
    listener: Listener,
) -> Flight:
    from nvs.film.amplitude import LOOKS, Flight, widest_flight
    from nvs.film.path import camera_path
    from nvs.film.seen import Witness, knows_seen

    camera, frames = options.frame.framed(opened.camera), _frames(options)
    witness = Witness(opened) if knows_seen(opened) else None
    amplitude: float | str = options.flight.amplitude
    kind = cast("PathKind", options.flight.path)
    if witness is None and options.flight.seen is not None:
        raise InputError(
            f"--seen: {options.sources[0]} does not say what of it was photographed; "
            "give --amplitude"
        )
    if saved is not None:
        frames = saved.frames(options.frame.fps) if options.frame.frames is None else frames
        cameras = saved.cameras(camera.width, camera.height, frames)
        amplitude = 1.0
    elif isinstance(amplitude, str) and witness is not None:
        listener.stage("looking how far the photo carries")
        return widest_flight(
            lambda amplitude, frames: camera_path(
                kind,
                camera,
                depth,
                frames,
                amplitude,
            ),
            witness,
            frames,
            options.flight.least_seen,
        )
    else:
        amplitude = 1.0 if isinstance(amplitude, str) else amplitude
        cameras = camera_path(kind, camera, depth, frames, amplitude)
    every = max(1, frames // LOOKS)
    return Flight(cameras, amplitude, witness.least_share(cameras[::every]) if witness else None)


def _write_film(
    options: Options,
    output: Path,
    shot: Shot,
    flight: Flight,
    focus: list[float],
    opened: Scene,
    listener: Listener,
) -> str:
    """Render and write; what was written, in words."""
    import numpy as np

    from nvs.film.limited import write_video_within
    from nvs.film.series import is_series, write_frame
    from nvs.film.video import FORMATS, write_video

    count = len(flight.cameras)
    if is_series(output):
        for number, camera in enumerate(flight.cameras, 1):
            write_frame(shot, camera, focus[number - 1], output, number, opened.unit)
            listener.advance(number, count)
        return f"{count} pictures"
    dtype = FORMATS[output.suffix.lower()].depth
    sizes: list[tuple[int, ...]] = []

    def measured(frame: np.ndarray) -> np.ndarray:
        sizes.append(frame.shape)
        return frame

    frames = map(measured, shot.frames(flight.cameras, focus, dtype, listener.advance))
    if options.frame.megabytes is None:
        write_video(frames, output, options.frame.fps)
    else:
        write_video_within(frames, output, options.frame.fps, options.frame.megabytes)
    return f"{count} frames of {sizes[0][1]}x{sizes[0][0]}"


def _described(options: Options, flight: Flight, opened: Scene) -> str:
    """The flight in words."""
    path, auto = options.flight.path, options.flight.amplitude == "auto"
    saved = Path(path).suffix.lower() == ".json"
    if not saved:
        path += f" of amplitude {flight.amplitude:.2g}"
    if flight.seen is None:
        unknown = " (a scene's file does not say what of it was photographed)"
        return path + (unknown if auto and not saved else "")
    kept = f"{path}; at least {100 * flight.seen:.1f} % of every frame was photographed"
    least = options.flight.least_seen
    short = auto and not saved and flight.seen < least
    return kept + (f" (less than --seen {least:g})" if short else "")
