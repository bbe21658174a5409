"""`evaluate_depth` and its command on a small set, whole and broken."""

import json

import numpy as np
import pytest
import torch

from nvs.commands.evaluate_depth import (
    Options,
    main,
    predictor_of,
    set_table,
    spread,
    wins,
)
from nvs.data.recorded import depth_sets
from nvs.errors import InputError
from nvs.evaluate.baselines import BASELINES
from nvs.evaluate.depth import DepthProtocol, evaluate_depth
from nvs.evaluate.results import FrameRecord, Results, load_results
from tests.data.rgbd_set import KnownDepth, perfect, true_depth, write_depth, write_set


@pytest.mark.parametrize(
    "alignment", ["none", "scale", "affine-depth", "affine-disparity", "affine-log"]
)
def test_a_perfect_model_has_the_perfect_score(tmp_path, alignment):
    results = evaluate_depth(perfect, depth_sets(write_set(tmp_path)), DepthProtocol(alignment))
    assert len(results.measured) == 3
    for frame in results.frames:
        assert frame.scores["model"]["delta_1pct"] == 1
        assert frame.scores["model"]["abs_rel"] < 3e-4  # depth is stored in millimetres
        assert frame.scores["model"]["pixels"] == 24 * 32
    if alignment == "affine-disparity":
        assert wins(results.measured, "abs_rel") == 3
        # The plane's disparity hardly depends on y: there the ramp is no better than a wall.
        ramp, wall = (results.mean(m, "abs_rel") for m in ("ramp", "constant"))
        assert ramp == pytest.approx(wall, rel=0.05)
        assert results.mean("model", "abs_rel") < 0.01 * ramp


def test_the_ramp_is_perfect_where_the_truth_is_one(tmp_path):
    y = np.mgrid[:24, :32][0] + 0.5
    write_set(tmp_path, frames=2)
    for i in range(2):
        write_depth(tmp_path / f"{i}-depth.png", 1 / (0.05 + y / 50))
    results = evaluate_depth(BASELINES["constant"], depth_sets(tmp_path))
    assert results.mean("ramp", "delta_1pct") == 1
    assert results.mean("ramp", "abs_rel") < 1e-3
    assert wins(results.measured, "delta1") == 0


def test_broken_frames_are_named_and_the_others_measured(tmp_path):
    write_set(tmp_path, frames=8)
    (tmp_path / "0.png").unlink()
    (tmp_path / "1-depth.png").unlink()
    write_depth(tmp_path / "2-depth.png", np.ones((9, 9)))
    write_depth(tmp_path / "3-depth.png", np.zeros((24, 32)))
    (tmp_path / "4.png").write_bytes(b"\xff\xd8\xff nonsense")

    def model(photo):
        if photo.path.stem == "5":
            return KnownDepth(photo.camera, np.nan)
        return perfect(photo)

    results = evaluate_depth(model, depth_sets(tmp_path))
    assert {f.name: f.error.split(": ")[-1].split("/")[-1][:24] for f in results.failed} == {
        "0": "no such photo",
        "1": "1-depth.png does not exi",
        "2": "depth 9x9 cannot belong ",
        "3": "no valid depth",
        "4": results.failed[4].error.split(": ")[-1].split("/")[-1][:24],
        "5": "the prediction is not fi",
    }
    assert [f.name for f in results.measured] == ["6", "7"]
    assert results.mean("model", "delta1") == 1


