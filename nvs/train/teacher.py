"""What real photos without depth teach.

Made-up scenes alone make an encoder forget what photos look like.  Two things hold against it,
both from Depth Anything (Yang et al. 2024):

- the tuned encoder's tokens stay near those of the encoder as it was pretrained, up to a
  tolerance within which they may take in what depth needs;
- a teacher that sees the untouched photo says what a student should see in it when its colours are
  strongly changed.  The teacher here is the running average of the student (as the mean teacher,
  Tarvainen and Valpola 2017), asked twice: about the photo and about its mirror image.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from nvs.depth.network import DepthNetwork
from nvs.train.depth_loss import DepthLossWeights, DepthPoints, depth_losses

SIMILAR_ENOUGH = 0.85  # cosine of two tokens; Depth Anything's tolerance
# Neither metres nor disparity after scale alone: a teacher's scale is its least certain part.
TAUGHT = ("affine", "scale", "inverse", "gradient", "sky")


def misalignment(tokens: Tensor, original: Tensor) -> Tensor:
    """Mean shortfall of the cosine between tokens [B, C, h, w] below `SIMILAR_ENOUGH`."""
    cosine = functional.cosine_similarity(tokens.float(), original.float(), dim=1)
    return functional.relu(SIMILAR_ENOUGH - cosine).mean()


@torch.no_grad()
def teachers_answer(teacher: DepthNetwork, photo: Tensor, uv: Tensor) -> DepthPoints:
    """What `teacher` sees at `uv` [B, A, G, 2] of photos [B, 3, H, W]: the mean of two looks."""
    mirrored_uv = torch.stack([1 - uv[..., 0], uv[..., 1]], dim=-1)
    looks = [(photo, uv), (photo.flip(-1), mirrored_uv)]
    answers = [teacher.decode(teacher.encode(seen), at.flatten(1, 2)) for seen, at in looks]
    log_depth, sky_logit = torch.stack(answers).mean(dim=0).view(*uv.shape[:3], 2).unbind(-1)
    return DepthPoints(
        uv=uv,
        log_depth=log_depth.clamp(-3, 9),
        sky=sky_logit > 0,
        known=torch.ones_like(sky_logit, dtype=torch.bool),
        metric=torch.zeros(len(uv), dtype=torch.bool, device=uv.device),
    )


def disagreement(prediction: Tensor, answer: DepthPoints, weights: DepthLossWeights) -> Tensor:
    """Weighted sum of the taught terms for predictions [B, A, G, 2] (log z, sky logit)."""
    terms = depth_losses(prediction, answer)
    return torch.stack([getattr(weights, name) * terms[name] for name in TAUGHT]).sum()
