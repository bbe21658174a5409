"""A map of few beams is told from one of many by its edges."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from nvs.depth.completed import complete
from nvs.depth.known import KnownDepth
from nvs.depth.softness import is_soft
from nvs.evaluate.prompts import PromptKind
from tests.depth.test_completed import Seen, error, truth


def edge(width: int) -> np.ndarray:
    """log z [40, 60] with a step in the middle, spread over so many cells."""
    x = np.arange(60)
    ramp = np.clip((x - 29.5) / width + 0.5, 0, 1)
    return np.broadcast_to(0.5 * ramp, (40, 60)).copy()


@pytest.mark.parametrize(("width", "soft"), [(1, False), (4, True)])
def test_a_ramp_where_an_edge_is_seen_is_soft(width, soft):
    assert is_soft(edge(width), edge(1)) == soft
    assert is_soft(edge(width).T, edge(1).T) == soft


def test_without_edges_nothing_is_said():
    assert not is_soft(edge(4), np.zeros((40, 60)))
    assert not is_soft(np.full((40, 60), np.nan), edge(1))
    assert not is_soft(edge(4)[:, :5], edge(1)[:, :5])


def test_a_phones_lidar_gains_by_the_edges_that_are_seen():
    """Better than the sensor's own map, and its points come back within a hundredth."""
    prompt = PromptKind("lidar").simulate(truth()).depth
    completion = complete(Seen(), KnownDepth.from_map(prompt))
    interpolated = torch.nn.functional.interpolate(prompt[None, None], (120, 160), mode="bilinear")
    alone = float((interpolated[0, 0] / truth() - 1).abs().mean())
    assert error(completion.field) < 0.65 * alone
    assert completion.kept_error < 0.01
