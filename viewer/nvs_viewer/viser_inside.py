"""What the viewer uses of viser that viser does not promise to keep.

All of it is named here, so that another version of viser is checked in one place
(tests/viewer/test_viser_inside.py); pyproject.toml holds viser to `VERSION`'s series.
The names that our script uses in the browser stand in script/viser.js.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import viser
from viser._messages import Message
from viser.infra._async_message_buffer import AsyncMessageBuffer
from websockets.asyncio.server import ServerConnection

VERSION = "1.1"  # the versions that this was written for begin so


def uploads_under_way(client: viser.ClientHandle) -> dict[str, Any]:
    """What has arrived of the files that this page is sending, by the name of the transfer."""
    return client.gui._current_file_upload_states


def hear(
    client: viser.ClientHandle, message: type[Message], heard: Callable[[int, Any], None]
) -> None:
    """Call `heard` with each `message` of this page, after viser's own handlers."""
    client._websock_connection.register_handler(message, heard)


def ignore(server: viser.ViserServer, message: type[Message]) -> None:
    """Let viser not act on `message`."""
    server._websock_server.unregister_handler(message)


def queue_of(client: viser.ClientHandle) -> AsyncMessageBuffer:
    """What is still to be sent to this page."""
    return client._websock_connection.get_message_buffer()


def connection_of(client: viser.ClientHandle) -> ServerConnection | None:
    """The page's connection, or None if it has gone."""
    return client._viser_server._websock_server._live_connections.get(client.client_id)


def allow_words_to_the_gone(client: viser.ClientHandle) -> None:
    """Let viser not warn that a page has left: work under way notices at its next look."""
    queue_of(client)._warned_push_after_done = True
