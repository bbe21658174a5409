"""Prompts on real frames: what wrong points do, what is kept, and what contradicts.

The same is tested on a made-up scene, quicker and everywhere, in tests/depth/test_completed.py.
"""

from __future__ import annotations

import dataclasses

import pytest
import torch

from nvs.data.recorded import DepthSet, depth_sets
from nvs.depth.known import KnownDepth
from nvs.evaluate.prompted import PromptedModel, evaluate_prompted, prompted_table
from nvs.evaluate.prompts import PromptKind
from tests.conftest import DATA

SETS = ("rgbd-rendered-icl-livingroom", "rgbd-redwood-chair")
POINTS = PromptKind("sparse:500")


@pytest.fixture(scope="module")
def frames() -> list[DepthSet]:
    """The first frame of two sets."""
    if not all((DATA / name).is_dir() for name in SETS):
        pytest.skip("needs the data sets that NVS_DATA_DIR names")
    sets = [one for name in SETS for one in depth_sets(DATA / name)]
    return [dataclasses.replace(one, frames=one.frames[:1]) for one in sets]


def test_wrong_points_cost_less_than_a_fifth_and_given_ones_are_kept(frames, model):
    kinds = [POINTS, dataclasses.replace(POINTS, outliers=0.05)]
    clean, spoilt = (
        evaluate_prompted(PromptedModel(model.depth_field), frames, [kind]) for kind in kinds
    )
    for one in clean.sets:
        right, wrong = (r.mean("model", POINTS.name, one) for r in (clean, spoilt))
        assert wrong < 1.2 * right
        assert right < 0.03
        assert clean.mean("model", f"{POINTS.name}, kept", one) < 0.01
        for method in ("fitted", "nearest", "linear", "poisson"):
            assert right < clean.mean(method, POINTS.name, one)
    assert prompted_table(clean, kinds[:1]).rows[0][0] == POINTS.name


def test_it_is_told_that_another_photos_depth_contradicts(frames, model):
    samples = [one.frames[0].load() for one in frames]
    for seen, told in ((0, 1), (1, 0)):
        prompt = POINTS.simulate(samples[told].depth).depth
        own = POINTS.simulate(samples[seen].depth).depth
        photo = samples[seen].load_photo()
        contradicted = model.depth_field(photo, KnownDepth.from_map(prompt))
        assert "WARNING: the photo contradicts the depth map" in contradicted.note
        assert "WARNING" not in model.depth_field(photo, KnownDepth.from_map(own)).note


@pytest.mark.parametrize("kind", ["sparse:40", "lowres:6x8", "lidar", "holes", "range", "range:3"])
def test_simulated_prompts_tell_a_part_and_ask_for_the_rest(kind):
    truth = 2 + torch.linspace(0, 3, 80)[None] + torch.zeros(60, 80)
    simulated = PromptKind(kind).simulate(truth, seed=1)
    assert bool((simulated.depth >= 0).all())
    assert bool((simulated.depth > 0).any())
    assert bool(simulated.asked.any())
    if simulated.depth.shape == truth.shape:
        given = simulated.depth > 0
        assert not bool((given & simulated.asked).any())
        torch.testing.assert_close(simulated.depth[given], truth[given])
