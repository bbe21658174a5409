"""How kernels are compiled: announced once, cached where that is possible."""

import subprocess
import sys

from numba.core import caching

from nvs.rendering.cpu import compiler


def increment(x):
    return x + 1


def test_compiling_is_announced_once_and_not_on_stdout():
    program = """
import numba
import nvs.rendering.cpu.compiler

def ours(x):
    return x + 1

def another(x):
    return x + 2

def foreign(x):
    return x + 3

foreign.__module__ = None  # as of what exec made

ours.__module__ = another.__module__ = "nvs.rendering.cpu.kernels"
numba.njit(foreign)(1)
print("-", file=__import__("sys").stderr)
numba.njit(ours)(1)
numba.njit(another)(1)
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert result.stdout == ""
    assert result.stderr.splitlines() == [
        "-",
        "nvs: compiling the renderer for this machine, once",
    ]


def test_kernels_work_where_no_cache_can_be_written(monkeypatch):
    monkeypatch.setattr(caching.CacheImpl, "_locator_classes", [])
    assert compiler.kernel()(increment)(1) == 2


def test_a_change_in_any_of_our_files_makes_kernels_anew(monkeypatch):
    def cache_hits():
        kernel = compiler.kernel()(increment)
        assert kernel(1) == 2
        return sum(kernel.stats.cache_hits.values())

    cache_hits()
    assert cache_hits() == 1
    monkeypatch.setattr(compiler, "_SOURCES", (*compiler._SOURCES, ("another.py", 0.0, 0)))
    assert cache_hits() == 0


def test_aligned_memory_compiles_nothing_outside_a_kernel():
    # A piece of a kernel is never cached: calling one would compile it in every process.
    program = """
import nvs.rendering.cpu.compiler
from nvs.rendering.cpu.memory import CACHE_LINE, cache_lines

array = cache_lines(100)
assert array.shape == (100,) and array.ctypes.data % (4 * CACHE_LINE) == 0
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "")
