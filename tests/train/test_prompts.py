"""Training the network that sees known depth: what it is told, what it learns, what it refuses."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import nvs
from nvs.depth.completed import POINTS
from nvs.depth.known import KnownDepth
from nvs.depth.network import DepthNetwork
from nvs.depth.prompt_network import PromptNetwork, PromptNetworkConfig
from nvs.errors import InputError
from nvs.models.files import load_prompt_network, save_depth_network, save_prompt_network
from nvs.scene.camera import Camera
from nvs.train import prompt_draws
from nvs.train.prompt_draws import drawn_prompt
from nvs.train.prompted_scenes import PromptedScene
from nvs.train.prompts import PromptTask, PromptTraining, train_prompts
from nvs.train.recorded_data import RecordedPictures
from nvs.train.seen_scenes import KnownPoints, SeenScenes, SeenSceneSettings, without_edges
from nvs.train.team import ALONE
from tests.data.rgbd_set import true_depth, write_depth, write_set
from tests.train.small_runs import NETWORK

KINDS = list(prompt_draws.KINDS)


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> PromptTraining:
    """A small network for prompts beside a small depth network that was never trained."""
    folder = tmp_path_factory.mktemp("prompts")
    torch.manual_seed(0)
    save_depth_network(DepthNetwork(NETWORK), folder / "depth.safetensors")
    return PromptTraining(
        model=str(folder / "depth.safetensors"),
        widths=(8, 16, 16, 16),
        scenes=SeenSceneSettings(scene_px=64, cache=folder / "seen"),
        scenes_per_round=4,
        batch=2,
        points=500,
        steps=40,
        learning_rate=4e-3,
        warmup_steps=2,
        average_decay=0.9,
        save_every=20,
        pictures_every=20,
        workers=0,
    )


def listed_set(folder, depth=None, prompt=None) -> Path:
    """A list of one photo, its depth and its prompt, in metres."""
    write_set(folder / "set", frames=1)
    if depth is not None:
        write_depth(folder / "set/0-depth.png", depth)
    write_depth(folder / "set/0-lidar.png", true_depth(0) if prompt is None else prompt)
    listed = folder / "list.txt"
    listed.write_text("set/0.png set/0-depth.png set/0-lidar.png\n")
    return listed


def test_it_learns_what_geometry_leaves(run, tmp_path):
    """Of the examples that it is shown; they are the same in every pass."""
    few = dataclasses.replace(run, scenes_per_round=2, uses_per_round=80, prompts=1, steps=80)
    weights = train_prompts(few, tmp_path)
    task = PromptTask(few, ALONE)
    batch = task.examples[0]

    @torch.no_grad()
    def loss(network: PromptNetwork) -> float:
        task.network = network
        return float(task.losses(batch, None)["l1"])

    trained = load_prompt_network(weights, task.seeing)
    assert loss(trained) < 0.98 * loss(PromptNetwork(trained.config))


def test_a_run_that_was_stopped_ends_with_the_same_weights(run, tmp_path, monkeypatch):
    short = dataclasses.replace(run, steps=6, save_every=3, pictures_every=0)
    whole = train_prompts(short, tmp_path / "whole").read_bytes()
    real = PromptTask.losses
    steps: list[int] = []

    def dies(*arguments):
        if len(steps) == 4:
            raise KeyboardInterrupt
        steps.append(1)
        return real(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(PromptTask, "losses", dies)
        with pytest.raises(KeyboardInterrupt):
            train_prompts(short, tmp_path / "stopped")
    assert train_prompts(short, tmp_path / "stopped", resume=True).read_bytes() == whole


def test_it_belongs_to_one_depth_network(run, tmp_path, model):
    path = train_prompts(dataclasses.replace(run, steps=1, save_every=1), tmp_path)
    with pytest.raises(InputError, match="another depth network"):
        load_prompt_network(path, model.network)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(KINDS), st.integers(0, 10**6))
def test_drawn_points_lie_on_the_truth(kind, seed):
    """Of every kind, without disturbance: beams of a LiDAR are off by their making."""
    random = np.random.default_rng(seed)
    x = torch.linspace(0, 1, 96).expand(72, -1)
    truth = 0.5 + x + 0.2 * torch.sin(9 * x.T[:72, :1])
    truth[:9] = torch.nan
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prompt_draws, "KINDS", {kind: 1.0})
        for chance in ("OUTLIERS_CHANCE", "NOISE_CHANCE", "MISPLACED_CHANCE"):
            patch.setattr(prompt_draws, chance, 0.0)
        drawn = drawn_prompt(truth, torch.rand(20, 30, 3), random)
    if drawn is None:  # nothing was left: everything lay beyond the range
        assert kind in ("holes", "range", "lines", "coarse")
        return
    assert ((drawn.places > 0) & (drawn.places < 1)).all()
    if kind == "lidar":
        return
    at = (drawn.places * torch.tensor([96, 72])).long()
    near = torch.stack(
        [
            truth[(at[:, 1] + dy).clamp(0, 71), (at[:, 0] + dx).clamp(0, 95)]
            for dy in range(-5, 6)
            for dx in range(-6, 7)
        ]
        if kind == "coarse"  # a cell tells of a pixel near its middle
        else [truth[at[:, 1], at[:, 0]]]
    )
    apart = (near - drawn.log_depth).abs().nan_to_num(torch.inf).min(0).values
    assert float(apart.max()) < 1e-5


def test_a_photos_own_prompt_is_told_where_it_stands(run, tmp_path):
    """Of a list's third column; the set's depth is a function of place alone."""
    listed = listed_set(tmp_path, prompt=true_depth(0)[::2, ::2])
    network = PromptTask(run, ALONE).seeing
    recorded = RecordedPictures.found([listed], share=1.0, longer_side=64)
    for number in range(4):
        scene = SeenScenes(run.scenes, network, recorded)[number]
        assert scene.given is not None
        size = torch.tensor(scene.truth.shape[::-1])
        at = torch.minimum((scene.given.places * size).long(), size - 1)
        truth = scene.truth[at[:, 1], at[:, 0]]
        apart = (truth - scene.given.log_depth).abs()[truth.isfinite()]
        assert len(apart) > 5
        assert float(apart.max()) < 0.05  # half a pixel of the prompt


def test_measured_depth_teaches_nothing_beside_its_edges():
    truth = torch.zeros(20, 30)
    truth[:, 15:] = 1
    truth[3, 3] = torch.nan
    left = without_edges(truth)
    assert left[:, 13:17].isnan().all()
    assert int(left.isnan().sum()) == 20 * 4 + 1


def test_a_model_is_given_what_was_trained_for_it(run, tmp_path):
    """Without a prompt nothing changes; with one the corrections are added, once they are any."""
    photo, camera = torch.rand(60, 80, 3), Camera.from_focal(80, 80, 60)
    xy = camera.pixel_centers().view(-1, 2)
    known = KnownDepth.from_map(2 + torch.rand(12, 16))
    path = train_prompts(dataclasses.replace(run, steps=1, save_every=1), tmp_path)
    plain = nvs.load_model(run.model).network
    given_it = nvs.load_model(run.model, prompts=path).network
    assert torch.equal(plain.field(photo, camera)(xy), given_it.field(photo, camera)(xy))
    completed = plain.field(photo, camera, known)(xy)
    assert given_it.prompts is not None
    last = list(given_it.prompts.out.parameters())
    for values in last:
        values.zero_()
    torch.testing.assert_close(given_it.field(photo, camera, known)(xy), completed)
    last[-1].fill_(0.5)
    assert not torch.allclose(given_it.field(photo, camera, known)(xy), completed, rtol=1e-3)


def test_one_that_wants_other_features_is_refused(run, tmp_path):
    seeing = nvs.load_model(run.model).network
    path = tmp_path / "prompts.safetensors"
    config = PromptNetworkConfig(seeing.feature_channels + 1, (8,))
    save_prompt_network(PromptNetwork(config), seeing, path)
    with pytest.raises(InputError, match="does not fit the features"):
        load_prompt_network(path, seeing)


def test_a_model_that_sees_prompts_itself_takes_none(run, tmp_path, monkeypatch):
    path = train_prompts(dataclasses.replace(run, steps=1, save_every=1), tmp_path)
    monkeypatch.setattr(DepthNetwork, "completes", False)
    with pytest.raises(InputError, match="sees prompts itself"):
        nvs.load_model(run.model, prompts=path)


def test_a_map_of_many_points_keeps_their_depths(run):
    """A phone's has more of them than are used."""
    scene = SeenScenes(run.scenes, PromptTask(run, ALONE).seeing)[0]
    places = torch.rand(POINTS + 5000, 2)
    prompted = PromptedScene.completed(scene, KnownPoints(places, places[:, 0].double()))
    assert len(prompted.prompt.places) == POINTS
    torch.testing.assert_close(
        prompted.prompt.log_depth, prompted.prompt.places[:, 0].double(), rtol=0, atol=1e-5
    )


