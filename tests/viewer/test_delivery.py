"""A page has what was sent to it only when it has read it."""

import contextlib
import threading

import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed

from nvs_viewer import Cancelled, Viewer
from nvs_viewer.delivery import wait_until_received
from tests.viewer.browsing import until
from tests.viewer.talking import CAMERA, connected, send

LARGE = np.zeros((4_000_000, 3), np.float32)  # more than the buffers of a socket hold


@pytest.fixture
def reader():
    """A connection that reads only when told to, and the viewer's side of it."""
    viewer = Viewer(None, port=0)
    with connected(viewer, max_queue=1, close_timeout=0.5) as socket:
        send(socket, CAMERA)  # now it is a page
        until(lambda: viewer.pages)
        yield socket, viewer.pages[0].display.client
    viewer.close()


def read_on(socket):
    def read():
        with contextlib.suppress(ConnectionClosed):
            for _ in socket:
                pass

    threading.Thread(target=read, daemon=True).start()


def give_up():
    raise Cancelled


def test_it_waits_until_all_has_been_read(reader):
    socket, client = reader
    client.scene.add_point_cloud("/large", LARGE, (255, 0, 0))
    with pytest.raises(Cancelled):
        wait_until_received(client, give_up)
    read_on(socket)
    wait_until_received(client, lambda: None)


def test_a_page_that_is_gone_is_not_waited_for(reader):
    socket, client = reader
    client.scene.add_point_cloud("/large", LARGE, (255, 0, 0))
    threading.Timer(0.5, socket.close).start()
    wait_until_received(client, lambda: None)
    wait_until_received(client, lambda: None)
