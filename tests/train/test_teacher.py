"""What photos without depth teach, and how fast an encoder learns."""

from __future__ import annotations

import copy
import dataclasses
from typing import Any

import pytest
import torch
from PIL import Image

from nvs.errors import InputError
from nvs.train.depth import DepthTask, train_depth
from nvs.train.depth_loss import DepthLossWeights
from nvs.train.encoder_rates import EncoderRates, encoder_groups
from nvs.train.loop import Moment
from nvs.train.photo_data import PhotoSettings
from nvs.train.teacher import disagreement, misalignment, teachers_answer
from nvs.train.team import ALONE
from tests.conftest import SAMPLE_PHOTOS
from tests.train.small_runs import (
    ENCODER,
    OTHER_NETWORK,
    small_run,
    stopped_and_resumed,
    write_encoder,
)


@pytest.fixture(scope="module")
def photographed(tmp_path_factory):
    """A run with photos, half of which is taught."""
    folder = tmp_path_factory.mktemp("photos")
    for file in SAMPLE_PHOTOS[:3]:
        with Image.open(file) as photo:
            photo.thumbnail((96, 96))
            photo.save(folder / file.name)
    encoder = write_encoder(folder / "encoder.safetensors")
    photos = PhotoSettings(folder=folder, batch=2, teach_from=0.5)
    return small_run(
        folder / "scenes", encoder_weights=encoder, photos=photos, freeze_share=0.2,
        encoder_learning_rate=1e-3, encoder_layer_decay=0.5,
    )  # fmt: skip


def test_equal_answers_teach_nothing():
    torch.manual_seed(0)
    sky = torch.rand(2, 30, 4) < 0.3
    log_depth = 1 + 0.5 * torch.randn(2, 30, 4)

    class Teacher(torch.nn.Module):
        def encode(self, photo):
            return None

        def decode(self, encoded, uv):
            return torch.stack([log_depth, torch.where(sky, 30.0, -30.0)], -1).view(2, -1, 2)

    teacher: Any = Teacher()
    answer = teachers_answer(teacher, torch.zeros(2, 3, 28, 28), torch.rand(2, 30, 4, 2))
    same = torch.stack([log_depth, torch.where(sky, 30.0, -30.0)], -1)
    far = torch.where(sky, 12.0, log_depth)  # what sky is in disparity
    weights = DepthLossWeights()
    assert disagreement(torch.stack([far, same[..., 1]], -1), answer, weights) < 1e-4
    assert disagreement(torch.stack([-far, same[..., 1]], -1), answer, weights) > 0.5


def test_the_teacher_is_asked_about_the_mirror_image_as_well(untrained):
    torch.manual_seed(0)
    photo, uv = torch.rand(1, 3, 56, 84), torch.rand(1, 20, 4, 2)
    mirrored_uv = torch.stack([1 - uv[..., 0], uv[..., 1]], -1)
    answer = teachers_answer(untrained, photo, uv)
    mirrored = teachers_answer(untrained, photo.flip(-1), mirrored_uv)
    torch.testing.assert_close(answer.log_depth, mirrored.log_depth)


def test_tokens_may_stray_as_far_as_the_tolerance():
    tokens = torch.randn(2, 24, 4, 6)
    assert misalignment(tokens, 3 * tokens) == 0
    assert misalignment(tokens, tokens + 0.1 * torch.randn_like(tokens)) == 0
    assert misalignment(tokens, -tokens) == pytest.approx(1.85, abs=1e-5)


def test_photos_teach_from_their_share_of_the_steps_on(photographed):
    task = DepthTask(photographed, ALONE)
    batch = next(task.batches(0))
    average = copy.deepcopy(task.network)
    frozen, aligned, taught = (task.losses(batch, Moment(d, average)) for d in (0.1, 0.3, 0.6))
    assert "align" not in frozen
    assert "align" in aligned
    assert "teach" not in aligned
    assert aligned["align"] < 0.2  # the encoder is still the original
    assert taught["teach"] > 0
    task.total(taught).backward()
    assert all(
        torch.isfinite(p.grad).all() for p in task.network.parameters() if p.grad is not None
    )
    assert all(p.grad is None for p in [*task.lessons.original.parameters(), *average.parameters()])


def test_a_run_with_photos_resumes_exactly(photographed, tmp_path):
    whole = train_depth(photographed, tmp_path / "whole")
    halves = stopped_and_resumed(photographed, tmp_path / "halves")
    assert halves.read_bytes() == whole.read_bytes()


def test_the_encoder_begins_with_its_file_and_stays_frozen_at_first(photographed, tmp_path):
    before = DepthTask(photographed, ALONE).network.state_dict()
    frozen = dataclasses.replace(photographed, freeze_share=1.0, steps=2)
    train_depth(frozen, tmp_path / "run")
    state = torch.load(tmp_path / "run" / "state.pt", weights_only=True)["network"]
    changed = {name for name, values in before.items() if not torch.equal(values, state[name])}
    assert not {name for name in changed if name.startswith("encoder.")}
    assert "decoder.out.2.weight" in changed


def test_learning_rates_decay_towards_the_first_layer(photographed):
    encoder = DepthTask(photographed, ALONE).network.encoder
    groups = encoder_groups(encoder, EncoderRates(share=0.4, layer_decay=0.5, frozen=0.1))
    assert [group["share"] for group in groups] == pytest.approx([0.1, 0.2, 0.4])
    assert all(group["frozen"] == 0.1 for group in groups)
    grouped = [id(p) for group in groups for p in group["params"]]
    assert sorted(grouped) == sorted(id(p) for p in encoder.parameters())
    assert {id(encoder.positions), id(encoder.class_token)} <= {id(p) for p in groups[0]["params"]}


def test_what_photos_cannot_be_used_with_is_said(photographed, tmp_path):
    with pytest.raises(InputError, match="photos need encoder_weights"):
        dataclasses.replace(photographed, encoder_weights=None)
    with pytest.raises(InputError, match="no encoder weights at"):
        DepthTask(dataclasses.replace(photographed, encoder_weights=tmp_path / "none"), ALONE)
    empty = dataclasses.replace(photographed.photos, folder=tmp_path)
    with pytest.raises(InputError, match="is not a folder of photos"):
        DepthTask(dataclasses.replace(photographed, photos=empty), ALONE)
    larger = dataclasses.replace(ENCODER, channels=32)
    network = dataclasses.replace(OTHER_NETWORK, encoder=larger)
    with pytest.raises(InputError, match="of another size than the configuration's encoder"):
        DepthTask(dataclasses.replace(photographed, network=network), ALONE)
