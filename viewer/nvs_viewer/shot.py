"""The shot: choose a path, preview it, render it to a video, or take one picture."""

# mypy: disable-error-code=misc
# (viser makes `value` writable in a way that mypy does not see)

from __future__ import annotations

import functools
import tempfile
import threading
from pathlib import Path
from typing import cast

import torch
import viser

from nvs.errors import InputError
from nvs.film.path import PATH_KINDS, PathKind, camera_path
from nvs.progress import Listener
from nvs.scene.camera import Camera
from nvs_viewer.display import Display
from nvs_viewer.job import Job
from nvs_viewer.keyframe_list import KeyframeList
from nvs_viewer.lens_form import LensForm
from nvs_viewer.panel import Panel
from nvs_viewer.picture_form import PictureForm
from nvs_viewer.preview import Preview
from nvs_viewer.video_form import VideoForm
from nvs_viewer.visit import VisitPanel

OWN = "my views"
WELCOME_SECONDS = 9.0  # of the flight that begins by itself: calm


class ShotPanel(Panel):
    """The "Shot" tab.

    Args:
        display: the page's.
        visit: remembers the keyframes of each scene.
        making: the lock under which scenes are made.
    """

    def __init__(self, display: Display, visit: VisitPanel, making: threading.Lock) -> None:
        self._display = display
        self._visit = visit
        self._preview: Preview | None = None
        self._playing = threading.Lock()  # starting and ending it
        gui = display.client.gui
        self._kind = gui.add_dropdown("Path", (*PATH_KINDS, OWN))
        self._kind.on_update(lambda _: self._show_what_matters())
        self._amplitude = gui.add_slider("Reach", 0.25, 3.0, 0.05, 1.0)
        self._seconds = gui.add_slider("Seconds", 1.0, 30.0, 0.5, 5.0)
        self._play = gui.add_button("Play", icon=viser.Icon.PLAYER_PLAY)
        self._play.on_click(lambda _: self.toggle())
        # What is pressed most stands above the lists, which grow.
        render = gui.add_button("Render the video", icon=viser.Icon.MOVIE, color="teal")
        render.on_click(lambda _: self._render())
        self._task = Job(display.client, "Rendering the video")
        take = gui.add_button("This view as a picture", icon=viser.Icon.CAMERA, color="teal")
        take.on_click(lambda _: self._take_picture())
        picture_task = Job(display.client, "Taking the picture")
        self.keyframes = KeyframeList(display, self)
        self._seconds.on_update(lambda _: self.keyframes.tell_timeline())
        self._video = VideoForm(display)
        self._lens = LensForm(display)
        self._picture = PictureForm(display, self._lens, making, picture_task)
        self._show_what_matters()
        display.script.on("fly", lambda _: self._fly(WELCOME_SECONDS))
        display.script.on("play", lambda _: self.toggle())
        display.script.on("touched", lambda _: self.stop())

    @property
    def seconds(self) -> float:
        """How long the flight takes."""
        return self._seconds.value

    @seconds.setter
    def seconds(self, seconds: float) -> None:
        self._seconds.value = min(max(seconds, self._seconds.min), self._seconds.max)

    @property
    def playing(self) -> bool:
        """Whether a preview flies the camera."""
        return self._preview is not None

    def stop(self) -> None:
        """End the preview, if one runs."""
        with self._playing:
            preview, self._preview = self._preview, None
            if preview is None:
                return
            preview.stop()
        self.keyframes.update_marks()
        self._play.label = "Play"
        self._play.icon = viser.Icon.PLAYER_PLAY
        self._display.script.tell("flying", False)

    def scene_changed(self) -> None:
        self.stop()
        self._task.cancel()
        self._lens.scene_changed()
        self._picture.scene_changed()
        kept = self._visit.shown
        begun = None if kept is None else kept.keyframes
        self.keyframes.restore(begun)
        self._kind.value = PATH_KINDS[0] if begun is None else OWN
        scene = self._display.scene
        if scene is not None:
            self._amplitude.value = round(20 * scene.amplitude) / 20  # the slider's steps

    def camera_moved(self) -> None:
        self.keyframes.update_marks()

    def close(self) -> None:
        self.stop()
        self._task.close()
        self._picture.close()

    def keyframes_changed(self) -> None:
        """What is to be flown is now the keyframes, if there are any."""
        self.stop()
        kept = self._visit.shown
        if kept is not None:
            kept.keyframes = self.keyframes.path(self.seconds)
        if len(self.keyframes) > 0:
            self._kind.value = OWN

    def _show_what_matters(self) -> None:
        self.stop()
        self._amplitude.visible = self._kind.value != OWN

    def toggle(self) -> None:
        """Fly along the chosen path, or stop."""
        if self.playing:
            self.stop()
        else:
            self._fly(self._seconds.value)

    def _fly(self, seconds: float) -> None:
        fps = 30.0
        cameras = self._cameras(fps, seconds)
        with self._playing:
            if not cameras or self._preview is not None or self._display.closed:
                return
            fly_to = functools.partial(self._display.go_to, with_lens=True)
            self._preview = Preview(fly_to, cameras, fps)
        self._play.label = "Stop"
        self._play.icon = viser.Icon.PLAYER_STOP
        self._display.script.tell("flying", True)
        self.keyframes.update_marks()

    def _cameras(self, fps: float, seconds: float) -> list[Camera]:
        """The chosen path, in the photo's shape; empty, with a word to the user, without one."""
        scene = self._display.scene
        if scene is None:
            return []
        frames = max(1, round(seconds * fps))
        if self._kind.value != OWN:
            return camera_path(
                cast(PathKind, self._kind.value),
                scene.camera,
                self._display.depth,
                frames,
                self._amplitude.value,
            )
        path = self.keyframes.path(seconds)
        if path is None:
            self._display.tell("No views yet", "Fly somewhere and press “Keep this view”.")
            return []
        return path.cameras(scene.camera.width, scene.camera.height, frames)

    def _render(self) -> None:
        self.stop()
        video = self._video.file
        cameras = [self._video.shaped(c) for c in self._cameras(video.fps, self.seconds)]
        scene = self._display.shown
        if scene is None or not cameras:
            return
        depth = self._display.depth
        shot = self._lens.shot(scene, depth, torch.tensor(self._display.background) / 255)
        focus = self._lens.focus(scene, depth, len(cameras))
        path = self._kind.value.replace(" ", "-")
        name = f"{scene.name}-{path}{self._lens.ending}{video.suffix}"

        def work(listener: Listener) -> None:
            listener.stage("rendering frames")
            with tempfile.TemporaryDirectory(prefix="nvs-") as folder:
                file = Path(folder) / f"shot{video.suffix}"
                frames = shot.frames(cameras, focus, video.depth, listener.advance)
                try:
                    video.write(frames, file)
                except InputError as error:
                    raise InputError(str(error).replace(str(file), name)) from None
                self._display.download(name, file.read_bytes())

        self._task.start(work)

    def _take_picture(self) -> None:
        self.stop()
        self._picture.take()
