"""`nvs view`: the server that the pages talk to."""

from __future__ import annotations

import contextlib
import gc
import io
import signal
import threading
from collections.abc import Mapping
from pathlib import Path

import viser

from nvs.allocator import return_freed_memory, reuse_freed_memory
from nvs_viewer import access, view
from nvs_viewer.display import depth_of
from nvs_viewer.drawing import DrawnBy
from nvs_viewer.page import Page, PageSettings
from nvs_viewer.scene import Makers, Place, Splat, ViewedScene
from nvs_viewer.visit import Visits


class Viewer:
    """A running viewer; `close()` ends it, `run()` waits for Ctrl-C.

    Args:
        scene: what a page shows when it opens, or None for an empty one.
        splat: turns photos that are opened in a page into scenes; None: pages only show.
        place: turns several of one place, or a clip, into one scene; None: each becomes one.
        place_lacks: what is to be installed before `place` can find out cameras.
        samples: photos to choose from, by name.
        host, port: where to listen; a taken port gives the next free one.
        shared: whether a photo opened in one page is then shown in all of them.
        share: whether a page may ask viser for a public tunnel.
        rendering: whether browsers draw the splats or are sent pictures.
        flies: whether a page flies through its scene by itself, until it is touched.
    """

    def __init__(
        self,
        scene: ViewedScene | None,
        *,
        splat: Splat | None = None,
        place: Place | None = None,
        place_lacks: str = "",
        samples: Mapping[str, Path] | None = None,
        host: str = "127.0.0.1",
        port: int = 8080,
        shared: bool = False,
        share: bool = False,
        rendering: DrawnBy = "browser",
        flies: bool = False,
    ) -> None:
        self.scene = scene
        self._settings = PageSettings(
            None if splat is None else Makers(splat, place, place_lacks),
            samples or {},
            rendering,
            flies=flies,
            visits=None if shared else Visits(),
        )
        self._shared = shared
        self._token = None if access.is_loopback(host) and not share else access.make_token()
        self._pages: dict[int, Page] = {}
        self._lock = threading.Lock()
        # viser prints its own box of addresses, without the secret: ours is printed instead.
        with access.guarded(self._token), contextlib.redirect_stdout(io.StringIO()):
            self.server = viser.ViserServer(host=host, port=port, label="nvs", verbose=False)
        if not share:
            access.refuse_sharing(self.server)
        self.server.gui.configure_theme(
            control_width="medium",
            dark_mode=True,
            show_logo=False,
            show_share_button=share,
            brand_color=(64, 132, 214),
        )
        self.server.gui.main_panel.dock_right()
        self.server.scene.set_up_direction(view.UP)
        if scene is not None:
            view.start_at(self.server.initial_camera, scene.camera, depth_of(scene))
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

    @property
    def pages(self) -> list[Page]:
        """The pages that are open now."""
        with self._lock:
            return list(self._pages.values())

    def run(self) -> None:
        """Serve until Ctrl-C, or until the system asks for an end."""
        reuse_freed_memory()  # this process is for the viewer alone
        host = self.server.get_host()
        if not access.is_loopback(host):
            print(
                f"Warning: others in the network can reach this viewer on {host}. "
                "Whoever has the link below can open photos in it and take scenes from it."
            )
        with contextlib.suppress(KeyboardInterrupt):
            if threading.current_thread() is threading.main_thread():
                signal.signal(signal.SIGTERM, signal.default_int_handler)
            print(f"Open {self.url} in a browser; Ctrl-C ends it.", flush=True)
            threading.Event().wait()
        self.close()

    def close(self) -> None:
        """Stop the server and everything that runs for its pages."""
        for page in self.pages:
            page.close()
        with contextlib.redirect_stdout(io.StringIO()):
            self.server.stop()

    def _opened(self, client: viser.ClientHandle) -> None:
        page = Page(
            client,
            self._settings,
            lambda scene, waited_for: self._made(page, scene, waited_for),
        )
        with self._lock:
            self._pages[client.client_id] = page
        # A page that left meanwhile may have been closed in another thread, before it was listed.
        if client.client_id not in self.server.get_clients():
            self._closed(client)
        elif self.scene is not None:
            page.begin_with(self.scene)

    def _made(self, page: Page, scene: ViewedScene, waited_for: bool) -> None:
        if not waited_for:
            page.keep(scene)
            return
        if self._shared:
            self.scene = scene
        for shown_in in self.pages if self._shared else [page]:
            shown_in.show(scene)

    def _closed(self, client: viser.ClientHandle) -> None:
        with self._lock:
            page = self._pages.pop(client.client_id, None)
        if page is not None:
            page.close()
            del page, client
            gc.collect()  # viser's handles hold each other, and with them what was sent
            return_freed_memory()