def test_prompts_on_disk_are_those_of_the_same_photos(run, tmp_path):
    """Where a run had none of them, another one finds none of its prompts."""
    scenes = dataclasses.replace(run.scenes, cache=tmp_path / "seen")
    first = dataclasses.replace(run, scenes=scenes)
    PromptTask(first, ALONE).examples[0]
    with_photos = dataclasses.replace(first, data=(listed_set(tmp_path),), data_share=1.0)
    after_it = PromptTask(with_photos, ALONE).examples[0]
    apart = dataclasses.replace(scenes, cache=tmp_path / "apart")
    alone = PromptTask(dataclasses.replace(with_photos, scenes=apart), ALONE).examples[0]
    for one, other in zip(after_it, alone, strict=True):
        assert torch.equal(one.missing, other.missing)
        assert torch.equal(one.cells, other.cells)


def test_photos_that_tell_nothing_are_refused(run, tmp_path):
    """Depth of nothing but edges, beside a prompt of its own."""
    noise = np.exp(np.random.default_rng(0).uniform(-1, 1, (24, 32)))
    data = (listed_set(tmp_path, depth=noise),)
    scenes = dataclasses.replace(run.scenes, cache=tmp_path / "seen")
    noisy = dataclasses.replace(run, scenes=scenes, data=data, data_share=1.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nvs.train.prompts.MOST_EMPTY", 3)
        patch.setattr("nvs.train.seen_scenes.SOFT_EDGE", 0.0)
        with pytest.raises(InputError, match="no depth but beside edges"):
            PromptTask(noisy, ALONE).examples[0]


@pytest.mark.parametrize("wrong", [{"widths": ()}, {"widths": (8, 0)}, {"scene_px": 0}])
def test_sizes_that_no_run_can_use_are_refused(run, wrong):
    with pytest.raises(InputError, match=next(iter(wrong))):
        dataclasses.replace(run.scenes if "scene_px" in wrong else run, **wrong)
