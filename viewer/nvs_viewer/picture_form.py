"""The picture: what a page shows, as a photo of the photo's own size or as large as the window."""

# mypy: disable-error-code=misc
# (viser makes `value` writable in a way that mypy does not see)

from __future__ import annotations

import dataclasses
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

import torch

from nvs.film.keyframes import Keyframe, camera_of
from nvs.film.seen import Witness
from nvs.film.shot import Shot
from nvs.film.still import FullPhoto, Invented, Picture, is_plain, picture_of
from nvs.film.viewpoint import interest, straightened, upright
from nvs.photo.saved import OPAQUE, save_like
from nvs.progress import Listener
from nvs.scene.camera import Camera
from nvs.scene.reach import SceneDepth, scene_depth
from nvs_viewer import view
from nvs_viewer.display import Display
from nvs_viewer.job import Job
from nvs_viewer.lens_form import LensForm
from nvs_viewer.original import Original, PlacedOriginal
from nvs_viewer.scene import ViewedScene
from nvs_viewer.turns import one_at_a_time

AS_PHOTO = "as the photo"
FACTORS = {"as the window": 1, "2x the window": 2, "4x the window": 4}
LARGEST_PX = 8192  # of the longer side
FILES = (".jpg", ".png", ".webp", ".tif")
MOST_PHOTOS = 4  # of a place, that a picture takes detail from
INVENTED: dict[str, Invented] = {
    "stays as it is": "keep",
    "is out of focus": "blur",
    "is transparent": "transparent",
}


@dataclasses.dataclass(frozen=True)
class Wish:
    """What was asked for, and of what: the page goes on while it is made."""

    scene: ViewedScene
    depth: SceneDepth
    shot: Shot
    focus: float  # z-depth, world units
    ending: str  # of the file's name
    invented: Invented
    straighten: bool
    upright: bool


