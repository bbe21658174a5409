"""Nothing lies behind what a map knows all around; where it does not, anything may."""

from __future__ import annotations

import numpy as np
import torch

from nvs.depth.completed import complete
from nvs.depth.farthest import MARGIN, farthest_around
from nvs.depth.field import DepthField
from nvs.depth.known import KnownDepth
from tests.depth.test_completed import Seen


def test_it_is_the_farthest_around_where_nearly_all_is_known():
    told = np.zeros((30, 40))
    told[10, 10] = 1.0
    told[::3, ::3] = np.nan
    told[:, 25:] = np.nan
    farthest = farthest_around(told)
    assert float(farthest[13, 13]) == 1 + MARGIN
    assert float(farthest[20, 10]) == MARGIN
    assert bool(farthest[:, 30:].isinf().all())


def test_a_pane_that_the_network_looks_through_stays_a_pane():
    """The sensor says 2 m all over; the network sees 30 m in a few pixels and at the border."""
    seen = torch.full((120, 160), 2.0)
    seen[40:43, 60:63] = 30
    seen[:, 140:] = 30
    prompt = torch.full((120, 160), 2.0)
    prompt[:, 120:] = 0
    field = DepthField.from_depth(seen, Seen().camera, "relative")
    done = complete(field, KnownDepth.from_map(prompt), cells=3000).field
    depth = done(done.camera.pixel_centers().view(-1, 2)).view(120, 160)
    assert float(depth[:, :110].max()) < 2 * np.exp(MARGIN) + 1e-3
    assert float(depth[60, 150]) > 10  # the map does not reach so far
