"""The perceptual distance: lpips' own numbers in our conventions, and its ways to fail."""

import importlib.util
import urllib.error

import pytest
import torch

from nvs.errors import InputError
from nvs.metrics.perceptual import import_torchvision, perceptual_loss

if importlib.util.find_spec("lpips") is None:  # importing it needs the workaround under test
    pytest.skip("lpips is not installed", allow_module_level=True)


@pytest.fixture
def pictures():
    generator = torch.Generator().manual_seed(0)
    return torch.rand(2, 64, 48, 3, generator=generator), torch.rand(
        2, 64, 48, 3, generator=generator
    )


@pytest.fixture
def alexnet_weights(tmp_path):
    """A file of torchvision's form; the numbers are random."""
    import_torchvision()
    import torchvision

    torch.manual_seed(3)
    path = tmp_path / "alexnet.pth"
    torch.save(torchvision.models.alexnet(weights=None).state_dict(), path)
    return path


def test_weights_from_a_file_give_what_lpips_gives(pictures, alexnet_weights):
    import lpips

    loss = perceptual_loss(weights=alexnet_weights)
    assert loss.name == "LPIPS (alex)"
    theirs = lpips.LPIPS(net="alex", pnet_rand=True, verbose=False)
    stored = torch.load(alexnet_weights, weights_only=True)
    for i in (0, 3, 6, 8, 10):  # AlexNet's convolutions
        layer = next(m for k, m in theirs.net.named_modules() if k.endswith(f".{i}"))
        layer.load_state_dict({p: stored[f"features.{i}.{p}"] for p in ("weight", "bias")})
    a, b = pictures
    expected = theirs(a.permute(0, 3, 1, 2), b.permute(0, 3, 1, 2), normalize=True).flatten()
    torch.testing.assert_close(loss(a, b), expected)
    torch.testing.assert_close(loss.distance_map(a, b).shape, torch.Size([2, 64, 48]))
    torch.testing.assert_close(loss.distance_map(a, b).mean((1, 2)), expected, rtol=0.1, atol=1e-3)


@pytest.mark.parametrize("net", ["alex", "squeeze"])
def test_random_features_are_the_same_each_time_and_named(pictures, net):
    a, b = pictures
    torch.manual_seed(11)
    loss = perceptual_loss(random_features=True, net=net)
    drawn = torch.rand(1)
    torch.manual_seed(11)
    assert torch.equal(drawn, torch.rand(1))  # the caller's random numbers are not touched
    assert loss.name == f"random {net} features"
    assert torch.equal(loss(a, b), perceptual_loss(random_features=True, net=net)(a, b))
    assert bool((loss(a, b) > 0).all())
    assert torch.equal(loss(a, a), torch.zeros(2))


def test_gradients_reach_the_picture_and_not_the_network(pictures):
    a, b = pictures
    a.requires_grad_()
    loss = perceptual_loss(random_features=True)
    loss(a, b).sum().backward()
    assert torch.isfinite(a.grad).all()
    assert a.grad.abs().sum() > 0
    assert all(p.grad is None for p in loss.parameters())


def test_the_way_out_is_named_where_weights_cannot_be_had(monkeypatch):
    def no_network(*args, **kwargs):
        raise urllib.error.URLError("no route to host")

    import_torchvision()
    monkeypatch.setattr("torch.hub.download_url_to_file", no_network)
    monkeypatch.setenv("TORCH_HOME", "/nonexistent-cache")
    monkeypatch.setattr("os.makedirs", lambda *args, **kwargs: None)
    with pytest.raises(
        InputError, match=r"alexnet-owt.*no route to host.*weights.*random_features"
    ):
        perceptual_loss()


@pytest.mark.parametrize("content", [b"", b"nonsense", None])
def test_a_file_of_something_else(tmp_path, content):
    path = tmp_path / "x.pth"
    if content is None:
        torch.save({"layer": torch.zeros(3)}, path)
    else:
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"does not hold torchvision's weights|is empty"):
        perceptual_loss(weights=path)


def test_bad_input(tmp_path, pictures):
    with pytest.raises(InputError, match="not both"):
        perceptual_loss(weights=tmp_path, random_features=True)
    loss = perceptual_loss(random_features=True)
    with pytest.raises(ValueError, match="32 pixels"):
        loss(pictures[0][:, :20], pictures[1][:, :20])
    with pytest.raises(ValueError, match="pictures"):
        loss(pictures[0], pictures[1].permute(0, 3, 1, 2))
