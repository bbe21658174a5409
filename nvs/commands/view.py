"""`nvs view`: a photo or a scene in the browser."""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from nvs.commands.options import SceneOptions, refuse_folder
from nvs.commands.terminal import Terminal
from nvs.errors import InputError
from nvs.progress import Clock

if TYPE_CHECKING:
    from nvs_viewer.drawing import DrawnBy


@dataclasses.dataclass(frozen=True)
class Options:
    """Open the viewer: a page in the browser to fly through a photo or a scene."""

    sources: Annotated[
        tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="PHOTO|SCENE|CLIP")
    ] = ()
    """What to open: a photo or a scene; or several photos of one place, or a clip
    (docs/places.md). Without it the page asks for a photo."""

    cameras: Annotated[Path | None, tyro.conf.arg(metavar="FILE|FOLDER")] = None
    """Where several photos were taken from, as for nvs fuse."""

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
    from nvs.opening import Opener
    from nvs.placing.solved import can_find_out
    from nvs_viewer.app import Viewer
    from nvs_viewer.making import viewed, viewed_sources
    from nvs_viewer.samples import sample_photos

    if len(options.sources) == 1:
        refuse_folder(options.sources[0])
    if options.cameras is not None and not options.sources:
        raise InputError("--cameras goes with photos: name them")
    if not 0 <= options.port <= 65535:
        raise InputError(f"--port must lie between 0 and 65535, not {options.port}")
    opener = Opener(options.scene.settings())
    shown = None
    if options.sources:
        clock = Clock(Terminal())
        shown = viewed_sources(opener, options.sources, options.cameras, clock)
        clock.finish()
        if options.scene.run.timings:
            print(clock.table())
    else:
        opener.model()  # now, while nobody waits for a photo
    Viewer(
        shown,
        splat=functools.partial(viewed, opener),
        place=lambda photos, listener: viewed_sources(opener, photos, None, listener),
        place_lacks="" if can_find_out() else "pip install 'nvs[places]'",
        samples=sample_photos(),
        host=options.host,
        port=options.port,
        shared=options.shared,
        share=options.share,
        rendering=drawn_by(options),
        flies=True,
    ).run()
    return 0


def drawn_by(options: Options) -> DrawnBy:
    """Who draws what a page shows."""
    if options.rendering != "auto":
        return options.rendering
    return "server" if options.scene.run.torch_device().type == "cuda" else "browser"
