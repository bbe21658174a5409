"""A scene of a visit: in memory, or put away into a file that goes with the process."""

from __future__ import annotations

import dataclasses
import itertools
import tempfile
import threading
import weakref
from typing import IO

import numpy as np
import torch

from nvs.film.keyframes import KeyframePath
from nvs.scene.gaussians import Gaussians
from nvs_viewer.pictures import THUMBNAIL_PX, picture_address
from nvs_viewer.scene import ViewedScene

_NUMBERS = itertools.count(1)


class KeptScene:
    """A scene, and the flight that was begun in it.

    Its number is its own in all pages: two of them may hold it.
    """

    def __init__(self, scene: ViewedScene) -> None:
        self.number = next(_NUMBERS)
        self.name = scene.name
        self.keyframes: KeyframePath | None = None
        photo = scene.photo
        self.picture = "" if photo is None else picture_address(photo, THUMBNAIL_PX)
        self._lock = threading.Lock()  # two connections of one tab may hold it
        self._scene: ViewedScene | None = scene
        self._seen = weakref.ref(scene)  # others may hold it still
        self._without: ViewedScene | None = None  # while it is put away: all but its Gaussians
        self._file: IO[bytes] | None = None  # these

    @property
    def scene(self) -> ViewedScene:
        """The scene; what was put away is fetched."""
        with self._lock:
            if self._scene is None:
                self._scene = self._seen() or self._fetched()
                self._seen = weakref.ref(self._scene)
                self._without = self._file = None
            return self._scene

    @scene.setter
    def scene(self, scene: ViewedScene) -> None:
        with self._lock:
            self._scene, self.name, self._seen = scene, scene.name, weakref.ref(scene)
            self._without = self._file = None

    @property
    def in_memory(self) -> bool:
        """Whether it takes the memory that a scene takes."""
        return self._scene is not None

    def holds(self, scene: ViewedScene) -> bool:
        """Whether it is this one."""
        return self._seen() is scene

    def put_away(self) -> None:
        """Leave the memory.

        Raises:
            OSError: there is no room for the file.
        """
        with self._lock:
            scene = self._scene
            if scene is None:
                return
            file = tempfile.TemporaryFile(prefix="nvs-")  # noqa: SIM115 (it lives as long as this)
            for field in dataclasses.fields(Gaussians):
                np.save(file, getattr(scene.gaussians, field.name).cpu().numpy())
            file.flush()
            nothing = scene.gaussians.map(lambda tensor: tensor[:0].clone())
            self._without = dataclasses.replace(scene, gaussians=nothing)
            self._file, self._scene = file, None

    def _fetched(self) -> ViewedScene:
        assert self._without is not None
        assert self._file is not None
        self._file.seek(0)
        device = self._without.gaussians.means.device
        arrays = {
            field.name: torch.from_numpy(np.load(self._file, allow_pickle=False)).to(device)
            for field in dataclasses.fields(Gaussians)
        }
        return dataclasses.replace(self._without, gaussians=Gaussians(**arrays))
