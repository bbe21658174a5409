"""Rendering beside other threads, other threading layers and forked children."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from nvs.rendering.render import render
from tests.rendering.scenes import camera_of, random_scene

START = """
import os, sys, torch
from concurrent.futures import ThreadPoolExecutor
from nvs.rendering.render import render
from tests.rendering.scenes import camera_of, random_scene
scene, camera = random_scene("usual", 50, seed=0), camera_of(32, 24)
"""


def run(program, **environment):
    return subprocess.run(
        [sys.executable, "-c", START + program],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_several_threads_get_the_pictures_they_asked_for():
    cameras = [camera_of(40 + k, 30) for k in range(4)]
    scene = random_scene("usual", 200, seed=1)
    wanted = [render(scene, [camera]).rgb for camera in cameras]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(3):
            found = pool.map(lambda camera: render(scene, [camera]).rgb, cameras)
            assert all(torch.equal(f, w) for f, w in zip(found, wanted, strict=True))


@pytest.mark.parametrize("layer", ["workqueue", "omp"])
def test_threads_are_safe_on_every_threading_layer(layer):
    program = """
with ThreadPoolExecutor(4) as pool:
    pictures = list(pool.map(lambda _: render(scene, [camera]).rgb, range(12)))
assert all(torch.equal(picture, pictures[0]) for picture in pictures)
import numba
print(numba.threading_layer())
"""
    result = run(program, NUMBA_THREADING_LAYER=layer)
    if "No threading layer" in result.stderr:
        pytest.skip(f"{layer} is not installed here")
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == layer


def test_torch_keeps_its_number_of_threads():
    """Numba's pool sets OpenMP's number, which torch asks: two workers took each other's core."""
    program = """
assert torch.get_num_threads() == 1
render(scene, [camera])
assert torch.get_num_threads() == 1
"""
    result = run(program, OMP_NUM_THREADS="1", NUMBA_NUM_THREADS="2")
    assert result.returncode == 0, result.stderr


FORK = """
child = os.fork()
if child == 0:
    try:
        alpha = render(scene, [camera]).alpha
    except RuntimeError as error:
        print(error, flush=True)
        os._exit(3)
    os._exit(0 if alpha.max() > 0 else 4)
_, status = os.waitpid(child, 0)
sys.exit(os.waitstatus_to_exitcode(status))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_child_forked_after_rendering_gets_a_clear_error():
    result = run("render(scene, [camera])" + FORK)
    assert result.returncode == 3, result.stderr
    assert '"spawn"' in result.stdout
    assert len(result.stdout.splitlines()) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_child_forked_before_any_rendering_may_render():
    result = run(FORK)
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_kernels_stay_within_their_arrays(tmp_path):
    """Every kernel with numba's bounds checks, which normal runs do without."""
    program = """
import numpy as np
for kind in ("usual", "huge", "needles", "behind"):
    for degree in (None, 3):
        leaf = random_scene(kind, 70, seed=2, sh_degree=degree)
        leaf = leaf.map(lambda tensor: tensor.requires_grad_())
        found = render(leaf, [camera_of(37, 18)], mode="antialiased")
        (found.rgb.sum() + found.depth.sum()).backward()
render(random_scene("usual", 0, seed=2), [camera])

from nvs.rendering.cpu.order import fill_tiles
keys, tiles = np.zeros(1, np.uint64), np.array([[0, 2, 0, 1]], np.uint16)
try:  # two tiles, and room for one entry
    fill_tiles(keys, tiles, 2, np.ones((1, 2), np.int32), 0, 2, *TOO_SHORT)
except (IndexError, SystemError):
    print("checked")
""".replace("*TOO_SHORT", "np.empty(3, np.int64), np.empty(1, np.uint32)")
    result = run(
        program,
        NUMBA_BOUNDSCHECK="1",
        NUMBA_CACHE_DIR=str(tmp_path),  # the usual cache holds kernels without checks
        NUMBA_OPT="0",  # compiles faster
        PYTHONWARNINGS="ignore",
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == "checked"


def test_the_callers_own_number_of_numba_threads_stays():
    program = """
import numba
numba.set_num_threads(1)
torch.set_num_threads(2)
render(scene, [camera])
print(numba.get_num_threads())
"""
    result = run(program, NUMBA_NUM_THREADS="2")
    assert result.stdout.strip() == "1", result.stderr
