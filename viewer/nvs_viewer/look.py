"""What the splats show: their colour, or what they are made of."""

# mypy: disable-error-code=misc
# (viser makes `value` writable in a way that mypy does not see)

from __future__ import annotations

import dataclasses
import threading

import numpy as np
from torch import Tensor

from nvs.progress import Listener
from nvs_viewer.colormap import legend
from nvs_viewer.display import Display
from nvs_viewer.job import Job
from nvs_viewer.look_colors import (
    difference_to_photo,
    known_colors,
    normal_colors,
    sample_density,
    shade,
    tinted,
)
from nvs_viewer.panel import Panel
from nvs_viewer.scene import ViewedScene
from nvs_viewer.turns import one_at_a_time

COLOUR, DEPTH, NORMALS, OPACITY, DENSITY = "colour", "depth", "normals", "opacity", "density"
INVENTED = "what was invented"
DIFFERENCE = "difference to the photo"
KNOWN = "what was known of the depth"
LARGEST_DIFFERENCE = 0.15  # that the colours tell apart
EXPLAINED = {
    COLOUR: "",
    DEPTH: "Depth from the photo's camera.",
    NORMALS: "The way each splat faces: red right, green down, blue away.",
    OPACITY: "Black is transparent, white is solid.",
    DENSITY: "Samples for each pixel of the photo: dark where one splat covers several pixels.",
    DIFFERENCE: "How far the scene, seen from the photo's view, is from the photo there; what "
    "was invented is dark.",
    KNOWN: "Green was given and trusted, red given and not believed. The rest was completed "
    "from the photo.",
    INVENTED: "Orange was invented: it lies behind or beside what the photo shows.",
}


