"""Solved colours with gradients: how the head learns what the solver makes of its answers.

A scene's colours are solved after the head (`nvs.splat.colors.match_photo`), in training as at
inference, so that the photo's own view stays as sharp as it is whatever the head has learnt.
The solver then answers every change of the head: it overrules most of what the head says about
colours, and takes back a shift or a blur as far as the photo shows it.  Told nothing of that,
the head would push against the solver for ever.

So gradients pass through the solver's rounds, backwards.  With A(g) the linear map from colours
to the picture, which depends on the geometry g, each round is

    pace ← m·pace + D·Aᵀ(y - A·c),   c ← c + pace,

and where ρ is the gradient by its Aᵀ(y - A·c), it adds -AᵀA·ρ to the gradient by c, and to that
by the geometry ∂/∂g ⟨A(g)·ρ, y - A(g)·c⟩: ordinary renders, no second derivatives.  Only D, the
length of each Gaussian's step, is taken as fixed.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from nvs.rendering.color_matrix import ColorMatrix
from nvs.rendering.render import render
from nvs.scene.camera import Camera
from nvs.scene.gaussians import Gaussians
from nvs.splat.colors import MOMENTUM, rounds, steps


def with_solved_colors(scene: Gaussians, free: Tensor, rgb: Tensor, camera: Camera) -> Gaussians:
    """`nvs.splat.colors.match_photo`, with gradients to all five tensors of the scene."""
    geometry = (scene.means, scene.quats, scene.scales, scene.opacities)
    colors = _SolvedColors.apply(*geometry, scene.colors, free, rgb, camera)
    return dataclasses.replace(scene, colors=colors)


class _SolvedColors(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, *inputs: Any) -> Tensor:  # noqa: ANN401
        *geometry, colors, free, rgb, camera = inputs
        begun_with = [colors.detach(), *rounds(_scene(geometry, colors), free, rgb, camera)]
        ctx.save_for_backward(*geometry, free, rgb, *begun_with)
        ctx.camera = camera
        return begun_with[-1]

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, by_colors: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        *geometry, free, rgb = ctx.saved_tensors[:6]
        begun_with = ctx.saved_tensors[6:]  # what each round began with, and what the last gave
        camera = ctx.camera
        asked = [tensor.detach().requires_grad_() for tensor in geometry]
        by_geometry = [torch.zeros_like(tensor) for tensor in geometry]

        matrix = ColorMatrix.of(_scene(geometry, begun_with[0]), camera)
        step = steps(matrix.lacking(begun_with[0], rgb).weight, free)  # D
        by_pace = torch.zeros_like(by_colors)
        for before, after in reversed(list(itertools.pairwise(begun_with))):
            # A colour at its limit does not move.
            stuck = free[:, None] & ((after <= 0) | (after >= 1))
            by_colors = torch.where(stuck, 0.0, by_colors)
            by_pace = MOMENTUM * by_pace + by_colors
            by_lacking = step * by_pace  # ρ
            with torch.enable_grad():
                echo, seen = (
                    render(_scene(asked, colors), [camera]).rgb[0]
                    for colors in (by_lacking, before)
                )
            parts = torch.autograd.grad(
                [echo, seen], asked, [(rgb - seen).detach(), -echo.detach()]
            )
            by_geometry = [sum_ + part for sum_, part in zip(by_geometry, parts, strict=True)]
            by_colors = by_colors + matrix.lacking(by_lacking, torch.zeros_like(rgb)).shares
        return (*by_geometry, by_colors, None, None, None)


def _scene(geometry: Sequence[Tensor], colors: Tensor) -> Gaussians:
    means, quats, scales, opacities = geometry
    return Gaussians(means, quats, scales, opacities, colors)
