"""The perceptual distance: lpips' own numbers in our conventions, and its ways to fail."""

import importlib.util
import subprocess
import sys
import urllib.error

import pytest
import torch

from nvs.errors import InputError
from nvs.metrics.perceptual import perceptual_loss

if importlib.util.find_spec("lpips") is None:
    pytest.skip("lpips is not installed", allow_module_level=True)


DECLARED = torch.library.Library("torchvision", "FRAGMENT")  # what is declared lives as long


@pytest.fixture
def pictures():
    generator = torch.Generator().manual_seed(0)
    return torch.rand(2, 64, 48, 3, generator=generator), torch.rand(
        2, 64, 48, 3, generator=generator
    )


@pytest.fixture(scope="module")
def lpips():
    """The package's own code, which our numbers are compared with."""
    try:
        import lpips
    except RuntimeError:  # a torchvision for CUDA beside a torch without: it has no operators
        for name in [m for m in sys.modules if m.split(".")[0] in ("torchvision", "lpips")]:
            del sys.modules[name]
        for operator in ("nms", "qnms"):
            DECLARED.define(f"{operator}(Tensor boxes, Tensor scores, float share) -> Tensor")
        import lpips
    return lpips


@pytest.fixture(params=["alex", "vgg"])
def theirs(request, lpips, tmp_path):
    """lpips' own distance with random weights, and a file of them in torchvision's form."""
    torch.manual_seed(3)
    distance = lpips.LPIPS(net=request.param, pnet_rand=True, verbose=False)
    path = tmp_path / "backbone.pth"
    arrays = {"features." + k.split(".", 1)[1]: v for k, v in distance.net.state_dict().items()}
    torch.save(arrays, path)
    return request.param, distance, path


def test_weights_from_a_file_give_what_lpips_gives(pictures, theirs):
    net, distance, path = theirs
    loss = perceptual_loss(weights=path, net=net)
    assert loss.name == f"LPIPS ({net})"
    a, b = pictures
    first, second = a.permute(0, 3, 1, 2), b.permute(0, 3, 1, 2)
    expected = distance(first, second, normalize=True).flatten()
    torch.testing.assert_close(loss(a, b), expected)
    distance.spatial = True
    expected = distance(first, second, normalize=True)[:, 0]
    torch.testing.assert_close(loss.distance_map(a, b), expected)


def test_torchvision_is_not_imported():
    program = (
        "import sys, nvs.metrics.perceptual as p; p.perceptual_loss(random_features=True); "
        "sys.exit('torchvision' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0


@pytest.mark.parametrize("net", ["alex", "vgg"])
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


def test_the_way_out_is_named_where_weights_cannot_be_had(monkeypatch, tmp_path):
    def no_network(*args, **kwargs):
        raise urllib.error.URLError("no route to host")

    monkeypatch.setattr("torch.hub.download_url_to_file", no_network)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
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
