"""A page without a browser: it speaks viser's protocol, hears the answers, uses controls."""

from __future__ import annotations

import contextlib
import json
import threading
import uuid

import msgspec
import viser
import zstandard
from viser._messages import (
    FileTransferPart,
    FileTransferStartUpload,
    GuiUpdateMessage,
    Message,
    ViewerCameraMessage,
)
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.sync.connection import Connection
from websockets.typing import Subprotocol

from nvs_viewer import Viewer
from tests.viewer.browsing import until

CAMERA = ViewerCameraMessage(
    wxyz=(1, 0, 0, 0),
    position=(0, 0, 0),
    fov=1.0,
    near=0.1,
    far=100,
    image_height=480,
    image_width=640,
    look_at=(0, 0, 1),
    up_direction=(0, -1, 0),
)
PROTOCOL = [Subprotocol(f"viser-v{viser.__version__}")]


def connected(viewer: Viewer, **more) -> Connection:
    """A socket to the viewer, as a page's script opens it."""
    return connect(
        viewer.url.replace("http://", "ws://").rstrip("/"),
        subprotocols=PROTOCOL,
        max_size=None,
        **more,
    )


def send(socket: Connection, message: Message) -> None:
    socket.send(msgspec.msgpack.encode(message.as_serializable_dict()))


class Talker:
    """The other end of a page; it reads until the connection ends."""

    def __init__(self, socket: Connection, camera: ViewerCameraMessage = CAMERA) -> None:
        self._socket = socket
        self.heard: list[dict] = []  # viser's messages, in their order
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()
        self.send(camera)  # now it is a page

    def send(self, message: Message) -> None:
        send(self._socket, message)

    def of_type(self, name: str) -> list[dict]:
        """What was heard of one of viser's types of messages."""
        return [message for message in self.heard if message["type"] == name]

    def control(self, label: str) -> str:
        """viser's name of the control with this label; of the newest, where it was made anew."""
        return until(lambda: self._controls().get(label))

    def set(self, label: str, **values: object) -> None:
        """Use a control: `value=True` presses a button."""
        self.send(GuiUpdateMessage(self.control(label), values))

    def say(self, what: str, **more: object) -> None:
        """Say something as the page's script does, when the page is complete."""
        until(lambda: any("nvs-home" in str(m) for m in self.of_type("GuiHtmlMessage")))
        self.set("the page's words", value=json.dumps({"what": what, **more}))

    def start_upload(self, label: str, filename: str, size: int, parts: int = 1) -> Upload:
        upload = Upload(self, self.control(label))
        self.send(
            FileTransferStartUpload(upload.control, upload.name, filename, "image/png", parts, size)
        )
        return upload

    def upload(self, label: str, filename: str, content: bytes) -> None:
        """Give a file to an upload button."""
        self.start_upload(label, filename, len(content)).part(0, content)

    def was_told(self, words: str) -> bool:
        """Whether a control was given these words."""
        return any(words in str(message["updates"]) for message in self.of_type("GuiUpdateMessage"))

    def notifications(self) -> list[str]:
        """The titles and the words, in their order."""
        told = [message["props"] for message in self.of_type("NotificationShowMessage")]
        return [f"{props['title']}: {props['body']}" for props in told]

    def _controls(self) -> dict[str, str]:
        return {
            message["props"]["label"]: message["uuid"]
            for message in list(self.heard)
            if "label" in message.get("props", ())
        }

    def _read(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            for data in self._socket:
                assert isinstance(data, bytes)
                size = int.from_bytes(data[8:16], "little")
                packed = zstandard.ZstdDecompressor().decompress(data[16 : 16 + size])
                self.heard += msgspec.msgpack.decode(packed)["messages"]


class Upload:
    """A file on its way through a control."""

    def __init__(self, talker: Talker, control: str) -> None:
        self._talker = talker
        self.control = control
        self.name = str(uuid.uuid4())

    def part(self, index: int, content: bytes) -> None:
        self._talker.send(FileTransferPart(self.control, self.name, index, content))

    @property
    def received(self) -> int:
        """Bytes that the viewer says it has."""
        said = [
            message["transferred_bytes"]
            for message in self._talker.of_type("FileTransferPartAck")
            if message["transfer_uuid"] == self.name
        ]
        return max(said, default=0)
