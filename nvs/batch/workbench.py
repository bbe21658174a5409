"""What stays between photos, and between what is made of one: models, and the last scene."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from nvs.progress import SILENT, Listener

if TYPE_CHECKING:
    from nvs.models.registry import ModelSettings
    from nvs.opening import SceneSettings
    from nvs.pipeline import Model
    from nvs.scene.scene import Scene


class Workbench:
    """Loads each model once, and makes one scene for all that is made of a photo alike."""

    def __init__(self) -> None:
        self._models: dict[ModelSettings, Model] = {}
        self._source: Path | None = None
        self._scenes: dict[SceneSettings, Scene] = {}

    def model(self, settings: ModelSettings) -> Model:
        """The model, loaded when it is first asked for.

        Raises:
            InputError: as `load_model`.
        """
        if settings not in self._models:
            self._models[settings] = settings.load()
        return self._models[settings]

    def scene(self, source: Path, settings: SceneSettings, listener: Listener = SILENT) -> Scene:
        """The scene of a photo, as `open_scene` gives it; the last photo's are kept.

        Raises:
            InputError: as `open_scene`.
        """
        from nvs.opening import open_scene

        if source != self._source:
            self.clear()
            self._source = source
        if settings not in self._scenes:
            model = self.model(settings.model)
            self._scenes[settings] = open_scene(source, settings, listener, model)
        return self._scenes[settings]

    def clear(self) -> None:
        """Let go of the last photo."""
        self._source = None
        self._scenes.clear()
