"""What a checkpoint may be, and the one line for each that may not."""

import pickle
import zipfile

import pytest
import torch
from safetensors.torch import save_file

from nvs.errors import InputError
from nvs.models.infinidepth.checkpoint import load_depth_network, load_gaussian_head, read_state
from tests.models.infinidepth.small_model import (
    depth_network,
    depth_state,
    gaussian_head,
    head_state,
    picture,
)


def prefixed(state, prefix="pipeline."):
    return {prefix + key: value for key, value in state.items()}


def saved(path, state):
    torch.save({"state_dict": state}, path)
    return path


def refusal(load, path) -> str:
    with pytest.raises(InputError) as caught:
        load(path)
    message = str(caught.value)
    assert "\n" not in message
    assert path.name in message
    return message


@pytest.mark.parametrize("prompt", [False, True])
def test_a_checkpoint_becomes_its_network(tmp_path, prompt):
    path = saved(tmp_path / "depth.ckpt", prefixed(depth_state(prompt)))
    loaded = load_depth_network(path)
    assert loaded.takes_prompts == prompt
    assert not loaded.training
    expected = depth_network(prompt).encode(picture())
    for found, wanted in zip(loaded.encode(picture()).grids, expected.grids, strict=True):
        torch.testing.assert_close(found, wanted, atol=0, rtol=0)


def test_a_head_becomes_its_network(tmp_path):
    path = saved(tmp_path / "gs.ckpt", prefixed(head_state(), "encoder."))
    loaded, expected = load_gaussian_head(path).state_dict(), gaussian_head().state_dict()
    assert all(torch.equal(loaded[key], expected[key]) for key in expected)


def test_half_precision_is_computed_in_single(tmp_path):
    state = {key: value.half() for key, value in prefixed(depth_state()).items()}
    loaded = load_depth_network(saved(tmp_path / "half.ckpt", state))
    assert {value.dtype for value in loaded.state_dict().values()} == {torch.float32}


def test_safetensors_and_a_bare_dictionary(tmp_path):
    state = prefixed(depth_state())
    save_file(state, tmp_path / "depth.safetensors")
    torch.save(state, tmp_path / "bare.pt")
    for name in ("depth.safetensors", "bare.pt"):
        assert set(read_state(tmp_path / name)) == set(state)


def test_sizes_come_from_the_arrays(tmp_path):
    # A whole block less is another network, not a damaged one.
    state = {k: v for k, v in depth_state().items() if not k.startswith("pretrained.blocks.2.")}
    loaded = load_depth_network(saved(tmp_path / "shallow.ckpt", prefixed(state)))
    assert loaded.pretrained.sizes.depth == 2


@pytest.mark.parametrize(
    "key",
    [
        "pretrained.cls_token",
        "pretrained.blocks.1.attn.qkv.bias_mask",
        "pretrained.blocks.0.mlp.fc1.weight",
        "pretrained.rope_embed.periods",
        "basic_encoder.layer2.0.downsample.0.weight",
        "depth_implicit_head.out_layer.layers.0.weight",
        "_mean",
    ],
)
def test_a_missing_key_is_named(tmp_path, key):
    state = depth_state()
    del state[key]
    message = refusal(load_depth_network, saved(tmp_path / "less.ckpt", prefixed(state)))
    assert "missing" in message
    assert f"pipeline.{key}" in message


@pytest.mark.parametrize("extra", ["pipeline.pretrained.blocks.0.attn.rope", "optimizer.step"])
def test_a_key_too_many_is_named(tmp_path, extra):
    state = prefixed(depth_state()) | {extra: torch.zeros(1)}
    assert f"unknown: {extra}" in refusal(load_depth_network, saved(tmp_path / "more.ckpt", state))


