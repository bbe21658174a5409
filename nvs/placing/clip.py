"""A clip's frames, one at a time: small ones to look at, and chosen ones at full size."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nvs.errors import InputError
from nvs.files import check_readable

LOOKED_AT = 240  # frames of a clip at most, evenly spread
LOOK_PX = 640  # along the longer side, of frames to look at


@dataclasses.dataclass(frozen=True)
class Clip:
    """What a clip's header says, and which of its frames are looked at."""

    path: Path
    size: tuple[int, int]  # (width, height), upright
    fps: float  # of the frames that are looked at

    def reduced(self, longer_side: int) -> tuple[int, int]:
        """(width, height) with at most so many pixels along the longer side."""
        scale = min(1.0, longer_side / max(self.size))
        return max(1, round(self.size[0] * scale)), max(1, round(self.size[1] * scale))


def open_clip(path: Path) -> Clip:
    """Read a clip's header.

    Raises:
        InputError: it is not a clip that ffmpeg reads, or its length is not told.
    """
    check_readable(path)
    with _reading(path, [], "rgb24") as frames:
        header = next(frames)
        fps, seconds = float(header["fps"]), float(header["duration"])
        width, height = header["size"]
    if not (fps > 0 and seconds > 0):
        raise InputError(f"{path}: this clip tells no length; convert it to .mp4 first")
    return Clip(path, (width, height), min(fps, LOOKED_AT / seconds))


def grey_frames(clip: Clip) -> Iterator[NDArray[np.uint8]]:
    """The frames that are looked at, small and grey, [h, w].

    Raises:
        InputError: the clip is damaged.
    """
    width, height = clip.reduced(LOOK_PX)
    with _reading(clip.path, _filters(clip, width, height), "gray") as frames:
        next(frames)
        for frame in frames:
            yield np.frombuffer(frame, np.uint8).reshape(height, width)


def colour_frames(
    clip: Clip, chosen: Sequence[int], longer_side: int
) -> Generator[NDArray[np.uint8]]:
    """Frames [H, W, 3] by their numbers, which count as `grey_frames` does and ascend.

    Raises:
        InputError: the clip is damaged.
    """
    width, height = clip.reduced(longer_side)
    with _reading(clip.path, _filters(clip, width, height), "rgb24") as frames:
        next(frames)
        for number, frame in enumerate(frames):
            if number in chosen:
                yield np.frombuffer(frame, np.uint8).reshape(height, width, 3)
            if number >= chosen[-1]:
                break


def first_frame(path: Path, longer_side: int) -> NDArray[np.uint8]:
    """A clip's first frame [H, W, 3], at most so many pixels long.

    Raises:
        InputError: it is not a clip that ffmpeg reads, or holds no frame.
    """
    with contextlib.closing(colour_frames(open_clip(path), [0], longer_side)) as frames:
        for frame in frames:
            return frame
    raise InputError(f"{path} holds no frame")


def _filters(clip: Clip, width: int, height: int) -> list[str]:
    return ["-vf", f"fps={clip.fps:.6f},scale={width}:{height}:flags=area"]


@contextlib.contextmanager
def _reading(
    path: Path, output: list[str], pixels: Literal["rgb24", "gray"]
) -> Iterator[Iterator[Any]]:
    """ffmpeg's header, and then frames as bytes.

    Raises:
        InputError: ffmpeg reads no clip there.
    """
    import imageio_ffmpeg

    # It warns of every reduced or turned clip.
    logging.getLogger("imageio_ffmpeg").setLevel(logging.ERROR)
    frames = imageio_ffmpeg.read_frames(
        str(path.absolute()),
        pix_fmt=pixels,
        bits_per_pixel=8 if pixels == "gray" else 24,
        # A list of other files or addresses, named as a clip, is not followed.
        input_params=["-protocol_whitelist", "file"],
        output_params=output,
    )
    try:
        yield frames
    except (OSError, RuntimeError, StopIteration, IndexError, KeyError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path} is damaged, or not a clip that can be read") from None
    finally:
        frames.close()
