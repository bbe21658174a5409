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
    from nvs.depth.encoders.vit import ViTConfig
    from nvs.depth.network import DepthNetwork, DepthNetworkConfig
    from nvs.depth.pyramid import PyramidConfig

    torch.manual_seed(0)
    config = DepthNetworkConfig(
        encoder=ViTConfig(channels=32, blocks=2, heads=2, positions=6, taps=(1, 2)),
        stem_channels=(8, 16),
        pyramid=PyramidConfig(widths=(8, 16, 16, 16, 16), channels=16),
        input_area_px=128 * 96,
    )
    network = DepthNetwork(config)
    return network.eval().requires_grad_(False)


@pytest.fixture(scope="session")
def model():
    """The embedded default."""
    import nvs

    return nvs.load_model()
