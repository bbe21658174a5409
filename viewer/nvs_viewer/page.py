"""One browser page: what it shows, and its panels."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Mapping
from pathlib import Path

import viser

from nvs_viewer import viser_inside
from nvs_viewer.display import Display
from nvs_viewer.drawing import DrawnBy
from nvs_viewer.flight import FlightPanel
from nvs_viewer.look import LookPanel
from nvs_viewer.measure import MeasurePanel
from nvs_viewer.opening import Opened, OpeningPanel
from nvs_viewer.panel import Panel
from nvs_viewer.pictures import thumbnail_of
from nvs_viewer.scene import Makers, ViewedScene
from nvs_viewer.shot import ShotPanel
from nvs_viewer.takeaway import TakeawayPanel
from nvs_viewer.uploads import MAX_UPLOAD_BYTES, limit_uploads
from nvs_viewer.visit import VisitPanel, Visits
from nvs_viewer.work_on_stage import Pace


@dataclasses.dataclass(frozen=True)
class PageSettings:
    """What all pages of a viewer have in common."""

    makers: Makers | None = None  # None: photos cannot be opened
    samples: Mapping[str, Path] = dataclasses.field(default_factory=dict)  # by name
    rendering: DrawnBy = "browser"
    drawn_limit: int = 400_000  # Gaussians that a browser is given
    # Scenes are made one at a time: pages share the processor.
    making: threading.Lock = dataclasses.field(default_factory=threading.Lock)
    pace: Pace = dataclasses.field(default_factory=Pace)
    flies: bool = False  # whether a scene is flown as soon as it is there, until it is touched
    # What tabs opened before they were loaded anew; None: that is forgotten.
    visits: Visits | None = dataclasses.field(default_factory=Visits)


# A browser that has just begun may say where its camera began after it was sent to the photo's
# view, and nothing more: so often, until it says that it is there, it is sent again.
LATE_WORDS = 3


class Page:
    """What one client sees; made when it connects, closed when it leaves.

    Args:
        client: viser's side of it.
        settings: what all pages share.
        opened: given the scene that this page made of a photo.
    """

    def __init__(
        self,
        client: viser.ClientHandle,
        settings: PageSettings,
        opened: Opened,
    ) -> None:
        viser_inside.allow_words_to_the_gone(client)
        limit_uploads(client)
        self.display = Display(client, settings.rendering, settings.drawn_limit)
        self._settings = settings
        self._has_tabs = False
        self._panels: list[Panel] = []
        self.visit = VisitPanel(self.display, settings.visits, self.show)
        self._panels.append(self.visit)
        # What a control needs is there before anybody can use it.
        with client.atomic():
            self._add_home(opened)
        self._late_words = LATE_WORDS
        client.camera.on_update(lambda _: self._camera_moved())

    def show(self, scene: ViewedScene) -> None:
        """Put `scene` in the place of the one shown and go to its photo's view."""
        with self.display.showing:
            if self.display.closed:
                return
            if not self._has_tabs:
                with self.display.client.atomic():
                    self._add_tabs()
            self.display.show(scene)
            with self.display.client.atomic():
                for panel in self._panels:
                    panel.scene_changed()
                self.display.go_home()

    def begin_with(self, scene: ViewedScene) -> None:
        """Show `scene`, unless the page goes on with a visit of before."""
        with self.display.showing:
            if self.display.scene is None:
                self.show(scene)

    def keep(self, scene: ViewedScene) -> None:
        """Have `scene` ready, without showing it."""
        if not self.display.closed:
            self.visit.add(scene)
            self.display.tell("Another scene is ready", f"{scene.name}: choose it under Photos.")

    def _show_scaled(self, scene: ViewedScene, factor: float) -> None:
        self.visit.exchange_shown(scene, factor)
        self.show(scene)

    def close(self) -> None:
        """Stop what runs for this page and let go of its scene."""
        self.display.closed = True
        self._let_go()
        with self.display.showing:
            self.display.scene = None
            self._let_go()  # of what was being shown meanwhile

    def _let_go(self) -> None:
        for panel in self._panels:
            panel.close()
        self.display.drawn.close()

    def _add_home(self, opened: Opened) -> None:
        """What a page without a scene offers."""
        settings = self._settings
        if settings.makers is not None:
            self._panels.append(
                OpeningPanel(
                    self.display,
                    settings.makers,
                    settings.samples,
                    settings.making,
                    settings.pace,
                    opened,
                )
            )
        samples = [
            {"name": name, "picture": thumbnail_of(path)} for name, path in settings.samples.items()
        ]
        self.display.script.tell(
            "home",
            {
                "opens": settings.makers is not None,
                "places": settings.makers is not None and settings.makers.place is not None,
                "lacks": "" if settings.makers is None else settings.makers.place_lacks,
                "most_bytes": MAX_UPLOAD_BYTES,
                "samples": samples,
                "flies": settings.flies,
            },
        )

    def _add_tabs(self) -> None:
        """All that needs a scene; a page without one shows no buttons that do nothing."""
        self._has_tabs = True
        display = self.display
        tabs = display.client.gui.add_tab_group()
        fly = tabs.add_tab("Fly", viser.Icon.DRONE)
        with tabs.add_tab("Shot", viser.Icon.MOVIE):
            shot = ShotPanel(display, self.visit, self._settings.making)
        with fly:
            flight = FlightPanel(display, shot)
        self._panels += [flight, shot]
        display.script.on("home", lambda _: flight.home())
        with tabs.add_tab("Look", viser.Icon.EYE):
            self._panels.append(LookPanel(display, self._settings.making))
        with tabs.add_tab("Measure", viser.Icon.RULER_MEASURE):
            self._panels.append(MeasurePanel(display, self._show_scaled))
        with tabs.add_tab("Save", viser.Icon.DOWNLOAD):
            self._panels.append(TakeawayPanel(display))

    def _camera_moved(self) -> None:
        if self.display.scene is None or self.display.closed:
            return
        if self._late_words > 0:
            if self.display.was_put_at(self.display.window.position):
                self._late_words = 0  # it has arrived
            else:
                self._late_words -= 1
                self.display.go_home()
                return
        self.display.camera_moved()
        for panel in self._panels:
            panel.camera_moved()
