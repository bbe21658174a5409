"""Cameras → frames → a video file, whole or not at all."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from nvs.errors import InputError
from nvs.files import atomic_write
from nvs.rendering.magnified import enlarged_eps2d
from nvs.rendering.render import render
from nvs.scene.camera import Camera
from nvs.scene.gaussians import Gaussians

# H.264 stores colour at half the size, hence the even sizes; quality 18 of 0 (lossless) to 51
# is hard to tell from the frames; the index goes in front, so that a browser starts at once.
MP4 = {
    "codec": "libx264",
    "pix_fmt_out": "yuv420p",
    "output_params": ["-crf", "18", "-movflags", "+faststart"],
}
# One palette of 256 colours made from the whole clip; dithering hides its steps.
GIF = {
    "codec": "gif",
    "pix_fmt_out": "pal8",
    "output_params": [
        "-lavfi",
        "split[a][b];[a]palettegen=stats_mode=diff[p];[b][p]paletteuse=dither=bayer:bayer_scale=4",
    ],
}
FORMATS: dict[str, dict[str, Any]] = {".mp4": MP4, ".gif": GIF}


def even_size(width: int, height: int) -> tuple[int, int]:
    """The size to render for a video of about `width` x `height`: mp4 has even sizes only.

    An odd number becomes the next even one, at least 2: render one more row or column of
    the scene rather than stretch or cut a picture.
    """
    return max(2, width + width % 2), max(2, height + height % 2)


def render_path(
    scene: Gaussians,
    cameras: Sequence[Camera],
    background: Tensor | None = None,
    progress: Callable[[int, int], None] | None = None,
    made_from: Camera | None = None,
) -> Iterator[np.ndarray]:
    """The frames of a flight, uint8 [H, W, 3], each rendered when it is asked for.

    Args:
        scene, cameras, background: as `nvs.render` takes them.
        progress: called with the number of frames done and their total; what it raises
            ends the flight.
        made_from: the camera of the photo that became the scene: frames larger than that are
            smoothed (see `nvs.rendering.magnified`).
    """
    for done, camera in enumerate(cameras, 1):
        frame = render_frame(scene, camera, background, made_from)
        if progress is not None:
            progress(done, len(cameras))
        yield frame


@torch.inference_mode()
def render_frame(
    scene: Gaussians,
    camera: Camera,
    background: Tensor | None = None,
    made_from: Camera | None = None,
    near_plane: float = 0.01,
) -> np.ndarray:
    """One picture, uint8 [H, W, 3]; the arguments are those of `render_path` and `render`."""
    eps2d = enlarged_eps2d(camera, made_from)
    seen = render(scene, [camera], background=background, near_plane=near_plane, eps2d=eps2d)
    return (seen.rgb[0].clamp(0, 1) * 255 + 0.5).to(torch.uint8).cpu().numpy()


def check_video_path(path: Path | str) -> Path:
    """`path`, if its suffix names a video format that can be written.

    Raises:
        InputError: it does not; ask before rendering for minutes.
    """
    path = Path(path)
    if path.suffix.lower() not in FORMATS:
        raise InputError(f"{path}: name a video ending in {' or '.join(FORMATS)}")
    return path


def check_fps(fps: float) -> None:
    """Refuse a frame rate that no video has.

    Raises:
        InputError: it is not 0.1 to 240.
    """
    if not 0.1 <= fps <= 240:  # also refuses NaN
        raise InputError(f"a video has 0.1 to 240 frames a second, not {fps}")


def write_video(frames: Iterable[np.ndarray], path: Path | str, fps: float) -> int:
    """Write `frames` (uint8 [H, W, 3], all of one size) to `path` and return their number.

    Frames are taken one at a time, while ffmpeg encodes those before in its own process.
    Whatever interrupts this, no half-written video stays behind.

    Raises:
        InputError: a suffix other than .mp4 or .gif, no frames, an odd size for mp4, a
            frame rate out of range, or a file that cannot be written.
        ValueError: a frame of another shape or type.
    """
    path = check_video_path(path)
    check_fps(fps)
    frames = iter(frames)
    first = next(frames, None)
    if first is None:
        raise InputError(f"{path}: a video needs at least one frame")
    _check_frame(first, first.shape)
    height, width = first.shape[:2]
    if path.suffix.lower() == ".mp4" and (height % 2 or width % 2):
        raise InputError(f"{path}: an mp4 has even sizes, not {width}x{height} (see even_size)")

    with atomic_write(path) as temporary:
        written = 0
        with _encoder(temporary, path, (width, height), fps) as encode:
            for frame in itertools.chain([first], frames):
                _check_frame(frame, first.shape)
                encode(frame)
                written += 1
        _check_written(temporary, path, written)
    return written


@contextlib.contextmanager
def _encoder(
    temporary: Path, path: Path, size: tuple[int, int], fps: float
) -> Iterator[Callable[[np.ndarray], None]]:
    """A function that takes the frames, and ffmpeg's end when the block ends."""
    import imageio_ffmpeg

    # macro_block_size 1: it would otherwise stretch the frames to multiples of 16.
    encoder = imageio_ffmpeg.write_frames(
        str(temporary), size, fps=fps, macro_block_size=1, quality=None,
        ffmpeg_log_level="error", **FORMATS[path.suffix.lower()],
    )  # fmt: skip
    encoder.send(None)  # starts ffmpeg
    try:
        yield lambda frame: encoder.send(np.ascontiguousarray(frame))
    except OSError as error:
        if isinstance(error.__cause__ or error, BrokenPipeError) or "FFMPEG" in str(error):
            raise InputError(f"cannot write {path}: ffmpeg stopped") from error
        raise
    finally:
        encoder.close()


def _check_frame(frame: np.ndarray, shape: tuple[int, ...]) -> None:
    if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3 or frame.shape != shape:
        raise ValueError(
            f"every frame must be uint8 {list(shape[:2])} by 3, not {frame.dtype} "
            f"{list(frame.shape)}"
        )


def _check_written(temporary: Path, path: Path, written: int) -> None:
    """Read the file back: ffmpeg does not report a full disk to who feeds it."""
    import imageio_ffmpeg

    try:
        found, _ = imageio_ffmpeg.count_frames_and_secs(str(temporary))
    except RuntimeError:
        found = 0
    if found != written:
        raise InputError(
            f"cannot write {path}: only {found} of {written} frames arrived; is the disk full?"
        )