class PictureForm:
    """The "Picture" folder of the "Shot" tab, and how its picture is made.

    Args:
        display: the page's.
        lens: what the picture is taken through.
        making: the lock under which scenes are made: a picture of millions of pixels takes as much.
        task: where it is made.
    """

    def __init__(self, display: Display, lens: LensForm, making: threading.Lock, task: Job) -> None:
        self._display = display
        self._lens = lens
        self._making = making
        self._task = task
        gui = display.client.gui
        with gui.add_folder("Picture"):
            self._size = gui.add_dropdown("Picture size", tuple(FACTORS))
            self._file = gui.add_dropdown("Picture file", FILES)
            self._invented = gui.add_dropdown("What was invented", tuple(INVENTED))
            self._straighten = gui.add_checkbox(
                "Straighten",
                False,
                hint="Upright lines upright, the horizon level, as far as the photo tells.",
            )
            self._upright = gui.add_checkbox(
                "Upright, 3:4", False, hint="Cut around what is near and was photographed."
            )
        self._size.on_update(lambda _: self._show_what_matters())
        self._invented.on_update(lambda _: self._show_what_matters())

    def scene_changed(self) -> None:
        """Another scene has another photo, or none."""
        scene = self._display.scene
        self._task.cancel()
        has_photo = scene is not None and bool(scene.original or scene.of_place)
        self._size.options = (AS_PHOTO, *FACTORS) if has_photo else tuple(FACTORS)
        self._size.value = self._size.options[0]
        self._show_what_matters()

    def close(self) -> None:
        """The page is gone."""
        self._task.close()

    def _show_what_matters(self) -> None:
        of_photo = self._size.value == AS_PHOTO
        for control in (self._invented, self._straighten, self._upright):
            control.visible = of_photo
        transparent = of_photo and INVENTED[self._invented.value] == "transparent"
        kinds = tuple(kind for kind in FILES if not (transparent and kind in OPAQUE))
        if self._file.options != kinds:
            before = self._file.value
            self._file.options = kinds
            self._file.value = before if before in kinds else kinds[0]

    def take(self) -> None:
        """Make the picture of what the page shows now, and give it to the user."""
        display, scene = self._display, self._display.shown
        if scene is None:
            return
        depth, window = display.depth, display.window
        wish = Wish(
            scene,
            depth,
            self._lens.shot(scene, depth, torch.tensor(display.background) / 255),
            self._lens.focus(scene, depth, 1)[0],
            self._lens.ending + self._file.value,
            INVENTED[self._invented.value],
            self._straighten.value,
            self._upright.value,
        )
        if self._size.value == AS_PHOTO:
            if wish.invented != "keep" and not is_plain(wish.shot):
                display.tell(
                    "One of the two",
                    "What was invented can be told apart in a sharp picture for one eye.",
                )
                return
            key = view.keyframe(window, scene.camera.width / scene.camera.height)
            self._task.start(lambda listener: self._as_photo(wish, key, listener))
        else:
            canvas = window.camera
            largest = max(canvas.image_width, canvas.image_height)
            factor = min(FACTORS[self._size.value], LARGEST_PX / largest)
            camera = view.current(window, round(canvas.image_height * factor))
            self._task.start(lambda listener: self._as_window(wish, camera, listener))

    def _as_photo(self, wish: Wish, key: Keyframe, listener: Listener) -> None:
        with one_at_a_time(self._making, listener):
            listener.stage("reading the photo")
            original, photos = _full_photos(wish.scene, key)
            with original.file.on_disk() as file:
                self._from_photos(wish, photos, key, file, listener)

    def _from_photos(
        self,
        wish: Wish,
        photos: Sequence[FullPhoto],
        key: Keyframe,
        file: Path,
        listener: Listener,
    ) -> None:
        listener.stage("choosing the view")
        opened = wish.scene.as_scene
        witness = Witness(opened)
        camera = camera_of(key, *_full_size(photos, opened.camera))
        if wish.straighten:
            camera = straightened(camera, opened, listener)
        if wish.upright:
            camera = upright(camera, interest(opened, witness, camera, wish.depth))
        listener.stage("rendering the picture")
        picture = picture_of(opened, photos, wish.shot, camera, wish.focus, wish.invented)
        self._give(wish, picture, file, listener)
        self._display.tell(
            "Picture taken",
            f"{camera.width} x {camera.height}, "
            f"{100 * witness.share(camera):.0f} % of it was photographed",
        )

    def _as_window(self, wish: Wish, camera: Camera, listener: Listener) -> None:
        listener.stage("rendering the picture")
        self._give(wish, Picture(wish.shot.picture(camera, wish.focus)), None, listener)

    def _give(self, wish: Wish, picture: Picture, photo: Path | None, listener: Listener) -> None:
        listener.stage("writing the picture")
        with tempfile.TemporaryDirectory(prefix="nvs-") as folder:
            file = Path(folder) / f"picture{wish.ending}"
            save_like(photo, picture.rgb, file, picture.alpha)
            self._display.download(f"{wish.scene.name}-still{wish.ending}", file.read_bytes())


def _full_size(photos: Sequence[FullPhoto], first: Camera) -> tuple[int, int]:
    """(width, height): the photo's own, or of several the first one's shape, as large."""
    height, width = photos[0].rgb.shape[:2]
    if len(photos) == 1:
        return width, height
    larger = max(height, width) / max(first.width, first.height)
    return round(first.width * larger), round(first.height * larger)


def _full_photos(scene: ViewedScene, key: Keyframe) -> tuple[Original, list[FullPhoto]]:
    """The file whose EXIF the picture gets, and the photos whose detail, the nearest first."""
    original = scene.original
    if original is not None:
        with original.file.on_disk() as file:
            return original, [FullPhoto(original.photo(file).rgb, scene.camera)]
    pose = camera_of(key, scene.camera.width, scene.camera.height).camera_to_world

    def away(photo: PlacedOriginal) -> float:
        """How much else it sees: its way in near depths, and its turn."""
        other = photo.camera.camera_to_world
        way = (other[:3, 3] - pose[:3, 3]).norm() / nearest_depth
        return float(way + (1 - other[:3, 2] @ pose[:3, 2]))

    nearest_depth = scene_depth(scene.on_cpu, scene.camera).near
    nearest = sorted(scene.of_place, key=away)[:MOST_PHOTOS]
    return nearest[0].original, [photo.whole() for photo in nearest]
