"""Waiting until a page has what was sent to it: viser only puts messages into a queue."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Callable

import viser
from viser.infra._async_message_buffer import AsyncMessageBuffer
from websockets.asyncio.server import ServerConnection

from nvs_viewer import viser_inside


def wait_until_received(client: viser.ClientHandle, still_wanted: Callable[[], None]) -> None:
    """Return when all that was sent to `client` so far has arrived there, or the page is gone.

    Must not be called in an atomic block of that client: nothing is sent before its end.

    Args:
        still_wanted: called five times a second; what it raises ends the waiting.
    """
    connection = viser_inside.connection_of(client)
    if connection is None:
        return
    queue = viser_inside.queue_of(client)
    received = asyncio.run_coroutine_threadsafe(_received(connection, queue), queue.event_loop)
    try:
        while not concurrent.futures.wait([received], timeout=0.2).done:
            still_wanted()
    finally:
        received.cancel()


async def _received(connection: ServerConnection, queue: AsyncMessageBuffer) -> None:
    last = queue.message_counter - 1
    while _holds_up_to(queue, last):
        await asyncio.sleep(0.01)
    # viser sends what it takes from the queue at once, in this same thread; and a ping is
    # answered when all that was sent before it has arrived.
    await (await connection.ping())


def _holds_up_to(queue: AsyncMessageBuffer, last: int) -> bool:
    with queue.buffer_lock:
        return not queue.done and min(queue.message_from_id, default=last + 1) <= last
