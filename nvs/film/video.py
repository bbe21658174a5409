"""Frames → a video file, whole or not at all."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np

from nvs.errors import InputError
from nvs.files import atomic_write


@dataclasses.dataclass(frozen=True)
class Format:
    """How ffmpeg writes one kind of file."""

    codec: str
    pixels: str  # ffmpeg's name of how they are stored
    params: tuple[str, ...]
    even: bool = True  # colour is stored at half the size
    depth: type[np.generic] = np.uint8  # of the frames that it is best given
    smaller: tuple[tuple[str, ...], ...] = ()  # in place of `params`, ever smaller files


def _gif(width_share: float, colors: int) -> tuple[str, ...]:
    # One palette of the whole clip; dithering hides its steps.
    scale = "" if width_share == 1 else f"scale=iw*{width_share}:-2:flags=lanczos,"
    return (
        "-lavfi",
        f"{scale}split[a][b];"
        f"[a]palettegen=max_colors={colors}:stats_mode=diff[p];"
        "[b][p]paletteuse=dither=bayer:bayer_scale=4",
    )


def _webp(quality: int, width_share: float = 1.0) -> tuple[str, ...]:
    scale = () if width_share == 1 else ("-vf", f"scale=iw*{width_share}:-2:flags=lanczos")
    return (*scale, "-q:v", str(quality), "-loop", "0")


def _h264(quality: int) -> tuple[str, ...]:
    # The index goes in front, so that a browser starts at once.
    return ("-crf", str(quality), "-movflags", "+faststart")


FORMATS: dict[str, Format] = {
    # Quality 18 of 0 (lossless) to 51 is hard to tell from the frames.
    ".mp4": Format(
        "libx264", "yuv420p", _h264(18), smaller=tuple(_h264(q) for q in range(19, 45, 2))
    ),
    # ProRes 422 HQ, ten bits, for editors.
    ".mov": Format(
        "prores_ks", "yuv422p10le", ("-profile:v", "3", "-vendor", "apl0"), depth=np.uint16
    ),
    ".gif": Format(
        "gif",
        "pal8",
        _gif(1, 256),
        even=False,
        smaller=tuple(_gif(share, 128) for share in (1, 0.85, 0.7, 0.6, 0.5, 0.42, 0.35, 0.3)),
    ),
    ".webp": Format(
        "libwebp_anim",
        "yuv420p",
        _webp(85),
        even=False,
        smaller=(
            *(_webp(quality) for quality in (75, 65, 50, 35)),
            *(_webp(50, share) for share in (0.7, 0.5, 0.35)),
        ),
    ),
}


def even_size(width: int, height: int) -> tuple[int, int]:
    """The size to render for a video of about `width` x `height`: mp4 has even sizes only.

    An odd number becomes the next even one, at least 2: render one more row or column of
    the scene rather than stretch or cut a picture.
    """
    return max(2, width + width % 2), max(2, height + height % 2)


def check_video_path(path: Path | str) -> Path:
    """`path`, if its suffix names a video format that can be written.

    Raises:
        InputError: it does not; ask before rendering for minutes.
    """
    path = Path(path)
    if path.suffix.lower() not in FORMATS:
        known = ", ".join(FORMATS)
        raise InputError(f"{path}: name a video ending in one of {known}")
    return path


def check_fps(fps: float) -> None:
    """Refuse a frame rate that no video has.

    Raises:
        InputError: it is not 0.1 to 240.
    """
    if not 0.1 <= fps <= 240:  # also refuses NaN
        raise InputError(f"a video has 0.1 to 240 frames a second, not {fps}")


def exact_fps(fps: float) -> Fraction:
    """The frame rate that is meant: 23.976 is 24000/1001, as 29.97 and 59.94 are of that kind."""
    of_television = round(fps * 1.001)
    if fps != round(fps) and abs(of_television * 1000 / 1001 - fps) < 0.005:
        return Fraction(of_television * 1000, 1001)
    return Fraction(fps).limit_denominator(1000)


def write_video(frames: Iterable[np.ndarray], path: Path | str, fps: float) -> int:
    """Write `frames` ([H, W, 3], all of one size) to `path` and return their number.

    They are uint8; .mov also takes uint16, which keeps its ten bits full.

    Frames are taken one at a time, while ffmpeg encodes those before in its own process.
    Whatever interrupts this, no half-written video stays behind.

    Raises:
        InputError: a suffix that is not of FORMATS, no frames, an odd size for .mp4 or .mov, a
            frame rate out of range, or a file that cannot be written.
        ValueError: a frame of another shape or type.
    """
    path = check_video_path(path)
    check_fps(fps)
    frames = iter(frames)
    first = next(frames, None)
    if first is None:
        raise InputError(f"{path}: a video needs at least one frame")
    _check_frame(first, first)
    height, width = first.shape[:2]
    kind = FORMATS[path.suffix.lower()]
    if kind.even and (height % 2 or width % 2):
        raise InputError(
            f"{path}: an {path.suffix.lower()[1:]} has even sizes, not {width}x{height}"
        )

    with atomic_write(path) as temporary:
        written = 0
        with encoder(temporary, kind, (width, height), fps, first.dtype, path) as encode:
            for frame in itertools.chain([first], frames):
                _check_frame(frame, first)
                encode(frame)
                written += 1
        check_written(temporary, path, written)
    return written


@contextlib.contextmanager
def encoder(
    temporary: Path,
    kind: Format,
    size: tuple[int, int],
    fps: float,
    dtype: np.dtype,
    path: Path,
) -> Iterator[Callable[[np.ndarray], None]]:
    """A function that takes the frames, and ffmpeg's end when the block ends."""
    import imageio_ffmpeg

    # macro_block_size 1: it would otherwise stretch the frames to multiples of 16.
    # The rate is said once more, exactly: older versions round it to hundredths.
    process = imageio_ffmpeg.write_frames(
        str(temporary), size, fps=fps, macro_block_size=1, quality=None, codec=kind.codec,
        pix_fmt_in="rgb24" if dtype == np.uint8 else "rgb48le", pix_fmt_out=kind.pixels,
        input_params=["-r", str(exact_fps(fps))], output_params=list(kind.params),
        ffmpeg_log_level="error",
    )  # fmt: skip
    process.send(None)  # starts ffmpeg
    try:
        yield lambda frame: process.send(np.ascontiguousarray(frame))
    except OSError as error:
        if isinstance(error.__cause__ or error, BrokenPipeError) or "FFMPEG" in str(error):
            raise InputError(f"cannot write {path}: ffmpeg stopped") from error
        raise
    finally:
        process.close()


