"""Networks of any official shape, up to ViT-L, against plain steps on the same arrays.

ViT-L has 350 million values: NVS_TEST_FULL_SIZE=1 runs it (6 GB of memory, half a minute).
"""

import os

import pytest
import torch

from nvs.models.infinidepth.basic_encoder import BasicEncoderSizes
from nvs.models.infinidepth.checkpoint import load_depth_network
from nvs.models.infinidepth.decoder import ProjectedDecoder
from nvs.models.infinidepth.network import InfiniDepthNetwork, NetworkSizes
from nvs.models.infinidepth.prompt import DepthPrompt, PromptSizes
from nvs.models.infinidepth.vit import VitSizes
from tests.models.infinidepth import plain
from tests.models.infinidepth.small_model import SIZES

VIT_L = NetworkSizes(
    vit=VitSizes(width=1024, depth=24, heads=16, hidden=4096, patch_px=16, storage_tokens=4),
    basic=BasicEncoderSizes(stages=(64, 96, 128, 128), mixed=256, out=128),
    decoder=[1024 + 128, 1024, 256, 32, 1],
    prompt=PromptSizes(width=1024, blocks=4, heads=4, hidden=4096, value_hidden=512),
)
full_size = pytest.mark.skipif(
    not os.environ.get("NVS_TEST_FULL_SIZE"), reason="large: NVS_TEST_FULL_SIZE=1 runs it"
)


def generated(sizes):
    """A state dict of these sizes, of unit gain, so that every layer matters."""
    with torch.device("meta"):
        shapes = {k: v.shape for k, v in InfiniDepthNetwork(sizes).state_dict().items()}
    generator = torch.Generator().manual_seed(0)
    state = {}
    for name, shape in shapes.items():
        values = torch.randn(shape, generator=generator)
        if name.endswith("periods"):
            values = 100.0 ** (torch.arange(shape[0]) / shape[0]) * torch.exp(0.1 * values)
        elif name.endswith(("gamma", "_std", "bias_mask")) or ("norm" in name and "weight" in name):
            values = 1 + 0.1 * values
        elif len(shape) > 1 and not name.endswith(("token", "tokens", "sep", "sep_pe", "_mean")):
            gain = 2.0 if "out_layer" in name else 1.0  # its ReLUs let half through
            values *= (gain / shape[1:].numel()) ** 0.5
        else:
            values = 0.3 * values.abs()  # positive: few of the decoder's units are dead
        state[name] = values
    return state


@pytest.mark.parametrize(
    "sizes", [pytest.param(SIZES, id="small"), pytest.param(VIT_L, id="ViT-L", marks=full_size)]
)
@torch.no_grad()
def test_a_checkpoint_computes_what_plain_steps_compute(tmp_path, sizes):
    state = generated(sizes)
    if sizes is VIT_L:
        assert sum(value.numel() for value in state.values()) > 300e6
    path = tmp_path / "depth.ckpt"
    torch.save({"state_dict": {"pipeline." + key: value for key, value in state.items()}}, path)
    network = load_depth_network(path)
    path.unlink()

    generator = torch.Generator().manual_seed(1)
    picture = torch.rand(1, 3, 64, 96, generator=generator)
    prompt = DepthPrompt(
        torch.rand(30, 2, generator=generator), 0.5 + torch.rand(30, generator=generator)
    )
    yx = torch.rand(500, 2, generator=generator) * 2.2 - 1.1

    tokens = plain.tokens_of(state, picture, sizes.vit.heads)
    prompted = plain.prompted_tokens(
        state, tokens, 4, 6, prompt.places, prompt.disparity, sizes.prompt.heads
    )
    basic = plain.basic_features(state, picture)
    for known, expected in ((None, tokens), (prompt, prompted)):
        features = network.encode(picture, known)
        assert_same(features.prompted[0], expected)
        assert_same(features.basic, basic)
        grids = [expected.T.reshape(1, -1, 4, 6), basic]
        raw = plain.decoded(state, grids, yx)
        assert float(raw.std()) > 0.02  # an error could not hide
        assert_same(network.depth_implicit_head(features.grids, yx[None])[0, :, 0], raw)
        fast = ProjectedDecoder(network.depth_implicit_head, features.grids)
        assert_same(fast((yx.flip(-1) + 1) / 2), raw)


def assert_same(found, expected):
    atol = 1e-5 * max(1.0, float(expected.std()))  # as for the official numbers
    torch.testing.assert_close(found, expected, atol=atol, rtol=1e-5)
