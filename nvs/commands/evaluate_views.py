"""`nvs evaluate views`."""

from nvs.evaluate.views_command import ViewEvaluation as Options
from nvs.evaluate.views_command import main

__all__ = ["Options", "main"]