@pytest.mark.parametrize(
    ("key", "shape"),
    [
        ("pretrained.norm.weight", (7,)),
        ("basic_encoder.conv1.weight", (4, 3, 5, 5)),
        ("pretrained.rope_embed.periods", (0,)),
        ("pretrained.patch_embed.proj.weight", (3,)),
        ("depth_implicit_head.out_layer.layers.0.weight", ()),
        ("_std", (3,)),
    ],
)
def test_a_misshapen_array_is_named(tmp_path, key, shape):
    state = prefixed(depth_state()) | {f"pipeline.{key}": torch.zeros(shape)}
    message = refusal(load_depth_network, saved(tmp_path / "odd.ckpt", state))
    assert "misshapen" in message or "odd shapes" in message


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_numbers_that_are_none_are_named(tmp_path, bad):
    state = prefixed(depth_state())
    state["pipeline.pretrained.blocks.1.attn.qkv.bias_mask"][3] = bad
    message = refusal(load_depth_network, saved(tmp_path / "nan.ckpt", state))
    assert "not finite" in message
    assert "blocks.1.attn.qkv.bias_mask" in message


@pytest.mark.parametrize("kind", ["sparse", "meta"])
def test_arrays_without_plain_numbers_are_named(tmp_path, kind):
    state = prefixed(depth_state())
    key = "pipeline.pretrained.blocks.0.mlp.fc1.weight"
    state[key] = state[key].to_sparse() if kind == "sparse" else state[key].to("meta")
    message = refusal(load_depth_network, saved(tmp_path / f"{kind}.ckpt", state))
    assert f"{key!r} is not an array" in message


def test_many_faults_stay_one_line(tmp_path):
    state = {f"pipeline.nonsense{n}": torch.zeros(1) for n in range(500)}
    message = refusal(
        load_depth_network, saved(tmp_path / "m.ckpt", state | prefixed(depth_state()))
    )
    assert "and 496 more" in message
    assert len(message) < 1000


def test_another_architecture(tmp_path):
    state = {"model.encoder.weight": torch.zeros(3, 3)}
    message = refusal(load_depth_network, saved(tmp_path / "other.ckpt", state))
    assert "another architecture" in message
    # Nor is the head a depth network.
    head = saved(tmp_path / "gs.ckpt", prefixed(head_state(), "encoder."))
    assert "another architecture" in refusal(load_depth_network, head)


class Wicked:
    """Runs code when it is unpickled."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return (exec, (f"open({str(self.marker)!r}, 'w').close()",))


@pytest.mark.parametrize("protocol", [None, 0, 1, 2, 3, 4, 5])
@pytest.mark.filterwarnings("error")
def test_a_pickle_with_code_is_refused_and_not_run(tmp_path, protocol):
    marker = tmp_path / "the code has run"
    path = tmp_path / "wicked.ckpt"
    content = {"state_dict": {"pipeline.a": Wicked(marker)}}
    if protocol is None:
        torch.save(content, path)
    else:
        path.write_bytes(pickle.dumps(content, protocol))
    assert "a pickle with code in it" in refusal(load_depth_network, path)
    assert not marker.exists()


def test_a_truncated_checkpoint(tmp_path):
    path = saved(tmp_path / "short.ckpt", prefixed(depth_state()))
    whole = path.read_bytes()
    for length in (4, 100, len(whole) // 2, len(whole) - 10):
        path.write_bytes(whole[:length])
        refusal(load_depth_network, path)


def test_a_truncated_safetensors_file(tmp_path):
    path = tmp_path / "short.safetensors"
    save_file(prefixed(depth_state()), path)
    path.write_bytes(path.read_bytes()[:-1000])
    assert "damaged" in refusal(load_depth_network, path)


def test_files_that_are_something_else(tmp_path):
    archive = tmp_path / "renamed.ckpt"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("letter.txt", "dear reader")
    assert "zip" in refusal(load_depth_network, archive)
    text = tmp_path / "text.ckpt"
    text.write_text("version https://git-lfs.github.com/spec/v1\n")
    refusal(load_depth_network, text)
    empty = tmp_path / "empty.ckpt"
    empty.touch()
    refusal(load_depth_network, empty)
    refusal(load_depth_network, tmp_path / "nowhere.ckpt")
    refusal(load_depth_network, tmp_path)


@pytest.mark.parametrize("content", [[1, 2], {}, {"state_dict": {"pipeline.a": 3}}, "text"])
def test_pickles_that_hold_no_arrays(tmp_path, content):
    path = tmp_path / "odd.ckpt"
    torch.save(content, path)
    refusal(load_depth_network, path)
