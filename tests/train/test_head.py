"""Training the Gaussian head: the whole chain, the files it writes, and what it refuses."""

from __future__ import annotations

import dataclasses
import importlib.util
import json

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional

import nvs
from nvs.errors import InputError
from nvs.models.files import load_gaussian_head, save_depth_network, save_gaussian_head
from nvs.pipeline import Model
from nvs.splat.discs import closed_discs
from nvs.splat.head import GaussianHead, log_median, point_tokens
from nvs.splat.points import SurfacePoints
from nvs.train.head import HeadTask, HeadTraining, PerceptualSettings, train_head
from nvs.train.head_data import ExampleSettings, prepared
from nvs.train.loop import Moment
from nvs.train.posed_views import RecordedPlaces, ViewSceneSettings
from nvs.train.solved_colors import with_solved_colors
from nvs.train.team import ALONE
from tests.data.rgbd_set import write_depth

if importlib.util.find_spec("lpips") is None:  # it brings the distance's weights
    pytest.skip("lpips is not installed", allow_module_level=True)


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    views = ViewSceneSettings(
        cache=tmp_path_factory.mktemp("views"), scenes=2, views=2, area_px=72 * 54
    )
    return HeadTraining(
        steps=24,
        learning_rate=1e-3,
        warmup_steps=1,
        average_decay=0.9,
        workers=0,
        save_every=24,
        pictures_every=12,
        views=views,
        examples=ExampleSettings(batch=1, targets=1, true_depth_share=0.5),
        perceptual=PerceptualSettings(random_features=True),
        cover_weight=0.0,  # it pulls against the rest, which two dozen steps do not settle
    )


@pytest.fixture(scope="module")
def task(settings):
    return HeadTask(settings, ALONE)


def test_the_chain_is_that_of_a_flight(task, model):
    """The untrained head's scene in training is, bit for bit, that of `Model.splat`."""
    untrained = GaussianHead(model.head.config)
    places = task.examples.generated.drawn(0, np.random.default_rng(0))
    field, photo = places.true_field(), places.source.photo
    example = prepared(model, places, field, 2.0, seed=3)
    scene = example.scene(untrained)
    free = functional.pad(example.solved, (0, len(scene) - len(example.solved)))
    trained_on = with_solved_colors(scene, free, photo.rgb, photo.camera)
    count = 2 * photo.camera.width * photo.camera.height
    flown = Model(model.network, untrained).splat(photo, count, field=field, seed=3)
    for one in dataclasses.fields(flown):
        assert torch.equal(getattr(trained_on, one.name), getattr(flown, one.name)), one.name


def test_views_of_generated_places_show_the_same_place(task):
    """A true surface point of the source has its colour in the target, mostly."""
    places = task.examples.generated.drawn(1, np.random.default_rng(1))
    target = places.targets[0]
    source, camera = places.source, places.camera_of(target)
    xy = source.photo.camera.pixel_centers().view(-1, 2)
    depth = source.depth.view(-1)
    seen, at_depth = camera.project(source.photo.camera.unproject(xy, depth))
    inside = (depth > 0) & ((seen > 0) & (seen < seen.new_tensor([72, 54]))).all(-1)
    true_depth = target.depth[seen[inside, 1].long(), seen[inside, 0].long()]
    assert inside.float().mean() > 0.2
    same = (at_depth[inside] / true_depth.clamp(min=1e-3) - 1).abs() < 0.05
    assert same.float().mean() > 0.7


def test_a_trained_head_is_better_on_places_it_has_not_seen(settings, tmp_path):
    weights = train_head(settings, tmp_path)
    elsewhere = dataclasses.replace(settings, views=dataclasses.replace(settings.views, seed=5))
    task = HeadTask(elsewhere, ALONE)
    batches = [task.examples[k] for k in range(4)]

    @torch.no_grad()
    def loss(head: GaussianHead) -> float:
        task.network, at_the_end = head, Moment(1.0, head)
        return sum(float(task.total(task.losses(batch, at_the_end))) for batch in batches)

    head = load_gaussian_head(weights, task.model.network)
    assert loss(head) < 0.998 * loss(GaussianHead(head.config))
    flown = load_gaussian_head(weights, nvs.load_model().network).state_dict()
    for name, values in head.state_dict().items():
        assert torch.equal(flown[name], values)


def test_a_head_belongs_to_one_depth_network(tmp_path, model):
    torch.manual_seed(0)
    head = GaussianHead(model.head.config)
    path = tmp_path / "head.safetensors"
    save_gaussian_head(head, model.network, path)
    load_gaussian_head(path, model.network)
    other = tmp_path / "other.safetensors"
    weights = {k: v + 0.01 for k, v in model.network.state_dict().items()}
    network = type(model.network)(model.network.config)
    network.load_state_dict(weights)
    save_depth_network(network, other)
    with pytest.raises(InputError, match="another depth network"):
        nvs.load_model(other, head=path)
    with pytest.raises(InputError, match="does not hold an nvs gaussian head"):
        nvs.load_model(head=other)