class LookPanel(Panel):
    """The "Look" tab."""

    def __init__(self, display: Display, making: threading.Lock) -> None:
        self._display = display
        self._making = making
        self._with_head: ViewedScene | None = None
        self._without_head: ViewedScene | None = None  # made when it is first asked for
        self._clicks = 0  # of the head's switch, and scenes since
        self._told = False  # whether the page sets the values, not the user
        gui = display.client.gui
        self._filled = gui.add_checkbox(
            "Fill what the photo does not show",
            display.drawn.filled,
            hint="Behind and beside what it shows. Off: only what was photographed, also in files.",
            visible=False,
        )
        self._filled.on_update(lambda _: display.show_filled(self._filled.value))
        self._head = gui.add_checkbox(
            "Use the trained head",
            True,
            hint="Off: plain discs on the surface, as an untrained head gives them, also in files.",
            visible=False,
        )
        self._head.on_update(lambda _: self._switch_head())
        self._task = Job(display.client, "Making the scene without its head")
        self._kind = gui.add_dropdown("Show", tuple(EXPLAINED))
        self._kind.on_update(lambda _: self._chosen())
        self._note = gui.add_markdown("", visible=False)
        self._legend = gui.add_html("", visible=False)
        self._facts = gui.add_markdown("")

    def scene_changed(self) -> None:
        scene = self._display.scene
        assert scene is not None
        self._task.cancel()
        self._clicks += 1
        self._with_head, self._without_head = scene, None
        self._explain(COLOUR, None)
        self._told = True  # the page draws the new scene in its own colours itself
        kinds = [k for k in EXPLAINED if k != DIFFERENCE or scene.photo is not None]
        kinds = [k for k in kinds if k != INVENTED or scene.invented > 0]
        kinds = [k for k in kinds if k != KNOWN or scene.known is not None]
        self._kind.options = tuple(kinds)
        self._kind.value = COLOUR
        self._head.value = True
        self._told = False
        self._head.visible = scene.without_head is not None
        self._filled.visible = scene.invented > 0
        self._show_facts(scene)

    def close(self) -> None:
        self._task.close()
        self._with_head = self._without_head = None

    def _show_facts(self, scene: ViewedScene) -> None:
        depth = self._display.depth
        unit = "m" if scene.unit == "m" else "(relative)"
        drawn, how = self._display.drawn.fact
        # A file does not say which of its Gaussians somebody invented.
        invented = f"{scene.invented:,}" if scene.photo is not None else "not known"
        self._facts.content = (
            f"| | |\n|-|-|\n"
            f"| Gaussians | {len(scene.gaussians):,} |\n"
            f"| of these invented | {invented} |\n"
            f"| {drawn} | {how} |\n"
            f"| photo | {scene.camera.width} x {scene.camera.height} |\n"
            f"| depth, near to far | {depth.near:.3g}, {depth.focus:.3g}, "
            f"{depth.far:.3g} {unit} |\n"
        )

    def _switch_head(self) -> None:
        if self._told:
            return
        self._clicks += 1
        with_head, without_head = self._with_head, self._without_head
        if with_head is None:
            return
        if without_head is not None:
            self._task.cancel()
            pair = (with_head, without_head) if self._head.value else (without_head, with_head)
            self._exchange(*pair)
        elif self._head.value:
            self._task.cancel()
        else:
            click = self._clicks
            self._task.start(lambda listener: self._make_without_head(with_head, click, listener))

    def _make_without_head(self, of: ViewedScene, click: int, listener: Listener) -> None:
        assert of.without_head is not None
        try:
            with one_at_a_time(self._making, listener):
                made = dataclasses.replace(of.without_head(listener), name=f"{of.name}-no-head")
            listener.stage("sending the scene")
        except BaseException:
            if click == self._clicks:  # nobody switched since
                self._head.value = True
            raise
        if self._exchange(made, instead_of=of):
            self._without_head = made

    def _exchange(self, scene: ViewedScene, instead_of: ViewedScene) -> bool:
        if not self._display.exchange(scene, instead_of):
            return False
        self._recolour(scene)
        self._show_facts(scene)
        return True

    def _chosen(self) -> None:
        scene = self._display.scene
        if scene is not None and not self._told:
            self._recolour(scene)

    def _recolour(self, scene: ViewedScene) -> None:
        """Draw `scene` as the dropdown says."""
        kind = self._kind.value
        bounds = None
        colors: Tensor | None = None
        if kind == DEPTH:
            bounds = (self._display.depth.near, self._display.depth.far)
            _, depth = scene.camera.project(scene.on_cpu.means)
            colors = shade(1 / depth.clamp(min=1e-9), 1 / bounds[1], 1 / bounds[0])
        elif kind == NORMALS:
            colors = normal_colors(scene.on_cpu, scene.camera)
        elif kind == OPACITY:
            colors = scene.on_cpu.opacities[:, None].expand(-1, 3)
        elif kind == DENSITY:
            density = sample_density(scene)
            sampled = density[: scene.photographed]
            bounds = (0.0, float(np.quantile(sampled.numpy(), 0.95)) if len(sampled) else 1.0)
            colors = shade(density, *bounds)
        elif kind == DIFFERENCE:
            error = difference_to_photo(scene)
            bounds = (0.0, LARGEST_DIFFERENCE)
            colors = shade(error, *bounds)
        elif kind == INVENTED:
            colors = tinted(scene)
        elif kind == KNOWN:
            colors = known_colors(scene)
        self._display.recolour(scene, colors)
        self._explain(kind, bounds, "m" if scene.unit == "m" else "")

    def _explain(self, kind: str, bounds: tuple[float, float] | None, unit: str = "") -> None:
        """The words and the legend beside the colours."""
        self._note.content = EXPLAINED[kind]
        self._note.visible = kind != COLOUR
        self._legend.visible = bounds is not None
        if bounds is None:
            return
        low, high = (f"{bound:.3g}" for bound in bounds)
        if kind == DEPTH:  # near is bright
            low, high = (f"{word} {unit}".rstrip() for word in (f"far: {high}", f"near: {low}"))
        self._legend.content = legend(low, high)
