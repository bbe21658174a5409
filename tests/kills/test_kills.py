"""Killed and called again, work ends as if nothing had happened.

A few kills here; `python -m tests.kills` makes hundreds. Training has its own: tests/train.
"""

from __future__ import annotations

import os

import pytest

from tests.kills.kills import WORKS, kill_and_compare

KILLS = int(os.environ.get("NVS_TEST_KILLS", "2"))


@pytest.mark.parametrize("name", ["batch", "film"])
def test_killed_at_random_moments_it_ends_with_the_same_files(name, tmp_path):
    told = kill_and_compare(WORKS[name], tmp_path, KILLS)
    assert told.kills == KILLS
    assert told.runs >= 1
