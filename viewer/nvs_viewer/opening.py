"""Opening photos and clips: uploaded, dropped, or samples; one after the other, or as one."""

from __future__ import annotations

import contextlib
import dataclasses
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import viser

from nvs.errors import InputError
from nvs.placing.still import best_still
from nvs.progress import Clock, Listener
from nvs_viewer.delivery import wait_until_received
from nvs_viewer.display import Display
from nvs_viewer.job import Job
from nvs_viewer.offered_files import OfferedFile, on_disk_together, photo_of
from nvs_viewer.panel import Panel
from nvs_viewer.scene import Makers, ViewedScene
from nvs_viewer.script import Word
from nvs_viewer.together import Together
from nvs_viewer.turns import one_at_a_time
from nvs_viewer.uploads import hear_uploads
from nvs_viewer.work_on_stage import Pace, ToldToStage, Wanted

MOST_WAITING = 50  # photos

Opened = Callable[[ViewedScene, bool], None]
"""Given a scene that is ready, and whether its page waits to see it."""


class OpeningPanel(Panel):
    """An upload button, the progress of what is being made, and what waits for its turn.

    Args:
        display: the page's.
        makers: turn a photo, or several, into a scene.
        samples: photos to choose from, by name.
        making: the lock under which scenes are made.
        pace: of the machine.
        done: given each scene when it is ready.
    """

    def __init__(
        self,
        display: Display,
        makers: Makers,
        samples: Mapping[str, Path],
        making: threading.Lock,
        pace: Pace,
        done: Opened,
    ) -> None:
        self._display = display
        self._makers = makers
        self._making = making
        self._pace = pace
        self._samples = samples
        self._done = done
        self._queue: deque[Wanted] = deque()
        self._at_work: Wanted | None = None
        self._running = False  # whether somebody looks at the queue
        self._starts = 0
        self._lock = threading.Lock()  # of all these
        self._depths: list[OfferedFile] = []  # that came without their photo so far
        self._together = Together(display.script, self._all_arrived)
        self._clips_are_places = False
        self._received = 0  # files
        gui = display.client.gui
        self._upload = gui.add_upload_button(
            "Open a photo, or drop one here", icon=viser.Icon.PHOTO_UP, mime_type="image/*"
        )
        hear_uploads(
            display.client,
            self._upload,
            lambda file: self._arrived(OfferedFile(file.name, file.content)),
        )
        display.script.on("sample", self._chosen)
        display.script.on("clips", self._told_of_clips)
        display.script.on("cancel", lambda _: self._cancel())
        self.task = Job(display.client, "Opening the photo", self._cancel)

    def close(self) -> None:
        with self._lock:
            self._queue.clear()
        self.task.close()

    def _arrived(self, file: OfferedFile) -> None:
        """A file is here; the page is told when it was read, and sends the next."""
        try:
            self._read(file)
        finally:
            with self._lock:
                self._received += 1
                self._display.script.tell("received", self._received)

    def _read(self, file: OfferedFile) -> None:
        """One that is no good stops nothing that is under way."""
        try:
            if file.is_depth:
                self._depths = [*self._depths[-MOST_WAITING:], file]
                self._display.tell("Depth for a photo", f"{file.title}: now open its photo.")
                return
            with file.on_disk() as path:
                wanted = Wanted(file.title, file, photo_of(path))
        except InputError as error:
            self.task.tell_failure(str(error))
            return
        if wanted.is_clip:
            is_place = self._clips_are_places and self._makers.place is not None
            self._want(dataclasses.replace(wanted, of_place=(wanted,) if is_place else ()))
        elif wanted.photo is None or not self._together.hold(wanted):
            self._want(dataclasses.replace(wanted, depth=self._depth_of(file.title)))

    def _all_arrived(self, photos: Sequence[Wanted]) -> None:
        if len(photos) > 1 and self._makers.place is not None:
            self._want(Wanted.place(photos))
        else:
            for photo in photos:
                self._want(photo)

    def _told_of_clips(self, word: Word) -> None:
        """What the clips that come now are to be; the page waits until this was heard."""
        self._clips_are_places = word.get("are") == "places"
        self._display.script.tell("clips", word.get("id"))

    def _chosen(self, word: Word) -> None:
        path = self._samples.get(str(word.get("name")))
        if path is not None:
            self._want(Wanted(path.stem, path, photo_of(path)))

    def _depth_of(self, photo: str) -> OfferedFile | None:
        """The depth that goes with this photo: of its name, or else the only one there is."""
        named = [depth for depth in self._depths if depth.belongs_to(photo)]
        fitting = named or (self._depths if len(self._depths) == 1 else [])
        if not fitting:
            return None
        self._depths = [depth for depth in self._depths if depth is not fitting[-1]]
        return fitting[-1]

    def _want(self, wanted: Wanted) -> None:
        with self._lock:
            idle = self._at_work is None and not self._queue
            fits = len(self._queue) < MOST_WAITING
            if fits:
                self._queue.append(dataclasses.replace(wanted, waited_for=idle))
            if not self._running:
                self._start()
        if not fits:
            text = f"{wanted.title}: {MOST_WAITING} wait already. Open it again when fewer do."
            self._display.tell("This photo was not taken", text, "red")
        elif not idle:
            self._display.tell("This photo waits for its turn", wanted.title)

    def _cancel(self) -> None:
        with self._lock:
            self._queue.clear()
        self.task.cancel()

    def _start(self) -> None:
        self._running = True
        self._starts += 1
        run = self._starts
        self.task.start(lambda listener: self._make_all(run, listener))

    def _make_all(self, run: int, listener: Listener) -> None:
        try:
            self._make_each(listener)
        finally:
            with self._lock:
                if self._running and run == self._starts:  # cancelled, or broken
                    self._running = False
                    if self._queue:  # and something new has come since
                        self._start()

    def _make_each(self, listener: Listener) -> None:
        while (wanted := self._next()) is not None:
            try:
                line = self._made(
                    wanted, ToldToStage(self._display.script, listener, self._pace, wanted)
                )
            except InputError as error:
                line = None
                if wanted.of_place:
                    self._make_apart(wanted, error)
                else:
                    self.task.tell_failure(f"{wanted.title}: {error}")
            finally:
                with self._lock:
                    self._at_work = None
                self._display.script.tell("work", None)
            if line is not None:
                print(line, flush=True)

    def _make_apart(self, place: Wanted, why: InputError) -> None:
        """Photos that do not become one place become a scene each, next; of a clip its still."""
        first, *others = place.of_place
        with self._lock:
            first = dataclasses.replace(first, waited_for=place.waited_for)
            self._queue.extendleft(reversed([first, *others]))
        if first.is_clip:
            self._display.tell(
                "This clip is not one place", f"{why}. Its best still becomes a scene.", "red"
            )
        else:
            self._display.tell(
                "These photos are not one place",
                f"{why}. Each becomes a scene of its own. Cameras that are known can be told: "
                "nvs view PHOTO... --cameras FILE",
                "red",
            )

    def _next(self) -> Wanted | None:
        with self._lock:
            if not self._queue:
                self._running = False
                return None
            self._at_work = self._queue.popleft()
            return self._at_work

    def _made(self, wanted: Wanted, listener: Listener) -> str:
        """Make a scene of a photo and show it; what took how long, in one line."""
        clock = Clock(listener)
        with one_at_a_time(self._making, listener):
            if wanted.of_place:
                scene = self._placed(wanted, clock)
            else:
                began = time.monotonic()
                scene = self._splatted(wanted, clock)
                self._pace.seconds = time.monotonic() - began
        clock.stage("sending the scene")
        self._done(dataclasses.replace(scene, name=wanted.title), wanted.waited_for)
        wait_until_received(self._display.client, lambda: listener.stage("sending the scene"))
        return f"{wanted.title}: {clock.line()}"

    def _splatted(self, wanted: Wanted, listener: Listener) -> ViewedScene:
        with contextlib.ExitStack() as stack:
            source, depth = (
                stack.enter_context(file.on_disk()) if isinstance(file, OfferedFile) else file
                for file in (wanted.source, wanted.depth)
            )
            assert source is not None
            if wanted.is_clip:
                folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="nvs-"))
                source = best_still(source, Path(folder), listener)
            prompt = {} if depth is None else {"prompt": depth}
            return self._makers.splat(source, listener, **prompt)

    def _placed(self, wanted: Wanted, listener: Listener) -> ViewedScene:
        files = [one.source for one in wanted.of_place if isinstance(one.source, OfferedFile)]
        assert self._makers.place is not None
        with on_disk_together(files) as paths:
            return self._makers.place(paths, listener)
