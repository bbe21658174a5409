"""What many tests share: real photos, and a small untrained model."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch
from hypothesis import settings

# Time is measured in benchmarks: a busy machine makes no test fail.
settings.register_profile("nvs", deadline=None)
settings.load_profile("nvs")

# Folders outside the repository; where they are not named, tests that need them are skipped.
PARITY = Path(os.environ.get("NVS_PARITY_DIR", "no such folder"))  # InfiniDepth's recorded outputs
DATA = Path(os.environ.get("NVS_DATA_DIR", "no such folder"))  # public data sets

ASSETS = Path(__file__).parents[1] / "assets" / "photos"
SAMPLE_PHOTOS = sorted(ASSETS.glob("*.jpg"))


@pytest.fixture(scope="session")
def untrained():
    """A small depth network with random weights, the same in every run."""
    from nvs.depth.encoder import EncoderConfig
    from nvs.depth.network import DepthNetwork, DepthNetworkConfig

    torch.manual_seed(0)
    encoder = EncoderConfig(
        stem_channels=(8, 16, 24), token_channels=32, token_blocks=2, token_heads=2, tapped_block=1
    )
    network = DepthNetwork(DepthNetworkConfig(encoder, decoder_channels=16, input_area_px=128 * 96))
    return network.eval().requires_grad_(False)


@pytest.fixture(scope="session")
def model():
    """The embedded default."""
    import nvs

    return nvs.load_model()
