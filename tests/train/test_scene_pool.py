"""A pool that workers fill: it grows, renews itself, and a network learns from it."""

from __future__ import annotations

import dataclasses
import multiprocessing

import numpy as np
import pytest

from nvs.errors import InputError
from nvs.train.depth import train_depth
from nvs.train.pictures import DepthPicture
from nvs.train.scene_data import PoolSettings, made_scene
from nvs.train.scene_pool import ScenePool, pooled_batches
from nvs.train.team import ALONE
from tests.train.small_runs import small_run


def pooled(tmp_path, scenes: int, first: int, **changes):
    run = small_run(tmp_path / "scenes")
    pool = PoolSettings(scenes=scenes, first=first)
    scenes_ = dataclasses.replace(run.scenes, pool=pool)
    return dataclasses.replace(run, scenes=scenes_, workers=1, **changes)


def test_new_scenes_take_the_place_of_the_oldest(tmp_path):
    run = pooled(tmp_path, scenes=4, first=1)
    pool = ScenePool(run.scenes, ALONE)
    for number in range(6):
        depth = np.full((64, 64), number + 1, np.float32)
        pool.add(DepthPicture(np.zeros((64, 64, 3), np.uint8), depth, (50.0, 50.0), True, True))
    drawn = [float(d) for step in range(60) for d in pool.drawn(step).depth[:, 0, 0]]
    assert set(drawn) == {3.0, 4.0, 5.0, 6.0}
    assert sum(d > 4 for d in drawn) > 0.6 * len(drawn)  # newer ones more often


def test_workers_make_the_scenes_of_their_seeds_and_end(tmp_path):
    run = pooled(tmp_path, scenes=3, first=2)
    batches = pooled_batches(run.scenes, 1, ALONE, first_step=0)
    seen = [next(batches) for _ in range(2)]
    batches.close()
    assert not multiprocessing.active_children()
    truths = [made_scene(seed, 64, None).depth for seed in range(6)]
    for whole in seen:
        assert len(whole) == run.scenes.batch
        for depth in whole.depth.numpy():
            assert any(np.array_equal(depth, truth) for truth in truths)


def test_a_network_learns_from_a_pool_and_resumes(tmp_path):
    run = pooled(tmp_path, scenes=8, first=2, steps=3)
    assert train_depth(run, tmp_path / "run").is_file()
    longer = dataclasses.replace(run, steps=4)
    assert train_depth(longer, tmp_path / "run", resume=True).is_file()
    assert not (tmp_path / "scenes").exists()  # nothing of it is on disk


def test_what_a_pool_cannot_do_is_said(tmp_path):
    with pytest.raises(InputError, match="needs workers"):
        dataclasses.replace(pooled(tmp_path, 4, 2), workers=0)
    with pytest.raises(InputError, match="either pool or data"):
        pooled(tmp_path, 4, 2, data=(tmp_path,))
    with pytest.raises(InputError, match="pool of 4 scenes cannot begin with 5"):
        PoolSettings(scenes=4, first=5)
    missing = dataclasses.replace(pooled(tmp_path, 4, 2).scenes, textures=tmp_path / "none")
    with pytest.raises(InputError) as error:
        next(pooled_batches(missing, 1, ALONE, first_step=0))
    assert "\n" not in str(error.value)
