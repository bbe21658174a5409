"""What people see, with its figures written here: none is imported from what decides it.

A figure may be changed on purpose, with the look of flights; it is not there to be repeated by a
constant that changed by mistake.  `python -m tests.mutations` changes such constants one at a time.
"""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

import nvs
from nvs.depth.field import DepthField
from nvs.film.path import PathKind
from nvs.pipeline import Model
from nvs.scene.camera import Camera
from nvs.scene.reach import SceneDepth
from nvs.splat.backfill.behind import continued_behind
from nvs.splat.backfill.sheet import Sheet
from nvs.splat.bridges import cut_bridges
from nvs.splat.head import Guess
from nvs.splat.surface import measure_surface
from tests.conftest import ASSETS

# --- Paths ----------------------------------------------------------------------------------

WIDTH = 640
CAMERA = Camera.from_focal(600.0, WIDTH, 480)
DEPTH = SceneDepth(near=2.0, focus=4.0, far=8.0)


def flown(kind: PathKind) -> tuple[Camera, float]:
    """The camera of a path of 48 that is farthest aside, and how far (world units)."""
    path = nvs.camera_path(kind, CAMERA, DEPTH, frames=48)
    aside = [float(camera.camera_to_world[0, 3].abs()) for camera in path]
    return path[aside.index(max(aside))], max(aside)


@pytest.mark.parametrize("kind", ["orbit", "swing"])
def test_near_shifts_against_far_by_six_hundredths_of_the_picture(kind):
    _, aside = flown(kind)
    shift_px = aside * 600 * (1 / DEPTH.near - 1 / DEPTH.far)
    assert shift_px / WIDTH == pytest.approx(0.06, rel=0.02)


def test_a_flat_scene_is_passed_by_a_fifth_of_its_distance():
    path = nvs.camera_path("swing", CAMERA, SceneDepth(2.0, 2.0, 2.0), frames=48)
    assert max(float(c.camera_to_world[0, 3]) for c in path) == pytest.approx(0.4, rel=0.02)


@pytest.mark.parametrize("kind", ["orbit", "swing"])
def test_the_picture_is_six_percent_larger_at_the_far_end(kind):
    camera, _ = flown(kind)
    assert float(camera.intrinsics[0, 0]) / 600 == pytest.approx(1.06, abs=0.005)


def test_the_camera_turns_four_fifths_of_the_way_to_its_focus():
    camera, aside = flown("swing")
    forward = camera.camera_to_world[:3, 2]
    turned = torch.atan2(forward[0].abs(), forward[2])
    assert float(turned) == pytest.approx(0.8 * float(torch.tensor(aside / 4.0).atan()), rel=0.02)
    x, _ = camera.project(torch.tensor([[0.0, 0.0, 4.0]]))[0][0].tolist()
    # So what it looks at stays near the picture's middle: within a hundredth of its width.
    assert 0.002 < abs(x - WIDTH / 2) / WIDTH < 0.012


def test_a_dolly_goes_a_third_of_the_way_to_what_is_near():
    path = nvs.camera_path("dolly", CAMERA, DEPTH, frames=48)
    deepest = max(float(camera.camera_to_world[2, 3]) for camera in path)
    assert deepest == pytest.approx(0.35 * DEPTH.near, rel=0.02)


# --- From where the photo was taken ---------------------------------------------------------

# dB of 320-pixel pictures, measured with the field below and two Gaussians a pixel.
AT_HOME = {
    "coffee": 35.5,
    "dogs": 36.6,
    "mountains": 36.2,
    "pagoda": 32.5,
    "room": 38.1,
    "stream": 31.3,
}


class Ramp(DepthField):
    """Ground that rises to a far wall: no network's depth, so no training changes it."""

    def forward(self, xy: Tensor) -> Tensor:
        up = 1 - xy[:, 1] / self.camera.height
        return 1 / torch.lerp(torch.tensor(0.5), torch.tensor(0.1), up.clamp(0, 1))


@pytest.mark.parametrize("name", AT_HOME)
def test_the_photo_comes_out_again(model, name):
    photo = nvs.load_photo(ASSETS / f"{name}.jpg").resized_to(320)
    scene = Model(model.network, Guess()).splat(photo, field=Ramp(photo.camera, "m"))
    seen = nvs.render(scene, [photo.camera]).rgb[0].clamp(0, 1)
    error = (seen - photo.rgb).square().mean()
    assert float(-10 * torch.log10(error)) > AT_HOME[name] - 1


# --- Silhouettes ----------------------------------------------------------------------------


class SoftEdge(DepthField):
    """A near surface on the left, a far one on the right, ten pixels of ramp between."""

    detail_px = 4.0

    def forward(self, xy: Tensor) -> Tensor:
        far = torch.sigmoid((xy[:, 0] - 240) / 1.7)
        return 1 / torch.lerp(torch.tensor(1 / 2), torch.tensor(1 / 8), far)


def faint_edge(contrast: float) -> Tensor:
    """[64, 480, 3]: grain with a step of `contrast` times its deviation at the depth edge."""
    grain = 0.1 * torch.randn(64, 480, 3, generator=torch.Generator().manual_seed(0))
    step = torch.where(torch.arange(480) < 240, -0.5, 0.5)[:, None] * contrast * 0.1
    return (0.5 + step + grain).clamp(0, 1)


@pytest.mark.parametrize(("contrast", "is_cut"), [(0.5, False), (0.9, True), (2.5, True)])
def test_a_soft_edge_is_cut_only_where_the_photo_shows_it(contrast, is_cut):
    """Grain with a faint step, as a cheek before a wall of its colour: no cut through the face."""
    surface = measure_surface(SoftEdge(Camera.from_focal(450, 480, 64), "m"))
    cut = cut_bridges(surface, faint_edge(contrast))
    whole = float((cut.depth == surface.depth)[:, 230:250].float().mean())
    assert whole < 0.5 if is_cut else whole == 1


# --- What was invented ----------------------------------------------------------------------


def striped_wall() -> Sheet:
    """A near square, 80 cells wide, before a far wall of vertical stripes, 12 cells a period."""
    row, column = torch.meshgrid(torch.arange(120), torch.arange(160), indexing="ij")
    square = ((row - 60).abs() < 40) & ((column - 80).abs() < 40)
    stripes = torch.where(column % 12 < 6, 1.0, 0.0)
    color = torch.where(square, 0.5, stripes)[..., None].expand(-1, -1, 3)
    disparity = torch.where(square, 0.5, 0.125)
    flat = torch.zeros(120, 160, 2)
    return Sheet(
        Camera.from_focal(150, 160, 120),
        torch.ones(2),
        0,
        disparity,
        flat,
        color.contiguous(),
        torch.zeros_like(square),
    )


@pytest.fixture(scope="module")
def along_the_hidden_wall() -> Tensor:
    """Brightness of the second layer from the square's left edge inwards, half way up."""
    hidden = continued_behind(striped_wall(), shift_cells=80.0)
    assert bool(hidden.present[60, 41:70].all())
    return hidden.sheet.color[60, 41:70, 0]


def test_stripes_go_on_behind_what_is_near(along_the_hidden_wall):
    """Mirrored at the edge, not smeared from it."""
    beside_the_edge = along_the_hidden_wall[:6]
    assert beside_the_edge.max() > 0.8
    assert beside_the_edge.min() < 0.2


def test_far_from_the_edge_no_detail_is_claimed(along_the_hidden_wall):
    deep = along_the_hidden_wall[10:]
    assert deep.max() - deep.min() < 0.25
