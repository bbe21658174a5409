"""What many photos need, laid aside in files: memory holds it of a few photos at a time."""

from __future__ import annotations

import copy
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar, overload

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from nvs.errors import InputError

Thing = TypeVar("Thing")


class Shelf(Sequence[Thing]):
    """Things in a row, whose tensors lie in files of a folder; each is read when it is asked for.

    What else a thing knows stays in memory.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self._rests: list[Thing] = []

    def append(self, thing: Thing) -> None:
        """Lay one more aside.

        Raises:
            InputError: the disk is full.
        """
        rest = copy.copy(thing)
        tensors = {}
        for name, value in vars(thing).items():
            if isinstance(value, Tensor):
                tensors[name] = value.detach().contiguous()
                del vars(rest)[name]
        try:
            save_file(tensors, self._file(len(self)))
        except (OSError, SafetensorError) as error:
            reason = " ".join(str(error).split())
            raise InputError(
                f"cannot write temporary files in {self._folder.parent.parent} ({reason}): make "
                "room there, or name another folder with TMPDIR"
            ) from None
        self._rests.append(rest)

    def __len__(self) -> int:
        return len(self._rests)

    @overload
    def __getitem__(self, index: int) -> Thing: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Thing]: ...
    def __getitem__(self, index: int | slice) -> Thing | Sequence[Thing]:
        if isinstance(index, slice):
            return [self[i] for i in range(len(self))[index]]
        thing = copy.copy(self._rests[index])
        vars(thing).update(load_file(self._file(range(len(self))[index])))
        return thing

    def _file(self, index: int) -> Path:
        return self._folder / f"{index}.safetensors"


def large_temporary_folder() -> tempfile.TemporaryDirectory[str]:
    """A folder that is removed in the end, on a disk where the system has one for it.

    /tmp is memory on many systems; /var/tmp is for what is large (systemd's file hierarchy(7)).
    TMPDIR comes before both.
    """
    named = any(os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP"))
    large = None if named or not os.access("/var/tmp", os.W_OK | os.X_OK) else "/var/tmp"
    return tempfile.TemporaryDirectory(prefix="nvs-", dir=large, ignore_cleanup_errors=True)
