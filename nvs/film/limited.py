"""A video of at most so many megabytes."""

from __future__ import annotations

import itertools
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from nvs.errors import InputError
from nvs.files import atomic_write
from nvs.film.video import (
    FORMATS,
    Format,
    check_video_path,
    check_written,
    encoder,
    exact_fps,
)

# What is encoded anew for each size that is tried: nothing is lost in it.
WITHOUT_LOSS = Format("libx264rgb", "rgb24", ("-qp", "0", "-preset", "ultrafast"), even=False)


def write_video_within(
    frames: Iterable[np.ndarray], path: Path | str, fps: float, megabytes: float
) -> int:
    """Write `frames` (uint8 [H, W, 3]) as the best of the sizes that fit, and return their number.

    Every frame is rendered once; ffmpeg tries ever coarser settings of the format, for .gif and
    .webp also smaller pictures.

    Args:
        megabytes: of 1,000,000 bytes, as messengers count them.

    Raises:
        InputError: as `write_video`; a format that cannot be made smaller, or a limit that even
            the smallest exceeds.
    """
    path = check_video_path(path)
    kind = check_limit(path, megabytes)
    frames = iter(frames)
    first = next(frames, None)
    if first is None:
        raise InputError(f"{path}: a video needs at least one frame")
    with tempfile.TemporaryDirectory(prefix="nvs-") as folder:
        whole = Path(folder) / "whole.mkv"
        size = (first.shape[1], first.shape[0])
        written = 0
        with encoder(whole, WITHOUT_LOSS, size, fps, first.dtype, path) as encode:
            for frame in itertools.chain([first], frames):
                encode(frame)
                written += 1
        for params in (kind.params, *kind.smaller):
            trial = Path(folder) / f"trial{path.suffix.lower()}"
            _encode(whole, trial, kind, params, fps, path)
            if trial.stat().st_size <= megabytes * 1e6:
                check_written(trial, path, written)
                with atomic_write(path) as temporary:
                    shutil.copyfile(trial, temporary)
                return written
        smallest = trial.stat().st_size / 1e6
    raise InputError(
        f"{path} takes at least {smallest:.2g} MB: fewer or smaller frames make it fit"
    )


def check_limit(path: Path, megabytes: float) -> Format:
    """The format of `path`, if files of it can be made smaller.

    Raises:
        InputError: they cannot, or the limit is not positive; ask before rendering for minutes.
    """
    kind = FORMATS[path.suffix.lower()]
    if not 0 < megabytes < 1e6:  # also refuses NaN
        raise InputError(f"--megabytes must be positive, not {megabytes}")
    if not kind.smaller:
        known = ", ".join(suffix for suffix, each in FORMATS.items() if each.smaller)
        raise InputError(f"--megabytes goes with {known}, not with {path.suffix.lower()}")
    return kind


def _encode(
    whole: Path, trial: Path, kind: Format, params: tuple[str, ...], fps: float, path: Path
) -> None:
    import imageio_ffmpeg

    command = [
        imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-v", "error", "-i", str(whole),
        "-vcodec", kind.codec, "-pix_fmt", kind.pixels, *params,
        "-r", str(exact_fps(fps)), str(trial),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["ffmpeg stopped"])[-1]
        raise InputError(f"cannot write {path}: {reason}")
