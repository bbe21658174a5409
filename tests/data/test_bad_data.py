"""Data that is wrong in every way: named and counted, the rest measured, never a traceback."""

from __future__ import annotations

import json
import os
import pickle
import zipfile

import numpy as np
import pytest

from nvs import cli
from tests.data.rgbd_set import write_depth, write_set

pytest.importorskip("skimage")


@pytest.fixture
def posed(tmp_path):
    """Four frames of a set, side by side, and a way to change their description."""
    folder = write_set(tmp_path / "data", frames=4)
    frames = json.loads((folder / "cameras.json").read_text())["frames"]
    for i, frame in enumerate(frames):
        pose = np.eye(4)
        pose[0, 3] = 0.1 * i
        frame |= {"K": [[30, 0, 16], [0, 30, 12], [0, 0, 1]], "c2w": pose.tolist()}

    def described(index=None, **changes):
        if index is not None:
            frames[index] |= changes
        whole = {"depth_scale": 1000, "frames": frames} | ({} if index is not None else changes)
        (folder / "cameras.json").write_text(json.dumps(whole))
        return folder

    described()
    return described


def evaluate(capsys, task, folder, *options):
    """(exit code, all lines of output)."""
    out = folder.parent / f"out-{task}"
    more = ["--no-lpips"] if task == "views" else []
    code = cli.run(["evaluate", task, "--data", str(folder), "-o", str(out), *more, *options])
    said = capsys.readouterr()
    assert "Traceback" not in said.err
    return code, said.out + said.err


NAN = float("nan")


@pytest.mark.parametrize("task", ["depth", "views"])
@pytest.mark.parametrize(
    ("pose", "said"),
    [
        (np.zeros((4, 4)), "a rotation and a translation"),
        (np.diag([2.0, 2, 2, 1]), "a rotation and a translation"),
        (np.diag([1.0, 1, -1, 1]), "a rotation and a translation"),
        (np.full((4, 4), NAN), "4x4 finite numbers"),
    ],
)
def test_poses_that_are_none(posed, capsys, task, pose, said):
    code, output = evaluate(capsys, task, posed(0, c2w=pose.tolist()))
    assert code == 1
    assert output.count(f"its pose is not {said}") == 1
    assert f"1 of {4 if task == 'depth' else 3} frames could not be measured" in output


def test_a_pose_that_is_no_matrix_names_its_frame(posed, capsys):
    code, output = evaluate(capsys, "depth", posed(0, c2w=[[1, 0], ["a"]]))
    assert code == 1
    assert output.count("its pose is not 4x4 finite numbers") == 1
    assert "1 of 4 frames could not be measured" in output


class Wicked:
    def __init__(self, marker):
        self.marker = str(marker)

    def __reduce__(self):
        return (os.mkdir, (self.marker,))


def test_pickles_and_archives_as_depth(posed, tmp_path, capsys):
    folder, marker = posed(), tmp_path / "ran"
    np.save(folder / "a.npy", np.array([[Wicked(marker)]], object), allow_pickle=True)
    (folder / "b.npy").write_bytes(pickle.dumps(Wicked(marker)))
    with zipfile.ZipFile(folder / "c.npz", "w") as archive:
        archive.writestr("depth.npy", b"no array")
    for i, name in enumerate(("a.npy", "b.npy", "c.npz")):
        posed(i, depth=name)
    code, output = evaluate(capsys, "depth", folder)
    assert code == 1
    assert output.count("pickled objects") == 2
    assert "not an array" in output
    assert "3 of 4 frames" in output
    assert not marker.exists()


def test_broken_files_beside_good_ones(posed, capsys):
    folder = posed()
    (folder / "0.png").unlink()
    write_depth(folder / "1-depth.png", np.ones((9, 9)))
    np.save(folder / "2-depth.npy", np.full((24, 32), NAN))
    posed(2, depth="2-depth.npy")
    code, output = evaluate(capsys, "depth", folder)
    assert code == 1
    for words in ("0.png: no such photo", "9x9", "2-depth.npy: no valid depth", "3 of 4 frames"):
        assert words in output
    # The stored results name them, too, and a file from which nothing is left says so.
    stored = json.loads((folder.parent / "out-depth" / "results.json").read_text())
    assert sum(frame["error"] is not None for frame in stored["frames"]) == 3


@pytest.mark.parametrize("task", ["depth", "views"])
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--seed", "-1"], "--seed"),
        (["--model", "nonesuch"], "nonesuch"),
        (["--markdown", "/proc/none/x.md"], "/proc/none/x.md"),
    ],
)
def test_bad_options_of_both(posed, capsys, task, options, said):
    code, output = evaluate(capsys, task, posed(), *options)
    assert code == 2
    assert said in output


@pytest.mark.parametrize(
    ("task", "options", "said"),
    [
        ("depth", ["--frames", "0"], "--frames"),
        ("depth", ["--frames", "-2"], "--frames"),
        ("depth", ["--layout", "nonesuch"], "nonesuch"),
        ("views", ["--points", "0"], "--points"),
        ("views", ["--pairs", "0"], "--pairs"),
    ],
)
def test_bad_options_are_found_before_any_work(posed, capsys, task, options, said):
    folder = posed()
    code, output = evaluate(capsys, task, folder, *options)
    assert code == 2
    assert said in output
    assert not (folder.parent / f"out-{task}").exists()


@pytest.mark.parametrize("task", ["depth", "views"])
def test_a_scale_that_is_none(posed, capsys, task):
    code, output = evaluate(capsys, task, posed(depth_scale=0))
    assert code == 2
    assert "depth_scale" in output