def test_an_interrupted_run_goes_on_where_it_was(tmp_path):
    sets = depth_sets(write_set(tmp_path / "data", frames=4))
    asked = []

    def interrupted(photo):
        asked.append(photo.path.stem)
        if len(asked) == 3:
            raise KeyboardInterrupt
        return perfect(photo)

    with pytest.raises(KeyboardInterrupt):
        evaluate_depth(interrupted, sets, folder=tmp_path / "out")
    assert not load_results(tmp_path / "out").finished
    with pytest.raises(InputError, match="another alignment"):
        evaluate_depth(perfect, sets, DepthProtocol("scale"), folder=tmp_path / "out")
    other = depth_sets(write_set(tmp_path / "other", frames=2))
    with pytest.raises(InputError, match="another selection of frames"):
        evaluate_depth(perfect, other, folder=tmp_path / "out")

    evaluate_depth(interrupted, sets, folder=tmp_path / "out")
    assert asked == ["0", "1", "2", "2", "3"]
    results = load_results(tmp_path / "out")
    assert results.finished
    assert [f.name for f in results.frames] == ["0", "1", "2", "3"]

    evaluate_depth(interrupted, sets, folder=tmp_path / "out")  # finished: measured anew
    assert len(asked) == 9


def test_fine_detail_where_the_truth_is_dense(tmp_path):
    pytest.importorskip("skimage")
    write_set(tmp_path, frames=3)
    y, x = np.mgrid[:24, :32]
    write_depth(tmp_path / "1-depth.png", np.where(x > 15, np.where(y > 11, 1.0, 2.0), 4.0))
    write_depth(tmp_path / "2-depth.png", np.where((x + y) % 3 == 0, 2.0, 0.0))  # sparse

    class Steps(KnownDepth):
        def forward(self, xy):
            right = torch.where(xy[:, 1] > 12, 1.0, 2.0)
            return torch.where(xy[:, 0] > 16, right, 4.0)

    results = evaluate_depth(
        lambda photo: Steps(photo.camera), depth_sets(tmp_path), DepthProtocol(detail=True)
    )
    steps, sparse = results.frames[1], results.frames[2]
    assert steps.scores["model"]["hf_delta_1pct"] == 1
    assert 0 < steps.scores["model"]["hf_pixels"] <= 24 * 32 // 10
    assert steps.scores["model"]["d3r"] == 0
    assert steps.scores["model"]["boundary_f1"] == pytest.approx(1)
    assert steps.scores["constant"]["boundary_f1"] == 0
    assert "d3r" not in sparse.scores["model"]
    assert sparse.scores["model"]["delta1"] > 0


def posed(folder):
    """The small set with a camera for each frame, side by side."""
    description = json.loads((folder / "cameras.json").read_text())
    for i, frame in enumerate(description["frames"]):
        pose = np.eye(4)
        pose[0, 3] = 0.1 * i
        frame |= {"K": [[30, 0, 16], [0, 30, 12], [0, 0, 1]], "c2w": pose.tolist()}
    (folder / "cameras.json").write_text(json.dumps(description))
    return folder


def test_surfaces_of_frames(tmp_path):
    sets = depth_sets(posed(write_set(tmp_path, frames=2)))
    results = evaluate_depth(perfect, sets, DepthProtocol(reconstruction="frames"))
    assert results.mean("model", "f_score") == pytest.approx(1)
    assert results.mean("model", "accuracy") < 0.002
    assert results.mean("ramp", "f_score") < 0.7


def test_fused_surfaces(tmp_path):
    pytest.importorskip("open3d")
    sets = depth_sets(posed(write_set(tmp_path, frames=3)))
    (tmp_path / "1.png").unlink()
    results = evaluate_depth(perfect, sets, DepthProtocol(reconstruction="fused"))
    assert [f.name for f in results.frames] == ["0", "1", "2", "all frames fused"]
    fused = results.frames[-1]
    assert fused.notes == ["2 frames fused"]
    assert fused.scores["model"]["f_score"] > 0.99
    assert fused.scores["constant"]["f_score"] < 0.7
    assert wins(results.measured, "delta1") == 2


def test_prompts_of_a_list_reach_the_model(tmp_path):
    write_set(tmp_path, frames=2)
    np.save(tmp_path / "prompt.npy", np.array([[0.0, 2.5]]))
    (tmp_path / "list.txt").write_text("0.png 0-depth.png\n1.png 1-depth.png prompt.npy\n")
    told = []

    def prompted(photo, prompt=None):
        told.append(None if prompt is None else prompt.tolist())
        return perfect(photo)

    results = evaluate_depth(prompted, depth_sets(tmp_path / "list.txt"))
    assert told == [None, [[0.0, 2.5]]]
    assert results.mean("model", "delta1") == 1


