"""The scene as one HTML file: opens from disk, without a server, to send to a friend."""

from __future__ import annotations

import contextlib
import io

import viser

from nvs.scene.reach import SceneDepth
from nvs_viewer import access, view
from nvs_viewer.drawn_scene import Canvas, DrawnScene
from nvs_viewer.reach import walking_scale
from nvs_viewer.scene import ViewedScene

CANVAS_PX = 900  # the longer side of a window that shows all splats
LIMIT = 250_000  # Gaussians: about 8 MB


def standalone_html(scene: ViewedScene, depth: SceneDepth, background: tuple[int, ...]) -> str:
    """A page that shows `scene` from the photo's view and lets its reader fly.

    viser writes such a file of what a server shows, so a server of its own shows the scene,
    behind a secret that nobody knows, for as long as that takes.
    """
    camera = scene.camera
    longer = max(camera.width, camera.height)
    lens = camera.resized(
        max(1, round(camera.width * CANVAS_PX / longer)),
        max(1, round(camera.height * CANVAS_PX / longer)),
    )
    canvas = Canvas(lens, enlarged=walking_scale(camera, depth))
    silence = contextlib.redirect_stdout(io.StringIO())  # viser prints addresses
    with access.guarded(access.make_token()), silence:
        server = viser.ViserServer(host="127.0.0.1", port=0, verbose=False)
        try:
            server.scene.set_up_direction(view.UP)
            view.start_at(server.initial_camera, camera, depth)
            server.scene.set_background_image(view.plain(background))
            DrawnScene(server, LIMIT, lambda _: canvas).draw(scene)
            return server.scene.as_html(dark_mode=True)
        finally:
            server.stop()
