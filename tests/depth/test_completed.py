"""A field completed by known depth: what is kept, what is believed, what is carried on."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch.nn import functional

from nvs.depth.completed import complete
from nvs.depth.field import DepthField
from nvs.depth.known import KnownDepth
from nvs.depth.scaled import WrappedField
from nvs.photo.photo import Photo
from nvs.pipeline import Model
from nvs.splat.head import Guess
from tests.analytic import AnalyticField

CELLS = 3000  # enough for a picture of 160 x 120, and quick


class Seen(WrappedField):
    """What a network might see of the analytic scene: bent, in no unit, its edges in place."""

    def __init__(self) -> None:
        super().__init__(AnalyticField(160, 120), "relative")

    def changed(self, depth, xy):
        u, v = xy[:, 0] / 160, xy[:, 1] / 120
        return depth.pow(1.1) * 0.4 * (0.15 * torch.sin(4 * u) + 0.1 * v * v).exp()


def truth() -> torch.Tensor:
    field = AnalyticField(160, 120)
    return field(field.camera.pixel_centers().view(-1, 2)).view(120, 160)


def sparse(count: int, outliers: float = 0.0) -> torch.Tensor:
    depth = truth()
    generator = torch.Generator().manual_seed(0)
    order = torch.randperm(depth.numel(), generator=generator)
    prompt = torch.zeros(depth.numel())
    prompt[order[:count]] = depth.flatten()[order[:count]]
    prompt[order[: int(outliers * count)]] *= 2
    return prompt.view_as(depth)


def error(field: DepthField, where: torch.Tensor | None = None) -> float:
    depth = truth()
    seen = field(field.camera.pixel_centers().view(-1, 2)).view_as(depth)
    relative = (seen / depth - 1).abs()
    return float((relative if where is None else relative[where]).mean())


def completed(prompt: torch.Tensor) -> DepthField:
    return complete(Seen(), KnownDepth.from_map(prompt), cells=CELLS).field


def test_known_pixels_come_back_and_the_others_come_near():
    prompt = sparse(500)
    field = completed(prompt)
    given = prompt > 0
    seen = field(field.camera.pixel_centers().view(-1, 2)).view_as(prompt)
    assert float((seen / prompt - 1)[given].abs().median()) < 0.01
    alone = complete(Seen(), dataclasses.replace(KnownDepth.from_map(prompt), scale_only=True))
    assert error(field, ~given) < 0.3 * error(alone.field, ~given)
    assert field.unit == "m"


def test_wrong_points_lose_their_say():
    assert error(completed(sparse(500, outliers=0.05))) < 1.2 * error(completed(sparse(500)))


def test_a_surface_that_the_network_does_not_see_is_believed():
    prompt = torch.zeros(120, 160)
    prompt[2::4, 2::4] = truth()[2::4, 2::4]
    prompt[30:60:4, 30:70:4] = 0
    prompt[32:60:4, 32:70:4] = 0.4 * truth()[32:60:4, 32:70:4]
    field = completed(prompt)
    unseen = field(torch.tensor([[50.5, 45.5]]))
    torch.testing.assert_close(unseen, 0.4 * truth()[45, 50:51], rtol=0.05, atol=0)


@pytest.mark.parametrize("prompt", [sparse(300), sparse(2), sparse(1)])
def test_a_prompt_in_another_unit_gives_the_depth_in_that_unit(prompt):
    xy = AnalyticField(160, 120).camera.pixel_centers().view(-1, 2)
    once, tenfold = completed(prompt)(xy), completed(prompt * 10)(xy)
    torch.testing.assert_close(tenfold, 10 * once, rtol=2e-3, atol=0)


def test_no_seam_around_what_is_missing():
    prompt = truth()
    prompt[30:90, 40:110] = 0
    field = complete(Seen(), KnownDepth.from_map(prompt), cells=CELLS).field
    # Along each row of cells r goes on where the network's depth does.
    r, rows, columns = field.residual, *field.residual.shape
    seen = Seen()(Seen().camera.resized(columns, rows).pixel_centers().view(-1, 2) * 160 / columns)
    flat = (seen.view(rows, columns).log().diff(dim=1).abs() < 0.01).to(r.device)
    assert float(r.diff(dim=1).abs()[flat].max()) < 0.03
    assert error(field, prompt == 0) < 0.03


def test_beyond_the_sensors_range_nothing_is_nearer():
    depth = truth()
    limit = float(depth.median())
    prompt = depth.where(depth < limit, 0)
    field = completed(prompt)
    seen = field(field.camera.pixel_centers().view(-1, 2)).view_as(depth)
    beyond = functional.avg_pool2d((prompt == 0).float()[None], 9, 1, 4)[0] == 1
    assert float(seen[beyond].min()) > 0.93 * limit
    alone = complete(Seen(), dataclasses.replace(KnownDepth.from_map(prompt), scale_only=True))
    assert error(field, beyond) <= error(alone.field, beyond)


def test_colours_help_between_few_points():
    """The picture tells of edges that the network does not see."""
    flat = DepthField.from_depth(torch.ones(120, 160), Seen().camera, "relative")
    depth = torch.ones(120, 160)
    depth[:, 80:] = 1.3
    picture = torch.full((120, 160, 3), 0.1)
    picture[:, 80:] = 0.9
    prompt = torch.zeros(120, 160)
    prompt.flatten()[torch.randperm(19200, generator=torch.Generator().manual_seed(0))[:60]] = 1
    known = KnownDepth.from_map(prompt * depth)
    errors = []
    for seen in (picture, torch.full_like(picture, 0.5)):
        field = complete(flat, known, seen, CELLS).field
        told = field(field.camera.pixel_centers().view(-1, 2)).view_as(depth)
        errors.append(float((told / depth - 1).abs().mean()))
    assert errors[0] < 0.95 * errors[1]


def test_the_depth_is_continuous_and_has_derivatives():
    field = completed(sparse(200))
    xy = torch.tensor([[80.3, 100.2], [20.1, 110.7]])
    _, gradient = field.depth_and_gradient(xy)
    step = 1e-2
    moved = [field(xy + torch.tensor([sign * step, 0.0])) for sign in (1, -1)]
    torch.testing.assert_close(gradient[:, 0], (moved[0] - moved[1]) / (2 * step), rtol=0.1, atol=0)
    row = torch.stack([torch.linspace(0, 160, 5000), torch.full((5000,), 115.0)], -1)
    assert float(field(row).log().diff().abs().max()) < 0.01


def test_confidence_decides_between_neighbours():
    prompt, trust = sparse(800), torch.ones(120, 160)
    prompt[:, ::2] *= 1.2
    trust[:, ::2] = 0.01
    known = KnownDepth.from_map(prompt, confidence=trust)
    assert error(complete(Seen(), known, cells=CELLS).field) < 0.03
    assert error(completed(prompt)) > 0.05


def test_it_is_told_what_was_used_and_what_contradicts():
    note = completed(sparse(300)).note
    assert note.startswith("depth completed from 300 points of the depth map: what is seen")
    assert "WARNING" not in note
    note = completed(sparse(300).flip(0, 1)).note
    assert "WARNING: the photo contradicts the depth map" in note


ODD = {
    "one point": sparse(1),
    "all on one line": truth() * (torch.arange(120) == 60)[:, None],
    "some on one line": sparse(4000) * (torch.arange(120) == 60)[:, None],
    "all the same": torch.full((120, 160), 2.0),
    "larger than the photo": truth().repeat_interleave(10, 0).repeat_interleave(10, 1),
    "one pixel": torch.full((1, 1), 2.0),
    "one row": torch.linspace(1, 3, 160)[None],
}


@pytest.mark.parametrize("unit", [1e-30, 1.0, 1e30])
@pytest.mark.parametrize("prompt", ODD.values(), ids=ODD)
def test_odd_prompts_give_depth_like_theirs(prompt, unit):
    depth = complete(Seen(), KnownDepth.from_map(prompt * unit), torch.rand(120, 160, 3)).field(
        Seen().camera.pixel_centers().view(-1, 2)
    )
    known = prompt[prompt > 0] * unit
    assert bool(depth.isfinite().all())
    assert float(known.min()) / 4 < float(depth.min()) < float(depth.max()) < 4 * known.max()


def test_a_point_at_the_end_of_the_world_changes_nothing_far_from_it():
    wrong = sparse(500)
    row, column = torch.nonzero(wrong)[0].tolist()
    wrong[row, column] = 1e6
    assert error(completed(wrong)) < 1.05 * error(completed(sparse(500)))
    wrong = truth()
    wrong[row, column] = 1e6
    assert error(completed(wrong)) < 0.01


def test_points_that_contradict_each_other_at_one_place_are_met_between():
    places = torch.tensor([[0.5, 0.5], [0.5, 0.5]])
    field = complete(Seen(), KnownDepth(places, torch.tensor([2.0, 3.0]), "m", "two points")).field
    assert 2 < float(field(torch.tensor([[80.0, 60.0]]))) < 3


def test_what_was_used_is_said_of_a_single_point():
    note = completed(sparse(1)).note
    assert note.startswith(
        "depth completed from 1 point of the depth map: what is seen differed by 0 %"
    )


def test_disparities_without_a_unit_give_the_shape_alone():
    known = KnownDepth.from_map(1 / (0.3 / truth() + 0.1), unit="relative")
    field = complete(Seen(), dataclasses.replace(known, shift_free=True), cells=CELLS).field
    assert field.unit == "relative"
    depth = truth()
    ratio = field(field.camera.pixel_centers().view(-1, 2)).view_as(depth) / Seen()(
        field.camera.pixel_centers().view(-1, 2)
    ).view_as(depth)
    assert 0.5 < float(ratio.median()) < 2


def test_a_model_without_a_prompt_sees_what_it_saw(untrained):
    photo = Photo(torch.rand(96, 128, 3), AnalyticField(128, 96).camera, None, "given")
    model = Model(untrained, Guess())
    field = model.depth_field(photo)
    told = model.depth_field(photo, sparse(50))
    xy = photo.camera.pixel_centers().view(-1, 2)
    assert torch.equal(model.depth_field(photo)(xy), field(xy))
    assert torch.equal(told.features(xy), field.features(xy))
    assert (field.unit, told.unit) == ("relative", "m")
