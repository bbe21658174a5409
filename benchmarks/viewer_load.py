"""The viewer under load: memory and threads, before and after many pages and many photos.

    python -m benchmarks.viewer_load [--pages 20] [--uploads 50] [--reconnects 200]

The model is the embedded one, the photos have 160x120 pixels, every second one is broken.  Pages
are programs of a few lines that speak viser's protocol.  All pages are open at once and share the
uploads; each shows what it opened, and then leaves.  Then one tab loses its connection and
comes back, again and again.  Memory is this process's resident set after garbage collection, in a
viewer that has opened photos in a page before.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import gc
import io
import os
import platform
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import torch
import viser
from PIL import Image

from nvs.allocator import return_freed_memory, reuse_freed_memory
from nvs.evaluate.tables import table
from nvs.opening import Opener, SceneSettings
from nvs_viewer import Viewer
from nvs_viewer.making import viewed
from tests.viewer.browsing import until
from tests.viewer.talking import Talker, connected

OPEN = "Open a photo, or drop one here"
SIZE = (160, 120)
POINTS = 20_000
WARM_UPLOADS = 4
PATIENCE_S = 1800


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    samples = Path(__file__).parents[1] / "assets" / "photos"
    parser.add_argument("--photo", type=Path, default=samples / "coffee.jpg")
    parser.add_argument("--pages", type=int, default=20)
    parser.add_argument("--uploads", type=int, default=50)
    parser.add_argument("--reconnects", type=int, default=200)
    options = parser.parse_args()
    reuse_freed_memory()  # as `Viewer.run` does
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "photo.jpg"
        Image.open(options.photo).resize(SIZE).save(file, quality=92)
        photo = file.read_bytes()
    with contextlib.redirect_stdout(io.StringIO()):
        splat = functools.partial(viewed, Opener(SceneSettings(points=POINTS)))
        viewer = Viewer(None, splat=splat, port=0)
        measured = [("warm", _of(viewer, lambda: _visit(viewer, photo, 1, WARM_UPLOADS)))]
        for name, work in (
            (
                f"{options.pages} pages, {options.uploads} uploads",
                lambda: _visit(viewer, photo, options.pages, options.uploads),
            ),
            (f"{options.reconnects} reconnects", lambda: _come_back(viewer, options.reconnects)),
        ):
            measured.append((name, _of(viewer, work)))
        viewer.close()
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, {torch.get_num_threads()} threads, "
        f"torch {torch.__version__}, viser {viser.__version__}; {options.photo.stem}"
    )
    warm = measured[0][1][0]
    rows = [
        [name, f"{memory:.0f}", f"{100 * (memory / warm - 1):+.0f} %", str(threads)]
        for name, (memory, threads) in measured
    ]
    print(table(["after", "MB", "against warm", "threads"], rows))


def _of(viewer: Viewer, work: Callable[[], None]) -> tuple[float, int]:
    """Memory, MB, and threads after some work, when all pages have gone."""
    work()
    until(lambda: not viewer.pages, PATIENCE_S)
    gc.collect()
    return_freed_memory()
    with open("/proc/self/statm") as file:
        memory = int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    return memory, threading.active_count()


def _visit(viewer: Viewer, photo: bytes, pages: int, uploads: int) -> None:
    """So many pages at once, to which photos are uploaded in turn, every second one broken."""
    with contextlib.ExitStack() as stack:
        talkers = [Talker(stack.enter_context(connected(viewer))) for _ in range(pages)]
        for upload in range(uploads):
            content = photo[:99] if _is_broken(upload, pages) else photo
            talkers[upload % pages].upload(OPEN, f"photo {upload}.jpg", content)
        for index, talker in enumerate(talkers):
            mine = range(index, uploads, pages)
            good = sum(not _is_broken(upload, pages) for upload in mine)
            until(functools.partial(_has_all, talker, len(mine), good), PATIENCE_S)


def _is_broken(upload: int, pages: int) -> bool:
    """Every second one, on every page."""
    return (upload // pages + upload % pages) % 2 == 1


def _has_all(talker: Talker, uploads: int, good: int) -> bool:
    """Whether each was read, and its scene sent, shown or kept, or its failure told."""
    told = " ".join(talker.notifications())
    made = len(talker.of_type("GaussianSplatsMessage")) + told.count("Another scene is ready")
    return told.count("did not work") >= uploads - good and made >= good


def _come_back(viewer: Viewer, times: int) -> None:
    """One tab that loses its connection, and goes on with its visit."""
    for _ in range(times):
        with connected(viewer) as socket:
            talker = Talker(socket)
            talker.say("visit", name="tab")
            talker.control(OPEN)
        until(lambda: not viewer.pages, PATIENCE_S)


if __name__ == "__main__":
    main()
