"""Made-up scenes with exact depth: what the depth field and the Gaussian head learn from.

From the seed to the picture::

    seed ─► rooms / streets / landscapes / tabletops ─► World (placed meshes, lights, sky)
            ─► rasterize (exact depth) ─► shading (radiance) ─► photograph (8-bit picture)
"""

from nvs.worlds.generate import GENERATOR_VERSION, GeneratedScene, GeneratedView, generate
from nvs.worlds.textures import Textures

__all__ = ["GENERATOR_VERSION", "GeneratedScene", "GeneratedView", "Textures", "generate"]
