"""`nvs view`: the server that the pages talk to."""

from __future__ import annotations

import contextlib
import io
import threading

import viser

from nvs.path import scene_depth
from viewer import access, view
from viewer.page import Page
from viewer.scene import ViewedScene


class Viewer:
    """A running viewer; `close()` ends it.

    Args:
        scene: what a page shows when it opens, or None for an empty one.
        host, port: where to listen; a taken port gives the next free one.
    """

    def __init__(
        self, scene: ViewedScene | None, *, host: str = "127.0.0.1", port: int = 8080
    ) -> None:
        self.scene = scene
        self._token = access.make_token(host)
        self._pages: dict[int, Page] = {}
        self._lock = threading.Lock()
        # viser prints its own box of addresses, without the secret: ours is printed instead.
        with access.guarded(self._token), contextlib.redirect_stdout(io.StringIO()):
            self.server = viser.ViserServer(host=host, port=port, label="nvs", verbose=False)
        access.refuse_sharing(self.server)
        self.server.gui.configure_theme(
            control_width="medium",
            dark_mode=True,
            show_logo=False,
            show_share_button=False,
            brand_color=(64, 132, 214),
        )
        self.server.gui.main_panel.dock_right()
        self.server.scene.set_up_direction(view.UP)
        if scene is not None:
            self._start_at(scene)
        self.server.on_client_connect(self._opened)
        self.server.on_client_disconnect(self._closed)

    @property
    def url(self) -> str:
        """The link to give to a browser."""
        host = self.server.get_host()
        host = {"0.0.0.0": "localhost", "::": "localhost"}.get(host, host)
        host = f"[{host}]" if ":" in host else host
        secret = f"{self._token}/" if self._token else ""
        return f"http://{host}:{self.server.get_port()}/{secret}"

    def close(self) -> None:
        """Stop the server and everything that runs for its pages."""
        with self._lock:
            pages = list(self._pages.values())
            self._pages.clear()
        for page in pages:
            page.close()
        with contextlib.redirect_stdout(io.StringIO()):
            self.server.stop()

    def _start_at(self, scene: ViewedScene) -> None:
        """Open new pages at the photo's view, without a flight from viser's own start."""
        depth = scene_depth(scene.gaussians, scene.camera)
        pose = scene.camera.camera_to_world.double().numpy()
        start = self.server.initial_camera
        start.position = pose[:3, 3]
        start.look_at = pose[:3, 3] + depth.focus * pose[:3, 2]
        start.up = -pose[:3, 1]
        start.fov = view.fitted(scene.camera, 16 / 9)

    def _opened(self, client: viser.ClientHandle) -> None:
        page = Page(client)
        with self._lock:
            self._pages[client.client_id] = page
        if self.scene is not None:
            page.show(self.scene)

    def _closed(self, client: viser.ClientHandle) -> None:
        with self._lock:
            page = self._pages.pop(client.client_id, None)
        if page is not None:
            page.close()


def serve(scene: ViewedScene | None, *, host: str = "127.0.0.1", port: int = 8080) -> None:
    """Show `scene` in the browser until Ctrl-C.

    Args:
        scene: what to show.
        host: 127.0.0.1 is this machine alone; on any other the link carries a secret.
        port: where to listen; a taken one gives the next free one.
    """
    viewer = Viewer(scene, host=host, port=port)
    if not access.is_loopback(host):
        print(
            f"Warning: others in the network can reach this viewer on {host}. "
            "Whoever has the link below can see the photos and upload some."
        )
    print(f"Open {viewer.url} in a browser; Ctrl-C ends it.", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        threading.Event().wait()
    viewer.close()