def test_tokens_know_no_unit(model):
    generator = torch.Generator().manual_seed(0)
    depth = torch.rand(50, generator=generator) + 1
    ray = torch.rand(50, 3, generator=generator)
    across = torch.rand(50, 3, 2, generator=generator)
    points = SurfacePoints(
        torch.rand(50, 2), depth, ray * depth[:, None], across, torch.rand(50) + 0.5,
        torch.rand(50, 3),
    )  # fmt: skip
    far = dataclasses.replace(
        points, depth=7 * depth, position=7 * points.position, across=7 * across
    )
    features = torch.rand(50, model.head.config.feature_channels)
    near_tokens, far_tokens = (
        point_tokens(some, features, log_median(some.depth)) for some in (points, far)
    )
    torch.testing.assert_close(near_tokens, far_tokens)
    head = GaussianHead(model.head.config)
    for layer in (head.offset, head.scale, head.opacity, head.rotation, head.color):
        torch.nn.init.normal_(layer.weight)
    near, large = head(points, features), head(far, features)
    torch.testing.assert_close(large.means, 7 * near.means, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(large.scales, 7 * near.scales, rtol=1e-4, atol=1e-5)
    untrained, guess = GaussianHead(model.head.config)(points, features), closed_discs(points)
    torch.testing.assert_close(untrained.scales, guess.scales)
    assert torch.equal(untrained.colors, guess.colors)


def test_places_on_disk_give_views_near_each_other(tmp_path):
    frames = []
    for i in range(6):
        Image.fromarray(np.full((24, 32, 3), 40 * i, np.uint8)).save(tmp_path / f"{i}.png")
        pose = np.eye(4)
        pose[0, 3] = 0.1 * i
        frame = {"image": f"{i}.png", "K": [[30, 0, 16], [0, 30, 12], [0, 0, 1]]}
        frames.append(frame | {"c2w": pose.tolist()})
        if i == 3:
            write_depth(tmp_path / "d.png", np.full((24, 32), 2.0))
            frames[-1]["depth"] = "d.png"
    text = json.dumps({"depth_scale": 1000, "depth_invalid": [0], "frames": frames})
    (tmp_path / "cameras.json").write_text(text)
    found = RecordedPlaces.found([tmp_path], targets=2, longer_side=32)
    for seed in range(4):
        places = found.drawn(np.random.default_rng(seed))
        assert places.source.name == "3"  # the only one whose depth is known
        for target in places.targets:
            assert target.name in "1245"
            moved = places.camera_of(target).camera_to_world[0, 3]
            assert float(moved) == pytest.approx(0.1 * (int(target.name) - 3), abs=1e-6)
    frames[3].pop("depth")
    (tmp_path / "cameras.json").write_text(json.dumps({"frames": frames}))
    with pytest.raises(InputError, match="no posed view with depth"):
        RecordedPlaces.found([tmp_path], targets=2, longer_side=32)


def test_what_cannot_be_trained_is_named(settings, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no posed views found"):
        HeadTask(dataclasses.replace(settings, data=(tmp_path / "empty",)), ALONE)
    nothing = PerceptualSettings(weights=tmp_path / "no.pth")
    with pytest.raises(InputError, match="--lpips-random-features"):
        HeadTask(dataclasses.replace(settings, perceptual=nothing), ALONE)


def test_a_run_is_not_resumed_with_another_depth_network(settings, tmp_path, model):
    short = dataclasses.replace(settings, steps=1, pictures_every=0)
    train_head(short, tmp_path / "run")
    other = type(model.network)(model.network.config)
    other.load_state_dict({k: v + 0.01 for k, v in model.network.state_dict().items()})
    save_depth_network(other, tmp_path / "other.safetensors")
    moved = dataclasses.replace(short, model=str(tmp_path / "other.safetensors"))
    with pytest.raises(InputError, match="another network"):
        train_head(moved, tmp_path / "run", resume=True)
    weights = tmp_path / "run" / "head.safetensors"
    wider = dataclasses.replace(short, hidden_channels=8, start_from=weights)
    with pytest.raises(InputError, match="is of another size"):
        HeadTask(wider, ALONE)


def test_what_shines_through_an_enlarged_view_counts(task):
    """Gaussians half as large leave gaps when one looks closer, whatever lies behind them."""
    example = task.examples[0][0]
    bare = dataclasses.replace(
        example, beside=example.beside[:0], solved=example.solved[: len(example.ground.xy)]
    )
    assert len(example.beside) > 0
    whole = task._compared(example)["uncovered"]
    torch.nn.init.constant_(task.network.scale.bias, -0.7)
    try:
        gaps = task._compared(example)["uncovered"]
        gaps.backward()
        assert torch.equal(gaps, task._compared(bare)["uncovered"])
        assert float(gaps.detach()) > 3 * float(whole.detach())
        assert (task.network.scale.bias.grad < 0).sum() >= 2  # growing helps
    finally:
        torch.nn.init.zeros_(task.network.scale.bias)
