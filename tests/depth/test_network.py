"""The depth network: continuous, derivable, indifferent to its batch, rebuilt from its file."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from nvs.depth.network import DepthNetwork, encoder_size
from nvs.depth.pyramid import FeatureGrid
from nvs.errors import InputError
from nvs.models.files import load_depth_network, save_depth_network, save_module
from nvs.scene.camera import Camera


@settings(max_examples=30, deadline=None)
@given(height=st.integers(1, 7), width=st.integers(1, 7), seed=st.integers(0, 1000))
def test_reading_a_grid_is_bilinear_interpolation(height, width, seed):
    generator = torch.Generator().manual_seed(seed)
    features = torch.randn(2, 3, height, width, generator=generator)
    uv = torch.rand(2, 50, 2, generator=generator)
    expected = functional.grid_sample(
        features, uv[:, None] * 2 - 1, padding_mode="border", align_corners=False
    )[:, :, 0].transpose(1, 2)
    assert torch.allclose(FeatureGrid(features).read(uv), expected, atol=1e-5)


def photo_field(network, width=100, height=72):
    rgb = torch.rand(height, width, 3, generator=torch.Generator().manual_seed(1))
    return network.field(rgb, Camera.from_focal(90, width, height))


def test_gradients_are_those_of_the_field(untrained):
    field = photo_field(untrained)
    xy = torch.rand(200, 2, generator=torch.Generator().manual_seed(2))
    # Inside the cells of every grid: finite differences must not cross a kink.
    xy = (xy * torch.tensor([80.0, 60.0]) + 10).floor() + 0.3
    depth, gradient = field.depth_and_gradient(xy)
    assert torch.equal(depth, field(xy))
    step = 0.05
    for axis in range(2):
        ahead, behind = xy.clone(), xy.clone()
        ahead[:, axis] += step
        behind[:, axis] -= step
        difference = (field(ahead).double() - field(behind).double()) / (2 * step)
        error = (gradient[:, axis] - difference).abs()
        assert error.median() < 1e-3 * gradient.abs().median() + 1e-5


def test_a_picture_gives_the_same_depth_alone_and_in_a_batch(untrained):
    pictures = torch.rand(3, 3, 56, 84, generator=torch.Generator().manual_seed(3))
    uv = torch.rand(3, 40, 2, generator=torch.Generator().manual_seed(4))
    together = untrained.decode(untrained.encode(pictures), uv)
    for i in range(3):
        alone = untrained.decode(untrained.encode(pictures[i : i + 1]), uv[i : i + 1])
        assert torch.allclose(together[i], alone[0], atol=1e-4)


@pytest.mark.parametrize("size", [(16, 16), (1000, 20), (30, 900), (641, 427)])
def test_any_size_and_aspect_makes_a_field(untrained, size):
    field = photo_field(untrained, *size)
    xy = torch.tensor([[0.0, 0.0], [size[0] / 2, size[1] / 2], [size[0], size[1]]])
    depth = field(xy)
    assert (depth > 0).all()
    assert depth.isfinite().all()
    assert field(xy[:0]).shape == (0,)
    assert field.sky(xy[:0]).shape == (0,)


@settings(max_examples=50, deadline=None)
@given(aspect=st.floats(0.1, 10), area_px=st.integers(50_000, 200_000))
def test_the_encoder_sees_whole_patches_of_about_the_asked_area(aspect, area_px):
    width, height = encoder_size(aspect, area_px, 28)
    assert width % 28 == height % 28 == 0
    assert width * height == pytest.approx(area_px, rel=0.25)
    # Panoramas are squeezed; rounding to patches moves every aspect a little.
    assert width / height == pytest.approx(min(max(aspect, 0.5), 2.0), rel=0.25)


def test_a_file_rebuilds_its_network(untrained, tmp_path):
    save_depth_network(untrained, tmp_path / "depth.safetensors")
    again = load_depth_network(tmp_path / "depth.safetensors")
    assert again.config == untrained.config
    for name, kept in untrained.state_dict().items():
        # The encoder's matrices are bytes: each row's largest value is 127 of its steps.
        step = (
            kept.flatten(1).abs().amax(1).view(-1, *[1] * (kept.ndim - 1)) / 127
            if kept.ndim > 1
            else 0
        )
        within = 0.51 * step if name.startswith("encoder.") else 0
        assert bool(((again.state_dict()[name] - kept.half().float()).abs() <= within).all()), name
    save_depth_network(again, tmp_path / "again.safetensors")
    assert (tmp_path / "again.safetensors").read_bytes() == (
        tmp_path / "depth.safetensors"
    ).read_bytes()


def test_the_encoder_may_lie_in_a_file_of_its_own(untrained, tmp_path):
    save_depth_network(untrained, tmp_path / "whole.safetensors")
    save_depth_network(untrained, tmp_path / "depth.safetensors", tmp_path / "encoder.safetensors")
    whole = load_depth_network(tmp_path / "whole.safetensors").state_dict()
    parts = load_depth_network(tmp_path / "depth.safetensors").state_dict()
    assert all(torch.equal(whole[name], values) for name, values in parts.items())
    (tmp_path / "encoder.safetensors").unlink()
    with pytest.raises(InputError, match=r"no weights at .*encoder"):
        load_depth_network(tmp_path / "depth.safetensors")


def test_wrong_files_are_refused_in_one_line(untrained, tmp_path):
    with pytest.raises(InputError, match="no weights at"):
        load_depth_network(tmp_path / "missing.safetensors")
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"not weights at all")
    with pytest.raises(InputError, match="not a readable"):
        load_depth_network(broken)
    other = tmp_path / "other.safetensors"
    save_module(torch.nn.Linear(2, 2), "something else", {}, other)
    with pytest.raises(InputError, match="something else"):
        load_depth_network(other)
    misfit = tmp_path / "misfit.safetensors"
    import dataclasses

    config = dataclasses.asdict(DepthNetwork().config)
    save_module(torch.nn.Linear(2, 2), "nvs depth network", config, misfit)
    with pytest.raises(InputError, match="do not fit") as caught:
        load_depth_network(misfit)
    assert "\n" not in str(caught.value)
