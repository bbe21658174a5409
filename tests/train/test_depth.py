"""Training the depth field: it learns, resumes exactly, and stops where numbers end."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nvs.depth.network import DepthNetwork
from nvs.errors import InputError
from nvs.models.files import load_depth_network
from nvs.train.config import read_config
from nvs.train.depth import DepthTask, DepthTraining, train_depth
from nvs.train.depth_loss import DepthPoints, depth_losses, total_loss
from nvs.train.loop import learning_rate
from nvs.train.scene_data import SceneBatches
from nvs.train.team import ALONE
from tests.train.small_runs import OTHER_NETWORK, small_run, stopped_and_resumed


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
    seen = torch.where(truth.sky, 12.0, truth.log_depth)  # sky is as far as can be
    perfect = depth_losses(torch.stack([seen, logit], -1), truth)
    assert all(float(term) < 1e-4 for term in perfect.values())
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
        for name, tensor in vars(one).items():
            assert torch.equal(tensor, getattr(other, name))
    task, late = DepthTask(run, ALONE).batches(0), DepthTask(run, ALONE).batches(2)
    batches = [next(task) for _ in range(3)]
    assert torch.equal(batches[2].scenes.picture, next(late).scenes.picture)
    sides = {side for batch in batches for side in batch.scenes.picture.shape[-2:]}
    assert all(side % 28 == 0 for side in sides)


def test_a_resumed_run_ends_with_the_weights_of_an_uninterrupted_one(cache, tmp_path):
    whole = train_depth(small_run(cache), tmp_path / "whole")
    halves = stopped_and_resumed(small_run(cache), tmp_path / "halves")
    assert whole.read_bytes() == halves.read_bytes()
    assert load_depth_network(whole).config == small_run(cache).network
    with pytest.raises(InputError, match="--resume"):
        train_depth(small_run(cache), tmp_path / "halves")


def test_what_cannot_be_resumed_is_named(cache, tmp_path):
    train_depth(small_run(cache, steps=1), tmp_path)
    with pytest.raises(InputError, match="another network"):
        train_depth(small_run(cache, network=OTHER_NETWORK), tmp_path, resume=True)
    (tmp_path / "state.pt").write_bytes(b"half a file")
    with pytest.raises(InputError, match="damaged"):
        train_depth(small_run(cache), tmp_path, resume=True)


def test_training_lowers_the_loss_on_scenes_it_has_not_seen(cache, tmp_path):
    run = small_run(cache, steps=40, learning_rate=3e-3, save_every=40, average_decay=0.9)
    weights = train_depth(run, tmp_path / "run")
    elsewhere = dataclasses.replace(run.scenes, seed=5)
    batches = list(DepthTask(dataclasses.replace(run, scenes=elsewhere), ALONE).batches(34))

    @torch.no_grad()
    def loss(network):
        totals = []
        for batch in (batch.scenes for batch in batches):
            uv = batch.points.uv.flatten(1, 2)
            prediction = network.decode(network.encode(batch.picture, batch.view), uv)
            terms = depth_losses(prediction.view(2, 64, 4, 2), batch.points)
            totals.append(float(total_loss(terms, run.loss)))
        return np.mean(totals)

    torch.manual_seed(run.scenes.seed)
    assert loss(load_depth_network(weights)) < 0.97 * loss(DepthNetwork(run.network))


def test_disparity_is_compared_without_unit_and_with_the_sky_at_zero():
    truth = points(3)
    logit = torch.zeros_like(truth.log_depth)

    def inverse(disparity):
        log_depth = -torch.log(disparity.clamp(min=1e-4))
        return float(depth_losses(torch.stack([log_depth, logit], -1), truth)["inverse"])

    disparity = torch.where(truth.sky, 0.0, torch.exp(-truth.log_depth))
    assert inverse(disparity) < 1e-3
    assert inverse(0.3 * disparity + 0.2) < 1e-3
    assert inverse(torch.where(truth.sky, 0.5, disparity)) > 0.1


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
    assert read_config(shipped, DepthTraining).scenes.batch == 48
    for text, said in [
        ("stepz: 3", "no 'stepz'"),
        ("steps: many", r"Expected `int`, got `str` - at `\$.steps`"),
        ("scenes: {batch: 2.5}", r"at `\$.scenes.batch`"),
        ("steps: 0", "c.yaml: steps must be positive, not 0"),
        ("learning_rate: .nan", "learning_rate must be positive, not nan"),
        ("workers: -1", "workers must not be negative"),
        ("scenes: {batch: 0}", r"batch must be positive, not 0 - at `\$.scenes`"),
        ("scenes: {max_area_px: 5}", "max_area_px 5 is below min_area_px"),
        ("scenes: {points: {edge_share: 2}}", "edge_share must not be above 1"),
        ("scenes: {pool: {first: 0}}", r"first must be positive, not 0 - at `\$.scenes.pool`"),
        ("scenes: {pool: {frist: 1}}", "scenes: pool: there is no 'frist'; choose from .*first"),
        ("start_from: 5", r"5 is not a Path - at `\$.start_from`"),
        ("1: 2", "Expected `str`"),
        ("network: {encoder: {heads: 5}}", "384 cannot be split over 5 heads"),
        ("network: {encoder: {taps: [6, 3]}}", "taps must be rising numbers of blocks"),
        ("network: {pyramid: {widths: [8, 8]}}", "widths must be 5 positive numbers"),
        ("square_decay: 1.0", "square_decay must be below 1"),
        ("photos: {folder: somewhere}", "photos need encoder_weights"),
        ("- 1", "Expected `object`, got `array`"),
        ("a: [", "not a YAML file"),
        ("steps: &a [*a]", "its aliases unfold to more than 100,000 values"),
    ]:
        file = tmp_path / "c.yaml"
        file.write_text(text)
        with pytest.raises(InputError, match=said) as error:
            read_config(file, DepthTraining)
        assert "\n" not in str(error.value)
    file.write_text("learning_rate: 1e-3")  # a word to YAML
    assert read_config(file, DepthTraining).learning_rate == 1e-3


def test_a_run_that_cannot_begin_says_why(cache, tmp_path):
    run = small_run(cache)
    weights = train_depth(dataclasses.replace(run, steps=1), tmp_path / "run")
    with pytest.raises(InputError, match="is of another size than the configuration"):
        train_depth(small_run(cache, network=OTHER_NETWORK, start_from=weights), tmp_path / "other")
    with pytest.raises(InputError, match="cannot write to"):
        train_depth(run, weights)  # a file
    # With scenes in the cache a missing folder must not stand for "no textures".
    for folder in (tmp_path / "none", tmp_path / "empty"):
        (tmp_path / "empty").mkdir(exist_ok=True)
        with pytest.raises(InputError, match="is not a folder of photos"):
            DepthTask(
                small_run(cache, scenes=dataclasses.replace(run.scenes, textures=folder)), ALONE
            )
