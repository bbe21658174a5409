"""What a page uploads: within a bound, which viser itself does not know, and each file once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import viser
from viser._messages import FileTransferPart, FileTransferStartUpload

from nvs_viewer import viser_inside

MAX_UPLOAD_BYTES = 64 << 20


def limit_uploads(client: viser.ClientHandle, max_bytes: int = MAX_UPLOAD_BYTES) -> None:
    """Drop uploads of this page that say they are larger than `max_bytes`, or turn out to be.

    All that are under way at once count together, and the oldest is dropped first: each alone
    could stop just below the limit, and a second photo takes the place of the first.
    viser's own handlers were registered before these and have just seen the message.
    """
    uploads = viser_inside.uploads_under_way(client)

    def started(_client_id: int, message: FileTransferStartUpload) -> None:
        if message.size_bytes > max_bytes or message.part_count > max_bytes:
            uploads.pop(message.transfer_uuid, None)
            client.add_notification(
                "This file is too large",
                f"At most {max_bytes >> 20} MB can be uploaded; nvs view FILE opens larger ones.",
                color="red",
                auto_close_seconds=15,
            )

    def arrived(_client_id: int, _message: FileTransferPart) -> None:
        while sum(state["transferred_bytes"] for state in uploads.values()) > max_bytes:
            uploads.pop(next(iter(uploads)))

    viser_inside.hear(client, FileTransferStartUpload, started)
    viser_inside.hear(client, FileTransferPart, arrived)


def hear_uploads(
    client: viser.ClientHandle,
    button: viser.GuiUploadButtonHandle,
    arrived: Callable[[viser.UploadedFile], None],
) -> None:
    """Call `arrived` with each file that a button was given, in a thread.

    viser's own callbacks read the button's value late: of files that come quickly one after the
    other they see the last one several times, and others never.
    """
    last = button.value

    def look(_client_id: int, _message: FileTransferStartUpload | FileTransferPart) -> None:
        nonlocal last
        if button.value is not last:
            last = button.value
            asyncio.get_running_loop().run_in_executor(None, arrived, last)

    viser_inside.hear(client, FileTransferStartUpload, look)  # of an empty file this is all
    viser_inside.hear(client, FileTransferPart, look)
