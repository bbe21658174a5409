"""Downloads from a hub of our own on this machine, as slow and as broken as needed."""

import hashlib
import http.server
import os
import re
import subprocess
import sys
import threading
import time

import pytest

pytest.importorskip("huggingface_hub")

CONTENT = os.urandom(3_000_000)
COMMIT = "0123456789abcdef0123456789abcdef01234567"


class FakeHub:
    """One file, `weights.ckpt`, and switches for what can go wrong."""

    def __init__(self, content=CONTENT):
        self.etag = hashlib.sha256(content).hexdigest()
        self.content = content
        self.seconds_per_block = 0.0
        self.requests = []  # (method, first byte)
        handler = type("Handler", (_Handler,), {"hub": self})
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    hub: FakeHub

    def do_HEAD(self):
        self._answer(body=False)

    def do_GET(self):
        self._answer(body=True)

    def _answer(self, body):
        content = self.hub.content
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        first = int(asked[1]) if asked else 0
        self.hub.requests.append((self.command, first))
        assert self.headers.get("Authorization") is None
        if not self.path.endswith("/resolve/main/weights.ckpt"):
            self.send_response(404)
            self.send_header("X-Error-Code", "EntryNotFound")
            self.end_headers()
            return
        self.send_response(206 if asked else 200)
        self.send_header("ETag", f'"{self.hub.etag}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("Content-Length", str(len(content) - first))
        if asked:
            self.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        for start in range(first, len(content) if body else 0, 1 << 20):
            try:
                self.wfile.write(content[start : start + (1 << 20)])
            except OSError:  # the other side was killed
                return
            time.sleep(self.hub.seconds_per_block)

    def log_message(self, *_):
        pass


@pytest.fixture
def hub():
    fake = FakeHub()
    yield fake
    fake.close()


def start(hub, cache, call, **environment):
    """A fresh process: the library reads its settings when it is imported."""
    program = (
        "import sys\n"
        "from nvs.models.infinidepth.hub import *\n"
        "from nvs.errors import InputError\n"
        f"try: print({call})\n"
        "except InputError as error: sys.exit('InputError: ' + str(error))\n"
    )
    address = hub if isinstance(hub, str) else hub.address
    settings = {"HF_ENDPOINT": address, "HF_HOME": str(cache), "HF_HUB_DISABLE_TELEMETRY": "1"}
    return subprocess.Popen(
        [sys.executable, "-c", program],
        env=os.environ | settings | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(hub, cache, call="download_checkpoint('weights.ckpt')", **environment):
    process = start(hub, cache, call, **environment)
    output, error = process.communicate(timeout=60)
    return process.returncode, output.strip(), error.strip().splitlines()


def test_download_once_then_offline(hub, tmp_path):
    code, path, _ = run(hub, tmp_path)
    assert code == 0
    with open(path, "rb") as file:
        assert file.read() == CONTENT
    assert str(tmp_path / "hub" / "models--ritianyu--InfiniDepth" / "snapshots") in path

    nobody = "http://127.0.0.1:9"
    cached = "cached_checkpoint('weights.ckpt', 'infinidepth')"
    assert run(nobody, tmp_path, cached, HF_HUB_OFFLINE="1")[:2] == (0, path)
    assert run(nobody, tmp_path)[:2] == (0, path)


def test_a_killed_download_is_continued(tmp_path):
    content = os.urandom(40 << 20)  # the library writes 10 MiB at a time
    hub = FakeHub(content)
    hub.seconds_per_block = 0.05
    process = start(hub, tmp_path, "download_checkpoint('weights.ckpt')")
    blobs = tmp_path / "hub" / "models--ritianyu--InfiniDepth" / "blobs"
    partial = blobs / f"{hub.etag}.nvs.incomplete"
    while process.poll() is None and not (partial.exists() and partial.stat().st_size > 0):
        time.sleep(0.02)
    process.kill()
    process.communicate()
    kept = partial.stat().st_size
    assert 0 < kept < len(content)

    hub.seconds_per_block = 0.0
    hub.requests.clear()
    code, path, _ = run(hub, tmp_path)
    assert code == 0
    with open(path, "rb") as file:
        assert file.read() == content
    assert ("GET", kept) in hub.requests
    assert not partial.exists()
    hub.close()


def test_a_damaged_file_is_removed(hub, tmp_path):
    hub.content = CONTENT[:-1] + b"!" if CONTENT[-1:] != b"!" else CONTENT[:-1] + b"?"
    code, _, error = run(hub, tmp_path)
    assert code == 1
    assert error[-1].startswith("InputError: weights.ckpt came damaged")
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and path.stat().st_size]


@pytest.mark.parametrize("etag", ["../../../escape", "", "abc"])
def test_a_hash_that_is_none_names_no_file(hub, tmp_path, etag):
    hub.etag = etag
    code, _, error = run(hub, tmp_path)
    assert code == 1
    assert error[-1].startswith("InputError: ")
    assert not list(tmp_path.parent.rglob("*escape"))


def test_without_a_network_or_a_file_there_is_one_line(hub, tmp_path):
    nobody = "http://127.0.0.1:9"
    for arguments in [
        (nobody, tmp_path),
        (nobody, tmp_path, "download_checkpoint('weights.ckpt')"),
        (hub, tmp_path, "download_checkpoint('no-such.ckpt')"),
        (nobody, tmp_path, "cached_checkpoint('weights.ckpt', 'infinidepth')"),
    ]:
        code, _, error = run(*arguments)
        assert code == 1
        assert error[-1].startswith("InputError: ")
        assert ".ckpt" in error[-1]
    assert "nvs models download infinidepth" in error[-1]
    code, _, error = run(nobody, tmp_path, HF_HUB_OFFLINE="1")
    assert code == 1
    assert error[-1].startswith("InputError: ")
