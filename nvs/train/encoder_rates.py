"""Learning rates inside a pretrained encoder: the earlier a layer, the slower it learns.

Early layers of a pretrained transformer hold for every task; fine-tuning changes the late ones
(layer-wise decay: ELECTRA, Clark et al. 2020; BEiT, Bao et al. 2021).
"""

from __future__ import annotations

import dataclasses
from typing import Any

from nvs.depth.encoders.encoder import Encoder


@dataclasses.dataclass(frozen=True)
class EncoderRates:
    """How fast an encoder learns, as shares."""

    share: float  # of the rest's learning rate, for the last block
    layer_decay: float  # a block's rate over that of the block after it
    frozen: float  # share of the steps before the encoder learns at all


def encoder_groups(encoder: Encoder, rates: EncoderRates) -> list[dict[str, Any]]:
    """`Task.parameter_groups` of an encoder, first to last layer.

    Embeddings are not pulled towards zero: their size is what the first block was trained with.
    """
    layers = encoder.layers()
    of_layers = {id(parameter) for layer in layers for parameter in layer}
    embeddings = [p for p in encoder.parameters() if id(p) not in of_layers]
    groups: list[dict[str, Any]] = [{"params": embeddings, "weight_decay": 0.0}]
    groups += [{"params": layer} for layer in layers]
    for depth, group in enumerate(groups):
        group["share"] = rates.share * rates.layer_decay ** (len(layers) - depth)
        group["frozen"] = rates.frozen
    return groups
