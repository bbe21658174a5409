"""`nvs evaluate depth`."""

from nvs.evaluate.depth_command import DepthEvaluation as Options
from nvs.evaluate.depth_command import main

__all__ = ["Options", "main"]