def test_a_model_without_prompts_is_told_of_none(model, untrained, tmp_path):
    from nvs.pipeline import Model

    write_set(tmp_path, frames=1)
    np.save(tmp_path / "prompt.npy", np.array([[0.0, 2.5]]))
    (tmp_path / "list.txt").write_text("0.png 0-depth.png prompt.npy\n")
    predictor = predictor_of(Model(untrained, model.head))
    assert evaluate_depth(predictor, depth_sets(tmp_path / "list.txt")).failed == []


class PerfectModel:
    uses = frozenset({"prompt"})
    depth_field = staticmethod(perfect)


def test_the_command(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("nvs.models.registry.load_model", lambda name, **_: PerfectModel())
    data, out = write_set(tmp_path / "set-a"), tmp_path / "out"
    options = Options(data, out, markdown=tmp_path / "results.md")
    assert main(options) == 0
    shown = capsys.readouterr().out
    assert "Depth of default on set-a, affine-disparity alignment (least-squares)\n" in shown
    assert "| set-a" in shown
    assert "3/3" in shown
    stored = json.loads((out / "results.json").read_text())
    # PyPI's build calls itself "2.13.0+cu130", its distribution "2.13.0".
    assert torch.__version__.startswith(stored["versions"]["torch"])
    assert stored["settings"]["alignment"] == "affine-disparity"
    assert "Better than the ramp on 3 of 3 frames" in (tmp_path / "results.md").read_text()

    (data / "1-depth.png").unlink()
    np.save(data / "2-depth.npy", np.where(np.eye(24, 32), np.nan, true_depth(2)) * 1000)
    description = (data / "cameras.json").read_text().replace("2-depth.png", "2-depth.npy")
    (data / "cameras.json").write_text(description)
    assert main(options) == 1
    shown = capsys.readouterr().out
    assert "not measured: set-a/1: " in shown
    assert "1 of 3 frames could not be measured" in shown
    assert "note: set-a/2: 24 pixels of the depth are NaN" in shown


def test_each_set_counts_the_same_in_the_last_row():
    def frame(of_set, model, ramp):
        figures = {"model": model, "ramp": ramp, "constant": 0.0}
        scores = {m: {"delta1": figure, "abs_rel": 1 - figure} for m, figure in figures.items()}
        return FrameRecord(of_set, "frame", scores)

    frames = [frame("a", 0.9, 0.5), frame("a", 0.7, 0.5), frame("b", 0.4, 0.6)]
    failed = FrameRecord("c", "frame", error="no depth")
    *_, all_frames, of_sets = set_table(Results({}, [*frames, failed])).rows
    assert all_frames == [
        *("all frames", "3", "0.667", "0.533", "0.000", "0.333", "0.467", "1.000", "2/3", "2/3")
    ]
    assert of_sets == [
        *("mean of the sets", "", "0.600", "0.550", "0.000", "0.400", "0.450", "1.000"),
        *("1/2", "1/2"),
    ]
    assert set_table(Results({}, frames[:2])).rows[-1][0] == "all frames"


def test_frames_are_spread_evenly(tmp_path):
    (one,) = depth_sets(write_set(tmp_path, frames=7))
    assert [f.name for f in spread(one, 3).frames] == ["0", "2", "4"]
    assert spread(one, 9) is one


def test_predictions_at_another_size_than_the_photo(tmp_path):
    """A model may work at a reduced size: the field's own camera says at which."""
    sets = depth_sets(write_set(tmp_path, frames=1))

    class Halved(KnownDepth):
        def forward(self, xy):
            return super().forward(xy * 2)

    results = evaluate_depth(
        lambda photo: Halved(photo.camera.resized(16, 12)), sets, DepthProtocol("none")
    )
    assert results.mean("model", "abs_rel") < 3e-4
    assert true_depth(0).min() > 1
