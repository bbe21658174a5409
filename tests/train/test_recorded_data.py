"""RGB-D photos beside generated scenes: read by evaluation's readers, unknown depth kept out."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from nvs.errors import InputError
from nvs.train.config import read_config
from nvs.train.depth import DepthTask, DepthTraining, train_depth
from nvs.train.depth_batches import scene_batch
from nvs.train.depth_loss import depth_losses
from nvs.train.recorded_data import RecordedPictures
from nvs.train.scene_data import SceneBatches
from nvs.train.team import ALONE
from tests.data.rgbd_set import WIDTH, true_depth, write_depth, write_set
from tests.train.small_runs import small_run


def test_points_are_those_of_the_depth_files(tmp_path):
    """The set's depth is a function of place alone: every point must lie on it."""
    folder = write_set(tmp_path / "set", frames=1)
    metres = true_depth(0)
    metres[:, : WIDTH // 4] = 0  # not measured
    write_depth(folder / "0-depth.png", metres)
    recorded = RecordedPictures.found([folder], share=1.0, longer_side=64)
    run = small_run(tmp_path / "scenes")
    whole = SceneBatches(run.scenes, 1, recorded=recorded)[0]
    points = scene_batch(whole, run.scenes, 0, range(run.scenes.batch), 28).points
    assert not points.sky.any()
    assert points.metric.all()
    assert 0.02 < (~points.known).float().mean() < 0.6
    seen = points.log_depth[points.known].exp()
    measured = torch.from_numpy(metres[metres > 0]).float()
    assert torch.cdist(seen[:, None], measured[:, None]).amin(dim=1).max() < 2e-3
    wild = torch.where(points.known, points.log_depth, 50.0)
    terms = depth_losses(torch.stack([wild, torch.zeros_like(wild)], -1), points)
    assert all(float(terms[k]) < 1e-5 for k in ("affine", "scale", "disparity", "gradient"))


def test_photo_and_depth_of_other_sizes_fit_together(tmp_path):
    folder = write_set(tmp_path / "set", frames=1)
    write_depth(folder / "0-depth.png", np.kron(true_depth(0), np.ones((3, 3))))
    recorded = RecordedPictures.found([folder], share=1.0, longer_side=16)
    seen = recorded.drawn(np.random.default_rng(0))
    assert seen.rgb.shape == (12, 16, 3)
    expected = true_depth(0)[1::2, 1::2]
    assert np.abs(seen.depth / expected - 1).max() < 0.03


def test_a_known_camera_tells_its_focal_length(tmp_path):
    folder = write_set(tmp_path / "set", frames=2)
    described = json.loads((folder / "cameras.json").read_text())
    described["frames"][0]["K"] = [[40, 0, 16], [0, 44, 12], [0, 0, 1]]
    (folder / "cameras.json").write_text(json.dumps(described))
    recorded = RecordedPictures.found([folder], share=1.0, longer_side=16)  # half its size
    focal_px = {recorded.drawn(np.random.default_rng(k)).focal_px for k in range(8)}
    assert focal_px == {(20.0, 22.0), None}


def test_scenes_take_the_rest(tmp_path):
    folder = write_set(tmp_path / "set", frames=2)
    described = folder / "cameras.json"
    unscaled = {"scale": "arbitrary", **json.loads(described.read_text())}
    described.write_text(json.dumps(unscaled))  # what tells its pictures from scenes here
    settings = small_run(tmp_path / "scenes", data=(folder,), data_share=0.5)
    batches = DepthTask(settings, ALONE).batches(0)
    metric = torch.cat([next(batches).scenes.points.metric for _ in range(6)])
    assert 0.2 < metric.float().mean() < 0.8


def test_a_list_of_files_is_data_too(tmp_path):
    folder = write_set(tmp_path / "set", frames=2)
    listed = folder / "frames.txt"
    listed.write_text("0.png 0-depth.png\n1.png 1-depth.png 0-depth.png\n")
    settings = small_run(tmp_path / "scenes", data=(listed,), data_share=1.0, steps=2)
    assert train_depth(settings, tmp_path / "run").is_file()
    with pytest.raises(InputError, match="data_share"):
        DepthTask(dataclasses.replace(settings, data_share=2.0), ALONE)
    with pytest.raises(InputError, match="no such data set"):
        DepthTask(dataclasses.replace(settings, data=(tmp_path / "none",)), ALONE)


def test_what_is_wrong_with_a_photo_is_said_in_one_line(tmp_path):
    folder = write_set(tmp_path / "set", frames=1)
    described = json.loads((folder / "cameras.json").read_text())
    described["frames"][0]["K"] = [[1, 2], [3, 4]]
    (folder / "cameras.json").write_text(json.dumps(described))
    settings = small_run(tmp_path / "scenes", data=(folder,), data_share=1.0, workers=1)
    with pytest.raises(InputError) as error:  # by a worker, whose stack trace is nobody's business
        train_depth(settings, tmp_path / "run")
    assert str(error.value).startswith("0: not a camera (intrinsics must be [3, 3]")
    assert "\n" not in str(error.value)


def test_the_papers_recipe():
    shipped = Path(__file__).parents[2] / "configs" / "infinidepth_paper.yaml"
    settings = read_config(shipped, DepthTraining)
    assert settings.scenes.points.anchors * (1 + settings.scenes.points.neighbours) == 100_000
    assert (settings.learning_rate, settings.encoder_learning_rate) == (5e-5, 5e-6)


def test_the_encoder_learns_at_its_own_pace(tmp_path):
    settings = small_run(tmp_path / "scenes", steps=1, warmup_steps=0, weight_decay=0.0)
    slow = dataclasses.replace(settings, encoder_learning_rate=0.0)
    before = DepthTask(slow, ALONE).network.state_dict()
    train_depth(slow, tmp_path / "run")
    state = torch.load(tmp_path / "run" / "state.pt", weights_only=True)["network"]
    for name, weights in before.items():
        if name.startswith("encoder."):
            assert torch.equal(weights, state[name]), name
    assert not torch.equal(before["decoder.out.2.weight"], state["decoder.out.2.weight"])
