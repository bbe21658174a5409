"""Other weights under the same name are another model."""

import types

import torch
from torch import nn

from nvs.evaluate.identity import model_identity


def test_the_digest_follows_the_weights():
    torch.manual_seed(0)
    model = types.SimpleNamespace(network=nn.Linear(3, 2), head=nn.BatchNorm1d(2), size=4)
    first = model_identity("default", model)
    assert first == model_identity("default", model)
    assert len(first) == len("default (12345678)")
    model.head.running_mean[0] += 1e-3
    assert model_identity("default", model) != first
    assert model_identity("a", nn.Identity()).startswith("a (")


def test_a_model_without_modules_has_its_name():
    assert model_identity("mine", object()) == "mine"
    assert model_identity("half", nn.Linear(2, 2).half()).startswith("half (")


def test_another_setting_is_another_model():
    network = nn.Linear(3, 2)
    network.config = 1  # type: ignore[assignment]
    first = model_identity("default", network)
    network.config = 2  # type: ignore[assignment]
    assert model_identity("default", network) != first
