import numpy as np
import pytest
import torch

from nvs.depth import rows
from nvs.depth.field import DepthField
from nvs.depth.file import read_depth_file, write_depth
from nvs.errors import InputError
from nvs.scene.camera import Camera


@pytest.fixture
def field():
    y, x = torch.meshgrid(torch.linspace(0, 1, 30), torch.linspace(0, 1, 40), indexing="ij")
    sky = torch.zeros(30, 40, dtype=torch.bool)
    sky[:5] = True
    return DepthField.from_depth(1 + x + 2 * y, Camera.from_focal(50.0, 40, 30), sky=sky)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(rows, "POINTS_AT_ONCE", 700)
    monkeypatch.setattr(rows, "OVERVIEW_SIDE_PX", 50)


@pytest.mark.parametrize("suffix", [".npz", ".png"])
def test_the_same_file_as_from_the_whole_map(field, tmp_path, suffix):
    camera = field.camera.resized(133, 101)
    whole = torch.cat(list(rows.depth_rows(field, camera)))
    assert whole.shape == (101, 133)
    xy = camera.pixel_centers().view(-1, 2) * torch.tensor([40 / 133, 30 / 101])
    expected = torch.where(field.sky(xy), 0.0, field(xy)).view(101, 133)
    torch.testing.assert_close(whole, expected)

    steps = []
    path = tmp_path / f"rows{suffix}"
    overview = rows.write_field_depth(path, field, camera, lambda *step: steps.append(step))
    write_depth(tmp_path / f"whole{suffix}", whole, camera, field.unit)
    assert torch.equal(read_depth_file(path), read_depth_file(tmp_path / f"whole{suffix}"))
    assert steps[-1] == (101, 101)
    assert len(steps) > 10
    torch.testing.assert_close(overview, whole[::3, ::3])
    if suffix == ".npz":
        with np.load(path) as ours, np.load(tmp_path / "whole.npz") as theirs:
            assert ours.files == theirs.files
            for name in ours.files:
                assert ours[name].dtype == theirs[name].dtype
                np.testing.assert_array_equal(ours[name], theirs[name])


def test_an_interrupted_file_is_not_there(field, tmp_path):
    def stop(done, _):
        if done > 50:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rows.write_field_depth(tmp_path / "d.npz", field, field.camera.resized(133, 101), stop)
    assert list(tmp_path.iterdir()) == []


def test_a_suffix_nobody_writes(field, tmp_path):
    with pytest.raises(InputError, match=r"\.npz"):
        rows.write_field_depth(tmp_path / "d.jpg", field, field.camera)


def test_one_row_wider_than_a_block(field):
    camera = field.camera.resized(1000, 2)
    assert [len(block) for block in rows.depth_rows(field, camera)] == [1, 1]
