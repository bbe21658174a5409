"""Changed files given to their readers; what is no answer is kept."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import random
import resource
import signal
import tempfile
import traceback
from collections.abc import Iterator
from pathlib import Path

from nvs.errors import InputError
from tests.fuzz.kind import Kind, Seed

LONGEST_S = 10.0
MOST_MB = 3000  # that one input may add to the process: 300 megapixels of grey take 2700


@dataclasses.dataclass(frozen=True)
class Fault:
    """An input that got no answer."""

    kind: str
    name: str  # the file's
    data: bytes
    what: str  # the error and where it was raised

    def keep(self, folder: Path) -> Path:
        """Write the input into `folder`."""
        digest = hashlib.sha256(self.data).hexdigest()[:8]
        path = folder / self.kind.replace(" ", "_") / f"{digest}-{self.name}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.data)
        return path


class HangError(BaseException):
    """It took too long."""


def inputs(seeds: list[Seed], first: int, count: int) -> Iterator[tuple[str, bytes]]:
    """Input number k of a kind is always the same: (file name, bytes)."""
    for number in range(first, first + count):
        dice = random.Random(number)
        seed = seeds[number % len(seeds)]
        yield seed.name, dice.choice(seed.mutations)(seed.data, dice)


def answer(kind: Kind, name: str, data: bytes) -> Fault | None:
    """None where the reader reads it or refuses it in one line."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with tempfile.TemporaryDirectory(prefix="nvs-fuzz-") as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        try:
            with _deadline():
                kind.read(path)
        except InputError as error:
            if not str(error).strip():
                return Fault(kind.name, name, data, "InputError without a word")
        except (Exception, HangError) as error:
            *_, where = traceback.extract_tb(error.__traceback__)
            said = f"{type(error).__name__}: {error} ({where.filename}:{where.lineno})"
            return Fault(kind.name, name, data, said[:300])
        if list(Path(folder).rglob(".*.????????.*")):
            return Fault(kind.name, name, data, "an unfinished file was left")
    grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    if grown_mb > MOST_MB:
        return Fault(kind.name, name, data, f"took {grown_mb:.0f} MB")
    return None


@contextlib.contextmanager
def _deadline() -> Iterator[None]:
    def late(_number: int, _frame: object) -> None:
        raise HangError(f"more than {LONGEST_S:g} s of processor time")

    # Processor time: on a busy machine nothing else tells a hang from a wait.
    before = signal.signal(signal.SIGVTALRM, late)
    signal.setitimer(signal.ITIMER_VIRTUAL, LONGEST_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
