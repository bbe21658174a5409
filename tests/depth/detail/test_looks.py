"""A photo with detail: which looks are taken, and what is made of them."""

from __future__ import annotations

import pytest
import torch

from nvs.depth.completed import CompletedField
from nvs.depth.detail import looks
from nvs.depth.detail.looks import detailed_field
from nvs.depth.detail.merged import MergedField
from nvs.depth.known import KnownDepth
from nvs.depth.network import DepthNetwork, NeuralDepthField
from nvs.scene.camera import Camera


def picture(width=480, height=360):
    """Checks of 40 pixels: flat between edges that are never far."""
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    return ((x // 40 + y // 40) % 2 * 0.6 + 0.2)[..., None].expand(-1, -1, 3).contiguous()


def look(network, rgb, known=None):
    camera = Camera.from_focal(300, rgb.shape[1], rgb.shape[0])
    with torch.no_grad():
        return detailed_field(network, rgb, camera, known)


def test_large_windows_come_before_small_ones(untrained):
    field = look(untrained, picture())
    assert isinstance(field, MergedField)
    assert isinstance(field.base, NeuralDepthField)
    widths = [patch.window.width for patch in field.patches]
    assert widths == sorted(widths, reverse=True)
    assert len(widths) == 4 + 16
    assert field.detail_px == pytest.approx(min(widths) / (field.base.encoded.grids[0].width), 0.1)
    xy = torch.rand(500, 2) * torch.tensor([480.0, 360.0])
    assert bool((field(xy) > 0).all())
    assert torch.equal(field.features(xy), field.base.features(xy))


def test_a_small_photo_and_one_without_edges_get_one_look(untrained):
    assert not isinstance(look(untrained, picture(120, 90)), MergedField)
    assert not isinstance(look(untrained, torch.full((300, 400, 3), 0.5)), MergedField)


def test_where_there_is_nothing_to_see_no_look_is_taken(untrained):
    rgb = picture(800, 600)
    rgb[:, 400:] = 0.5
    field = look(untrained, rgb)
    assert field.patches
    assert all(patch.window.left < 400 for patch in field.patches)


def test_of_a_noisy_photo_less_is_taken(untrained):
    clear = look(untrained, picture())
    noise = torch.randn(360, 480, 3, generator=torch.Generator().manual_seed(0))
    grainy = look(untrained, picture() + noise * 10 / 255)
    very = look(untrained, picture() + noise * 60 / 255)
    assert all(patch.strength > 0.95 for patch in clear.patches)
    assert all(patch.strength < 0.7 for patch in grainy.patches)
    assert grainy.patches[-1].strength < 0.35  # the closest looks see most of the grain
    assert not isinstance(very, MergedField)


def test_a_prompt_completes_the_merged_field(untrained):
    places = torch.rand(300, 2, generator=torch.Generator().manual_seed(0))
    known = KnownDepth(places, 2 + places[:, 0], "m", "a test")
    field = look(untrained, picture(), known)
    assert isinstance(field, CompletedField)
    assert isinstance(field.field, MergedField)
    assert field.unit == "m"
    error = field(places * torch.tensor([480.0, 360.0])) / known.depth - 1
    assert float(error.abs().median()) < 0.02


def test_a_network_that_sees_prompts_is_told_of_each_window(untrained):
    told = []

    class Seeing(DepthNetwork):
        uses = frozenset({"prompt"})
        completes = False

        def field(self, rgb, camera, known=None, *, focal_known=False):
            told.append((camera.width, known))
            return super().field(rgb, camera)

    network = Seeing(untrained.config).eval().requires_grad_(False)
    known = KnownDepth(torch.tensor([[0.1, 0.1], [0.2, 0.15]]), torch.tensor([2.0, 3.0]), "m", "a")
    look(network, picture(), known)
    assert told[0] == (480, known)
    first = told[1][1]
    assert torch.allclose(first.places, known.places * 480 / told[1][0], atol=0.01)
    assert told[-1][1] is None  # the last window knows none of them


def test_memory_stays_bounded_however_large_the_photo():
    width, height = 20_000, 15_000
    assert sum(n * n for n in looks._grids(width, height, 100_000)) <= 40


def test_flat_walls_stay_flat_under_grain(model):
    """A wall with a picture and a shelf, σ = 10 of 255 added: no relief that one look has not."""
    x = torch.arange(480.0).expand(360, 480)
    rgb = (0.55 + 0.15 * x / 480)[..., None] * torch.tensor([1.0, 0.97, 0.9])
    rgb[60:140, 300:420] = torch.tensor([0.2, 0.25, 0.4])
    rgb[200:212, 60:420] = torch.tensor([0.35, 0.22, 0.12])
    rgb[290:] = torch.tensor([0.45, 0.33, 0.2])
    grain = torch.randn(rgb.shape, generator=torch.Generator().manual_seed(0)) * 10 / 255
    rgb = (rgb + grain).clamp(0, 1)
    camera = Camera.from_focal(400, 480, 360)
    columns, rows = torch.arange(40.5, 280), torch.arange(40.5, 180)  # bare wall

    def relief(field):
        log_depth = field.on_raster(columns, rows).depth.log()[None, None]
        even = torch.nn.functional.avg_pool2d(log_depth, 21, stride=1)
        return float((log_depth[..., 10:-10, 10:-10] - even).std())

    with torch.no_grad():
        network = model.network
        one = network.field(rgb, camera)
        detailed = detailed_field(network, rgb, camera)
    assert isinstance(detailed, MergedField)
    assert relief(detailed) < 1.1 * relief(one) + 2e-4
