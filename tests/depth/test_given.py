"""Depth maps of others, settled by what is seen: kinds, units, sky, unknown values, sentences."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st
from torch import Tensor

from nvs.depth.beyond import far_beyond
from nvs.depth.field import DepthField
from nvs.depth.given import GivenField, GivenMap, settle, settle_unseen
from nvs.scene.camera import Camera

HEIGHT, WIDTH = 60, 80
CAMERA = Camera.from_focal(70.0, WIDTH, HEIGHT)
SOURCE = "the depth of a.png"


def true_depth() -> Tensor:
    """2 to 12, with a step."""
    y, x = torch.meshgrid(torch.linspace(0, 1, HEIGHT), torch.linspace(0, 1, WIDTH), indexing="ij")
    return 2 + 6 * (1 - y) + 1.5 * torch.sin(5 * x) + 2.5 * (x > 0.6)


class Seen(DepthField):
    """What a network might see: the truth, differently scaled and noisy; sky at the top."""

    def __init__(self, sky_rows: int = 0) -> None:
        super().__init__(CAMERA, "relative")
        noise = torch.randn(HEIGHT, WIDTH, generator=torch.Generator().manual_seed(0))
        self.depth = 3 * true_depth() * torch.exp(0.02 * noise)
        self.sky_rows = sky_rows

    def forward(self, xy: Tensor) -> Tensor:
        column, row = xy.long().unbind(-1)
        return self.depth[row.clamp(0, HEIGHT - 1), column.clamp(0, WIDTH - 1)]

    def sky(self, xy: Tensor) -> Tensor:
        return xy[:, 1] < self.sky_rows

    def features(self, xy: Tensor) -> Tensor:
        return xy * 2


def test_depth_is_told_from_disparity_and_comes_back_exactly():
    settled = settle(GivenMap(true_depth(), SOURCE, reading="taken as metres"), Seen())
    assert torch.equal(settled.depth, true_depth())
    assert settled.unit == "m"
    assert settled.notes[0].startswith(f"{SOURCE} is taken as depth (far is large)")
    assert settled.notes[1] == f"{SOURCE}: taken as metres, median 6.2 m"
    assert len(settled.notes) == 2


def test_disparity_without_scale_gets_the_scale_of_what_is_seen():
    disparity = 700 / true_depth() - 40  # as a network's: scale and shift of its own
    settled = settle(GivenMap(disparity, SOURCE), Seen())
    assert settled.unit == "relative"
    assert float((settled.depth / (3 * true_depth()) - 1).abs().max()) < 0.03
    assert settled.notes[0].startswith(f"{SOURCE} is taken as disparity (near is large)")
    assert settled.notes[1] == (
        f"{SOURCE} is taken as shape: its scale and shift are fitted to what is seen"
    )


@for_all(scale=st.floats(0.01, 1000), shift=st.floats(0, 1))
@settings(deadline=None, max_examples=15)
def test_the_scale_and_shift_of_a_disparity_map_do_not_matter(scale, shift):
    settled = settle(GivenMap(scale * (1 / true_depth() + shift), SOURCE), Seen())
    assert float((settled.depth / (3 * true_depth()) - 1).abs().max()) < 0.05


def test_disparity_with_its_scale_is_metric():
    """Of a stereo pair: 1 m has the disparity 42."""
    given = GivenMap(42 / true_depth() / 42, SOURCE, metric_disparity=True)
    settled = settle(given, Seen())
    assert settled.unit == "m"
    torch.testing.assert_close(settled.depth, true_depth())


def test_eight_bits_are_a_coarse_shape_of_either_kind():
    depth = true_depth()
    eight = (255 * (depth - 1) / (depth.max() - 1)).round()
    settled = settle(GivenMap(eight, SOURCE, metric_depth=False), Seen())
    assert settled.unit == "relative"
    assert float((settled.depth / (3 * depth) - 1).abs().max()) < 0.05
    assert any("is coarse: it has" in note for note in settled.notes)
    eight = (255 * depth.min() / depth).round()
    settled = settle(GivenMap(eight, SOURCE, metric_depth=False), Seen())
    assert settled.notes[0].startswith(f"{SOURCE} is taken as disparity")
    assert float((settled.depth / (3 * depth) - 1).abs().max()) < 0.06


def test_a_kind_that_was_told_is_kept_and_a_contradiction_said():
    settled = settle(GivenMap(true_depth(), SOURCE, "depth"), Seen())
    assert settled.notes == ()
    settled = settle(GivenMap(1 / true_depth(), SOURCE, "depth"), Seen())
    torch.testing.assert_close(settled.depth, 1 / true_depth())
    assert settled.notes[0].startswith(
        f"WARNING: {SOURCE} was said to be depth, but what is seen says disparity"
    )
    settled = settle(GivenMap(true_depth(), SOURCE, "disparity"), Seen())
    assert "said to be disparity, but what is seen says depth" in settled.notes[0]
    order = settled.depth.flatten()[true_depth().flatten().argsort()]
    assert (order.diff() <= 1e-4).all()  # near is large, as was said


def test_a_map_of_another_photo_is_said_to_agree_neither_way():
    noise = 1 + torch.rand(HEIGHT, WIDTH, generator=torch.Generator().manual_seed(1))
    settled = settle(GivenMap(noise, SOURCE), Seen())
    assert torch.equal(settled.depth, noise)
    assert settled.notes[0].startswith(
        f"WARNING: {SOURCE} agrees with the photo neither as depth nor as disparity"
    )
    assert settle(GivenMap(torch.full((6, 8), 2.0), SOURCE), Seen()).notes == ()


def test_a_few_points_are_depth():
    """Of a laser's few points the order says little, and what else but depth would they be."""
    sparse = torch.zeros(HEIGHT, WIDTH)
    sparse[::20, ::20] = 1 / true_depth()[::20, ::20]
    settled = settle(GivenMap(sparse, SOURCE), Seen())
    assert torch.equal(settled.depth, sparse)
    assert settled.notes == ()
    assert settled.gaps == (f"100 % of {SOURCE} is unknown: filled in from around",)


