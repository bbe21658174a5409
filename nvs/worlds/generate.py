"""One call from a seed to pictures with exact depth."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from nvs.scene.camera import Camera
from nvs.worlds.aerial import aerial
from nvs.worlds.city import city
from nvs.worlds.driving import driving
from nvs.worlds.heaps import heap
from nvs.worlds.landscapes import landscape
from nvs.worlds.materials import Materials
from nvs.worlds.mesh import Array
from nvs.worlds.nature import nature
from nvs.worlds.occlusion import ambient_occlusion
from nvs.worlds.photograph import choose_shot, meter, photograph
from nvs.worlds.portraits import portrait
from nvs.worlds.rasterize import Pinhole, Visibility, look
from nvs.worlds.rooms import indoor
from nvs.worlds.scatterings import scattering
from nvs.worlds.shading import shade
from nvs.worlds.shadow import cast_shadow
from nvs.worlds.stage import Stage, Viewpoint
from nvs.worlds.streets import street
from nvs.worlds.tabletops import tabletop
from nvs.worlds.textures import Textures
from nvs.worlds.world import Triangles, turn_z

BUILDERS: dict[str, tuple[Callable[[Materials], Stage], float]] = {
    "indoor": (indoor, 0.28),
    "portrait": (portrait, 0.08),
    "tabletop": (tabletop, 0.07),
    "heap": (heap, 0.07),
    "scattering": (scattering, 0.08),
    "driving": (driving, 0.16),
    "city": (city, 0.11),
    "nature": (nature, 0.07),
    "aerial": (aerial, 0.03),
    "street": (street, 0.03),
    "landscape": (landscape, 0.02),
}
_ATTEMPTS = 6
_WILD = 0.2  # share of scenes with materials that nobody would choose
GENERATOR_VERSION = 2  # counts up when a seed gives another scene than before


@dataclasses.dataclass(frozen=True)
class GeneratedView:
    """One photo of a generated scene."""

    rgb: NDArray[np.uint8]  # [H, W, 3] sRGB
    depth: NDArray[np.float32]  # [H, W] z-depth in metres at pixel centres; 0 where sky
    camera: Camera  # true intrinsics and pose; the first view's camera is the origin


@dataclasses.dataclass(frozen=True)
class GeneratedScene:
    """Some views of one world."""

    kind: str
    views: list[GeneratedView]


class _Sight(NamedTuple):
    """A camera and what it sees, before any colour."""

    pinhole: Pinhole
    seen: Visibility
    depth: NDArray[np.float32]


def generate(
    seed: int,
    width: int,
    height: int,
    textures: Textures | None = None,
    views: int = 1,
    places: int = 1,
) -> GeneratedScene:
    """Make up a scene and photograph it; the same arguments give the same bits.

    Args:
        seed: not negative; each gives another scene.
        width, height: of the pictures, pixels.
        textures: tiles for the surfaces (default: the procedural ones).
        views: how many photos; the first is as people hold cameras, the others move around
            it by a few per cent of the distance to what is near.
        places: at most so many photos in all from really different places in the same world,
            the first included: further photos after the views, fewer where a world has fewer.

    Raises:
        ValueError: an empty picture or no view asked for.
    """
    if width < 1 or height < 1 or views < 1 or places < 1:
        raise ValueError(f"cannot make {views} pictures of {width}x{height} pixels")
    textures = textures or Textures.procedural()
    names = list(BUILDERS)
    odds = np.array([BUILDERS[name][1] for name in names])
    kind = names[int(np.random.default_rng([seed, 0]).choice(len(names), p=odds / odds.sum()))]
    return generate_kind(kind, seed, width, height, textures, views, places)


def generate_kind(
    kind: str,
    seed: int,
    width: int,
    height: int,
    textures: Textures,
    views: int = 1,
    places: int = 1,
) -> GeneratedScene:
    """Like `generate`, with the kind of scene given: a key of `BUILDERS`."""
    for attempt in range(_ATTEMPTS):
        rng = np.random.default_rng([seed, 1 + attempt])
        stage = BUILDERS[kind][0](Materials(rng, textures, rng.random() < _WILD))
        scene = stage.world.triangles()
        first, left = _first_worth_a_photo(rng, stage.viewpoints, scene, width, height)
        if first is not None:
            break
    if first is None:  # no luck: the builder's own choice, as it is
        first = _sight(_aim(rng, stage.viewpoints[0], width, height), scene, width, height)
    sights = [first] + [
        _sight(_step_aside(rng, stage, first), scene, width, height) for _ in range(views - 1)
    ]
    shot = choose_shot(rng, stage.shallow_focus)
    going = np.random.default_rng([seed, 1 + _ATTEMPTS])  # the views stay as without places
    if places > 1:
        left = [*left, *_look_around(going, stage.viewpoints, 2 * places)]
    for _ in range(places - 1):
        further, left = _first_worth_a_photo(going, left, scene, width, height)
        if further is None:
            break
        sights.append(further)
    shadow = cast_shadow(stage.world.lighting, scene)
    lighting, sky = stage.world.lighting, stage.world.sky
    metered = 0.0
    photos = []
    for number, sight in enumerate(sights):
        if number >= views:  # elsewhere: another photographer
            shot, metered, rng = choose_shot(going, stage.shallow_focus), 0.0, going
        occlusion = ambient_occlusion(sight.depth, sight.pinhole.fx, stage.occlusion_m, 0.75)
        radiance = shade(
            sight.pinhole, sight.seen, scene, textures, lighting, sky, shadow, occlusion
        )
        metered = metered or meter(radiance) / stage.bright
        rgb = photograph(radiance, sight.depth, shot, metered, _focus(sight.depth), rng)
        camera = _camera(sight.pinhole, first.pinhole, width, height)
        photos.append(GeneratedView(rgb, sight.depth, camera))
    return GeneratedScene(stage.kind, photos)


def _first_worth_a_photo(
    rng: np.random.Generator,
    places: Sequence[Viewpoint],
    scene: Triangles,
    width: int,
    height: int,
) -> tuple[_Sight | None, Sequence[Viewpoint]]:
    """What the first good place shows, if there is one, and the places after it."""
    for k, place in enumerate(places):
        sight = _sight(_aim(rng, place, width, height), scene, width, height)
        if _worth_a_photo(sight, scene, place):
            return sight, places[k + 1 :]
    return None, ()


def _look_around(
    rng: np.random.Generator, places: Sequence[Viewpoint], count: int
) -> list[Viewpoint]:
    """Other ways to look from near the given places: a step aside, the head turned."""
    found = []
    for _ in range(count):
        place = places[int(rng.integers(len(places)))]
        ahead = place.target - place.eye
        reach = float(np.linalg.norm(ahead))
        step = rng.normal(0, 1, 3) * [1, 1, 0.3] * min(0.12 * reach, 0.8)
        turn = float(rng.choice([-1, 1]) * rng.uniform(0.3, 1.0))
        turned = turn_z(turn) @ ahead + [0.0, 0.0, float(rng.normal(0, 0.12)) * reach]
        eye = place.eye + step
        found.append(place._replace(eye=eye, target=eye + turned))
    return found


def _aim(rng: np.random.Generator, place: Viewpoint, width: int, height: int) -> Pinhole:
    """A viewpoint as a camera, held almost level, mostly."""
    roll = float(rng.normal(0, 0.02)) if rng.random() < 0.8 else float(rng.normal(0, 0.2))
    focal = max(width, height) / 2 / np.tan(np.radians(place.fov_deg) / 2)
    rotation = _look_at(place.target - place.eye, roll)
    return Pinhole(rotation, place.eye, float(focal), float(focal), width / 2, height / 2)


def _look_at(direction: Array, roll: float) -> Array:
    """World-to-camera rotation of a camera that looks along `direction`, z up."""
    forward = direction / np.linalg.norm(direction)
    right = np.cross(forward, [0.0, 0, 1] if abs(forward[2]) < 0.999 else [0.0, 1, 0])
    right /= np.linalg.norm(right)
    down = np.cross(forward, right)
    turned = np.cos(roll) * right + np.sin(roll) * down
    return np.stack([turned, np.cross(forward, turned), forward])


def _sight(pinhole: Pinhole, scene: Triangles, width: int, height: int) -> _Sight:
    seen = look(pinhole, scene.vertices, scene.triangles, 2 * height + 1, 2 * width + 1, 0.0, 0.5)
    inverse = seen.inverse_depth[1::2, 1::2]
    depth = np.where(inverse > 0, 1.0 / np.maximum(inverse, 1e-12), 0.0).astype(np.float32)
    return _Sight(pinhole, seen, depth)


def _worth_a_photo(sight: _Sight, scene: Triangles, place: Viewpoint) -> bool:
    """Not all sky, not up against something, several things and more than one distance."""
    depth = sight.depth[::3, ::3]  # every ninth pixel will do
    solid = depth[depth > 0]
    if solid.size < 0.3 * depth.size:
        return False
    if (solid < place.nearest_m).mean() > 0.12:
        return False
    near, far = np.percentile(solid, [5, 95])
    shown = sight.seen.triangle[::4, ::4]
    area = np.bincount(scene.instance[shown[shown >= 0]])
    things = int((area > max(1, 0.002 * shown.size)).sum())
    return bool(far > place.spread * near) and (things >= place.things or depth.size < 50)


def _step_aside(rng: np.random.Generator, stage: Stage, first: _Sight) -> Pinhole:
    """Another viewpoint near the first, turned a little towards the scene's middle."""
    solid = first.depth[first.depth > 0]
    near, middle = np.percentile(solid, [5, 50])
    rotation, position = first.pinhole.rotation, first.pinhole.position
    offset = rng.normal(0, 1, 3) * [1.0, 0.4, 0.6]
    offset *= float(np.exp(rng.uniform(np.log(0.03), np.log(0.2)))) * near / np.linalg.norm(offset)
    moved = position + offset @ rotation
    focus = position + rotation[2] * min(float(middle), 20 * float(near))
    towards = focus - moved + rng.normal(0, 0.02, 3) * np.linalg.norm(focus - moved)
    return first.pinhole._replace(
        rotation=_look_at(towards, float(rng.normal(0, 0.01))), position=moved
    )


def _focus(depth: NDArray[np.float32]) -> float:
    """Autofocus: the near side of what lies in the picture's middle."""
    height, width = depth.shape
    middle = depth[height // 3 : height - height // 3 : 2, width // 3 : width - width // 3]
    solid = middle[middle > 0]
    return float(np.percentile(solid, 25)) if solid.size else 1e4


def _camera(pinhole: Pinhole, origin: Pinhole, width: int, height: int) -> Camera:
    """The record that users know, in the frame of the first view's camera."""
    intrinsics = torch.tensor([[pinhole.fx, 0, pinhole.cx], [0, pinhole.fy, pinhole.cy], [0, 0, 1]])
    pose = np.eye(4)
    pose[:3, :3] = origin.rotation @ pinhole.rotation.T
    pose[:3, 3] = origin.rotation @ (pinhole.position - origin.position)
    return Camera(intrinsics, torch.from_numpy(pose), width, height)
