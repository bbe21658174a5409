"""Who may open the page: this machine's own pages, or whoever holds the link."""

import threading
import urllib.error
import urllib.request

import pytest
import websockets.exceptions
from viser._messages import ShareUrlDisconnect, ShareUrlRequest
from websockets.sync.client import connect

from nvs_viewer import Viewer
from nvs_viewer.access import is_loopback, make_token
from tests.viewer.talking import PROTOCOL, connected, send


def status(url, **headers):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def may_connect(url, **headers):
    try:
        with connect(
            url.replace("http://", "ws://").rstrip("/"),
            subprotocols=PROTOCOL,
            additional_headers=headers,
            max_size=None,
        ) as socket:
            socket.recv(timeout=5)  # the page's state arrives only where it is meant to
        return True
    except websockets.exceptions.InvalidStatus as error:
        if error.response.status_code != 403:
            raise
        return False


@pytest.fixture
def secret_viewer():
    viewer = Viewer(None, host="0.0.0.0", port=0)
    yield viewer
    viewer.close()


def test_this_machines_own_page_needs_no_secret(viewer):
    assert viewer.url.startswith("http://127.0.0.1:")
    code, html = status(viewer.url)
    assert code == 200
    assert b"dragover" in html  # our script is in it
    origin = viewer.url.rstrip("/")
    assert may_connect(viewer.url, Origin=origin)
    assert may_connect(viewer.url)  # a program, not a web site


def test_other_web_sites_in_the_same_browser_are_refused(viewer):
    assert not may_connect(viewer.url, Origin="https://example.org")
    assert not may_connect(viewer.url, Origin="null")
    assert status(viewer.url, Host="example.org")[0] == 403  # a name pointed at 127.0.0.1


def test_other_machines_need_the_link(secret_viewer):
    url = secret_viewer.url
    base, token = url[: url.rindex("/", 0, -1) + 1], url.rstrip("/").rpartition("/")[2]
    assert len(token) >= 30
    assert status(url)[0] == 200
    assert may_connect(url)
    for wrong in (base, base + "x/", base + token[:-1] + "/", f"{base}?{token}"):
        assert status(wrong)[0] == 403
        assert not may_connect(wrong)
    assert not may_connect(url, Origin="https://example.org")


def test_every_start_has_its_own_secret():
    assert make_token() != make_token()


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("localhost", True), ("::1", True), ("0.0.0.0", False), ("pc", False)],
)
def test_loopback(host, loopback):
    assert is_loopback(host) == loopback


def test_a_request_for_a_public_tunnel_is_ignored(viewer, monkeypatch):
    asked = threading.Event()
    monkeypatch.setattr(viewer.server, "request_share_url", asked.set)
    monkeypatch.setattr(viewer.server, "disconnect_share_url", asked.set)  # proves the way works
    with connected(viewer) as socket:
        send(socket, ShareUrlRequest())
        assert not asked.wait(0.3)
        send(socket, ShareUrlDisconnect())
        assert asked.wait(5)