def _check_frame(frame: np.ndarray, first: np.ndarray) -> None:
    if (
        frame.dtype not in (np.uint8, np.uint16)
        or frame.dtype != first.dtype
        or frame.ndim != 3
        or frame.shape[2] != 3
        or frame.shape != first.shape
    ):
        raise ValueError(
            f"every frame must be {first.dtype} {list(first.shape[:2])} by 3, not {frame.dtype} "
            f"{list(frame.shape)}"
        )


def check_written(temporary: Path, path: Path, written: int) -> None:
    """Read the file back: ffmpeg does not report a full disk to who feeds it.

    Raises:
        InputError: fewer frames arrived than were written.
    """
    found = _webp_frames(temporary) if path.suffix.lower() == ".webp" else _frames(temporary)
    if found != written:
        raise InputError(
            f"cannot write {path}: only {found} of {written} frames arrived; is the disk full?"
        )


def _frames(file: Path) -> int:
    import imageio_ffmpeg

    try:
        return int(imageio_ffmpeg.count_frames_and_secs(str(file))[0])
    except RuntimeError:
        return 0


def _webp_frames(file: Path) -> int:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(file, formats=["WEBP"]) as image:
            return getattr(image, "n_frames", 1)
    except (UnidentifiedImageError, OSError):
        return 0
