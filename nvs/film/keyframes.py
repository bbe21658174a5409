"""A camera path of one's own: keyframes, the smooth flight through them, and its file.

The viewer saves such a file and `nvs fly --path FILE` flies it.  It is a small JSON:

    {"format": "nvs-path", "version": 1, "loop": true, "seconds": 6.0, "keyframes": [
        {"position": [x, y, z], "wxyz": [w, x, y, z], "fov_y_deg": 50.0, "leg": 1.0}, ...]}

with positions in world units and camera-to-world rotations (OpenCV axes).  A keyframe without a
"leg" has one of 1.
"""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path

import numpy as np
import torch

from nvs.errors import InputError
from nvs.files import check_readable
from nvs.film.path import DEFAULT_FPS, MAX_FRAMES
from nvs.scene.camera import Camera

FORMAT = "nvs-path"
VERSION = 1
MAX_KEYFRAMES = 1000
MAX_BYTES = 1 << 20
MAX_SECONDS = 3600.0
MAX_COORDINATE = 1e7
FOV_Y_DEG = (1.0, 170.0)
LEG = (1e-3, 1e3)


@dataclasses.dataclass(frozen=True)
class Keyframe:
    """One view on the way."""

    position: tuple[float, float, float]  # world units
    wxyz: tuple[float, float, float, float]  # camera-to-world, unit length
    fov_y_deg: float  # vertical field of view
    leg: float = 1.0  # how long the way to the next one takes, beside the other legs


@dataclasses.dataclass(frozen=True)
class KeyframePath:
    """Keyframes along time; a loop also flies from the last to the first."""

    keyframes: tuple[Keyframe, ...]
    loop: bool
    seconds: float  # the whole flight

    @property
    def times_s(self) -> np.ndarray:
        """[K] when each keyframe is passed."""
        knots = self._knots
        return knots[: len(self.keyframes)] * (self.seconds / max(knots[-1], LEG[0]))

    @property
    def _knots(self) -> np.ndarray:
        """[K], or [K + 1] of a loop: where the legs begin and end, in the unit of the legs."""
        legs = [key.leg for key in self.keyframes]
        return np.cumsum([0.0, *(legs if self.loop else legs[:-1])])

    def frames(self, fps: float = DEFAULT_FPS) -> int:
        """How many frames this flight takes."""
        return min(MAX_FRAMES, max(1, round(self.seconds * fps)))

    def cameras(self, width: int, height: int, frames: int | None = None) -> list[Camera]:
        """The flight as `frames` cameras of `width` x `height` pixels.

        Positions follow a cubic spline (periodic for a loop, else at rest at both ends);
        so do the quaternions, normalised, and the logarithm of the focal length.  All have
        continuous second derivatives.  A loop leaves out its end, which is its start.

        Raises:
            InputError: fewer than one or more than MAX_FRAMES frames.
        """
        frames = self.frames() if frames is None else frames
        if not 1 <= frames <= MAX_FRAMES:
            raise InputError(f"a path has 1 to {MAX_FRAMES} frames, not {frames}")
        return self._passed(np.linspace(0, 1, frames, endpoint=not self.loop), width, height)

    def camera_at(self, seconds: float, width: int, height: int) -> Camera:
        """Where the flight is after `seconds`."""
        share = min(max(seconds / self.seconds, 0.0), 1.0)
        return self._passed(np.array([share]), width, height)[0]

    def _passed(self, shares: np.ndarray, width: int, height: int) -> list[Camera]:
        """The cameras at `shares` [F] of the flight, 0..1."""
        if len(self.keyframes) == 1:
            return [camera_of(self.keyframes[0], width, height)] * len(shares)
        times = shares * self._knots[-1]
        half_fov = np.radians([key.fov_y_deg for key in self.keyframes]) / 2
        positions = self._spline(np.array([key.position for key in self.keyframes]), times)
        quats = self._rotations(times)
        fovs = 2 * np.arctan(np.exp(self._spline(np.log(np.tan(half_fov))[:, None], times)))
        return [
            camera_of(Keyframe(tuple(position), tuple(wxyz), math.degrees(fov)), width, height)
            for position, wxyz, fov in zip(positions, quats, fovs[:, 0], strict=True)
        ]

    def _spline(self, values: np.ndarray, times: np.ndarray) -> np.ndarray:
        """The cubic spline through `values` [K, D] at the knots, read at `times` [F] → [F, D].

        Of a loop there may be [2 K, D]: two rounds.
        """
        from scipy.interpolate import CubicSpline

        knots = self._knots
        if len(values) > len(self.keyframes):
            knots = np.concatenate([knots[:-1], knots + knots[-1]])
        if self.loop:
            values = np.concatenate([values, values[:1]])
        ends = "periodic" if self.loop else "clamped"
        return CubicSpline(knots, values, bc_type=ends)(times)

    def _rotations(self, times: np.ndarray) -> np.ndarray:
        """Unit quaternions [F, 4] at `times` [F]."""
        quats = np.array([key.wxyz for key in self.keyframes])  # [K, 4]
        for i in range(1, len(quats)):  # q and -q are one rotation: take the shorter way
            if quats[i] @ quats[i - 1] < 0:
                quats[i] *= -1
        if self.loop and quats[-1] @ quats[0] < 0:
            # After one round the shorter way arrives at -q: two rounds close exactly.
            quats = np.concatenate([quats, -quats])
        smooth = self._spline(quats, times)
        return smooth / np.linalg.norm(smooth, axis=-1, keepdims=True).clip(1e-9)


