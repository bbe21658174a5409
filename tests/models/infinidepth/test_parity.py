"""The numbers of the released modules, where the files that hold them are there.

A README beside them says how they were made, and why the tolerance is 1e-5.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import nvs
from nvs.depth.field import DepthField
from nvs.models.infinidepth.decoder import ProjectedDecoder, bilinear
from nvs.models.infinidepth.gaussian_head import SH_DAMPING, DenseGaussianHead, DenseHeadSizes
from nvs.models.infinidepth.geometry import fit_disparity, sensor_disparity
from nvs.models.infinidepth.network import InfiniDepthNetwork, NetworkSizes
from nvs.models.infinidepth.prompt import DepthPrompt, patch_places
from nvs.scene.camera import Camera
from nvs.scene.gaussians import Gaussians
from nvs.splat.query import infinite_depth_query
from nvs.splat.surface import measure_surface
from tests.conftest import PARITY
from tests.models.infinidepth.placed import at_pixels, at_points
from tests.models.infinidepth.released_sampler import MAX_DEPTH, released_points

pytestmark = pytest.mark.skipif(not PARITY.is_dir(), reason="NVS_PARITY_DIR is not set")

# Of an array's largest value, or of 1: kernels for different CPUs sum in different orders (1.7e-5
# at values up to 4.3 where there is no AVX-512).
TOLERANCE = 1e-5


def arrays(name: str) -> dict[str, Tensor]:
    with np.load(PARITY / name) as file:
        return {key: torch.from_numpy(file[key]) for key in file.files}


def weights(name: str, prefix: str) -> dict[str, Tensor]:
    from safetensors.torch import load_file

    loaded = load_file(PARITY / name)
    return {key.removeprefix(prefix): value.float() for key, value in loaded.items()}


def network(state: dict[str, Tensor]) -> InfiniDepthNetwork:
    built = InfiniDepthNetwork(NetworkSizes.from_state(state))
    built.load_state_dict(state)
    return built.eval().requires_grad_(False)


def assert_same(found: Tensor, expected: Tensor, atol: float = TOLERANCE) -> None:
    atol = atol * max(1.0, float(expected.abs().max()))
    torch.testing.assert_close(found, expected.to(found), atol=atol, rtol=0)


def to_uv(yx: Tensor) -> Tensor:
    """(y, x) in -1..1 → (x, y) in 0..1."""
    return (yx.flip(-1) + 1) / 2


@pytest.fixture(scope="module")
def sensor_state():
    return weights("depthsensor.safetensors", "pipeline.")


@pytest.fixture(scope="module")
def mono_state(sensor_state):
    return {k: v for k, v in sensor_state.items() if not k.startswith("prompt_model.")}


@pytest.fixture(scope="module")
def mono():
    return arrays("infinidepth.npz")


@pytest.fixture(scope="module")
def sensor():
    return arrays("depthsensor.npz")


@pytest.fixture(scope="module")
def mono_features(mono_state, mono):
    return network(mono_state).encode(mono["image"])


def test_transformer_layer_by_layer(mono_state, mono):
    vit = network(mono_state).pretrained
    picture = (mono["image"] - mono_state["_mean"]) / mono_state["_std"]
    rotation = vit.rotation(picture)
    assert_same(rotation.sin, mono["rope_sin"])
    assert_same(rotation.cos, mono["rope_cos"])
    assert_same(vit.patch_embed(picture), mono["patch_embed"])
    tokens = vit.embed(picture)
    for number, block in enumerate(vit.blocks):
        tokens = block(tokens, rotation)
        assert_same(tokens, mono[f"block{number}_out"])
        assert_same(vit.norm(tokens)[:, 0], mono["cls_token_all_layers"][number])
        assert_same(vit.norm(tokens)[:, vit.prefix :], mono["dino_tokens_all_layers"][number])


def test_encoders(mono_features, mono):
    assert_same(mono_features.tokens, mono["dino_tokens"])
    assert_same(mono_features.basic, mono["basic_feat"])


def test_bilinear_reads(mono_features, mono):
    uv = to_uv(mono["coord_sparse"][0, :64]).clamp(5e-7, 1 - 5e-7)
    for grid, expected in zip(
        mono_features.grids,
        (mono["sampled_dino_sparse"], mono["sampled_basic_sparse"]),
        strict=True,
    ):
        index, weight = bilinear(uv, *grid.shape[-2:])
        rows = grid[0].flatten(1).T[index]  # [64, 4, C]
        assert_same((rows * weight[..., None]).sum(1), expected[0])


@pytest.mark.parametrize("places", ["dense", "sparse"])
def test_both_ways_of_decoding(mono_state, mono_features, mono, places):
    decoder = network(mono_state).depth_implicit_head
    yx, expected = mono[f"coord_{places}"], mono[f"raw_{places}"]
    assert_same(decoder(mono_features.grids, yx), expected)
    assert_same(ProjectedDecoder(decoder, mono_features.grids)(to_uv(yx[0])), expected[0, :, 0])


def test_negative_disparity_goes_through_elu(mono_state, mono_features, mono):
    state = mono_state | {
        "depth_implicit_head.out_layer.layers.6.bias": torch.tensor([-0.5]),
    }
    decoder = network(state).depth_implicit_head
    expected = mono["raw_sparse_final_bias_m0p5"]
    assert_same(decoder(mono_features.grids, mono["coord_sparse"]), expected)
    fast = ProjectedDecoder(decoder, mono_features.grids)
    assert_same(fast(to_uv(mono["coord_sparse"][0])), expected[0, :, 0])


def test_buffers_are_read_from_the_checkpoint(mono_state, mono):
    net = network(mono_state | weights("std_buffers.safetensors", "pipeline."))
    features = net.encode(mono["image"])
    assert_same(features.tokens, mono["dino_tokens_stdbuf"])
    for places in ("dense", "sparse"):
        found = net.depth_implicit_head(features.grids, mono[f"coord_{places}"])
        assert_same(found, mono[f"raw_{places}_stdbuf"])


def test_scale_and_shift_from_a_depth_map(mono):
    mask = mono["ransac_gt_mask"][0, 0] > 0
    raw = mono["raw_dense"].view(96, 128)
    known = mask & (mono["ransac_gt_disparity"][0, 0] > 0)
    fitted = fit_disparity(raw[known], 1 / mono["ransac_gt_disparity"][0, 0][known], "m", "given")
    scale, shift = mono["ransac_scale_shift"].tolist()
    # The official figures depend on a random seed themselves.
    assert fitted.scale == pytest.approx(scale, abs=2e-3)
    assert fitted.shift == pytest.approx(shift, abs=2e-3)


def test_disparity_to_depth(mono):
    from nvs.models.infinidepth.geometry import DisparityGeometry

    scale, shift = mono["ransac_scale_shift"].tolist()
    geometry = DisparityGeometry(scale, shift, floor=5e-3, unit="m", source="")
    assert_same(1 / geometry.depth(mono["raw_dense"]), mono["ransac_disparity_dense"])
    assert_same(geometry.depth(mono["raw_dense"]), mono["ransac_depth_dense"])
    assert_same(geometry.depth(mono["raw_sparse"]), mono["cached_depth_sparse"])


def sensor_prompt(sensor: dict[str, Tensor], kind: str) -> tuple[DepthPrompt, float]:
    """The prompt, and the median that the released code takes for it."""
    prompt = DepthPrompt.from_map(sensor[f"prompt_disparity_{kind}"][0, 0])
    if len(prompt) > 5:
        return prompt, float(prompt.disparity.quantile(0.5))
    return prompt, float(sensor["gt_disparity"].quantile(0.5))


@pytest.mark.parametrize(("kind", "places"), [("dense", "dense"), ("4pts", "sparse")])
def test_depth_prompts(sensor_state, mono, sensor, kind, places):
    prompt, median = sensor_prompt(sensor, kind)
    assert median == pytest.approx(float(sensor[f"median_{kind}"]), abs=1e-6)
    net = network(sensor_state)
    features = net.encode(mono["image"], prompt.normalised(median))
    assert_same(features.prompted, sensor[f"prompted_tokens_{kind}"])
    raw = net.depth_implicit_head(features.grids, mono[f"coord_{places}"])
    assert_same(raw, sensor[f"raw_{kind}"])
    geometry = sensor_disparity(median, "m", "")
    assert_same(1 / geometry.depth(raw), sensor[f"disparity_{kind}"])
    if kind == "4pts":
        assert_same(geometry.depth(raw), sensor["depth_4pts"])


def test_the_same_prompt_at_other_places(sensor_state, mono, sensor):
    prompt, median = sensor_prompt(sensor, "dense")
    normalised = sensor["prompt_normalised_dense"]
    assert_same(prompt.normalised(median).disparity, normalised[normalised > 0])
    net = network(sensor_state)
    features = net.encode(mono["image"], prompt.normalised(median))
    raw = net.depth_implicit_head(features.grids, mono["coord_sparse"])
    assert_same(raw, sensor["raw_sparse"])
    geometry = sensor_disparity(median, "m", "")
    assert_same(1 / geometry.depth(raw), sensor["disparity_sparse"])
    assert_same(geometry.depth(raw), sensor["depth_sparse"])


def test_no_prompt_is_the_plain_network(sensor_state, mono, sensor):
    prompt = DepthPrompt(torch.zeros(0, 2), torch.zeros(0))
    net = network(sensor_state)
    features = net.encode(mono["image"], prompt)
    assert_same(features.prompted, sensor["prompted_tokens_0pts"])
    raw = net.depth_implicit_head(features.grids, mono["coord_sparse"])
    assert_same(raw, sensor["raw_0pts"])
    geometry = sensor_disparity(float(sensor["median_0pts"]), "m", "")
    assert_same(1 / geometry.depth(raw), sensor["disparity_0pts"])
    assert_same(geometry.depth(raw), sensor["depth_0pts"])


def test_places_of_the_patches(sensor_state, sensor):
    prompts: Any = network(sensor_state).prompt_model.prompt_model[0]
    places = prompts.pe_layer(patch_places(6, 8))
    assert_same(places.T.unflatten(1, (6, 8)), sensor["image_pe"])


@pytest.fixture(scope="module")
def gs():
    return arrays("gs.npz")


@pytest.fixture(scope="module")
def gaussian_map(gs, mono):
    state = weights("gs.safetensors", "encoder.")
    head = DenseGaussianHead(DenseHeadSizes.from_state(state))
    head.load_state_dict(state)
    tokens = mono["dino_tokens"].transpose(1, 2).unflatten(2, (6, 8))
    with torch.no_grad():
        return head(mono["image"], gs["depthmap"], tokens)


def test_gaussians_at_pixels(gaussian_map, gs):
    camera = Camera(gs["intrinsics"][0], gs["extrinsics"][0], 128, 96)
    scene = at_pixels(gaussian_map, camera, gs["depthmap"][0, 0])
    assert_same(scene.means, gs["means"][0])
    assert_same(scene.opacities, gs["opacities"][0])
    assert_same(scene.scales, gs["scales"][0])
    assert_same(scene.quats, gs["rotations"][0])
    assert_same(scene.colors.transpose(1, 2), gs["harmonics"][0])
    assert_same(torch.tensor(SH_DAMPING), gs["sh_mask"])

    at_origin = at_pixels(gaussian_map, camera.moved(torch.eye(4)), gs["depthmap"][0, 0])
    assert_same(at_origin.means[::7], gs["means_identity_extrinsics"][0])


def test_gaussians_at_points(gaussian_map, gs):
    camera = Camera(gs["intrinsics"][0], gs["extrinsics"][0], 128, 96)
    xy = to_uv(gs["sparse_query"][0]) * torch.tensor([128.0, 96.0])
    depth = gs["sparse_depth"][0, :, 0]
    scene = at_points(gaussian_map, camera, xy, depth)
    assert_same(scene.opacities, gs["sparse_opacities"][0])
    assert_same(scene.scales, gs["sparse_scales"][0])
    assert_same(scene.quats, gs["sparse_rotations"][0])
    assert_same(scene.colors.transpose(1, 2), gs["sparse_harmonics"][0])
    # The released code puts these means half a pixel up and left of where they belong.
    assert_same(scene.means, camera.unproject(xy, depth))
    assert_same(camera.unproject(xy - 0.5, depth), gs["sparse_means"][0])


@pytest.fixture(scope="module")
def sampling():
    with np.load(PARITY / "sampling.npz") as file:
        return dict(file)


@pytest.mark.parametrize(
    ("name", "max_depth"), [("a", MAX_DEPTH), ("b", MAX_DEPTH), ("b_nofilter", np.inf)]
)
def test_what_our_query_is_compared_with(sampling, name, max_depth):
    expected, scene = sampling[f"coord_{name}"], name[0]
    depth, camera = sampling[f"depth_{scene}"], sampling[f"K_{scene}"]
    found = released_points(depth, camera, len(expected), max_depth)
    in_order = [points[np.lexsort(points.round(5).T)] for points in (found, expected)]
    np.testing.assert_allclose(in_order[0], in_order[1], atol=TOLERANCE)


@pytest.mark.parametrize("scene", ["a", "b"])
def test_our_query_is_more_even_and_repeats_nothing(sampling, scene):
    depth, (fx, fy, cx, cy) = sampling[f"depth_{scene}"], sampling[f"K_{scene}"]
    released = sampling[f"coord_{scene}"]
    height, width = depth.shape
    # Their pixel centres are whole numbers.
    intrinsics = torch.tensor([[fx, 0, cx + 0.5], [0, fy, cy + 0.5], [0, 0, 1]])
    camera = Camera(intrinsics, torch.eye(4), width, height)
    beyond = torch.from_numpy(depth >= MAX_DEPTH)  # gets no points there
    field = DepthField.from_depth(torch.from_numpy(depth), camera, sky=beyond)
    ours = infinite_depth_query(field, len(released)).numpy()
    assert len(np.unique(ours, axis=0)) == len(ours)

    surface = measure_surface(field)
    assert surface.area.shape == depth.shape
    per_block = (height // 8, 8, width // 8, 8)
    area = surface.area.numpy().reshape(per_block).sum((1, 3))
    whole = surface.solid.numpy().reshape(per_block).all((1, 3))  # no depth step, nothing too far
    theirs = (released[:, ::-1] + 1) / 2 * [width, height]
    spread = {}
    for name, xy in (("ours", ours), ("theirs", theirs)):
        column, row = xy.astype(int).T // 8
        counts = np.zeros(area.shape)
        np.add.at(counts, (row, column), 1)
        density = counts[whole] / area[whole]
        spread[name] = density.std() / density.mean()
    assert spread["ours"] < 0.1 * spread["theirs"], spread
    assert spread["ours"] < 0.03, spread


def test_our_ply_file_holds_what_the_released_one_does(gs, tmp_path):
    """That we read theirs as it is: tests/scene/test_ply.py."""
    ours = Gaussians(
        means=gs["sparse_means"][0] - gs["sparse_means"][0].mean(0),
        quats=gs["sparse_rotations"][0],
        scales=gs["sparse_scales"][0],
        opacities=gs["sparse_opacities"][0],
        colors=gs["sparse_harmonics"][0].transpose(1, 2),
    )
    nvs.write_ply(ours, tmp_path / "ours.ply")
    found = vertex_columns(tmp_path / "ours.ply")
    for name, values in vertex_columns(PARITY / "sparse_gaussians.ply").items():
        if name not in ("nx", "ny", "nz"):  # always 0
            np.testing.assert_allclose(found[name], values, atol=TOLERANCE, err_msg=name)


def vertex_columns(path: Path) -> dict[str, np.ndarray]:
    """The first element of a binary PLY file of floats, by column."""
    header, body = path.read_bytes().split(b"end_header\n", 1)
    vertices = header.decode().split("element vertex")[1].split("element")[0]
    names = [line.split()[-1] for line in vertices.splitlines() if line.startswith("property")]
    count = int(vertices.split()[0])
    table = np.frombuffer(body, "<f4", count * len(names)).reshape(count, -1)
    return dict(zip(names, table.T, strict=True))
