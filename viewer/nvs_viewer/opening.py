"""Opening a photo: uploaded, dropped into the page, or one of the samples."""

from __future__ import annotations

import contextlib
import dataclasses
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import viser

from nvs.errors import InputError
from nvs.progress import Clock, Listener
from nvs_viewer.delivery import wait_until_received
from nvs_viewer.job import Job
from nvs_viewer.panel import Panel
from nvs_viewer.scene import Splat, ViewedScene

CHOOSE = "choose …"


class OpeningPanel(Panel):
    """An upload button, the samples, and the progress of what is being made.

    Args:
        client: the page, where the panel stands.
        splat: turns a photo into a scene.
        samples: photos to choose from, by name.
        making: the lock under which scenes are made.
        done: given the scene when it is ready.
    """

    def __init__(
        self,
        client: viser.ClientHandle,
        splat: Splat,
        samples: Mapping[str, Path],
        making: threading.Lock,
        done: Callable[[ViewedScene], None],
    ) -> None:
        self._client = client
        self._splat = splat
        self._making = making
        self._samples = samples
        self._done = done
        gui = client.gui
        self._upload = gui.add_upload_button(
            "Open a photo, or drop one here", icon=viser.Icon.PHOTO_UP, mime_type="image/*"
        )
        self._upload.on_upload(lambda event: self._uploaded(event.target.value))
        if self._samples:
            self._sample = gui.add_dropdown("Or a sample", (CHOOSE, *self._samples))
            self._sample.on_update(lambda _: self._chosen())
        self.task = Job(client, "Opening the photo")

    def _uploaded(self, file: viser.UploadedFile) -> None:
        name = shown_name(file.name)
        content = file.content
        self.task.start(lambda listener: self._open_uploaded(name, content, listener))

    def _chosen(self) -> None:
        if self._sample.value in self._samples:
            path = self._samples[self._sample.value]
            self.task.start(lambda listener: self._open(path.stem, path, listener))

    def _open(self, name: str, path: Path, listener: Listener) -> None:
        """Make a scene of the photo at `path` and show it, and print what took how long."""
        clock = Clock(listener)
        with one_at_a_time(self._making, listener):
            scene = self._splat(path, clock)
        clock.stage("sending the scene")
        self._done(dataclasses.replace(scene, name=name))
        wait_until_received(self._client, lambda: listener.stage("sending the scene"))
        print(f"{name}: {clock.line()}", flush=True)

    def _open_uploaded(self, name: str, content: bytes, listener: Listener) -> None:
        with tempfile.TemporaryDirectory(prefix="nvs-") as folder:
            # The name comes from the page: it is shown, but never becomes a path.
            path = Path(folder) / "photo"
            path.write_bytes(content)
            try:
                self._open(name, path, listener)
            except InputError as error:
                raise InputError(str(error).replace(str(path), name)) from None

    def close(self) -> None:
        self.task.close()


@contextlib.contextmanager
def one_at_a_time(making: threading.Lock, listener: Listener) -> Iterator[None]:
    """Wait until no other page makes a scene, and let none begin meanwhile."""
    while not making.acquire(timeout=0.2):
        listener.stage("waiting for another page")
    try:
        yield
    finally:
        making.release()


def shown_name(name: str) -> str:
    """A file's name as the page may show it: its stem, short, of harmless characters."""
    stem = name.replace("\\", "/").rpartition("/")[2].rpartition(".")[0]
    kept = "".join(c if c.isalnum() or c in "-_ " else "_" for c in stem)[:40].strip()
    return kept or "photo"
