"""A photo or a scene's file as the viewer shows it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from nvs.film.amplitude import natural_amplitude
from nvs.opening import Opener
from nvs.photo.photo import Photo
from nvs.progress import Listener
from nvs.scene.scene import Scene
from nvs_viewer.scene import ViewedScene


def viewed(opener: Opener, source: Path, listener: Listener) -> ViewedScene:
    """Open `source`; a photo's scene can be made again without its trained head."""
    scene, photo = opener.open(source, listener)
    shown = _viewed(source.stem, scene, photo)
    if photo is None or opener.model().untrained is None:
        return shown

    def without_head(listener: Listener) -> ViewedScene:
        plain = opener.without_head(photo, listener)
        assert plain is not None
        return _viewed(source.stem, plain, photo)

    return dataclasses.replace(shown, without_head=without_head)


def _viewed(name: str, scene: Scene, photo: Photo | None) -> ViewedScene:
    picture = None
    if photo is not None:
        picture = (photo.rgb * 255).round().byte().cpu().numpy()
    return ViewedScene(
        name,
        scene.gaussians,
        scene.camera,
        picture,
        scene.unit,
        made_from=scene.made_from,
        invented=scene.invented,
        far_guess=scene.far_guess,
        known=scene.known,
        amplitude=natural_amplitude(scene),
    )
