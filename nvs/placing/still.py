"""A clip → its best still, for those who want a photo of it and no place."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from nvs.errors import InputError
from nvs.placing.clip import colour_frames, grey_frames, open_clip
from nvs.placing.motion import measured_motion
from nvs.progress import Listener


def best_still(clip_path: Path, folder: Path, listener: Listener) -> Path:
    """The sharpest of the frames that are looked at, in the clip's full size, as a .png.

    Raises:
        InputError: not a clip that can be read, or one without a frame.
    """
    listener.stage("looking for the best still")
    clip = open_clip(clip_path)
    motion = measured_motion(grey_frames(clip))
    if not len(motion):
        raise InputError(f"{clip_path} holds no frame")
    sharpest = int(motion.sharpness.argmax())
    still = folder / f"{clip_path.stem}.png"
    for frame in colour_frames(clip, [sharpest], max(clip.size)):
        Image.fromarray(frame).save(still, compress_level=1)
    return still
