"""The film's frames and its file: shape, size, frames a second, kind, and how large it may be."""

# mypy: disable-error-code=misc
# (viser makes `value` writable in a way that mypy does not see)

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from nvs.film.frame import framed
from nvs.film.limited import write_video_within
from nvs.film.video import FORMATS, even_size, write_video
from nvs.scene.camera import Camera
from nvs_viewer.display import Display

SHAPES = {"as the photo": None, "16:9": 16 / 9, "1:1": 1.0, "4:5": 4 / 5, "9:16": 9 / 16}
SIZES = {"640": 640, "960": 960, "1280": 1280, "1920": 1920}
FPS = ("24", "30", "60")
FILES = {".mp4": ".mp4", ".gif": ".gif", ".webp": ".webp", ".mov, for editors": ".mov"}
ANY = "any"
MEGABYTES = {ANY: None, "50 MB": 50.0, "25 MB": 25.0, "16 MB": 16.0, "8 MB": 8.0, "3 MB": 3.0}


@dataclasses.dataclass(frozen=True)
class VideoFile:
    """How a film is written."""

    suffix: str
    fps: float
    megabytes: float | None  # at most

    @property
    def depth(self) -> type[np.generic]:
        """Of the frames that it is best given."""
        return FORMATS[self.suffix].depth

    def write(self, frames: Iterable[np.ndarray], path: Path) -> None:
        """Write `frames` [H, W, 3].

        Raises:
            InputError: as `write_video`, or even the smallest film is larger than it may be.
        """
        if self.megabytes is None:
            write_video(frames, path, self.fps)
        else:
            write_video_within(frames, path, self.fps, self.megabytes)


class VideoForm:
    """The "Video" folder of the "Shot" tab."""

    def __init__(self, display: Display) -> None:
        self._display = display
        gui = display.client.gui
        with gui.add_folder("Video"):
            self._shape = gui.add_dropdown("Shape", tuple(SHAPES))
            self._size = gui.add_dropdown("Longer side, pixels", tuple(SIZES), initial_value="1280")
            self._fps = gui.add_dropdown("Frames a second", FPS)
            self._file = gui.add_dropdown("File", tuple(FILES))
            self._most = gui.add_dropdown("File at most", tuple(MEGABYTES))
        self._shape.on_update(lambda _: self._tell_frame())
        self._file.on_update(lambda _: self._show_what_matters())
        self._tell_frame()

    @property
    def file(self) -> VideoFile:
        """As it is asked for now."""
        suffix = FILES[self._file.value]
        most = MEGABYTES[self._most.value] if FORMATS[suffix].smaller else None
        return VideoFile(suffix, float(self._fps.value), most)

    def shaped(self, camera: Camera) -> Camera:
        """`camera` with the film's frame."""
        return shaped(camera, SHAPES[self._shape.value], SIZES[self._size.value])

    def _show_what_matters(self) -> None:
        self._most.visible = bool(FORMATS[FILES[self._file.value]].smaller)

    def _tell_frame(self) -> None:
        """The page draws the frame where it is not the photo's."""
        self._display.script.tell("film", {"aspect": SHAPES[self._shape.value]})


def shaped(camera: Camera, aspect: float | None, longer_side: int) -> Camera:
    """`camera` with another shape of picture, even sizes, and no more view than it has."""
    aspect = aspect or camera.width / camera.height
    size = even_size(round(longer_side * min(aspect, 1)), round(longer_side / max(aspect, 1)))
    return framed(camera, *size)
