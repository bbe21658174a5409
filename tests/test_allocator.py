"""Freed arrays are used again instead of being made of new pages, and can be given back."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys

import pytest

PROGRAM = """
import resource
import sys

import numpy as np

from nvs.allocator import return_freed_memory, reuse_freed_memory

if "reuse" in sys.argv:
    reuse_freed_memory()
PAGES = (200 << 20) // resource.getpagesize()


def resident_pages():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1])


def new_pages():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    np.ones(200 << 20, np.uint8)
    return (resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) / PAGES


np.ones(200 << 20, np.uint8)
again = new_pages()
kept = resident_pages()
return_freed_memory()
print(again, (kept - resident_pages()) / PAGES)
"""


def freed_array(*arguments, **environment):
    """Share of a freed array's pages that the next array makes anew; share given back after."""
    ran = subprocess.run(
        # Small pages only, so that they can be counted.
        [sys.executable, "-c", PROGRAM, *arguments],
        env=os.environ | {"NUMPY_MADVISE_HUGEPAGE": "0"} | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    new, returned = (float(word) for word in ran.stdout.split())
    return new, returned


@pytest.mark.skipif(
    not (sys.platform == "linux" and hasattr(ctypes.CDLL(None), "gnu_get_libc_version")),
    reason="only glibc can be told",
)
def test_freed_memory_is_used_again_and_can_be_given_back():
    new, returned = freed_array()
    assert new > 0.9  # glibc's default: what this is all about
    assert returned < 0.1
    new, returned = freed_array("reuse")
    assert new < 0.1
    assert returned > 0.9


def test_a_setting_of_the_user_stands():
    new, _ = freed_array("reuse", MALLOC_MMAP_THRESHOLD_="1000000")
    assert new > 0.9


def test_importing_nvs_leaves_the_processs_allocator_alone():
    program = "import nvs.rendering.cpu.backend\n" + PROGRAM
    ran = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"NUMPY_MADVISE_HUGEPAGE": "0"},
        capture_output=True,
        text=True,
        check=True,
    )
    new, _ = (float(word) for word in ran.stdout.split())
    assert new > 0.9
