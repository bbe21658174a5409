"""RGB-D photos on disk, to train the depth field on beside generated scenes."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from nvs.data.recorded import DepthFrame, depth_sets
from nvs.errors import InputError
from nvs.train.pictures import DepthPicture


@dataclasses.dataclass(frozen=True)
class RecordedPictures:
    """Photos with measured depth, and how often they are taken."""

    frames: Sequence[tuple[DepthFrame, bool]]  # and whether its depths are metres
    share: float  # of the pictures of a batch
    longer_side: int  # pixels; larger photos are reduced

    @staticmethod
    def found(paths: Sequence[Path], share: float, longer_side: int) -> RecordedPictures:
        """What `nvs.data.recorded.depth_sets` finds at each path.

        Raises:
            InputError: nothing there, or a share outside 0..1.
        """
        if not 0 <= share <= 1:
            raise InputError(f"data_share must lie between 0 and 1, not {share}")
        frames = [
            (frame, one.metric)
            for path in paths
            for one in depth_sets(path)
            for frame in one.frames
        ]
        return RecordedPictures(frames, share, longer_side)

    @property
    def digest(self) -> str:
        """Another one for other files, or another share of them."""
        files = [f"{one.photo} {one.depth} {one.prompt}" for one, _ in self.frames]
        told = "\n".join([str(self.share), *files])
        return hashlib.sha256(told.encode()).hexdigest()[:16]

    def drawn(self, rng: np.random.Generator) -> DepthPicture:
        """Any of the photos.

        Raises:
            InputError: its files cannot be used.
        """
        frame, metric = self.frames[int(rng.integers(len(self.frames)))]
        sample = frame.load()
        photo = sample.load_photo()
        # Photo and depth may differ in size, but span the same view.
        size = np.array([photo.camera.height, photo.camera.width])
        height, width = np.round(size * min(1, self.longer_side / size.max())).astype(int)
        rgb = torch.nn.functional.interpolate(
            photo.rgb.permute(2, 0, 1)[None], (height, width), mode="bilinear", antialias=True
        )[0]
        rows, columns = (
            ((np.arange(n) + 0.5) * of / n).astype(np.int64)
            for n, of in zip((height, width), sample.depth.shape, strict=True)
        )
        depth = sample.depth.numpy()[rows[:, None], columns]  # depths of an edge are not blended
        as_bytes = (rgb.permute(1, 2, 0) * 255).round().clamp(0, 255).to(torch.uint8).numpy()
        focal_px = None
        if sample.camera is not None:
            camera = sample.camera.resized(int(width), int(height))
            focal_px = (float(camera.intrinsics[0, 0]), float(camera.intrinsics[1, 1]))
        prompt = None if sample.prompt is None else sample.prompt.numpy()
        return DepthPicture(as_bytes, depth, focal_px, False, metric, prompt)
