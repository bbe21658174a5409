"""What the second layer is worth: the other eye of a stereo pair, from true depth.

    python benchmarks/disocclusions.py [--width 400]

scikit-image's motorcycle (Middlebury 2014): the left picture with its measured disparity
becomes a scene, seen from where the right one was taken.  Over the whole picture and over the
pixels that the left one does not show, with those filled by backfill, by the mean colour, by
a blur of what is around them, and not at all.
"""

from __future__ import annotations

import argparse
import platform
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

import nvs
from nvs.camera import Camera
from nvs.depth.field import DepthField
from nvs.evaluate.tables import table
from nvs.evaluate.view_baselines import pixel_splats
from nvs.evaluate.view_metrics import HOLE_ALPHA, psnr, ssim
from nvs.photo import Photo
from nvs.render import render

# The dataset's calibration, for the size that scikit-image carries.
FOCAL_PX, CENTRE_PX, BASELINE_M, OFFSET_PX = 994.978, (311.193, 254.877), 0.193001, 31.086
BLUR_PX = 12.0


def main() -> None:
    """Print one table."""
    from skimage.data import stereo_motorcycle

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="default")
    parser.add_argument("--width", type=int, default=400)
    options = parser.parse_args()
    left, right, disparity = (torch.from_numpy(each.copy()) for each in stereo_motorcycle())
    known = disparity.isfinite()
    depth = torch.where(known, BASELINE_M * FOCAL_PX / (disparity + OFFSET_PX), 0.0)

    height, width = left.shape[:2]
    size = (options.width, round(height * options.width / width))
    first, second = (
        Camera(intrinsics, torch.eye(4), width, height).resized(*size)
        for intrinsics in (calibration(0.0), calibration(OFFSET_PX))
    )
    pose = torch.eye(4)
    pose[0, 3] = BASELINE_M
    photo = Photo(shrunk(left, size), first, Path("motorcycle"), "calibrated")
    truth, other = shrunk(right, size), second.moved(pose)
    field = DepthField.from_depth(depth.float(), first)

    model = nvs.load_model(options.model)
    plain, filled = (model.splat(photo, field=field, backfill=each) for each in (False, True))
    without, with_layer = render(plain, [other]), render(filled, [other])
    holes = without.alpha[0] < HOLE_ALPHA
    seen = without.rgb[0] / without.alpha[0, ..., None].clamp(min=0.5)
    mean = photo.rgb.mean(dim=(0, 1)).expand_as(seen)
    blur = blurred(seen, ~holes)
    pictures = {
        "backfill": with_layer.rgb[0],
        "mean colour": torch.where(holes[..., None], mean, without.rgb[0]),
        "blur of the neighbourhood": torch.where(holes[..., None], blur, without.rgb[0]),
        "nothing": without.rgb[0],
        "one splat per pixel": render(pixel_splats(photo, field), [other]).rgb[0],
    }
    print(
        f"{platform.machine()}, torch {torch.__version__}, {size[0]}x{size[1]} pixels, "
        f"{100 * float(holes.float().mean()):.2f} % of them not seen by the left eye"
    )
    head = ["filled by", "PSNR dB", "SSIM", "PSNR unseen", "SSIM unseen"]
    rows = []
    for name, shown in pictures.items():
        shown = shown.clamp(0, 1)
        figures = (psnr(shown, truth), ssim(shown, truth))
        unseen = (psnr(shown, truth, holes), ssim(shown, truth, holes))
        rows.append(
            [name, *(f"{f:.{d}f}" for f, d in zip(figures + unseen, (2, 3, 2, 3), strict=True))]
        )
    print(table(head, rows))


def calibration(offset_px: float) -> Tensor:
    """K of one eye; the right one's centre is shifted."""
    x, y = CENTRE_PX
    return torch.tensor([[FOCAL_PX, 0, x + offset_px], [0, FOCAL_PX, y], [0, 0, 1]])


def shrunk(picture: Tensor, size: tuple[int, int]) -> Tensor:
    """[H, W, 3] bytes → [h, w, 3] in 0..1 of another `size` (width, height)."""
    scaled = functional.interpolate(
        picture.permute(2, 0, 1)[None].float() / 255, size[::-1], mode="bilinear", antialias=True
    )
    return scaled[0].permute(1, 2, 0).contiguous()


def blurred(picture: Tensor, known: Tensor) -> Tensor:
    """Gaussian blur [H, W, 3] of the `known` pixels alone."""
    from scipy.ndimage import gaussian_filter

    weight = gaussian_filter(known.double().numpy(), BLUR_PX)
    total = gaussian_filter((picture * known[..., None]).double().numpy(), (BLUR_PX, BLUR_PX, 0))
    return torch.from_numpy(total / weight.clip(1e-9)[..., None]).float()


if __name__ == "__main__":
    with torch.no_grad():
        main()
