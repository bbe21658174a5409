"""Another encoder is one file and one line: a toy one is trained, saved and loaded."""

from __future__ import annotations

import dataclasses
from typing import Literal

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

import nvs
from nvs.depth.encoders.encoder import Encoder, EncoderConfig, EncoderFeatures
from nvs.depth.encoders.registry import ENCODERS
from nvs.depth.encoders.vit import ViTConfig
from nvs.errors import InputError
from nvs.models.files import load_depth_network, save_depth_network
from nvs.photo.photo import load_photo
from nvs.train.config import read_config
from nvs.train.depth import DepthTraining, train_depth
from tests.conftest import SAMPLE_PHOTOS
from tests.train.small_runs import NETWORK, small_run, write_config


@dataclasses.dataclass(frozen=True)
class ToyConfig(EncoderConfig):
    """One convolution."""

    kind: Literal["toy"] = "toy"
    widths: tuple[int, ...] = (12, 20, 20)

    def build(self) -> Toy:
        return Toy(self)


class Toy(Encoder):
    """Patches of 16 pixels, as many of today's transformers have; seen as often as asked."""

    stride = 16
    summary_channels = 3

    def __init__(self, config: ToyConfig) -> None:
        super().__init__()
        self.widths = list(config.widths)
        self.seen = nn.ModuleList(nn.Conv2d(3, width, 16, stride=16) for width in config.widths)

    @property
    def channels(self) -> list[int]:
        return self.widths

    def forward(self, picture: Tensor) -> EncoderFeatures:
        assert not any(side % 32 for side in picture.shape[-2:])
        maps = [functional.relu(layer(picture)) for layer in self.seen]
        return EncoderFeatures(maps, picture.mean(dim=(2, 3)))


@pytest.fixture
def toy(monkeypatch):
    monkeypatch.setitem(ENCODERS, "toy", ToyConfig)
    return dataclasses.replace(NETWORK, encoder=ToyConfig())


def test_a_registered_encoder_is_trained_saved_and_loaded(toy, tmp_path):
    run = small_run(tmp_path / "scenes", network=toy, encoder_layer_decay=0.5)
    config = write_config(run, tmp_path / "run.yaml")
    settings = read_config(config, DepthTraining)
    assert settings == run
    weights = train_depth(settings, tmp_path / "run")
    network = load_depth_network(weights)
    assert network.config == toy
    save_depth_network(network, tmp_path / "depth.safetensors", tmp_path / "encoder.safetensors")
    photo = load_photo(SAMPLE_PHOTOS[0]).resized_to(64)
    xy = photo.camera.pixel_centers().view(-1, 2)
    depths = [nvs.load_model(file).depth_field(photo)(xy) for file in (
        weights, tmp_path / "depth.safetensors")]  # fmt: skip
    assert torch.equal(*depths)
    assert float(depths[0].std()) > 0


def test_what_a_toy_cannot_begin_with_is_one_line(toy, tmp_path):
    run = small_run(tmp_path / "scenes", network=toy, encoder_weights=tmp_path / "dino")
    with pytest.raises(InputError, match="no pretrained weights are known"):
        train_depth(run, tmp_path / "run")


@pytest.mark.parametrize(
    ("encoder", "said"),
    [
        ("{kind: nonesuch}", r"no encoder of kind 'nonesuch'; choose from vit.*encoder"),
        ("{kind: [vit]}", "encoder"),
        ("{blocks: many}", "int"),
        ("{block: 3}", "there is no 'block'"),
        ("vit", "encoder"),
    ],
)
def test_wrong_encoders_of_a_configuration_are_refused(encoder, said, tmp_path):
    path = tmp_path / "run.yaml"
    path.write_text(f"network:\n  encoder: {encoder}\n")
    with pytest.raises(InputError, match=said) as caught:
        read_config(path, DepthTraining)
    assert "\n" not in str(caught.value)


def test_files_name_their_encoders_kind(untrained, tmp_path, monkeypatch):
    save_depth_network(untrained, tmp_path / "depth.safetensors")
    assert isinstance(load_depth_network(tmp_path / "depth.safetensors").config.encoder, ViTConfig)
    monkeypatch.delitem(ENCODERS, "vit")
    with pytest.raises(InputError, match="another version of nvs"):
        load_depth_network(tmp_path / "depth.safetensors")
