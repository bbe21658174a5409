"""A photo → what the viewer shows, with its stages told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from viewer.scene import Progress, Splat, ViewedScene

if TYPE_CHECKING:
    from nvs.photo import Photo
    from nvs.pipeline import Model

STAGES = (  # in their order; a bar needs no better estimate
    "reading the photo",
    "loading the model",
    "encoding the photo",
    "measuring the surfaces",
    "placing the Gaussians",
    "matching the photo's colours",
)


def photo_splat(
    load_model: Callable[[], Model], longer_side: int = 1024, points: int | None = None
) -> Splat:
    """A function that makes scenes of photos.

    Args:
        load_model: called once, when the first photo comes.
        longer_side: larger photos are reduced to this many pixels.
        points: as `Model.splat` takes it.
    """
    model: list[Model] = []
    one_at_a_time = threading.Lock()  # pages share the processor, and the model

    def splat(path: Path, progress: Progress) -> ViewedScene:
        from nvs.photo import load_photo

        def report(stage: str) -> None:
            progress(stage, STAGES.index(stage) / len(STAGES) if stage in STAGES else 0.5)

        while not one_at_a_time.acquire(timeout=0.2):
            progress("waiting for another page", 0.0)
        try:
            report("reading the photo")
            photo = load_photo(path)
            if max(photo.camera.width, photo.camera.height) > longer_side:
                photo = photo.resized_to(longer_side)
            report("loading the model")
            if not model:
                model.append(load_model())
            gaussians = model[0].splat(photo, points, report=report)
            return viewed(photo, gaussians.to("cpu"), path.stem)
        finally:
            one_at_a_time.release()

    return splat


def viewed(photo: Photo, gaussians, name: str) -> ViewedScene:  # noqa: ANN001 (Gaussians)
    """A photo's scene as the viewer takes it."""
    picture = (photo.rgb.clamp(0, 1) * 255 + 0.5).byte().numpy()
    return ViewedScene(name, gaussians, photo.camera, picture)
