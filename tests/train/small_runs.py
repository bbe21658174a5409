"""Training runs that take a second: a tiny network on tiny scenes."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import save_file

from nvs.depth.encoders.vit import ViTConfig
from nvs.depth.network import DepthNetworkConfig
from nvs.depth.pyramid import PyramidConfig
from nvs.train.depth import DepthTask, DepthTraining, train_depth
from nvs.train.depth_points import PointSettings
from nvs.train.scene_data import SceneBatchSettings

ENCODER = ViTConfig(channels=24, blocks=2, heads=2, positions=4, taps=(1, 2))
NETWORK = DepthNetworkConfig(
    encoder=ENCODER,
    stem_channels=(8, 8),
    pyramid=PyramidConfig(widths=(8, 8, 16, 16, 16), channels=16),
    input_area_px=56 * 56,
)
OTHER_NETWORK = dataclasses.replace(NETWORK, stem_channels=(8, 16))


def small_run(cache: Path, **changes) -> DepthTraining:
    """Six steps, a checkpoint at the third; scenes are kept in `cache`."""
    scenes = SceneBatchSettings(
        cache=cache, scene_px=64, scenes_per_round=6, uses_per_round=4, batch=2,
        min_area_px=56 * 56, max_area_px=84 * 56, points=PointSettings(anchors=64),
    )  # fmt: skip
    run = DepthTraining(
        network=NETWORK, scenes=scenes, steps=6, warmup_steps=2, save_every=3, workers=0,
        bfloat16=False, pictures_every=4,
    )  # fmt: skip
    return dataclasses.replace(run, **changes)


def stopped_and_resumed(settings: DepthTraining, folder: Path) -> Path:
    """The weights of a run that dies at its fifth step, after its first checkpoint."""
    real = DepthTask.losses
    steps: list[int] = []

    class KilledError(Exception):
        pass

    def dies_at_step_4(*arguments):
        if len(steps) == 4:
            raise KilledError
        steps.append(1)
        return real(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DepthTask, "losses", dies_at_step_4)
        with pytest.raises(KilledError):
            train_depth(settings, folder)
    return train_depth(settings, folder, resume=True)


def write_encoder(path: Path, config: ViTConfig = ENCODER) -> Path:
    """Random weights of an encoder of this size, under the names of the hub's DINOv2."""
    width, dice = config.channels, torch.Generator().manual_seed(1)
    sizes: dict[str, tuple[int, ...]] = {
        "embeddings.cls_token": (1, 1, width),
        "embeddings.position_embeddings": (1, 1 + config.positions**2, width),
        "embeddings.patch_embeddings.projection.weight": (width, 3, 14, 14),
        "embeddings.patch_embeddings.projection.bias": (width,),
    }
    linear = {
        **{f"attention.attention.{n}": (width, width) for n in ("query", "key", "value")},
        "attention.output.dense": (width, width),
        "mlp.fc1": (4 * width, width),
        "mlp.fc2": (width, 4 * width),
    }
    for layer in (f"encoder.layer.{k}" for k in range(config.blocks)):
        for name, shape in linear.items():
            sizes[f"{layer}.{name}.weight"] = shape
            sizes[f"{layer}.{name}.bias"] = shape[:1]
    arrays = {name: 0.1 * torch.randn(shape, generator=dice) for name, shape in sizes.items()}
    ones = [
        f"encoder.layer.{k}.layer_scale{i}.lambda1" for k in range(config.blocks) for i in (1, 2)
    ]
    norms = [f"encoder.layer.{k}.norm{i}" for k in range(config.blocks) for i in (1, 2)]
    for norm in (*norms, "layernorm"):
        ones.append(f"{norm}.weight")
        arrays[f"{norm}.bias"] = torch.zeros(width)
    arrays |= {name: torch.ones(width) for name in ones}
    save_file(arrays, path)
    return path


def write_config(settings: DepthTraining, path: Path) -> Path:
    """The configuration as the YAML file that `nvs train depth` reads."""

    def plain(value):
        if isinstance(value, dict):
            return {name: plain(v) for name, v in value.items()}
        if isinstance(value, tuple):
            return [plain(v) for v in value]
        return str(value) if isinstance(value, Path) else value

    path.write_text(yaml.safe_dump(plain(dataclasses.asdict(settings))))
    return path
