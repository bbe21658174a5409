"""A scene as an HTML file: what is chosen of it, packed, and put into the page."""

from __future__ import annotations

import base64
import dataclasses
import html
import io
import json
import re
from importlib import resources
from pathlib import Path
from typing import Any

import torch

from nvs.files import atomic_write
from nvs.film.amplitude import natural_amplitude
from nvs.film.path import EDGE_ZOOM, FORWARD_LIMIT, GAZE, camera_path
from nvs.film.shot import whole_numbers
from nvs.player.chosen import chosen, with_plain_colors
from nvs.player.packed import Packed, packable, packed
from nvs.player.walls import Walls, camera_at, walls_of
from nvs.progress import SILENT, Listener
from nvs.rendering.render import render
from nvs.scene.camera import Camera
from nvs.scene.reach import SceneDepth, scene_depth, sideways_step
from nvs.scene.scene import Scene

MOST_BYTES = 5_000_000  # of the file
MOST_GAUSSIANS = 600_000
MOST_PX = 1024  # the longer side of the pictures by which Gaussians are chosen, and of the photo
PHOTO_QUALITY = 82  # of JPEG
OFFSETS = 48  # of the flight's places; the page goes straight between them
FLIGHT_S = 8.0
NEAR_SHARE = 0.02  # of the near depth: nothing is drawn before that
BACKGROUND = (24, 24, 27)

SCRIPTS = ("motion.js", "lens.js", "splats.js", "hands.js", "headset.js", "main.js")
WORKER = ("unpack.js", "order.js")


@dataclasses.dataclass(frozen=True)
class Player:
    """A page that plays a scene."""

    html: str
    count: int  # Gaussians in it


def write_player(scene: Scene, path: Path | str, title: str, listener: Listener = SILENT) -> Player:
    """Write the page, in UTF-8.

    Raises:
        InputError: the file cannot be written, or the camera sees no part of the scene.
    """
    player = player_of(scene, title, listener=listener)
    with atomic_write(path) as temporary:
        temporary.write_text(player.html, encoding="utf-8")
    return player


@torch.inference_mode()
def player_of(
    scene: Scene,
    title: str,
    background: tuple[int, int, int] = BACKGROUND,
    listener: Listener = SILENT,
) -> Player:
    """A page that plays `scene`: begins with the photo's view, flies, stays within the walls.

    Args:
        title: the page's name, any text.
        background: what is behind the scene, 0..255.

    Raises:
        InputError: the camera sees no part of the scene.
    """
    camera = _reduced(scene.camera)
    depth = scene_depth(scene.gaussians, camera)
    listener.stage("looking how far one may go")
    flight = _Flight.of(scene, depth)
    walls = walls_of(scene, depth).around(flight.offsets)
    # Moved out for a wide flight, none may lead into the near things.
    walls = dataclasses.replace(walls, forward=min(walls.forward, FORWARD_LIMIT * depth.near))
    facts = _facts(scene, depth, walls, flight, background)
    photo = _photo(scene, camera)

    listener.stage("choosing what is sent")
    gaussians = with_plain_colors(scene.gaussians, camera.camera_to_world[:3, 3])
    gaussians = gaussians[packable(gaussians, camera, depth.focus)]
    ways = (each for each in walls.ends if each[2] == 0)  # forward and back show nothing else
    views = [camera, *(camera_at(camera, depth, offset) for offset in ways)]
    count = MOST_GAUSSIANS
    while True:
        gaussians = chosen(gaussians, count, views)
        content = packed(gaussians, camera, depth.focus)
        page = _page(title, photo, facts | _meaning(content), content.content)
        if len(page) <= MOST_BYTES or len(gaussians) == 1:
            return Player(page, len(gaussians))
        splats = 4 / 3 * len(content.content)
        room = MOST_BYTES - (len(page) - splats)
        count = max(1, int(0.97 * len(gaussians) * room / splats))


@dataclasses.dataclass(frozen=True)
class _Flight:
    """The orbit of `nvs fly`."""

    offsets: list[list[float]]  # from the photo's camera: right, down, forward
    sideways: float  # its farthest place aside
    zoom: float  # there, beyond 1

    @staticmethod
    def of(scene: Scene, depth: SceneDepth) -> _Flight:
        amplitude = natural_amplitude(scene)
        path = camera_path("orbit", scene.camera, depth, OFFSETS, amplitude)
        home = scene.camera.world_to_camera.double()
        offsets = [(home @ each.camera_to_world.double())[:3, 3].tolist() for each in path]
        sideways = amplitude * sideways_step(scene.camera, depth)
        return _Flight(offsets, sideways, EDGE_ZOOM * amplitude)


def _reduced(camera: Camera) -> Camera:
    share = min(1.0, MOST_PX / max(camera.width, camera.height))
    return camera.resized(max(1, round(camera.width * share)), max(1, round(camera.height * share)))


def _facts(
    scene: Scene,
    depth: SceneDepth,
    walls: Walls,
    flight: _Flight,
    background: tuple[int, int, int],
) -> dict[str, Any]:
    """What the page's scripts ask."""
    lens = scene.camera.intrinsics.tolist()
    return {
        "camera": {
            "width": scene.camera.width,
            "height": scene.camera.height,
            "focal": [lens[0][0], lens[1][1]],
            "center": [lens[0][2], lens[1][2]],
        },
        "walls": dataclasses.asdict(walls),
        "flight": {**dataclasses.asdict(flight), "seconds": FLIGHT_S},
        "gaze": GAZE,
        "focus": depth.focus,
        "nearDepth": depth.near,
        "near": NEAR_SHARE * depth.near,
        "unit": scene.unit,
        "background": [each / 255 for each in background],
    }


def _meaning(content: Packed) -> dict[str, Any]:
    return {
        "count": content.count,
        "pixel": content.pixel,
        "placeStep": content.place_step,
        "depthUnit": content.depth_unit,
    }


def _photo(scene: Scene, camera: Camera) -> bytes:
    """The photo as a JPEG of the size of `camera`'s picture; without one, what the camera sees."""
    from PIL import Image

    source = scene.sources[0] if scene.sources else None
    picture = None if source is None else source.rgb
    if picture is None:
        picture = render(scene.gaussians, [camera]).rgb[0]
    image = Image.fromarray(whole_numbers(picture))
    image = image.resize((camera.width, camera.height), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=PHOTO_QUALITY, optimize=True)
    return file.getvalue()


def _page(title: str, photo: bytes, facts: dict[str, Any], splats: bytes) -> str:
    parts = {
        "title": html.escape(title),
        "style": _text("style.css"),
        "photo": base64.b64encode(photo).decode(),
        "facts": json.dumps(facts).replace("<", "\\u003c"),
        "splats": base64.b64encode(splats).decode(),
        "worker": "\n".join(map(_text, WORKER)),
        "script": "\n".join(map(_text, SCRIPTS)),
    }
    return re.sub(r"{{(\w+)}}", lambda found: parts[found[1]], _text("index.html"))


def _text(name: str) -> str:
    return resources.files("nvs.player").joinpath("page", name).read_text(encoding="utf-8")
