"""Solved colours with gradients: what the colour solver leaves of the head's colours.

A scene's colours are solved after the head (`nvs.colors.match_photo`), in training as at
inference, so that the photo's own view stays as sharp as it is whatever the head has learnt.
Most of what the head says about colours the solver overrules; it may decide where the photo
does not: fine differences between overlapping Gaussians, and what is hidden in the photo's
view.  Told nothing of this, it would push against the solver for ever.

The solver is a linear descent, c_K = q(D·AᵀA)·c_0 + ..., with A the map from colours to the
picture, D a diagonal and q a polynomial.  The same descent on AᵀA·λ = v, begun at 0, gives
v - AᵀA·λ = q(AᵀA·D)·v: the gradient by c_0 for a gradient v by c_K, exactly, without second
derivatives of the renderer.

The geometry gets the gradients that it has with the solved colours held fixed.  For the
photo's own view that is right where the solver is done (envelope theorem); for other views it
points the right way (against finite differences of the whole chain: correlation 0.7 to 0.9).
"""

from __future__ import annotations

import dataclasses
from typing import Any

import torch
from torch import Tensor

from nvs.camera import Camera
from nvs.colors import Sight, descend, match_photo
from nvs.gaussians import Gaussians


def with_solved_colors(scene: Gaussians, free: Tensor, rgb: Tensor, camera: Camera) -> Gaussians:
    """`nvs.colors.match_photo`, with gradients: see above."""
    fixed = scene.map(torch.Tensor.detach)
    return dataclasses.replace(
        scene, colors=_SolvedColors.apply(scene.colors, fixed, free, rgb, camera)
    )


class _SolvedColors(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        colors: Tensor,
        scene: Gaussians,
        free: Tensor,
        rgb: Tensor,
        camera: Camera,
    ) -> Tensor:
        solved = match_photo(scene, free, rgb, camera).colors
        ctx.scene, ctx.camera = scene, camera
        ctx.save_for_backward(solved, free)
        return solved

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, by_solved: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        solved, free = ctx.saved_tensors
        # A colour that the solver left at its limit answers to nothing.
        moving = free[:, None] & (solved > 0) & (solved < 1)
        wanted = torch.where(moving, by_solved, 0.0)

        def lacking(sight: Sight) -> Tensor:
            return wanted - sight.gathered(sight.picture.detach())

        answer = descend(ctx.scene, ctx.camera, torch.zeros_like(solved), lacking, moving)
        sight = Sight.of(ctx.scene, ctx.camera, answer)
        by_colors = by_solved - sight.gathered(sight.picture.detach())
        stuck = free[:, None] & ~moving
        return torch.where(stuck, 0.0, by_colors), None, None, None, None