SKIES = {
    "Blender": (1e10, None),
    "half floats": (65504.0, None),
    "a far plane": (1000.0, None),
    "overflowed 16 bits": (65.535, 65.535),
}


@pytest.mark.parametrize("name", SKIES)
def test_values_far_beyond_the_rest_are_sky(name):
    value, limit = SKIES[name]
    depth = true_depth()
    depth[:15] = value
    settled = settle(GivenMap(depth, SOURCE, whole_limit=limit), Seen())
    assert settled.sky[:15].all()
    assert not settled.sky[15:].any()
    assert (settled.depth[:15] == 0).all()
    assert settled.gaps == (f"25 % of {SOURCE} lies far beyond the rest: sky",)


def test_a_far_wall_is_no_sky():
    depth = true_depth()
    depth[:15] = 25.0  # twice as far as the rest, and flat
    assert not far_beyond(depth).any()
    depth[0, 0] = 90.0  # a single odd pixel
    assert not far_beyond(depth).any()
    assert not far_beyond(torch.full((6, 8), 65.535), 65.535).any()  # nothing else is known
    assert not far_beyond(torch.zeros(3, 3)).any()


@pytest.mark.parametrize("unknown", [0.0, math.inf])
def test_unknown_values_are_sky_where_sky_is_seen_and_filled_elsewhere(unknown):
    depth = true_depth()
    depth[:12] = unknown
    depth[40:44, 20:30] = unknown
    settled = settle(GivenMap(depth, SOURCE), Seen(sky_rows=12))
    assert settled.sky[:12].all()
    assert not settled.sky[12:].any()
    assert settled.gaps == (
        f"21 % of {SOURCE} is unknown: 96 % of that is seen as sky, the rest is filled in from "
        "around",
    )
    field = GivenField(settled, Seen())
    xy = torch.tensor([[25.0, 42.0], [25.0, 3.0]])
    assert float(field(xy[:1])) == pytest.approx(float(true_depth()[42, 25]), rel=0.1)
    assert field.sky(xy).tolist() == [False, True]
    assert torch.equal(field.features(xy), xy * 2)


def test_known_depth_where_sky_is_seen_stays_known():
    """A sensor or a renderer knows better than the network whether there is sky."""
    settled = settle(GivenMap(true_depth(), SOURCE), Seen(sky_rows=20))
    assert not settled.sky.any()
    assert torch.equal(settled.depth, true_depth())


def test_a_map_that_knows_nothing():
    with pytest.raises(ValueError, match="no valid depth"):
        settle(GivenMap(torch.full((4, 4), math.inf), SOURCE), Seen())


def test_what_is_told_needs_no_look_at_the_photo():
    depth = true_depth()
    depth[:5] = 1e10
    depth[10, 10] = 0
    told = GivenMap(depth, SOURCE, "depth", reading="taken as metres")
    alone, settled = settle_unseen(told), settle(told, Seen())
    assert torch.equal(alone.depth, settled.depth)
    assert (alone.unit, alone.notes) == (settled.unit, settled.notes)
    disparity = GivenMap(1 / true_depth(), SOURCE, "disparity", metric_disparity=True)
    assert torch.equal(settle_unseen(disparity).depth, settle(disparity, Seen()).depth)
    assert settle_unseen(GivenMap(depth, SOURCE, sure=True)) is not None
    assert settle_unseen(GivenMap(depth, SOURCE)) is None
    assert settle_unseen(GivenMap(depth, SOURCE, "disparity")) is None
    assert settle_unseen(GivenMap(depth, SOURCE, "depth", metric_depth=False)) is None
