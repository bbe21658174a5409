"""The query spreads its samples evenly over surfaces, whatever their slant and distance."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nvs.depth.field import DepthField
from nvs.scene.camera import Camera
from nvs.splat.query import hilbert_order, infinite_depth_query
from nvs.splat.surface import measure_surface
from tests.analytic import AnalyticField

SAMPLES_A_PATCH = 25


def patch_variation(field: AnalyticField, xy: torch.Tensor) -> tuple[float, int]:
    """Coefficient of variation of the samples in equal-area surface patches, and how many.

    Patches are squares on each plane, and bands of equal area on the sphere, that are wholly
    visible and away from silhouettes; which those are is found with a dense probe.
    """
    surface = measure_surface(field, max_cells=640 * 480)
    side = float((surface.area.sum() * SAMPLES_A_PATCH / len(xy)).sqrt())
    probe = torch.rand(6_000_000, 2, generator=torch.Generator().manual_seed(0))
    probe = probe * torch.tensor([field.camera.width, field.camera.height])
    weight = surface.area[probe[:, 1].long(), probe[:, 0].long()].double()
    weight = weight * field.camera.width * field.camera.height / len(probe)  # area a probe
    areas = np.bincount(patch_ids(field, probe, side), weights=weight.numpy(), minlength=1)
    counts = np.bincount(patch_ids(field, xy, side), minlength=len(areas))[: len(areas)]
    rows, columns = sphere_patches(field, side)
    area = np.full(len(areas), side**2)
    area[1:1_000_000] = 4 * np.pi * field.RADIUS**2 / (rows * columns)
    whole = np.abs(areas / area - 1) < 0.02
    whole[0] = False
    expected = areas[whole] / side**2 * SAMPLES_A_PATCH
    return float(np.std(counts[whole] / expected)), int(whole.sum())


def patch_ids(field: AnalyticField, xy: torch.Tensor, side: float) -> np.ndarray:
    """Number of the patch under each pixel position; 0 is none."""
    z, _, which = field.surfaces(xy)
    points = field.camera.unproject(xy, z)
    ids = torch.zeros(len(xy), dtype=torch.long)
    for number, (normal, _) in enumerate(field.PLANES, start=1):
        n = torch.tensor(normal)
        across = torch.linalg.cross(n, torch.tensor([0.3, 0.8, 0.52]))
        across = across / across.norm()
        along = torch.linalg.cross(n, across)
        cell = (torch.stack([points @ across, points @ along], -1) / side).floor().long() + 500
        on = which == number
        ids[on] = 1 + number * 1_000_000 + cell[on, 0] * 1000 + cell[on, 1]
    # On the sphere, height times longitude is an equal-area map (Archimedes).
    local = (points - torch.tensor(field.CENTRE)) / field.RADIUS
    rows, columns = sphere_patches(field, side)
    row = ((local[:, 1] + 1) / 2 * rows).floor().long().clamp(0, rows - 1)
    turn = torch.atan2(local[:, 0], local[:, 2]) / (2 * torch.pi) + 0.5
    column = (turn * columns).floor().long()
    on = which == 0
    ids[on] = 1 + row[on] * 1000 + column[on]
    return ids.numpy()


def sphere_patches(field: AnalyticField, side: float) -> tuple[int, int]:
    """Rows of equal height and columns of longitude that cut the sphere into side x side."""
    rows = round(2 * field.RADIUS / side)
    return rows, round(4 * np.pi * field.RADIUS**2 / side**2 / rows)


def test_equal_areas_get_equal_numbers_of_samples(capsys):
    field = AnalyticField()
    query = infinite_depth_query(field, 60_000)
    variation, patches = patch_variation(field, query)
    per_pixel = field.camera.resized(283, 212).pixel_centers().view(-1, 2)
    per_pixel = per_pixel * torch.tensor([640 / 283, 480 / 212])
    pixel_variation, _ = patch_variation(field, per_pixel)
    with capsys.disabled():
        print(
            f"\nquery: variation {variation:.3f} over {patches} equal-area patches of "
            f"{SAMPLES_A_PATCH}; one sample a pixel: {pixel_variation:.3f}; random: 0.200"
        )
    assert patches > 500
    assert variation <= 0.12
    assert pixel_variation > 2 * variation


def test_normals_agree_with_the_analytic_ones():
    field = AnalyticField()
    xy = infinite_depth_query(field, 20_000)
    depth, normal = field.depth_and_normal(xy)
    z, true_normal, _ = field.surfaces(xy)
    angle = torch.rad2deg(torch.acos((normal * true_normal).sum(-1).clamp(-1, 1)))
    assert torch.allclose(depth, z)
    assert angle.median() < 0.1
    assert torch.quantile(angle, 0.99) < 1.0
    assert torch.allclose(normal.norm(dim=-1), torch.ones(len(xy)), atol=1e-5)
    assert ((normal * field.camera.rays(xy)).sum(-1) < 0).all()


@settings(max_examples=25, deadline=None)
@given(
    count=st.integers(0, 5000),
    width=st.integers(2, 90),
    height=st.integers(2, 90),
    seed=st.integers(0, 2**31),
)
def test_count_bounds_uniqueness_and_repeatability(count, width, height, seed):
    field = AnalyticField(width, height)
    xy = infinite_depth_query(field, count, seed=seed)
    assert xy.shape == (count, 2)
    assert torch.equal(xy, infinite_depth_query(field, count, seed=seed))
    assert len(torch.unique(xy, dim=0)) == count
    assert (xy >= 0).all()
    assert (xy < torch.tensor([width, height])).all()


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (5, 3), (64, 33)])
def test_the_curve_visits_every_cell_once_and_moves_to_neighbours(size):
    width, height = size
    order = hilbert_order(width, height)
    assert np.array_equal(np.sort(order), np.arange(width * height))
    square = hilbert_order(32, 32)
    steps = np.abs(np.diff(square % 32)) + np.abs(np.diff(square // 32))
    assert (steps == 1).all()


class StepField(DepthField):
    """A near wall on the left, a far one on the right, and a soft step of 6 pixels between."""

    def __init__(self) -> None:
        super().__init__(Camera.from_focal(400, 400, 300), "m")

    def forward(self, xy):
        return 2 + 4 * torch.sigmoid((xy[:, 0] - 200) * 1.5) + 0 * xy[:, 1]


def test_bridges_between_surfaces_get_no_samples():
    xy = infinite_depth_query(StepField(), 40_000)
    depth = StepField()(xy)
    assert ((depth < 2.2) | (depth > 5.8)).float().mean() > 0.995
    # The far wall is three times as far: nine times the surface a pixel.
    right, left = (xy[:, 0] > 205).sum(), (xy[:, 0] < 195).sum()
    assert right / left == pytest.approx(9, rel=0.03)


class FloorField(DepthField):
    """A floor seen from 1.5 m, up to where it is 100 m away."""

    def __init__(self) -> None:
        super().__init__(Camera.from_focal(500, 640, 240), "m")

    def forward(self, xy):
        return 1.5 * 500 / (xy[:, 1] + 7.5) + 0 * xy[:, 0]


def test_a_grazing_floor_is_no_bridge():
    assert measure_surface(FloorField()).solid.all()


def test_sky_gets_no_samples():
    class HalfSky(StepField):
        def sky(self, xy):
            return xy[:, 1] < 150

    xy = infinite_depth_query(HalfSky(), 10_000)
    assert (xy[:, 1] >= 150).all()


def test_a_negative_count_is_refused():
    with pytest.raises(ValueError, match="cannot take -1"):
        infinite_depth_query(StepField(), -1)
