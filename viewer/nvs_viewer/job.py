"""Work that takes seconds: in a thread of its own, with a bar, a way to stop it, and an end."""

# mypy: disable-error-code=misc
# (viser makes `value` writable in a way that mypy does not see)

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable

import viser

from nvs.errors import InputError
from nvs.progress import Listener
from nvs_viewer.scene import Cancelled


class Job:
    """One place in a panel where one piece of work at a time runs.

    Args:
        client: the page; the bar is added where its GUI stands now.
        name: what a failure is called in a notification.
        cancel: what the button does; by default it cancels the work.
    """

    def __init__(
        self, client: viser.ClientHandle, name: str, cancel: Callable[[], None] | None = None
    ) -> None:
        self._client = client
        self._name = name
        self._lock = threading.Lock()
        self._run: _Run | None = None
        gui = client.gui
        self._stage = gui.add_markdown("", visible=False)
        self._bar = gui.add_progress_bar(0.0, visible=False)
        self._stop = gui.add_button("Cancel", icon=viser.Icon.X, color="gray", visible=False)
        self._stop.on_click(lambda _: self.cancel() if cancel is None else cancel())

    @property
    def running(self) -> bool:
        """Whether work is going on."""
        run = self._run
        return run is not None and run.thread.is_alive()

    def start(self, work: Callable[[Listener], None]) -> None:
        """Begin `work`; what runs already is cancelled, and waited for."""
        with self._lock:
            before, self._run = self._run, _Run()
            run = self._run
            run.thread = threading.Thread(
                target=self._do, args=(run, before, work), name=self._name, daemon=True
            )
            if before is not None:
                before.cancelled.set()
            run.thread.start()

    def cancel(self) -> None:
        """Ask the work to end; it does at its next progress."""
        run = self._run
        if run is not None:
            run.cancelled.set()

    def close(self) -> None:
        """Cancel, and wait a moment for the end."""
        self.cancel()
        run = self._run
        if run is not None and run.thread is not threading.current_thread():
            run.thread.join(timeout=5)

    def _do(self, run: _Run, before: _Run | None, work: Callable[[Listener], None]) -> None:
        if before is not None:
            before.thread.join()

        try:
            listener = _Shown(self, run)
            listener.stage("starting")
            work(listener)
        except Cancelled:
            pass
        except InputError as error:
            self.tell_failure(str(error))
        except Exception as error:
            traceback.print_exc()
            self.tell_failure(f"{type(error).__name__}; the terminal says more.")
        finally:
            if self._run is run:
                self._hide()

    def _show(self, stage: str, done: float) -> None:
        with self._client.atomic():
            self._stage.content = f"{stage} …"
            self._bar.value = 100 * min(max(done, 0.0), 1.0)
            self._stage.visible = self._bar.visible = self._stop.visible = True

    def _hide(self) -> None:
        with self._client.atomic():
            self._stage.visible = self._bar.visible = self._stop.visible = False

    def _note(self, text: str) -> None:
        self._client.add_notification(self._name, text, color="blue", auto_close_seconds=8)

    def tell_failure(self, reason: str) -> None:
        """A word to the user that the work could not be done."""
        self._client.add_notification(
            f"{self._name} did not work", reason, color="red", auto_close_seconds=15
        )


class _Shown(Listener):
    """Shows a run in its job's place; raises `Cancelled` where that was asked for."""

    def __init__(self, job: Job, run: _Run) -> None:
        self._job, self._run = job, run
        self._name, self._begun = "", 0

    def stage(self, name: str) -> None:
        self._begun += name != self._name
        self._name = name
        # Nobody knows how many stages there are: each takes a part of what is left.
        self._show(name, 1 - 0.75 ** (self._begun - 1))

    def advance(self, done: int, total: int) -> None:
        self._show(f"{self._name}, {done} of {total}", done / max(1, total))

    def note(self, text: str) -> None:
        self._job._note(text)

    def _show(self, text: str, share: float) -> None:
        if self._run.cancelled.is_set():
            raise Cancelled
        self._job._show(text, share)


class _Run:
    """One start of a job."""

    def __init__(self) -> None:
        self.cancelled = threading.Event()
        self.thread: threading.Thread
