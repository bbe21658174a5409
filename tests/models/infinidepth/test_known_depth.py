"""Where geometry comes from, as the command line is told and as it says."""

import copy
import dataclasses

import numpy as np
import pytest
import torch

from nvs import cli
from nvs.models.files import save_depth_network
from tests.conftest import ASSETS
from tests.models.infinidepth.small_model import depth_state

PHOTO = str(ASSETS / "coffee.jpg")  # 600x400


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    for name, prompt in (("mono", False), ("sensor", True)):
        state = {"pipeline." + key: value for key, value in depth_state(prompt).items()}
        torch.save({"state_dict": state}, folder / f"{name}.ckpt")
    depth = np.zeros((100, 150), np.float32)
    depth[::7, ::5] = np.linspace(2, 6, 450, dtype=np.float32).reshape(15, 30)
    np.save(folder / "sparse.npy", depth)
    return folder


def run(tmp_path, *arguments):
    target = tmp_path / "depth.npz"
    code = cli.run(["depth", PHOTO, "--width", "90", "-o", str(target), *map(str, arguments)])
    if code:
        assert not target.exists()
        return code, None
    with np.load(target) as made:
        return code, (str(made["unit"]), made["depth"])


@pytest.mark.parametrize(
    ("model", "file", "said"),
    [
        ("infinidepth", "mono", "(450 points)"),
        ("infinidepth-sensor", "sensor", "450 points of the depth prompt"),
    ],
)
def test_a_prompt_makes_metres_of_it_and_the_next_run_forgets_it(
    files, tmp_path, capsys, model, file, said
):
    chosen = ("--model", model, "--weights", files / f"{file}.ckpt")
    _, (unit, before) = run(tmp_path, *chosen)
    assert unit == "relative"
    assert "note: a prior" in capsys.readouterr().out
    _, (unit, _) = run(tmp_path, *chosen, "--depth-prompt", files / "sparse.npy")
    assert unit == "m"
    assert said in capsys.readouterr().out
    _, (unit, after) = run(tmp_path, *chosen)
    assert unit == "relative"
    np.testing.assert_array_equal(before, after)


def test_a_metric_model_gives_the_scale(files, tmp_path, capsys, model):
    metric = copy.deepcopy(model.network)
    metric.config = dataclasses.replace(metric.config, unit="m")
    save_depth_network(metric, tmp_path / "metric.safetensors")
    _, (unit, _) = run(
        tmp_path, "--model", "infinidepth", "--weights", files / "mono.ckpt",
        "--metric-model", tmp_path / "metric.safetensors",
    )  # fmt: skip
    assert unit == "m"
    assert "the metric model" in capsys.readouterr().out


def test_what_cannot_be_is_said_in_one_line(files, tmp_path, capsys):
    np.save(tmp_path / "tall.npy", np.ones((90, 40), np.float32))
    np.save(tmp_path / "nothing.npy", np.zeros((40, 60), np.float32))
    sparse, mono = files / "sparse.npy", ("--weights", files / "mono.ckpt")
    for arguments, said in [
        (("--model", "infinidepth", *mono, "--depth-prompt", tmp_path / "tall.npy"), "shape"),
        (
            ("--model", "infinidepth", *mono, "--depth-prompt", tmp_path / "nothing.npy"),
            "no depth at all",
        ),
        (("--model", "infinidepth", *mono, "--metric-model", "default"), "no metres"),
        (("--depth-prompt", sparse, "--metric-model", "default"), "leave out"),
    ]:
        code, _ = run(tmp_path, *arguments)
        error = capsys.readouterr().err
        assert code == 2
        assert said in error
        assert len(error.strip().splitlines()) == 1
