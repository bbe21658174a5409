import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nvs.models.infinidepth.decoder import DisparityDecoder, ProjectedDecoder, bilinear


def decoder_and_grids(seed: int = 0, double: bool = False):
    torch.manual_seed(seed)
    decoder = DisparityDecoder([9, 16, 8, 1]).requires_grad_(False)
    grids = [torch.randn(1, 5, 3, 4), torch.randn(1, 4, 12, 16)]
    if double:
        decoder, grids = decoder.double(), [grid.double() for grid in grids]
    return decoder, grids


def plain(decoder, grids, uv):
    return decoder(grids, (2 * uv - 1).flip(-1)[None])[0, :, 0]


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    points=st.lists(
        st.tuples(st.floats(-1, 2, width=32), st.floats(-1, 2, width=32)), min_size=1, max_size=30
    ),
)
def test_projecting_first_changes_nothing(seed, points):
    decoder, grids = decoder_and_grids(seed)
    uv = torch.tensor(points, dtype=torch.float32)  # outside the picture, too
    torch.testing.assert_close(
        ProjectedDecoder(decoder, grids)(uv), plain(decoder, grids, uv), atol=5e-6, rtol=0
    )


def test_more_points_than_a_chunk_and_none():
    decoder, grids = decoder_and_grids()
    projected = ProjectedDecoder(decoder, grids)
    uv = torch.rand(2 * ProjectedDecoder.CHUNK + 7, 2)
    torch.testing.assert_close(projected(uv), plain(decoder, grids, uv), atol=5e-6, rtol=0)
    assert projected(uv[:0]).shape == (0,)


def test_gradients_are_those_of_the_plain_order():
    decoder, grids = decoder_and_grids(double=True)
    projected = ProjectedDecoder(decoder, grids)
    uv = torch.rand(200, 2, dtype=torch.float64, requires_grad=True)
    (fast,) = torch.autograd.grad(projected(uv).sum(), uv)
    (slow,) = torch.autograd.grad(plain(decoder, grids, uv).sum(), uv)
    assert slow.abs().mean() > 0.1
    torch.testing.assert_close(fast, slow, atol=1e-10, rtol=0)


def test_gradients_are_those_of_small_steps():
    decoder, grids = decoder_and_grids(double=True)
    projected = ProjectedDecoder(decoder, grids)
    uv = torch.rand(50, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(projected, uv, eps=1e-7, atol=1e-5)


def test_half_of_the_features_is_left_at_an_edge_and_a_quarter_at_a_corner():
    uv = torch.tensor([[0.5, 0.5], [0.0, 0.5], [0.0, 1.0]])
    _, weight = bilinear(uv, 8, 8)
    assert weight.sum(-1).tolist() == pytest.approx([1.0, 0.5, 0.25])


def test_a_map_of_one_value():
    index, weight = bilinear(torch.tensor([[0.5, 0.5], [0.25, 0.5]]), 1, 1)
    assert index.max() == 0
    assert weight.sum(-1).tolist() == pytest.approx([1.0, 0.75])
