"""What the splats can show besides their colour."""

import dataclasses

import numpy as np
import torch

from nvs.scene.scene import KnownPlaces
from nvs_viewer.colormap import STOPS, colormap, legend
from nvs_viewer.look_colors import (
    difference_to_photo,
    known_colors,
    normal_colors,
    sample_density,
    shade,
)
from tests.viewer.conftest import filled_room, room


def test_shade_runs_through_the_whole_map_and_stays_in_it():
    colors = shade(torch.tensor([-5.0, 0.0, 0.5, 1.0, 9.0]), 0.0, 1.0).numpy()
    assert np.allclose(colors[0], colors[1])
    assert np.allclose(colors[3], colors[4])
    assert np.allclose(colors[1], STOPS[0])
    assert np.allclose(colors[3], STOPS[-1])
    lightness = colormap(np.linspace(0, 1, 50)) @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(lightness) > 0).all()  # ordered for every eye
    assert "0.5 m" in legend("0.5 m", "4 m")


def test_normals_face_the_camera_in_its_own_axes():
    scene = room(32)
    flat = normal_colors(scene.gaussians, scene.camera)  # discs across the optical axis
    assert torch.allclose(flat, torch.tensor([0.5, 0.5, 0.0]).expand_as(flat), atol=1e-6)
    # Turned about y by 90 degrees they face sideways, the camera's side of it.
    half = 0.5**0.5
    turned = scene.gaussians.map(lambda tensor: tensor.clone())
    turned.quats[:] = torch.tensor([half, 0.0, half, 0.0])
    sideways = normal_colors(turned, scene.camera)
    left = turned.means[:, 0] < -0.1
    assert torch.allclose(sideways[left], torch.tensor([1.0, 0.5, 0.5]), atol=1e-5)


def test_density_counts_samples_for_each_pixel():
    scene = room(96)
    one_each = dataclasses.replace(scene, camera=scene.camera.resized(96, 72))
    assert torch.allclose(sample_density(one_each), torch.ones(96 * 72))
    four_each = dataclasses.replace(scene, camera=scene.camera.resized(48, 36))
    assert torch.allclose(sample_density(four_each), torch.full((96 * 72,), 4.0))


def test_what_was_invented_was_not_sampled():
    scene = filled_room()
    one_each = dataclasses.replace(scene, camera=scene.camera.resized(48, 36))
    sampled, invented = sample_density(one_each).split([scene.photographed, scene.invented])
    assert torch.allclose(sampled, torch.ones(scene.photographed))
    assert (invented == 0).all()


def test_known_places_are_green_where_trusted_and_red_where_not():
    scene = filled_room()
    xy, _ = scene.camera.project(scene.gaussians.means)
    size = torch.tensor([scene.camera.width, scene.camera.height])
    chosen = torch.tensor([300, 1000])
    known = KnownPlaces(xy[chosen] / size, torch.tensor([True, False]))
    told, untold = known_colors(dataclasses.replace(scene, known=known)), known_colors(scene)
    change = told - untold
    assert change[300, 1] > change[300, 0] + 0.1
    assert change[1000, 0] > change[1000, 1] + 0.1
    marked = change.abs().sum(-1) > 0.01
    assert not bool(marked[scene.photographed :].any())
    assert int(marked.sum()) <= 4


def test_the_difference_to_the_photo_is_large_where_the_photo_is_another():
    scene = filled_room()
    alike = difference_to_photo(scene)
    assert alike[: scene.photographed].mean() < 0.12  # a coarse photo, sharper than its scene
    other = scene.photo.copy()
    other[:, : other.shape[1] // 2] = 255 - other[:, : other.shape[1] // 2]
    change = difference_to_photo(dataclasses.replace(scene, photo=other)) - alike
    xy, _ = scene.camera.project(scene.gaussians.means)
    left = xy[: scene.photographed, 0] < 0.45 * scene.camera.width
    right = xy[: scene.photographed, 0] > 0.55 * scene.camera.width
    assert change[: scene.photographed][left].mean() > 0.1
    assert change[: scene.photographed][right].abs().max() < 1e-6
    assert (change[scene.photographed :] == 0).all()
    assert (difference_to_photo(dataclasses.replace(scene, photo=None)) == 0).all()
