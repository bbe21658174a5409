"""The released models behind the same `Model` as the embedded one."""

import dataclasses
import sys
from pathlib import Path

import pytest
import torch

import nvs
from nvs import cli
from nvs.depth.scaled import ScaledField
from nvs.errors import InputError
from nvs.models.family import with_guess
from nvs.models.infinidepth import released
from nvs.models.infinidepth.field import InfiniDepthField
from nvs.models.infinidepth.predictor import InfiniDepth
from nvs.models.infinidepth.released import (
    RELEASED_MODELS,
    load_released_model,
    model_of_checkpoints,
)
from nvs.splat.head import Guess
from tests.models.infinidepth.placed import at_points
from tests.models.infinidepth.small_model import depth_state, head_state, picture


@dataclasses.dataclass
class Seen:
    """As much of a photo as a model asks for."""

    rgb: torch.Tensor
    camera: object
    focal_known: bool = True


@pytest.fixture
def photo():
    from nvs.scene.camera import Camera

    return Seen(picture(48, 64)[0].permute(1, 2, 0), Camera.from_focal(60.0, 64, 48))


@pytest.fixture
def files(tmp_path):
    for name, prefix, state in [
        ("depth.ckpt", "pipeline.", depth_state()),
        ("head.ckpt", "encoder.", head_state()),
    ]:
        torch.save({"state_dict": {prefix + k: v for k, v in state.items()}}, tmp_path / name)
    return tmp_path / "depth.ckpt", tmp_path / "head.ckpt"


def infinidepth_of(model: nvs.Model) -> InfiniDepth:
    assert isinstance(model.network, InfiniDepth)
    return model.network


def set_area(model: nvs.Model) -> None:
    """Photos are seen small: the network of these tests learnt nothing anyway."""
    infinidepth_of(model).picture_area_px = 64 * 96


@pytest.mark.parametrize("with_head", [False, True])
def test_a_photo_becomes_a_scene(files, photo, with_head):
    model = model_of_checkpoints(*files[: 1 + with_head])
    set_area(model)
    scene = model.splat(photo, points=3000)
    assert len(scene) >= 3000
    for values in dataclasses.astuple(scene):
        assert values.isfinite().all()
    assert (scene.scales > 0).all()
    field = model.depth_field(photo)
    assert field.features(torch.rand(5, 2) * 40).shape == (5, 11 if with_head else 0)


def test_the_released_head_has_its_say(files, photo):
    model = model_of_checkpoints(*files)
    set_area(model)
    field = model.depth_field(photo)
    xy = torch.rand(50, 2) * torch.tensor([64, 48])
    assert isinstance(field, InfiniDepthField)
    placed = at_points(field.gaussians, photo.camera, xy, field(xy))
    opacity, scales, quats, color = field.features(xy).split([1, 3, 4, 3], dim=-1)
    torch.testing.assert_close(opacity[:, 0], placed.opacities)
    torch.testing.assert_close(scales * field(xy)[:, None], placed.scales)
    torch.testing.assert_close(torch.nn.functional.normalize(quats, dim=-1), placed.quats)
    torch.testing.assert_close((color - 0.5) / 0.28209479177387814, placed.colors[:, 0])


def test_the_released_heads_gaussians_grow_with_their_field(files, photo):
    model = model_of_checkpoints(*files)
    set_area(model)
    field = model.depth_field(photo)
    sizes = []
    for scale in (1.0, 100.0):
        scene = model.splat(photo, 3000, field=ScaledField(field, scale), backfill=False)
        sizes.append(float(scene.scales.median()) / scale)
    assert sizes[1] == pytest.approx(sizes[0], rel=1e-3)


@pytest.mark.parametrize("with_head", [False, True])
def test_an_untrained_head_of_ours_is_the_guess(files, photo, with_head):
    released_model = model_of_checkpoints(*files[: 1 + with_head])
    set_area(released_model)
    ours = with_guess(released_model.network).splat(photo, 3000, backfill=False)
    guess = nvs.Model(released_model.network, Guess()).splat(photo, 3000, backfill=False)
    for one, other in zip(dataclasses.astuple(ours), dataclasses.astuple(guess), strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("name", RELEASED_MODELS)
def test_a_model_that_is_not_here_says_how_to_get_it(name, tmp_path, monkeypatch):
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(InputError, match=f"nvs models download {name}"):
        load_released_model(name)


def test_without_the_hubs_library_there_is_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(InputError, match="pip install"):
        load_released_model("infinidepth")
    with pytest.raises(InputError, match="pip install"):
        released.download_released_model("infinidepth")


def test_the_model_is_loaded_by_its_path(files, photo):
    model = nvs.load_model(files[0], device="cpu")
    set_area(model)
    field = model.depth_field(photo)
    assert field(torch.rand(5, 2) * 40).isfinite().all()
    assert "prior" in field.note


@pytest.fixture
def sensor_file(tmp_path):
    path = tmp_path / "sensor.ckpt"
    state = {"pipeline." + key: value for key, value in depth_state(prompt=True).items()}
    torch.save({"state_dict": state}, path)
    return path


def test_files_on_disk_take_the_place_of_the_hubs(files, sensor_file):
    model = nvs.load_model("infinidepth", weights=files[:1], device="cpu")
    assert not infinidepth_of(model).network.takes_prompts
    assert infinidepth_of(model).gaussian_head is None
    model = nvs.load_model("infinidepth-gs", weights=files, device="cpu")
    assert model.network.gaussian_head is not None
    model = nvs.load_model("infinidepth-sensor", weights=[sensor_file], device="cpu")
    assert infinidepth_of(model).network.takes_prompts


def test_files_that_do_not_belong_to_the_model_are_refused(files, sensor_file):
    depth, head = files
    for name, weights, said in [
        ("infinidepth-gs", [depth], "1 given"),
        ("infinidepth", [depth, head], "2 given"),
        ("infinidepth-gs", [head, depth], "another architecture"),
        ("infinidepth", [sensor_file], "takes depth prompts"),
        ("infinidepth-sensor", [depth], "takes no depth prompts"),
        ("default", [depth], "nvs models list"),
        (str(depth), [depth], "goes with a model's name"),
        ("nonesuch", [depth], "'nonesuch'"),
    ]:
        with pytest.raises(InputError, match=said):
            nvs.load_model(name, weights=weights, device="cpu")


def test_a_file_of_the_hubs_cache_that_is_another_models(sensor_file, monkeypatch):
    monkeypatch.setattr(released, "cached_checkpoint", lambda filename, model: sensor_file)
    with pytest.raises(InputError, match=r"sensor\.ckpt takes depth prompts"):
        load_released_model("infinidepth")


def test_the_command_line_says_it_in_one_line(files, tmp_path, capsys):
    files[0].write_bytes(files[0].read_bytes()[:5000])
    picture_path = Path(__file__).parents[3] / "assets" / "photos"
    some_photo = next(picture_path.glob("*.jpg"))
    output = tmp_path / "depth.npz"
    code = cli.run(["depth", str(some_photo), "--model", str(files[0]), "-o", str(output)])
    assert code == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
    assert not output.exists()
    assert cli.run(["models", "download", "no such model"]) == 2
    assert cli.run(["models", "list"]) == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in RELEASED_MODELS)
