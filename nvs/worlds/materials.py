"""Materials as scenes ask for them: painted, wooden, woven, ... with random tiles and colours."""

from __future__ import annotations

import colorsys
import dataclasses

import numpy as np

from nvs.worlds.textures import Textures
from nvs.worlds.world import Color, Material


def linear(red: float, green: float, blue: float) -> Color:
    """Linear RGB of an sRGB colour, each 0..1."""
    return max(red, 0.0) ** 2.2, max(green, 0.0) ** 2.2, max(blue, 0.0) ** 2.2


@dataclasses.dataclass(frozen=True)
class Materials:
    """Chooses materials at random from a set of textures."""

    rng: np.random.Generator
    textures: Textures
    wild: bool = False  # often something that nobody would choose

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return bool(self.rng.random() < probability)

    def color(self, saturation: float = 0.5, low: float = 0.15, high: float = 0.95) -> Color:
        """Any hue (warm ones more often), mostly muted."""
        hue = float(self.rng.normal(0.09, 0.12) if self.chance(0.5) else self.rng.random()) % 1.0
        value = float(self.rng.uniform(low, high))
        return linear(
            *colorsys.hsv_to_rgb(hue, saturation * float(self.rng.random()) ** 1.5, value)
        )

    def wall_color(self) -> Color:
        """White and pale tones mostly, sometimes a strong colour."""
        kind = self.rng.random()
        if kind < 0.5:
            value = float(self.rng.uniform(0.85, 0.97))
            return linear(
                value,
                value * float(self.rng.uniform(0.96, 1)),
                value * float(self.rng.uniform(0.88, 1)),
            )
        return self.color(0.35, 0.6, 0.95) if kind < 0.85 else self.color(0.8, 0.25, 0.7)

    def of(
        self, *kinds: str, tint: Color = (1.0, 1.0, 1.0), tile_m: float = 1.0, gloss: float = 0.0
    ) -> Material:
        """A material with a random tile of one of these kinds."""
        size = tile_m * float(self.rng.uniform(0.75, 1.35)) if tile_m else 0.0
        if self.wild and self.chance(0.6):
            kinds = tuple(self.textures.kinds)
            tint = self.color(1.0, 0.25, 1.0) if self.chance(0.7) else tint
            size *= float(np.exp(self.rng.normal(0, 0.6)))
        return Material(self.textures.pick(self.rng, *kinds), tint, size, gloss)

    def plain(self, color: Color, gloss: float = 0.0, glow: float = 0.0) -> Material:
        """One colour."""
        return Material(self.textures.kinds["plain"][0], color, 1.0, gloss, glow)

    def even_wall(self, color: Color) -> Material:
        """A freshly painted wall: one colour, with stains too large to be seen as such."""
        return dataclasses.replace(self.plain(color), tile_m=float(self.rng.uniform(4, 12)))

    def paint(self, saturation: float = 0.6, gloss: float | None = None) -> Material:
        """A painted or plastic thing of any colour, from matt to shiny."""
        shine = float(self.rng.choice([0.0, 0.2, 0.5, 0.8])) if gloss is None else gloss
        if self.wild and self.chance(0.4):
            return self.of("pattern", "plaster", tile_m=0.4, gloss=shine)
        return self.plain(self.color(saturation, 0.08, 0.97), shine)

    def white(self, gloss: float = 0.1) -> Material:
        """Off-white."""
        value = float(self.rng.uniform(0.8, 0.97))
        return self.plain(linear(value, value, value * 0.97), gloss)

    def dark(self, gloss: float = 0.3) -> Material:
        """Nearly black."""
        value = float(self.rng.uniform(0.03, 0.2))
        return self.plain(linear(value, value, value), gloss)

    def metal(self) -> Material:
        """Steel, brass, aluminium."""
        value = float(self.rng.uniform(0.4, 0.85))
        warmth = float(self.rng.choice([1.0, 1.0, 0.75]))
        return self.of(
            "metal",
            tint=linear(value, value * (0.5 + warmth / 2), value * warmth),
            tile_m=0.5,
            gloss=0.8,
        )

    def wood(self) -> Material:
        """Natural wood of any tone, oiled or lacquered; sometimes painted."""
        if self.chance(0.2):
            return self.white(0.2)
        tone = float(self.rng.uniform(0.35, 1.15))
        warm = float(self.rng.uniform(0.8, 1.0))
        return self.of(
            "wood",
            tint=(tone, tone * (0.5 + warm / 2), tone * warm),
            tile_m=0.9,
            gloss=float(self.rng.choice([0, 0.15, 0.4])),
        )

    def fabric(self) -> Material:
        """Cloth, plain or patterned."""
        if self.chance(0.5):
            return self.of(
                "cloth", "cloth", "smooth", "carpet", tile_m=float(self.rng.uniform(0.2, 0.7))
            )
        return Material(self.textures.kinds["cloth"][0], self.color(0.7), 0.25)

    def picture(self) -> Material:
        """Something printed that fits its surface exactly."""
        kind = "picture" if "picture" in self.textures.kinds and self.chance(0.75) else "printed"
        return self.of(kind, tile_m=0, gloss=float(self.rng.choice([0.0, 0.3])))

    def anything(self) -> Material:
        """Whatever a small object may be covered with."""
        kind = self.rng.random()
        if kind < 0.38:
            return self.paint(0.9)
        if kind < 0.5:
            return self.wood()
        if kind < 0.7:
            return self.fabric()
        if kind < 0.8:
            return self.metal()
        return self.of(
            "printed", "rough", "pattern", "stone", "smooth", "marble", "speckle", tile_m=0.4
        )
