"""Surveyors' point clouds, .las and packed .laz, as laspy reads them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nvs.errors import InputError


def las_points(path: Path) -> NDArray[np.float64]:
    """x, y, z [P, 3].

    Raises:
        InputError: laspy is not installed, or for .laz what unpacks it.
    """
    try:
        import laspy
    except ImportError:
        raise InputError(
            f"{path.suffix} files need the package laspy (pip install 'nvs[las]')"
        ) from None
    if path.suffix.lower() == ".laz" and not laspy.LazBackend.detect_available():
        raise InputError(".laz files need the package lazrs (pip install 'nvs[las]')")
    return np.asarray(laspy.read(path).xyz, np.float64)
