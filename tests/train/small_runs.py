"""Training runs that take a second: a tiny network on tiny scenes."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import yaml
from nvs.depth.encoder import EncoderConfig

from nvs.depth.network import DepthNetworkConfig
from nvs.train.depth import DepthTraining
from nvs.train.scene_data import SceneBatchSettings

ENCODER = EncoderConfig(
    stem_channels=(8, 8, 16), stem_blocks=(0, 1, 1), token_channels=16, token_blocks=2,
    token_heads=2, tapped_block=1,
)  # fmt: skip


def small_run(cache: Path, **changes) -> DepthTraining:
    """Six steps, a checkpoint at the third; scenes are kept in `cache`."""
    scenes = SceneBatchSettings(
        cache=cache, scene_px=64, scenes_per_round=6, uses_per_round=4, batch=2,
        min_area_px=40 * 40, max_area_px=56 * 56, anchors=64,
    )  # fmt: skip
    network = DepthNetworkConfig(ENCODER, decoder_channels=16)
    run = DepthTraining(
        network=network, scenes=scenes, steps=6, warmup_steps=2, save_every=3, workers=0,
        bfloat16=False, pictures_every=4,
    )  # fmt: skip
    return dataclasses.replace(run, **changes)


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
