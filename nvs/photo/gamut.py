"""Primaries: from the colours of a picture to those of sRGB."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

# Bradford's cone responses, by which whites are adapted (as ICC profiles are made).
BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)
D65 = (0.3127, 0.3290)


@dataclasses.dataclass(frozen=True)
class Primaries:
    """Chromaticities (x, y) of red, green, blue and white."""

    red: tuple[float, float]
    green: tuple[float, float]
    blue: tuple[float, float]
    white: tuple[float, float] = D65

    def to_xyz(self) -> Matrix:
        """[3, 3]: linear RGB → XYZ; white has Y = 1.

        Raises:
            ValueError: no colours can be mixed of these.
        """
        columns = np.stack([_xyz(p) for p in (self.red, self.green, self.blue)], -1)
        try:
            weights = np.linalg.solve(columns, _xyz(self.white))
        except np.linalg.LinAlgError:
            raise ValueError("its primaries lie in a line") from None
        return columns * weights

    @property
    def luminance(self) -> Matrix:
        """[3]: what the primaries weigh in Y."""
        return self.to_xyz()[1]

    def to_srgb(self) -> Matrix:
        """[3, 3]: linear RGB of these primaries → linear sRGB; white stays white."""
        source, target = BRADFORD @ _xyz(self.white), BRADFORD @ _xyz(D65)
        adapted = np.linalg.inv(BRADFORD) @ np.diag(target / source) @ BRADFORD
        return np.linalg.inv(SRGB.to_xyz()) @ adapted @ self.to_xyz()

    def like(self, other: Primaries) -> bool:
        """Whether no eye could tell them apart."""
        mine, its = (np.array(dataclasses.astuple(p)) for p in (self, other))
        return bool(np.abs(mine - its).max() < 0.002)


def _xyz(xy: tuple[float, float]) -> Matrix:
    x, y = xy
    if not y > 0:
        raise ValueError("its chromaticities are no colours")
    return np.array([x / y, 1.0, (1 - x - y) / y])


SRGB = Primaries((0.640, 0.330), (0.300, 0.600), (0.150, 0.060))
ADOBE_RGB = Primaries((0.640, 0.330), (0.210, 0.710), (0.150, 0.060))
P3 = ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060))

# ITU-T H.273, table 2; 2 says "unspecified".
CODE_POINTS = {
    1: SRGB,
    2: SRGB,
    5: Primaries((0.640, 0.330), (0.290, 0.600), (0.150, 0.060)),
    6: Primaries((0.630, 0.340), (0.310, 0.595), (0.155, 0.070)),
    7: Primaries((0.630, 0.340), (0.310, 0.595), (0.155, 0.070)),
    9: Primaries((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),
    11: Primaries(*P3, (0.314, 0.351)),
    12: Primaries(*P3),
}
