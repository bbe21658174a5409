"""How far one may go in a scene that was sent."""

import dataclasses

import pytest
import torch

from nvs.film.seen import Witness
from nvs.player.walls import Walls, camera_at, walls_of
from nvs.scene.reach import SceneDepth, scene_depth
from nvs.scene.scene import Scene
from tests.viewer.conftest import filled_room


def made(scene=None):
    """The room as it comes from its photo, an invented wall around it."""
    return (scene or filled_room()).as_scene


def test_walls_stand_where_the_photo_ends():
    scene = made()
    depth = scene_depth(scene.gaussians, scene.camera)
    walls = walls_of(scene, depth)
    witness = Witness(scene)
    generator = torch.Generator().manual_seed(1)
    for _ in range(20):
        way = torch.nn.functional.normalize(torch.randn(3, generator=generator), dim=0)
        offset = (way / walls.share(way.tolist())).tolist()  # on the ellipsoid
        assert walls.share(offset) == pytest.approx(1)
        assert witness.share(camera_at(scene.camera, depth, offset)) > 0.90
    # Backwards the border shows at once; forwards never.
    assert walls.back < 0.6 * depth.near
    assert walls.forward == pytest.approx(2 / 3 * depth.near)


def test_a_scene_from_a_file_has_the_farthest_walls():
    scene = made()
    depth = scene_depth(scene.gaussians, scene.camera)
    unknown = walls_of(Scene(scene.gaussians, scene.camera), depth)
    known = walls_of(scene, depth)
    for name, distance in dataclasses.asdict(unknown).items():
        assert distance >= getattr(known, name)
    assert unknown.back == depth.near


def test_the_flight_stays_inside():
    walls = Walls(1, 2, 1, 1, 3, 0.5)
    assert walls.share((-1, 0, 0)) == 1
    assert walls.share((2, 0, 0)) == 1
    assert walls.share((0, 0, -1)) == 2
    wider = walls.around([(0, 0, -1), (0.1, 0, 0)])
    assert wider == Walls(2, 4, 2, 2, 6, 1)
    assert walls.around([(0.1, 0, 0)]) == walls


def test_the_camera_at_home_is_the_photos():
    scene = made()
    depth = SceneDepth(1, 2, 3)
    at_home = camera_at(scene.camera, depth, (0, 0, 0))
    assert torch.allclose(at_home.camera_to_world, scene.camera.camera_to_world)
