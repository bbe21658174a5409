"""The tiny networks' outputs, recorded when the same code reproduced every official number.

`python -m tests.models.infinidepth.test_recorded` records them anew.
"""

from pathlib import Path

import numpy as np
import pytest
import torch

from nvs.models.infinidepth.decoder import ProjectedDecoder
from nvs.models.infinidepth.prompt import DepthPrompt
from nvs.scene.camera import Camera
from tests.models.infinidepth.placed import at_pixels, at_points
from tests.models.infinidepth.small_model import depth_network, gaussian_head, numbers, picture

RECORD = Path(__file__).with_name("recorded.npz")
TOLERANCE = 2e-5


def outputs() -> dict[str, np.ndarray]:
    photo = picture()
    yx = 0.9 * torch.tanh(numbers("query", (1, 300, 2)))
    yx[0, :4] = torch.tensor([[-1.0, -1.0], [1.0, 1.0], [-1.5, 0.2], [0.3, 2.0]])
    mono, sensor = depth_network(), depth_network(prompt=True)
    seen = mono.encode(photo)
    known = DepthPrompt(
        torch.sigmoid(numbers("places", (40, 2))), numbers("known", (40,)).exp()
    ).normalised(0.8)
    prompted = sensor.encode(photo, known)
    head = gaussian_head()
    depth = 2 + picture()[:, :1]
    gaussians = head(photo, depth, seen.grids[0])
    camera = Camera.from_focal(90.0, photo.shape[-1], photo.shape[-2])
    placed = at_points(
        gaussians, camera, 64 * torch.sigmoid(numbers("xy", (50, 2))), torch.ones(50)
    )
    found = {
        "tokens": seen.tokens,
        "basic": seen.basic,
        "raw": mono.depth_implicit_head(seen.grids, yx),
        "prompted_tokens": prompted.prompted,
        "prompted_raw": sensor.depth_implicit_head(prompted.grids, yx),
        "projected_raw": ProjectedDecoder(mono.depth_implicit_head, seen.grids)(
            (yx[0].flip(-1) + 1) / 2
        ),
        "opacities": placed.opacities,
        "scales": placed.scales,
        "quats": placed.quats,
        "colors": placed.colors,
        "pixel_means": at_pixels(gaussians, camera, depth[0, 0]).means[::17],
    }
    return {name: value.numpy() for name, value in found.items()}


@pytest.fixture(scope="module")
def found():
    return outputs()


def test_as_recorded(found):
    with np.load(RECORD) as record:
        assert sorted(record.files) == sorted(found)
        for name in record.files:
            # Rounding grows with the values.
            atol = TOLERANCE * max(1.0, float(np.abs(record[name]).max()))
            np.testing.assert_allclose(found[name], record[name], atol=atol, rtol=0, err_msg=name)


def test_the_record_tells_networks_apart(found):
    for name, values in found.items():
        assert np.isfinite(values).all(), name
        assert values.std() > 0.1, f"{name} is nearly constant: an error could hide"


if __name__ == "__main__":
    np.savez_compressed(RECORD, **outputs())  # type: ignore[arg-type]
