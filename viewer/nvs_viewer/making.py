"""A photo or a scene's file as the viewer shows it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from nvs.film.amplitude import natural_amplitude
from nvs.film.seen import Witness, knows_seen
from nvs.opening import Opener, Place, is_place, open_photo
from nvs.progress import Listener
from nvs.scene.reach import scene_depth
from nvs.scene.scene import Scene
from nvs_viewer.original import HeldBytes, Original, PlacedOriginal
from nvs_viewer.reach import Reach, reach_by_sight
from nvs_viewer.scene import ViewedScene


def viewed(
    opener: Opener, source: Path, listener: Listener, prompt: Path | None = None
) -> ViewedScene:
    """Open `source`; a photo's scene can be made again without its trained head.

    Args:
        prompt: a file with depth that is known of the photo.
    """
    if prompt is not None:
        opener = opener.prompted(prompt)
    scene, photo = opener.open(source, listener)
    listener.stage("looking how far the photo carries")
    shown = _viewed(source.stem, scene)
    if photo is None:
        return shown
    original = Original.of(source, opener.settings.photo.frame)
    shown = dataclasses.replace(shown, original=original)
    if opener.model().untrained is None:
        return shown

    def without_head(listener: Listener) -> ViewedScene:
        with original.file.on_disk() as file:  # nobody holds the photo as long as its scene
            read = open_photo(file, opener.settings.photo, listener)
            plain = opener.without_head(read, listener)
        assert plain is not None
        return dataclasses.replace(_viewed(source.stem, plain), original=original)

    return dataclasses.replace(shown, without_head=without_head)


def viewed_sources(
    opener: Opener, sources: Sequence[Path], cameras: Path | None, listener: Listener
) -> ViewedScene:
    """Open a photo or a scene; or several photos of one place, or a clip, as one scene."""
    if not is_place(sources, cameras):
        return viewed(opener, sources[0], listener)
    place = opener.open_place(sources, cameras, listener)
    shown = _viewed(sources[0].stem, place.scene)
    return dataclasses.replace(shown, of_place=_originals(place))


def _originals(place: Place) -> tuple[PlacedOriginal, ...]:
    """Its photos' files; none of a clip, whose frames are gone and no larger than the scene's."""
    views, sources = place.views, place.scene.sources
    # A phone's photos are turned as its depth is: what is read without it could be turned twice.
    if any(view.depth is not None or not view.photo.is_file() for view in views):
        return ()
    held = HeldBytes()
    return tuple(
        PlacedOriginal(Original.of(view.photo, held=held), view, source.camera)
        for view, source in zip(views, sources, strict=True)
    )


def _viewed(name: str, scene: Scene) -> ViewedScene:
    photo = scene.sources[0].rgb if scene.sources else None
    picture = None if photo is None else (photo * 255).round().byte().cpu().numpy()
    amplitude, reach = _limits(scene)
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
        amplitude=amplitude,
        reach=reach,
    )


def _limits(scene: Scene) -> tuple[float, Reach | None]:
    """How far the page's flight goes, as `nvs fly` by default, and how far one may go by hand."""
    if not knows_seen(scene):
        return 1.0, None
    amplitude = natural_amplitude(scene)
    depth = scene_depth(scene.gaussians, scene.camera)
    return amplitude, reach_by_sight(scene.camera, depth, Witness(scene), amplitude)
