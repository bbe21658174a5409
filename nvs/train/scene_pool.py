"""A pool of scenes that worker processes keep filling while the network learns from it.

    workers ─► new scenes ─► pool on the training device ─► batches, cropped there

A GPU looks at scenes faster than one core can make them and than many can read them from a disk.
Here it never waits: it draws from what is there, and ten cores or a hundred renew it as fast as
they can.  Which scenes are there at step k is therefore a matter of speed: unlike a run on
`scene_data.py`'s batches, such a run cannot be repeated bit for bit.
"""

from __future__ import annotations

import functools
import itertools
import multiprocessing
import os
import threading
from collections.abc import Generator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from multiprocessing import connection
from pathlib import Path

import numpy as np
import torch

from nvs.train.pictures import DepthPicture, Pictures
from nvs.train.scene_data import SceneBatchSettings, made_scene
from nvs.train.team import Team
from nvs.worlds import Textures

AHEAD = 2  # scenes asked of each worker at a time: none waits for the next order


def pooled_batches(
    settings: SceneBatchSettings, workers: int, team: Team, first_step: int
) -> Generator[Pictures, None, None]:
    """This process's share of every batch from `first_step` on, on the team's device, endlessly.

    Each process of a team has its own pool and workers.

    Raises:
        InputError: the textures cannot be used.
    """
    assert settings.pool is not None
    pool = ScenePool(settings, team)
    # Earlier steps have not used more scenes than this: a resumed run goes on with new ones.
    numbers = itertools.count(first_step * settings.batch + team.rank, team.size)
    seeds = (settings.seed * 10**9 + number for number in numbers)
    spawn = multiprocessing.get_context("spawn")  # a GPU's process must not be forked
    with ProcessPoolExecutor(workers, spawn, _begin) as executor:
        make = functools.partial(_made, settings.scene_px, settings.textures)
        ordered = {executor.submit(make, next(seeds)) for _ in range(AHEAD * workers)}
        try:
            for step in itertools.count(first_step):
                while True:
                    enough = len(pool) >= settings.pool.first
                    done, ordered = wait(ordered, 0 if enough else None, FIRST_COMPLETED)
                    for finished in done:
                        pool.add(finished.result())
                        ordered.add(executor.submit(make, next(seeds)))
                    if enough:
                        break
                yield pool.drawn(step)
        finally:
            executor.shutdown(cancel_futures=True)


class ScenePool:
    """The newest scenes, on the training device."""

    def __init__(self, settings: SceneBatchSettings, team: Team) -> None:
        assert settings.pool is not None
        self.settings, self.team = settings, team
        self.share = team.share(settings.batch)
        self.added = 0
        count, side, device = settings.pool.scenes, settings.scene_px, team.device
        self.kept = Pictures(
            rgb=torch.empty(count, side, side, 3, dtype=torch.uint8, device=device),
            depth=torch.empty(count, side, side, device=device),
            size_px=torch.empty(count, 2, device=device),
            focal_px=torch.empty(count, 2, device=device),
            zero_is_sky=torch.empty(count, dtype=torch.bool, device=device),
            metric=torch.empty(count, dtype=torch.bool, device=device),
        )

    def __len__(self) -> int:
        return min(self.added, len(self.kept))

    def add(self, scene: DepthPicture) -> None:
        """Keep a scene, in place of the oldest where the pool is full."""
        slot = self.added % len(self.kept)
        new = Pictures.stacked([scene], self.settings.scene_px)
        for name, tensor in vars(new).items():
            getattr(self.kept, name)[slot].copy_(tensor[0])
        self.added += 1

    def drawn(self, step: int) -> Pictures:
        """This process's share of a batch.

        New scenes have been seen less often: half of a batch is drawn from the newer half.
        """
        rng = np.random.default_rng([self.settings.seed, 5, step, self.team.rank])
        count, batch = len(self), len(self.share)
        newer = rng.random(batch) < 0.5
        age = np.where(
            newer, rng.integers(0, (count + 1) // 2, batch), rng.integers(0, count, batch)
        )
        slots = (self.added - 1 - age) % len(self.kept)
        return self.kept.at(torch.from_numpy(slots).to(self.team.device))


def _begin() -> None:
    """In a worker: one thread, behind everything else, and no longer there than its parent."""
    torch.set_num_threads(1)
    os.nice(10)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def die_with_parent() -> None:  # else killed parents leave workers that wait for orders
        connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=die_with_parent, daemon=True).start()


def _made(side_px: int, textures: Path | None, scene_seed: int) -> DepthPicture:
    return made_scene(scene_seed, side_px, _textures(textures))


@functools.cache
def _textures(folder: Path | None) -> Textures | None:
    return None if folder is None else Textures.from_folder(folder)
