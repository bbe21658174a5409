"""`nvs view`: a photo or a scene in the browser."""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from nvs.commands.scene import SceneOptions, open_scene, scene_of_photo
from nvs.errors import InputError
from nvs.stages import Stages

if TYPE_CHECKING:
    from nvs.commands.scene import OpenedScene
    from nvs_viewer.drawing import DrawnBy
    from nvs_viewer.scene import Progress, ViewedScene


@dataclasses.dataclass(frozen=True)
class Options:
    """Open the viewer: a page in the browser to fly through a photo or a scene."""

    source: Annotated[
        Path | None, tyro.conf.Positional, tyro.conf.arg(metavar="PHOTO|SCENE.ply")
    ] = None
    """What to open; without it the page asks for a photo."""

    host: str = "127.0.0.1"
    """The address to listen on; any but this machine's own opens the viewer to others."""

    port: int = 8080
    """The port; a taken one gives the next free one."""

    shared: bool = False
    """A photo opened in one page is shown in all of them."""

    share: bool = False
    """Let pages ask for a public link."""

    rendering: Literal["auto", "browser", "server"] = "auto"
    """Who draws what a page shows: its browser, or this computer, which sends it pictures; by
    default this computer where it has CUDA."""

    scene: SceneOptions = dataclasses.field(default_factory=SceneOptions)


def main(options: Options) -> int:
    """Run the command until Ctrl-C."""
    from nvs_viewer.app import serve

    if not 0 <= options.port <= 65535:
        raise InputError(f"--port must lie between 0 and 65535, not {options.port}")
    model = OneModel(options.scene)
    shown = None
    if options.source is not None:
        stages = Stages()
        shown = model.opened(options.source, stages)
        stages.end()
        if options.scene.run.timings:
            print(stages.table())
    else:
        model.load()  # now, while nobody waits for a photo
    serve(
        shown,
        splat=model.opened_in_page,
        samples=sample_photos(),
        host=options.host,
        port=options.port,
        shared=options.shared,
        share=options.share,
        rendering=rendering(options),
    )
    return 0


def rendering(options: Options) -> DrawnBy:
    """Who draws what a page shows."""
    if options.rendering != "auto":
        return options.rendering
    return "server" if options.scene.run.torch_device().type == "cuda" else "browser"


class OneModel:
    """Opens photos and scenes, all photos with one model, loaded with the first of them."""

    def __init__(self, options: SceneOptions) -> None:
        self._options = options
        self.load = functools.cache(options.run.load_model)

    def opened(self, source: Path, stages: Stages) -> ViewedScene:
        """What the viewer shows of a photo or a scene."""
        if source.suffix.lower() == ".ply":
            return _viewed(source, open_scene(source, self._options, stages))
        model = self.load()
        opened = open_scene(source, self._options, stages, model)
        photo, untrained = opened.photo, model.untrained
        if photo is None or untrained is None:
            return _viewed(source, opened)

        def without_head(progress: Progress) -> ViewedScene:
            stages = _ReportingStages(progress)
            return _viewed(source, scene_of_photo(photo, self._options, stages, untrained))

        return dataclasses.replace(_viewed(source, opened), without_head=without_head)

    def opened_in_page(self, photo: Path, progress: Progress) -> ViewedScene:
        """As `opened`; a page is told the stages."""
        return self.opened(photo, _ReportingStages(progress))


def sample_photos() -> dict[str, Path]:
    """The repository's own photos by name; none where nvs was installed without them."""
    folder = Path(__file__).parents[2] / "assets" / "photos"
    return {photo.stem: photo for photo in sorted(folder.glob("*.jpg"))}


# How many stages a photo takes until it is a scene, for the share that is done.
STAGES = 6


class _ReportingStages(Stages):
    """Stages told to a page instead of a terminal."""

    def __init__(self, progress: Progress) -> None:
        super().__init__()
        self._progress = progress

    def __call__(self, stage: str) -> None:
        self._progress(stage, min(1.0, len(self.seconds) / STAGES))
        self.seconds[stage] = 0.0


def _viewed(source: Path, opened: OpenedScene) -> ViewedScene:
    from nvs_viewer.scene import ViewedScene

    picture = None
    if opened.photo is not None:
        picture = (opened.photo.rgb * 255).round().byte().cpu().numpy()
    return ViewedScene(
        source.stem,
        opened.gaussians,
        opened.camera,
        picture,
        opened.unit,
        made_from=opened.made_from,
        invented=opened.invented,
    )
