"""Options of a film, in the groups that `nvs fly --help` shows."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from nvs.errors import InputError

if TYPE_CHECKING:
    from nvs.film.shot import Shot
    from nvs.scene.camera import Camera
    from nvs.scene.reach import SceneDepth
    from nvs.scene.scene import Scene

Stereo = Literal["sbs", "half-sbs", "tb", "anaglyph", "cross"]


@dataclasses.dataclass(frozen=True)
class FlightOptions:
    """The camera's way."""

    path: Annotated[str, tyro.conf.arg(metavar="NAME|FILE")] = "orbit"
    """orbit, swing, spiral, dolly, wiggle or vertigo, or a path that the viewer saved (.json)."""

    amplitude: Literal["auto"] | float = "auto"
    """How far the camera goes: auto is as far as --seen allows, 1 what most photos can stand. A
    scene's file does not say what of it was photographed: there auto is 1."""

    seen: Annotated[float | None, tyro.conf.arg(metavar="SHARE")] = None
    """What share of every frame has to be photographed, not invented, for --amplitude auto; by
    default 0.97."""

    def check(self) -> None:
        """Refuse what no flight can have, but for the path itself."""
        from nvs.film.amplitude import check_seen

        decided = self.amplitude != "auto" or self.seen is not None
        if decided and self.path.lower().endswith(".json"):
            raise InputError("a saved path has its own way: leave out --amplitude and --seen")
        if self.seen is not None:
            if self.amplitude != "auto":
                raise InputError("--seen decides the amplitude: leave out --amplitude")
            check_seen(self.seen)

    @property
    def least_seen(self) -> float:
        """The share that --amplitude auto keeps."""
        from nvs.film.amplitude import SEEN

        return SEEN if self.seen is None else self.seen


@dataclasses.dataclass(frozen=True)
class FrameOptions:
    """The frames."""

    frames: int | None = None
    """How many; by default 120 (a wiggle: 24), or what a saved path takes."""

    fps: float = 24.0
    """Frames a second; 23.976 and 29.97 are taken as 24000/1001 and 30000/1001."""

    width: Annotated[int | None, tyro.conf.arg(metavar="PX")] = None
    """Width of the picture; by default the photo's working size."""

    size: Annotated[str | None, tyro.conf.arg(metavar="WxH")] = None
    """A frame of its own shape, cut from the photo's view: 1080x1920 or such, or hd, 4k, story
    (9:16), post (4:5), square."""

    megabytes: Annotated[float | None, tyro.conf.arg(metavar="MB")] = None
    """The largest file that is allowed (.mp4, .gif, .webp)."""

    def check(self) -> None:
        """Refuse what no film can have."""
        from nvs.film.frame import LARGEST, SMALLEST, frame_size
        from nvs.film.video import check_fps

        check_fps(self.fps)
        if self.width is not None and self.size is not None:
            raise InputError("--size says the width: leave out --width")
        if self.width is not None and not SMALLEST <= self.width <= LARGEST:
            raise InputError(f"--width must lie between 16 and 8192 pixels, not {self.width}")
        if self.size is not None:
            frame_size(self.size)

    def framed(self, camera: Camera) -> Camera:
        """The photo's camera with the film's picture."""
        from nvs.film.frame import frame_size, framed
        from nvs.film.video import even_size

        if self.size is not None:
            return framed(camera, *frame_size(self.size))
        width = camera.width if self.width is None else self.width
        return camera.resized(*even_size(width, round(camera.height * width / camera.width)))


@dataclasses.dataclass(frozen=True)
class LensOptions:
    """Depth of field: the lens."""

    focus: Annotated[tuple[str, ...], tyro.conf.arg(metavar="WHERE")] = ()
    """What is sharp: near, middle, far, a point of the photo as 0.5,0.4 (shares of its width and
    height), or a distance. Several: the focus is pulled from one to the next."""

    aperture: Annotated[float | None, tyro.conf.arg(metavar="SHARE")] = None
    """Width of the lens in shares of the near distance: 0.02 is gentle, 0.06 strong. With
    --focus alone 0.03."""

    def check(self) -> None:
        """Refuse what no lens can have."""
        from nvs.film.focus import check_focus

        check_focus(self.focus)
        if self.aperture is not None and not 0 < self.aperture <= 0.2:  # also refuses NaN
            raise InputError(f"--aperture lies above 0 and at most at 0.2, not {self.aperture}")

    @property
    def share(self) -> float | None:
        """The lens's width, in shares of the near depth; None: everything is sharp."""
        return self.aperture or (0.03 if self.focus else None)

    def pulled(self, opened: Scene, depth: SceneDepth, frames: int) -> list[float]:
        """The focus of each frame, z-depth in world units."""
        from nvs.film.focus import focus_distance, pulled_focus

        stops = [
            focus_distance(stop, opened.gaussians, opened.camera, depth)
            for stop in self.focus or ("near",)
        ]
        return pulled_focus(stops, frames)


@dataclasses.dataclass(frozen=True)
class StereoOptions:
    """Two eyes."""

    stereo: Stereo | None = None
    """sbs: both pictures in full beside each other; half-sbs: in half the width each; tb: one
    above the other; anaglyph: for red-cyan glasses; cross: for crossed eyes."""

    eyes: Annotated[float | None, tyro.conf.arg(metavar="SHARE")] = None
    """Between the eyes, in shares of the near distance; by default a thirtieth."""

    def check(self) -> None:
        """Refuse what nobody can see with."""
        from nvs.film.stereo import check_eyes

        if self.eyes is not None:
            if self.stereo is None:
                raise InputError("--eyes goes with --stereo")
            check_eyes(self.eyes)


def shot_of(opened: Scene, depth: SceneDepth, lens: LensOptions, stereo: StereoOptions) -> Shot:
    """What is filmed, and how."""
    from nvs.film.shot import Shot
    from nvs.film.stereo import EYES
    from nvs.film.stereo import Stereo as TwoEyes

    eyes = None
    if stereo.stereo is not None:
        eyes = TwoEyes.of(stereo.stereo, depth, stereo.eyes or EYES)
    aperture = None if lens.share is None else lens.share * depth.near
    return Shot(opened.gaussians, made_from=opened.made_from, stereo=eyes, aperture=aperture)
