"""Training the depth field: it learns, resumes exactly, and stops where numbers end."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nvs.depth.network import DepthNetwork, DepthNetworkConfig
from nvs.errors import InputError
from nvs.models.files import load_depth_network
from nvs.train.config import read_config
from nvs.train.depth import DepthTask, DepthTraining, train_depth
from nvs.train.depth_loss import DepthPoints, depth_losses, total_loss
from nvs.train.loop import learning_rate
from nvs.train.scene_data import SceneBatches
from nvs.train.team import ALONE
from tests.train.small_runs import ENCODER, small_run


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("scenes")


def points(seed: int) -> DepthPoints:
    rng = np.random.default_rng(seed)
    log_depth = torch.from_numpy(rng.normal(1.0, 0.5, (2, 40, 4)).astype(np.float32))
    sky = torch.from_numpy(rng.random((2, 40, 4)) < 0.2)
    known = torch.ones_like(sky)
    return DepthPoints(torch.rand(2, 40, 4, 2), log_depth, sky, known, torch.tensor([True, True]))


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), scale=st.floats(0.3, 3), shift=st.floats(-2, 2))
def test_what_each_term_ignores(seed, scale, shift):
    truth = points(seed)
    logit = torch.where(truth.sky, 30.0, -30.0)
    perfect = depth_losses(torch.stack([truth.log_depth, logit], -1), truth)
    assert all(float(term) < 1e-5 for term in perfect.values())
    shifted = depth_losses(torch.stack([truth.log_depth + shift, logit], -1), truth)
    assert float(shifted["scale"]) < 1e-5
    assert float(shifted["gradient"]) < 1e-5
    assert float(shifted["metric"]) == pytest.approx(abs(shift), abs=1e-4)
    scaled = depth_losses(torch.stack([scale * truth.log_depth + shift, logit], -1), truth)
    assert float(scaled["affine"]) < 1e-4


def test_sky_teaches_no_depth():
    truth = points(0)
    wild = torch.where(truth.sky, 100.0, truth.log_depth)
    terms = depth_losses(torch.stack([wild, torch.zeros_like(wild)], -1), truth)
    assert all(float(terms[name]) < 1e-5 for name in ("affine", "scale", "disparity", "gradient"))
    nowhere = dataclasses.replace(truth, sky=torch.ones_like(truth.sky))
    terms = depth_losses(torch.stack([wild, torch.zeros_like(wild)], -1), nowhere)
    assert all(torch.isfinite(term) for term in terms.values())


def test_batches_depend_on_their_number_alone(cache):
    run = small_run(cache)
    forwards = [SceneBatches(run.scenes, 4)[k] for k in range(3)]
    backwards = [SceneBatches(run.scenes, 4)[k] for k in reversed(range(3))][::-1]
    for one, other in zip(forwards, backwards, strict=True):
        assert torch.equal(one.picture, other.picture)
        assert torch.equal(one.points.log_depth, other.points.log_depth)
    assert all(side % 16 == 0 for batch in forwards for side in batch.picture.shape[-2:])


def test_a_resumed_run_ends_with_the_weights_of_an_uninterrupted_one(cache, tmp_path):
    whole = train_depth(small_run(cache), tmp_path / "whole")
    # Stopped in the middle: the same settings, killed after the first checkpoint.
    interrupted = small_run(cache)

    class KilledError(Exception):
        pass

    real, seen = DepthTask.losses, []

    def dies_at_step_4(*arguments):
        if len(seen) == 4:
            raise KilledError
        seen.append(1)
        return real(*arguments)

    DepthTask.losses = dies_at_step_4
    try:
        with pytest.raises(KilledError):
            train_depth(interrupted, tmp_path / "halves")
    finally:
        DepthTask.losses = real
    with pytest.raises(InputError, match="--resume"):
        train_depth(interrupted, tmp_path / "halves")
    halves = train_depth(interrupted, tmp_path / "halves", resume=True)
    assert whole.read_bytes() == halves.read_bytes()
    assert load_depth_network(whole).config == small_run(cache).network


def test_what_cannot_be_resumed_is_named(cache, tmp_path):
    train_depth(small_run(cache, steps=1), tmp_path)
    other = DepthNetworkConfig(ENCODER, decoder_channels=8)
    with pytest.raises(InputError, match="another network"):
        train_depth(small_run(cache, network=other), tmp_path, resume=True)
    (tmp_path / "state.pt").write_bytes(b"half a file")
    with pytest.raises(InputError, match="damaged"):
        train_depth(small_run(cache), tmp_path, resume=True)


def test_training_lowers_the_loss_on_scenes_it_has_not_seen(cache, tmp_path):
    run = small_run(cache, steps=40, learning_rate=3e-3, save_every=40, average_decay=0.9)
    weights = train_depth(run, tmp_path / "run")
    elsewhere = dataclasses.replace(run.scenes, seed=5)
    batches = [SceneBatches(elsewhere, 6)[k] for k in range(6)]

    @torch.no_grad()
    def loss(network):
        totals = []
        for batch in batches:
            uv = batch.points.uv.flatten(1, 2)
            prediction = network.decode(network.encode(batch.picture), uv)
            terms = depth_losses(prediction.view(2, 64, 4, 2), batch.points)
            totals.append(float(total_loss(terms, run.loss)))
        return np.mean(totals)

    torch.manual_seed(run.scenes.seed)
    assert loss(load_depth_network(weights)) < 0.97 * loss(DepthNetwork(run.network))


def test_a_loss_that_is_not_finite_stops_with_its_step(cache, tmp_path):
    run = small_run(cache, learning_rate=1e30, gradient_clip=1e30)
    with pytest.raises(InputError, match=r"not finite at step \d"):
        train_depth(run, tmp_path / "run")


def test_the_learning_rate_rises_then_falls():
    run = DepthTraining(steps=100, warmup_steps=10)
    rates = [learning_rate(run, step) for step in range(100)]
    assert np.argmax(rates) in (9, 10)
    assert rates[-1] < 0.03 * run.learning_rate


def test_configurations_are_read_and_mistakes_named(tmp_path):
    from pathlib import Path

    shipped = Path(__file__).parents[2] / "configs" / "embedded_depth.yaml"
    assert read_config(shipped, DepthTraining).scenes.batch == 16
    for text, said in [
        ("stepz: 3", "no 'stepz'"),
        ("steps: many", "'many' is not a int"),
        ("scenes: {batch: 2.5}", "scenes: batch: "),
        ("steps: 0", "c.yaml: steps must be positive, not 0"),
        ("learning_rate: .nan", "learning_rate must be positive, not nan"),
        ("workers: -1", "workers must not be negative"),
        ("scenes: {batch: 0}", "scenes: batch must be positive"),
        ("scenes: {max_area_px: 5}", "max_area_px 5 is below min_area_px"),
        ("network: {encoder: {token_heads: 5}}", "192 cannot be split over 5 token_heads"),
        ("network: {encoder: {tapped_block: 6}}", "tapped_block must come before the last"),
        ("network: {encoder: {stem_channels: [8, 9, 8]}}", "multiples of 8, not 9"),
        ("- 1", "expected names and values"),
        ("a: [", "not a YAML file"),
    ]:
        file = tmp_path / "c.yaml"
        file.write_text(text)
        with pytest.raises(InputError, match=said):
            read_config(file, DepthTraining)
    file.write_text("learning_rate: 1e-3")  # a word to YAML
    assert read_config(file, DepthTraining).learning_rate == 1e-3


def test_a_run_that_cannot_begin_says_why(cache, tmp_path):
    run = small_run(cache)
    weights = train_depth(dataclasses.replace(run, steps=1), tmp_path / "run")
    smaller = DepthNetworkConfig(ENCODER, decoder_channels=8)
    with pytest.raises(InputError, match="is of another size than the configuration"):
        train_depth(small_run(cache, network=smaller, start_from=weights), tmp_path / "other")
    with pytest.raises(InputError, match="cannot write to"):
        train_depth(run, weights)  # a file
    # With scenes in the cache a missing folder must not stand for "no textures".
    for folder in (tmp_path / "none", tmp_path / "empty"):
        (tmp_path / "empty").mkdir(exist_ok=True)
        with pytest.raises(InputError, match="is not a folder of photos"):
            DepthTask(
                small_run(cache, scenes=dataclasses.replace(run.scenes, textures=folder)), ALONE
            )
