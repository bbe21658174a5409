"""Files to take home: the Gaussians, a page, the depth."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import viser

from nvs.player.file import player_of
from nvs.progress import Listener
from nvs.rendering.render import render
from nvs.scene.ply import write_ply
from nvs_viewer.display import Display
from nvs_viewer.job import Job
from nvs_viewer.panel import Panel


class TakeawayPanel(Panel):
    """The "Save" tab."""

    def __init__(self, display: Display) -> None:
        self._display = display
        gui = display.client.gui
        html = gui.add_button("A page to send to a friend (.html)", icon=viser.Icon.WORLD_DOWNLOAD)
        html.on_click(lambda _: self._start(self._html))
        ply = gui.add_button("Gaussians (.ply)", icon=viser.Icon.CLOUD_DOWNLOAD)
        ply.on_click(lambda _: self._start(self._ply))
        depth = gui.add_button("Depth of the photo (.npz)", icon=viser.Icon.STACK_2)
        depth.on_click(lambda _: self._start(self._depth))
        self._task = Job(display.client, "Writing the file")

    def close(self) -> None:
        self._task.close()

    def _start(self, work: Callable[[Listener], None]) -> None:
        if self._display.scene is not None:
            self._task.start(work)

    def _ply(self, listener: Listener) -> None:
        scene = self._display.shown
        assert scene is not None
        listener.stage("writing the Gaussians")
        with tempfile.TemporaryDirectory(prefix="nvs-") as folder:
            file = Path(folder) / "scene.ply"
            write_ply(scene.gaussians, file, scene.camera)
            listener.stage("sending")
            self._display.download(f"{scene.name}.ply", file.read_bytes())

    def _html(self, listener: Listener) -> None:
        scene = self._display.shown
        assert scene is not None
        player = player_of(scene.as_scene, scene.name, self._display.background, listener)
        listener.stage("sending")
        self._display.download(f"{scene.name}.html", player.html.encode())

    def _depth(self, listener: Listener) -> None:
        scene = self._display.shown
        assert scene is not None
        listener.stage("rendering the depth")
        with torch.inference_mode():
            depth = render(scene.gaussians, [scene.camera]).depth[0]
        file = io.BytesIO()
        np.savez_compressed(
            file,
            depth=depth.cpu().numpy().astype(np.float32),
            intrinsics=scene.camera.intrinsics.cpu().numpy(),
            unit=scene.unit,
        )
        self._display.download(f"{scene.name}-depth.npz", file.getvalue())
