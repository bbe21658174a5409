"""Keyframes: views that a flight passes, in an order of one's own."""

# mypy: disable-error-code=misc
# (viser makes `value` writable in a way that mypy does not see)

from __future__ import annotations

import functools
import math
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import viser

from nvs.errors import InputError
from nvs.film.keyframes import (
    MAX_KEYFRAMES,
    Keyframe,
    KeyframePath,
    camera_of,
    path_from_json,
    path_to_json,
)
from nvs_viewer import view
from nvs_viewer.changes import Changes
from nvs_viewer.display import Display
from nvs_viewer.timeline import Timeline, with_time

if TYPE_CHECKING:
    from nvs_viewer.shot import ShotPanel

GO, EARLIER, LATER, DELETE = "Go", "▲", "▼", "✕"
UNDO, REDO = "Undo", "Redo"
MARK_SIZE = 0.03  # of the near depth
MARK_HIDES_WITHIN = 0.1  # of the near depth: from so near a mark is a frame around everything


class KeyframeList:
    """The list with its buttons, and a small camera in the scene for each of its views.

    Args:
        display: what the keyframes are views of.
        shot: the panel it belongs to: it knows the time, and is told of every change.
    """

    def __init__(self, display: Display, shot: ShotPanel) -> None:
        self._display = display
        self._shot = shot
        self._changes: Changes[tuple[Keyframe, ...]] = Changes(())
        self._rows: list[viser.GuiButtonGroupHandle] = []
        self._marks: list[viser.CameraFrustumHandle] = []
        self._timeline = Timeline(display, self)
        self._showing = threading.RLock()  # rows and marks are made anew while more is happening
        gui = display.client.gui
        self._folder = gui.add_folder("Views")
        with self._folder:
            self._add_button = gui.add_button("Keep this view", icon=viser.Icon.CAMERA_PLUS)
            self._add_button.on_click(lambda _: self._add())
            undo = gui.add_button_group("Changes", (UNDO, REDO))
            undo.on_click(lambda event: self._step(event.target.value))
            self._loop = gui.add_checkbox("Fly back to the first", True)
            self._loop.on_update(lambda _: self.tell_timeline())
            save = gui.add_button("Save the views", icon=viser.Icon.DEVICE_FLOPPY, color="gray")
            save.on_click(lambda _: self._save())
            load = gui.add_upload_button(
                "Load views",
                icon=viser.Icon.FOLDER_OPEN,
                mime_type="application/json",
                color="gray",
            )
            load.on_upload(lambda event: self._load(event.target.value))

        display.script.on("keep", lambda _: self._add())
        display.script.on("undo", lambda _: self._step(UNDO))
        display.script.on("redo", lambda _: self._step(REDO))

    @property
    def _keys(self) -> tuple[Keyframe, ...]:
        return self._changes.value

    def __len__(self) -> int:
        return len(self._keys)

    def path(self, seconds: float) -> KeyframePath | None:
        """The flight through the keyframes, or None where there are none."""
        if not self._keys:
            return None
        return KeyframePath(self._keys, self._loop.value and len(self._keys) > 2, seconds)

    def restore(self, path: KeyframePath | None) -> None:
        """In the place of those that are there, the ones of a flight that was begun before."""
        self._changes = Changes(() if path is None else path.keyframes)
        if path is not None:
            self._loop.value = path.loop
        self._show()

    def tell_timeline(self) -> None:
        """The timeline shows when each view is passed."""
        self._timeline.tell(self.path(self._shot.seconds))

    def seek(self, seconds: float) -> None:
        """Look from where the flight is then."""
        path, scene = self.path(self._shot.seconds), self._display.scene
        if path is None or scene is None:
            return
        self._shot.stop()
        there = path.camera_at(seconds, scene.camera.width, scene.camera.height)
        self._display.go_to(there, with_lens=True)

    def set_time(self, index: int, seconds: float) -> None:
        """Pass a view then; it may come before others or after them."""
        path = self.path(self._shot.seconds)
        if path is not None and index < len(path.keyframes):
            self._change(with_time(path, index, seconds))

    def update_marks(self) -> None:
        """Hide the small cameras where they are in the way: a preview flies through them."""
        window = self._display.window
        with self._showing:
            for mark in self._marks:
                away = np.linalg.norm(mark.position / window.enlarged - window.position)
                near = away < MARK_HIDES_WITHIN * self._display.depth.near
                shown = not near and not self._shot.playing
                if mark.visible != shown:
                    mark.visible = shown

    # A scene that is being shown brings its own views: what is changed waits until they are there.

    def _add(self) -> None:
        with self._display.showing:
            if self._display.scene is None or len(self._keys) >= MAX_KEYFRAMES:
                return
            self._shot.stop()
            camera = self._display.scene.camera
            key = view.keyframe(self._display.window, camera.width / camera.height)
            self._change((*self._keys, key))

    def _change(self, keys: tuple[Keyframe, ...]) -> None:
        with self._display.showing:
            self._changes.change(keys)
            self._changed()

    def _step(self, which: str) -> None:
        """Take a change back, or make it again."""
        with self._display.showing:
            if self._changes.undo() if which == UNDO else self._changes.redo():
                self._changed()

    def _changed(self) -> None:
        self._show()
        self._shot.keyframes_changed()

    def _row_clicked(self, index: int, event: viser.GuiEvent[Any]) -> None:
        with self._display.showing, self._showing:
            # The second of two quick clicks may come from a row that was taken away meanwhile.
            if any(row is event.target for row in self._rows):  # viser's == compares classes
                self.pressed(index, event.target.value)

    def pressed(self, index: int, action: str) -> None:
        """Do with a view what one of its buttons says."""
        if index >= len(self._keys) or action not in (GO, EARLIER, LATER, DELETE):
            return
        self._shot.stop()
        if action == GO and self._display.scene is not None:
            photo = self._display.scene.camera
            self._display.go_to(
                camera_of(self._keys[index], photo.width, photo.height), with_lens=True
            )
            return
        keys = list(self._keys)
        key = keys.pop(index)
        if action != DELETE:
            step = -1 if action == EARLIER else 1
            keys.insert(min(max(index + step, 0), len(keys)), key)
        self._change(tuple(keys))

    def _save(self) -> None:
        path = self.path(self._shot.seconds)
        if path is None:
            self._display.tell("No views yet", "Fly somewhere and press “Keep this view”.")
            return
        name = self._display.scene.name if self._display.scene else "flight"
        self._display.download(f"{name}-path.json", path_to_json(path).encode())

    def _load(self, file: viser.UploadedFile) -> None:
        try:
            path = path_from_json(file.content, "This file")
        except InputError as error:
            self._display.tell("Views not loaded", str(error), "red")
            return
        self._loop.value = path.loop
        self._shot.seconds = path.seconds
        self._change(path.keyframes)

    def _show(self) -> None:
        """A row and a mark for each keyframe, made anew: lists are short."""
        client = self._display.client
        with self._showing, client.atomic():
            for row in self._rows:
                row.remove()
            for mark in self._marks:
                mark.remove()
            self._rows, self._marks = [], []
            for index, key in enumerate(self._keys):
                with self._folder:
                    row = client.gui.add_button_group(
                        f"View {index + 1}",
                        (GO, EARLIER, LATER, DELETE),
                        order=self._add_button.order + (index + 1) / (MAX_KEYFRAMES + 1),
                    )
                row.on_click(functools.partial(self._row_clicked, index))
                self._rows.append(row)
                self._marks.append(self._mark(index, key))
            self.update_marks()
        self.tell_timeline()

    def _mark(self, index: int, key: Keyframe) -> viser.CameraFrustumHandle:
        assert self._display.scene is not None
        enlarged = self._display.window.enlarged
        near = self._display.depth.near * enlarged
        photo = self._display.scene.camera
        mark = self._display.client.scene.add_camera_frustum(
            f"/keyframes/{index}",
            fov=math.radians(key.fov_y_deg),
            aspect=photo.width / photo.height,
            scale=MARK_SIZE * near,
            thickness=0.002 * near,
            color=(240, 160, 40),
            wxyz=key.wxyz,
            position=np.array(key.position) * enlarged,
        )
        mark.on_click(lambda _: self.pressed(index, GO))
        return mark
