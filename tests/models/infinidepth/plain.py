"""The released network in plain steps, straight from arrays by their official names.

Written from the README of `NVS_PARITY_DIR` alone, apart from nvs: what both agree on is right.
"""

from __future__ import annotations

import math

import torch
from torch.nn import functional as F

EPSILON = 1e-5


def tokens_of(state, picture, heads):
    """[h·w, C] of the last block, normalised; `picture` [1, 3, H, W] in 0..1."""

    def get(name):
        return state["pretrained." + name]

    patch = get("patch_embed.proj.weight").shape[-1]
    rows, columns = (side // patch for side in picture.shape[-2:])
    scaled = (picture - state["_mean"]) / state["_std"]
    # A convolution whose stride is its size is a matrix product over cut-out patches.
    cut = F.unfold(scaled, patch, stride=patch)[0].T  # [h·w, 3·p·p]
    patches = cut @ get("patch_embed.proj.weight").flatten(1).T + get("patch_embed.proj.bias")
    x = torch.cat([get("cls_token")[0], get("storage_tokens")[0], patches])  # [T, C]
    first = len(x) - len(patches)

    periods = get("rope_embed.periods")
    angles = torch.stack(
        [
            torch.cat([2 * math.pi * place / periods for place in (y, x_)])
            for y in (2 * (torch.arange(rows) + 0.5) / rows - 1).tolist()
            for x_ in (2 * (torch.arange(columns) + 0.5) / columns - 1).tolist()
        ]
    ).repeat(1, 2)  # [h·w, D]

    def turned(q):  # [T, D]
        half = q.shape[-1] // 2
        swapped = torch.cat([-q[first:, half:], q[first:, :half]], dim=-1)
        return torch.cat([q[:first], q[first:] * angles.cos() + swapped * angles.sin()])

    for n in range(1 + max(int(k.split(".")[2]) for k in state if k.startswith("pretrained.bl"))):
        block = f"blocks.{n}."
        y = _norm(x, get(block + "norm1.weight"), get(block + "norm1.bias"))
        bias = get(block + "attn.qkv.bias") * get(block + "attn.qkv.bias_mask")
        q, k, v = (y @ get(block + "attn.qkv.weight").T + bias).chunk(3, dim=-1)
        mixed = [
            _attention(turned(a), turned(b), c)
            for a, b, c in zip(*(t.chunk(heads, dim=-1) for t in (q, k, v)), strict=True)
        ]
        y = torch.cat(mixed, dim=-1) @ get(block + "attn.proj.weight").T
        x = x + get(block + "ls1.gamma") * (y + get(block + "attn.proj.bias"))
        y = _norm(x, get(block + "norm2.weight"), get(block + "norm2.bias"))
        y = _feed_forward(state, "pretrained." + block + "mlp.", y)
        x = x + get(block + "ls2.gamma") * y
    return _norm(x, get("norm.weight"), get("norm.bias"))[first:]


def prompted_tokens(state, tokens, rows, columns, places, disparity, heads):
    """The tokens [h·w, C] after the prompt model; `places` [P, 2] (x, y), values normalised."""

    def get(name):
        return state["prompt_model.prompt_model.0." + name]

    def encoded(xy):
        c = 2 * math.pi * (2 * xy - 1) @ get("pe_layer.positional_encoding_gaussian_matrix")
        return torch.cat([c.sin(), c.cos()], dim=-1)

    centres = torch.tensor(
        [[(j + 0.5) / columns, (i + 0.5) / rows] for i in range(rows) for j in range(columns)]
    ).to(tokens)
    hidden = disparity[:, None] @ get("depth2feature.0.weight").T + get("depth2feature.0.bias")
    context = F.gelu(hidden) @ get("depth2feature.2.weight").T + get("depth2feature.2.bias")
    count = len(tokens)
    names = [k for k in state if k.startswith("prompt_model.prompt_model.0.prompt_blocks.")]
    for n in range(1 + max(int(name.split(".")[4]) for name in names)):
        block = f"prompt_blocks.{n}."
        place = torch.cat([encoded(centres), get(block + "sep_pe")[0], encoded(places)])
        x = torch.cat([tokens, get(block + "sep")[0], context])
        y = _norm(x, get(block + "norm1.weight"), get(block + "norm1.bias"))
        q, k, v = (y @ get(block + "attn.qkv.weight").T).chunk(3, dim=-1)
        mixed = []
        for a, b, c in zip(
            *(t.chunk(heads, dim=-1) for t in (q + place, k + place, v)), strict=True
        ):
            a = _norm(a, get(block + "attn.norm1.weight"), get(block + "attn.norm1.bias"))
            b = _norm(b, get(block + "attn.norm2.weight"), get(block + "attn.norm2.bias"))
            mixed.append(_attention(a, b, c))
        y = torch.cat(mixed, dim=-1) @ get(block + "attn.proj.weight").T
        x = x + y + get(block + "attn.proj.bias")
        y = _norm(x, get(block + "norm2.weight"), get(block + "norm2.bias"))
        x = x + _feed_forward(state, "prompt_model.prompt_model.0." + block + "mlp.", y)
        tokens, context = x[:count], x[count + 1 :]
    return tokens


def basic_features(state, picture):
    """[1, C, H / 4, W / 4] of the small CNN; `picture` [1, 3, H, W] in 0..1."""

    def convolved(x, name, **how):
        weight, bias = (state[f"basic_encoder.{name}.{kind}"] for kind in ("weight", "bias"))
        return F.conv2d(x, weight, bias, **how)

    def normed(x):
        mean, variance = x.mean((2, 3), keepdim=True), x.var((2, 3), False, keepdim=True)
        return (x - mean) / (variance + EPSILON).sqrt()

    x = normed(convolved(2 * picture - 1, "conv1", stride=2, padding=3)).relu()
    size = [side // 4 for side in picture.shape[-2:]]
    levels = []
    for layer in (1, 2, 3, 4):
        for part in (0, 1):
            stride = 2 if layer > 1 and part == 0 else 1
            name = f"layer{layer}.{part}."
            y = normed(convolved(x, name + "conv1", stride=stride, padding=1)).relu()
            y = normed(convolved(y, name + "conv2", padding=1)).relu()
            if stride == 2:
                x = normed(convolved(x, name + "downsample.0", stride=2))
            x = (x + y).relu()
        levels.append(F.interpolate(x, size, mode="bilinear", align_corners=True))
    x = normed(convolved(torch.cat(levels, dim=1), "conv2", padding=1)).relu()
    return convolved(x, "conv3")


def decoded(state, grids, yx):
    """Raw disparity [N] at `yx` [N, 2] in -1..1."""
    places = yx.clamp(-1 + 1e-6, 1 - 1e-6).flip(-1)[None, None]
    read = [F.grid_sample(grid, places, align_corners=False)[0, :, 0].T for grid in grids]
    x = torch.cat(read, dim=-1)
    for layer in (0, 2, 4, 6):
        name = f"depth_implicit_head.out_layer.layers.{layer}."
        x = x @ state[name + "weight"].T + state[name + "bias"]
        x = x.relu() if layer < 6 else F.elu(x)
    return x[:, 0]


def _norm(x, weight, bias):
    variance = x.var(-1, False, keepdim=True)
    return (x - x.mean(-1, keepdim=True)) / (variance + EPSILON).sqrt() * weight + bias


def _attention(q, k, v):
    return (q @ k.T / q.shape[-1] ** 0.5).softmax(-1) @ v


def _feed_forward(state, name, x):
    x = F.gelu(x @ state[name + "fc1.weight"].T + state[name + "fc1.bias"])
    return x @ state[name + "fc2.weight"].T + state[name + "fc2.bias"]
