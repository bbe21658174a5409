"""The tilt of cameras that look at a room whose lines are known."""

import pytest
import torch

from nvs.film.viewpoint import levelled, straightened
from nvs.photo.tilt import Tilt, gravity, tilt_of
from nvs.scene.camera import Camera
from nvs.scene.gaussians import Gaussians
from nvs.scene.scene import Scene, Source

CAMERA = Camera.from_focal(360.0, 480, 360)
NOTHING = Gaussians(*(torch.zeros(0, *shape) for shape in ((3,), (4,), (3,), (), (3,))))


def tilted(roll_deg: float, pitch_deg: float) -> Camera:
    """A camera in a world with y down, held with this tilt."""
    down = gravity(torch.tensor([roll_deg]), torch.tensor([pitch_deg]))[0].double()
    forward = torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64)
    ahead = forward - (forward @ down) * down
    ahead = ahead / ahead.norm()
    pose = torch.eye(4, dtype=torch.float64)
    pose[:3, :3] = torch.stack([torch.linalg.cross(down, ahead), down, ahead])
    return CAMERA.moved(pose.float())


def hall(camera: Camera) -> torch.Tensor:
    """What a camera sees of a wide wall of panels at z = 4, upright edges and level ones."""
    camera = camera.resized(4 * camera.width, 4 * camera.height)  # soft edges, as a lens makes them
    rays = camera.rays(camera.pixel_centers()) @ camera.camera_to_world[:3, :3].T
    at = rays / rays[..., 2:] * 4
    column, row = torch.floor(at[..., 0] / 0.7), torch.floor(at[..., 1] / 1.3)
    shade = 0.25 + 0.5 * ((column * 7 + row * 3) % 5) / 4
    shade = torch.nn.functional.avg_pool2d(shade[None, None], 4)[0, 0]
    return shade[..., None].expand(-1, -1, 3).contiguous()


@pytest.mark.parametrize(("roll", "pitch"), [(0, 0), (4, 0), (-3, 8), (2, -12), (-6, 5)])
def test_upright_lines_tell_the_tilt(roll, pitch):
    camera = tilted(roll, pitch)
    found = tilt_of(hall(camera), CAMERA)
    assert found is not None
    assert found.roll_deg == pytest.approx(roll, abs=1)
    assert found.pitch_deg == pytest.approx(pitch, abs=1.5)


def test_a_camera_that_is_levelled_shows_upright_lines_upright():
    camera = tilted(-3, 8)
    new = levelled(camera, Tilt(-3.0, 8.0).down)
    post = torch.tensor([[-1.2, -1.2, 4.0], [-1.2, 0.2, 4.0]])  # an upright line of the world
    (before, after) = (c.project(post)[0] for c in (camera, new))
    assert abs(float(before[0, 0] - before[1, 0])) > 5
    assert abs(float(after[0, 0] - after[1, 0])) < 0.05
    # Its corners lie in the old picture, its middle is the old middle.
    corners = torch.tensor([[0.0, 0], [480, 0], [0, 360], [480, 360], [240, 180]])
    seen, _ = camera.project(new.unproject(corners, torch.full((5,), 3.0)))
    assert (seen > -1).all()
    assert (seen < torch.tensor([481.0, 361.0])).all()
    assert torch.allclose(seen[4], torch.tensor([240.0, 180.0]), atol=0.1)


def test_another_view_is_straightened_by_what_the_photo_tells():
    photo = tilted(-3, 8)
    scene = Scene(NOTHING, photo, sources=(Source(photo, hall(photo)),))
    turn = torch.eye(4)
    turn[:3, 3] = torch.tensor([0.4, 0.1, 0.2])
    aside = photo.moved(turn @ photo.camera_to_world)
    post = torch.tensor([[-0.9, -1.0, 4.0], [-0.9, 0.4, 4.0]])
    leaning, straight = (c.project(post)[0] for c in (aside, straightened(aside, scene)))
    assert abs(float(leaning[0, 0] - leaning[1, 0])) > 5
    assert abs(float(straight[0, 0] - straight[1, 0])) < 2  # the tilt is found to half a degree
    ground = torch.eye(4)
    ground[1:3, 1:3] = torch.tensor([[0.2, 0.98], [-0.98, 0.2]])
    below = CAMERA.moved(ground)
    assert straightened(below, scene) is below


def test_where_nothing_is_upright_nothing_is_said():
    noise = torch.rand(360, 480, 3, generator=torch.Generator().manual_seed(0))
    assert tilt_of(noise, CAMERA) is None
    assert tilt_of(torch.full((360, 480, 3), 0.5), CAMERA) is None
    y, x = torch.meshgrid(torch.arange(360.0), torch.arange(480.0), indexing="ij")
    rings = ((x - 240) ** 2 + (y - 180) ** 2).sqrt() % 40 < 20
    assert tilt_of(rings[..., None].float().expand(-1, -1, 3), CAMERA) is None


def test_a_far_horizon_tells_the_roll():
    y, x = torch.meshgrid(torch.arange(360.0), torch.arange(480.0), indexing="ij")
    below = torch.sigmoid((y - 200) - (x - 240) * torch.tan(torch.deg2rad(torch.tensor(-4.0))))
    found = tilt_of((0.8 - 0.6 * below)[..., None].expand(-1, -1, 3), CAMERA)
    assert found == Tilt(4.0, 0.0)
