"""Our own script in viser's page, and what it and this program tell each other."""

from __future__ import annotations

import asyncio
import html
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import viser

FOLDER = Path(__file__).with_name("script")
FIRST = "told.js"  # the others use what it defines

Word = Mapping[str, Any]  # what the page says; it may say anything


def tags() -> bytes:
    """The elements for the page's head."""
    scripts = sorted(FOLDER.glob("*.js"), key=lambda file: (file.name != FIRST, file.name))
    style = (FOLDER / "page.css").read_bytes()
    return b"".join(
        [
            b"<style>" + style + b"</style>",
            *(b"<script>" + file.read_bytes() + b"</script>" for file in scripts),
        ]
    )


class PageScript:
    """The script of one page.

    viser has no channel for it, so facts are written into elements of the panel that are not
    shown, and the page answers through a text box (script/told.js).
    """

    def __init__(self, client: viser.ClientHandle) -> None:
        self._client = client
        self._facts: dict[str, viser.GuiHtmlHandle] = {}
        self._heard: dict[str, list[Callable[[Word], None]]] = {}
        client.gui.add_html('<i id="nvs-heard" hidden></i>', order=-1e6)
        box = client.gui.add_text("the page's words", "", order=-1e6 + 1)

        async def said(event: viser.GuiEvent[viser.GuiTextHandle]) -> None:
            # viser waits for this before it hears more: in a thread one might read a newer word.
            asyncio.get_running_loop().run_in_executor(None, self._said, event.target.value)

        box.on_update(said)

    def tell(self, key: str, value: object) -> None:
        """Let the page know that `key` is now `value`, anything that JSON can hold."""
        text = html.escape(json.dumps(value))
        content = f'<i class="nvs-told" id="nvs-{key}" data-value="{text}" hidden></i>'
        if key in self._facts:
            self._facts[key].content = content
        else:
            order = len(self._facts) - 1e5
            self._facts[key] = self._client.gui.add_html(content, order=order)

    def on(self, what: str, heard: Callable[[Word], None]) -> None:
        """Call `heard` when the page says `what`."""
        self._heard.setdefault(what, []).append(heard)

    def _said(self, text: str) -> None:
        try:
            word = json.loads(text)
        except (ValueError, RecursionError):
            return
        if isinstance(word, dict) and isinstance(word.get("what"), str):
            for heard in self._heard.get(word["what"], ()):
                heard(word)


def number(word: Word, key: str, low: float, high: float) -> float | None:
    """The number that a page said, if it is one and lies between these."""
    value = word.get(key)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        return None
    return float(value)
