"""A photo or a scene's file as the viewer shows it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from nvs.film.amplitude import LOOKS, widest_flight
from nvs.film.path import camera_path
from nvs.film.seen import Witness, knows_seen
from nvs.opening import Opener, is_place
from nvs.progress import Listener
from nvs.scene.camera import Camera
from nvs.scene.reach import scene_depth
from nvs.scene.scene import Scene
from nvs_viewer.scene import ViewedScene


def viewed(opener: Opener, source: Path, listener: Listener) -> ViewedScene:
    """Open `source`; a photo's scene can be made again without its trained head."""
    scene, photo = opener.open(source, listener)
    shown = _viewed(source.stem, scene)
    if photo is None or opener.model().untrained is None:
        return shown

    def without_head(listener: Listener) -> ViewedScene:
        plain = opener.without_head(photo, listener)
        assert plain is not None
        return _viewed(source.stem, plain)

    return dataclasses.replace(shown, without_head=without_head)


def viewed_sources(
    opener: Opener, sources: Sequence[Path], cameras: Path | None, listener: Listener
) -> ViewedScene:
    """Open a photo or a scene; or several photos of one place, or a clip, as one scene."""
    if not is_place(sources, cameras):
        return viewed(opener, sources[0], listener)
    scene = opener.open_place(sources, cameras, listener)
    return _viewed(sources[0].stem, scene)


def _viewed(name: str, scene: Scene) -> ViewedScene:
    photo = scene.sources[0].rgb if scene.sources else None
    picture = None if photo is None else (photo * 255).round().byte().cpu().numpy()
    return ViewedScene(
        name,
        scene.gaussians,
        scene.camera,
        picture,
        scene.unit,
        made_from=scene.made_from,
        invented=scene.invented,
        known=scene.known,
        amplitude=_amplitude(scene),
    )


def _amplitude(scene: Scene) -> float:
    """How far the page's flight goes, until somebody moves its slider: as `nvs fly` by default."""
    if not knows_seen(scene):
        return 1.0
    depth = scene_depth(scene.gaussians, scene.camera)

    def orbit(amplitude: float, frames: int) -> list[Camera]:
        return camera_path("orbit", scene.camera, depth, frames, amplitude)

    return widest_flight(orbit, Witness(scene), LOOKS).amplitude
