"""One colour map for depth and counts, and its legend."""

from __future__ import annotations

import numpy as np

# From dark to bright, evenly in lightness, told apart also without colour vision.
STOPS = np.array(
    [
        [0.05, 0.03, 0.20],
        [0.25, 0.08, 0.45],
        [0.52, 0.13, 0.46],
        [0.78, 0.24, 0.36],
        [0.95, 0.45, 0.25],
        [0.99, 0.72, 0.30],
        [0.99, 0.98, 0.65],
    ]
)


def colormap(shares: np.ndarray) -> np.ndarray:
    """Colours [..., 3] in 0..1 of `shares` [...] in 0..1."""
    at = np.linspace(0, 1, len(STOPS))
    return np.stack([np.interp(shares, at, STOPS[:, i]) for i in range(3)], axis=-1)


def legend(low: str, high: str) -> str:
    """HTML: the map as a strip, with the values at its two ends."""
    stops = ", ".join("rgb({:.0f} {:.0f} {:.0f})".format(*(255 * stop)) for stop in STOPS)
    return (
        '<div style="margin: 0 1em 0.8em; font-size: 0.8em">'
        f'<div style="height: 0.8em; border-radius: 3px; '
        f'background: linear-gradient(to right, {stops})"></div>'
        f'<div style="display: flex; justify-content: space-between; opacity: 0.8">'
        f"<span>{low}</span><span>{high}</span></div></div>"
    )
