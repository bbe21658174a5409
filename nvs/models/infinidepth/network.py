"""The released depth network: encoders, prompt model and decoder under their official names."""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor, nn

from nvs.models.infinidepth.basic_encoder import BasicEncoder, BasicEncoderSizes
from nvs.models.infinidepth.decoder import DisparityDecoder, Perceptron
from nvs.models.infinidepth.prompt import DepthPrompt, PromptModel, PromptSizes
from nvs.models.infinidepth.vit import VisionTransformer, VitSizes


@dataclasses.dataclass(frozen=True)
class NetworkSizes:
    """Sizes of the whole network; `from_state` reads them off its weights."""

    vit: VitSizes
    basic: BasicEncoderSizes
    decoder: list[int]
    prompt: PromptSizes | None  # the depth-sensor model has one

    @staticmethod
    def from_state(state: dict[str, Tensor]) -> NetworkSizes:
        """Sizes that belong to these weights, which need not be ViT-L's.

        Raises:
            KeyError: a key that the sizes are read from is missing.
        """
        has_prompt = any(key.startswith("prompt_model.") for key in state)
        return NetworkSizes(
            vit=VitSizes.from_state(state, "pretrained."),
            basic=BasicEncoderSizes.from_state(state, "basic_encoder."),
            decoder=Perceptron.widths_from_state(state, "depth_implicit_head.out_layer."),
            prompt=PromptSizes.from_state(state, "prompt_model.") if has_prompt else None,
        )


@dataclasses.dataclass(frozen=True)
class Features:
    """What the encoders saw in one picture."""

    tokens: Tensor  # [1, h·w, C] of the transformer, before any prompt
    prompted: Tensor  # [1, h·w, C], the same where there was no prompt
    basic: Tensor  # [1, C', H / 4, W / 4] of the CNN
    rows: int  # h
    columns: int  # w

    @property
    def grids(self) -> list[Tensor]:
        """Feature maps [1, C_k, h_k, w_k] as the decoder reads them."""
        grid = self.prompted.transpose(1, 2).unflatten(2, (self.rows, self.columns))
        return [grid, self.basic]


class InfiniDepthNetwork(nn.Module):
    """Picture (and known depths) → features that the decoder reads anywhere.

        picture ─┬─► vision transformer ─► last tokens ─► prompt model ─┐
                 │                                          ▲           ├─► decoder at (x, y)
                 └─► small CNN ─────────────────────────────┼───────────┘        │
                                           known depths ────┘                disparity

    The disparity is normalised: by its range over the picture, or with a prompt by the
    prompt's median.  `nvs.models.infinidepth.geometry` makes depth of it.
    """

    _mean: Tensor  # [1, 3, 1, 1]
    _std: Tensor

    def __init__(self, sizes: NetworkSizes) -> None:
        super().__init__()
        self.pretrained = VisionTransformer(sizes.vit)
        self.basic_encoder = BasicEncoder(sizes.basic)
        self.depth_implicit_head = DisparityDecoder(sizes.decoder)
        if sizes.prompt is not None:
            self.prompt_model = PromptModel(sizes.prompt)
        self.takes_prompts = sizes.prompt is not None
        self.register_buffer("_mean", torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1))
        self.register_buffer("_std", torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1))

    @property
    def patch_px(self) -> int:
        """The sides of a picture must be multiples of this."""
        return self.pretrained.sizes.patch_px

    def encode(self, picture: Tensor, prompt: DepthPrompt | None = None) -> Features:
        """Features of `picture` [1, 3, H, W] in 0..1, H and W multiples of `patch_px`.

        The disparity of `prompt` is normalised already (`normalise_prompt`).
        """
        rows, columns = (side // self.patch_px for side in picture.shape[-2:])
        # On CUDA the transformers run in bfloat16, as they were trained; the rest never does.
        with torch.autocast(picture.device.type, torch.bfloat16, enabled=picture.is_cuda):
            tokens = self.pretrained((picture - self._mean) / self._std).float()
            prompted = tokens
            if prompt is not None and len(prompt) > 0:
                prompted = self.prompt_model(tokens, rows, columns, prompt).float()
        basic = self.basic_encoder(2 * picture - 1)
        return Features(tokens, prompted, basic, rows, columns)
