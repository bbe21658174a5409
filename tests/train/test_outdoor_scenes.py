"""Generated outdoor scenes: every kind builds, with exact depth and an exact sky."""

import numpy as np
import pytest

from nvs.worlds.generate import BUILDERS, generate_kind
from nvs.worlds.materials import Materials
from nvs.worlds.roads import Course, random_course
from nvs.worlds.textures import Textures

OUTDOORS = ("driving", "city", "nature", "aerial")


@pytest.mark.parametrize("kind", OUTDOORS)
def test_many_seeds_build(kind):
    """Different seeds give different worlds, none of them empty or broken."""
    found = set()
    for seed in range(25):
        rng = np.random.default_rng([seed, 1])
        stage = BUILDERS[kind][0](Materials(rng, Textures.procedural()))
        triangles = stage.world.triangles()
        assert np.isfinite(triangles.vertices).all()
        assert np.isfinite(triangles.normals).all()
        assert np.isfinite(triangles.uv).all()
        assert 300 < len(triangles.triangles) < 450_000
        assert np.isfinite(stage.eye).all()
        assert np.linalg.norm(stage.target - stage.eye) > 0.5
        found.add(stage.kind)
    assert len(found) >= 3


@pytest.mark.parametrize("kind", OUTDOORS)
def test_depth_is_finite_and_deep(kind):
    for seed in range(6):
        depth = generate_kind(kind, 100 + seed, 96, 72, Textures.procedural()).views[0].depth
        assert np.isfinite(depth).all()
        solid = depth[depth > 0]
        assert solid.size > 0.3 * depth.size
        assert solid.max() < 20_000


def test_a_road_lies_under_the_sky():
    """The picture's lower edge is ground close by; the sky is above and nowhere below."""
    skies = 0
    for seed in range(8):
        depth = generate_kind("driving", seed, 96, 96, Textures.procedural()).views[0].depth
        assert (depth[-8:] > 0).all()
        assert np.median(depth[-8:]) < 15
        skies += bool((depth[:24] == 0).any())
    assert skies >= 6


def test_a_course_starts_straight_ahead_and_a_place_follows_it():
    course = Course(0.5, 100.0, 0.03, 80.0)
    assert course.x(np.array(0.0)) == 0
    assert course.z(np.array(0.0)) == 0
    rng = np.random.default_rng(3)
    root = BUILDERS["driving"][0](Materials(rng, Textures.procedural())).world.root
    place = course.place(root, 60.0, 4.0, 0.2)
    expected = np.array([float(course.x(np.array(60.0))) + 4, 60.0, 0.0])
    expected[2] = float(course.z(np.array(60.0))) + 0.2
    assert np.abs(place.origin - expected).max() < 1e-9
    step = place.point(0, 0.1, 0) - place.origin
    ahead = float(course.x(np.array(60.1)) - course.x(np.array(60.0)))
    assert abs(step[0] / step[1] - ahead / 0.1) < 0.01


def test_ribbons_of_a_road_meet():
    """Neighbouring bands share their edge, so that nothing shows between them."""
    course = random_course(np.random.default_rng(5), 0.0)
    inner = course.ribbon((0, 0), (3, 0.1), -10, 200).vertices.reshape(-1, 2, 3)
    outer = course.ribbon((3, 0.1), (9, 1), -10, 200).vertices.reshape(-1, 2, 3)
    np.testing.assert_array_equal(inner[:, 1], outer[:, 0])