def camera_of(keyframe: Keyframe, width: int, height: int) -> Camera:
    """The camera of one keyframe, with square pixels and its axis through the centre."""
    from scipy.spatial.transform import Rotation

    focal_px = height / 2 / math.tan(math.radians(keyframe.fov_y_deg) / 2)
    pose = torch.eye(4, dtype=torch.float64)
    w, x, y, z = keyframe.wxyz
    pose[:3, :3] = torch.from_numpy(Rotation.from_quat([x, y, z, w]).as_matrix())
    pose[:3, 3] = torch.tensor(keyframe.position, dtype=torch.float64)
    return Camera.from_focal(focal_px, width, height).moved(pose.float())


def path_to_json(path: KeyframePath) -> str:
    """The text of a path's file."""
    content = {
        "format": FORMAT,
        "version": VERSION,
        "loop": path.loop,
        "seconds": path.seconds,
        "keyframes": [dataclasses.asdict(keyframe) for keyframe in path.keyframes],
    }
    return json.dumps(content, indent=1) + "\n"


def load_path(file: Path | str) -> KeyframePath:
    """Read a path's file.

    Raises:
        InputError: not readable, not such a file, or a value that no flight can have.
    """
    with check_readable(file).open("rb") as stream:
        return path_from_json(stream.read(MAX_BYTES + 1), str(file))


def path_from_json(content: bytes, name: str) -> KeyframePath:
    """The path in a file's `content`; `name` is what error messages call it.

    Raises:
        InputError: as `load_path`.
    """
    if len(content) > MAX_BYTES:
        raise InputError(f"{name}: larger than {MAX_BYTES >> 20} MB, so not a camera path")
    try:
        data = json.loads(content)
    except (ValueError, RecursionError):
        raise InputError(f"{name}: not a JSON file, so not a camera path") from None
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise InputError(f'{name}: not a camera path (it must say "format": "{FORMAT}")')
    if data.get("version") != VERSION:
        raise InputError(
            f"{name}: a camera path of version {ascii(data.get('version'))[:20]}, but this nvs "
            f"reads version {VERSION}"
        )
    loop = data.get("loop")
    if not isinstance(loop, bool):
        raise InputError(f'{name}: "loop" must be true or false')
    seconds = _number(data.get("seconds"), 0.01, MAX_SECONDS, f'{name}: "seconds"')
    keyframes = data.get("keyframes")
    if not isinstance(keyframes, list) or not 1 <= len(keyframes) <= MAX_KEYFRAMES:
        raise InputError(f'{name}: "keyframes" must be a list of 1 to {MAX_KEYFRAMES} keyframes')
    return KeyframePath(
        tuple(_keyframe(key, f"{name}: keyframe {i + 1}") for i, key in enumerate(keyframes)),
        loop,
        seconds,
    )


def _keyframe(data: object, where: str) -> Keyframe:
    if not isinstance(data, dict):
        raise InputError(f"{where} must be an object with position, wxyz and fov_y_deg")
    x, y, z = _numbers(data.get("position"), 3, MAX_COORDINATE, f'{where}, "position"')
    quat = _numbers(data.get("wxyz"), 4, 2.0, f'{where}, "wxyz"')
    length = math.hypot(*quat)
    if not 0.5 <= length <= 2.0:
        raise InputError(f'{where}, "wxyz" must be a quaternion of length 1, not {length:.3g}')
    qw, qx, qy, qz = (value / length for value in quat)
    fov = _number(data.get("fov_y_deg"), *FOV_Y_DEG, f'{where}, "fov_y_deg"')
    leg = _number(data.get("leg", 1.0), *LEG, f'{where}, "leg"')
    return Keyframe((x, y, z), (qw, qx, qy, qz), fov, leg)


def _numbers(data: object, count: int, bound: float, what: str) -> list[float]:
    if not isinstance(data, list) or len(data) != count:
        raise InputError(f"{what} must be a list of {count} numbers")
    return [_number(value, -bound, bound, what) for value in data]


def _number(value: object, low: float, high: float, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        raise InputError(f"{what} must be a number from {low:g} to {high:g}")
    return float(value)
