"""Who may open the page: viser itself lets everybody in.

On this machine alone (the default) a page needs no token, but a web site open in the same
browser must not reach the viewer either: WebSockets know no same-origin rule, so the Origin
and the Host of every request are checked.  On any other address the link carries a secret,
http://host:port/SECRET/, and nothing is answered without it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import gzip
import hmac
import http
import ipaddress
import re
import secrets
import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import viser
import websockets.asyncio.server
from viser._messages import ShareUrlRequest
from websockets.asyncio.server import ServerConnection
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from nvs.errors import InputError
from nvs_viewer import script, viser_inside

_patching = threading.RLock()


def is_loopback(host: str) -> bool:
    """Whether `host` names this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def make_token() -> str:
    """A secret for a link."""
    return secrets.token_urlsafe(24)


@contextlib.contextmanager
def guarded(token: str | None) -> Iterator[None]:
    """Servers made in this block answer only who is allowed, and serve our page.

    Without a token only this machine's own pages are allowed.

    viser gives no place for this, but leaves all requests to `websockets`, whose `serve`
    takes a function that sees each request first: that function is wrapped.
    """
    with _patching:
        serve = getattr(websockets.asyncio.server, "serve", None)
        if serve is None:  # an open door is worse than none
            raise InputError("this version of websockets cannot be guarded: install 16")
        websockets.asyncio.server.serve = _guarded_serve(serve, token)  # type: ignore
        try:
            yield
        finally:
            websockets.asyncio.server.serve = serve  # type: ignore[misc]


def _guarded_serve(serve: Callable[..., Any], token: str | None) -> Callable[..., Any]:
    def guarded_serve(*args: Any, process_request: Callable[..., Any], **kwargs: Any) -> Any:  # noqa: ANN401
        def answer(connection: ServerConnection, request: Request) -> Response | None:
            inner = _allowed(request, token)
            if inner is None:
                return _refused()
            return _with_script(process_request(connection, inner), request)

        return serve(*args, process_request=answer, **kwargs)

    return guarded_serve


def _allowed(request: Request, token: str | None) -> Request | None:
    """`request` as viser is to see it, or None if it is refused."""
    host = request.headers.get("Host", "")
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != host:
        return None  # another web site
    path, *_ = request.path.partition("?")
    if token is None:
        # A name that only points here by a foreign name server (DNS rebinding).
        if not is_loopback(urlsplit(f"//{host}").hostname or ""):
            return None
    else:
        given, _, path = path.lstrip("/").partition("/")
        if not hmac.compare_digest(given.encode(), token.encode()):
            return None
    headers = Headers(request.headers)
    headers.pop("Accept-Encoding", None)  # the page is changed below, then compressed
    return dataclasses.replace(request, path="/" + path.lstrip("/"), headers=headers)


def _refused() -> Response:
    body = b"This viewer opens with the link that it printed when it was started.\n"
    headers = Headers({"Content-Type": "text/plain", "Content-Length": str(len(body))})
    return Response(http.HTTPStatus.FORBIDDEN, "Forbidden", headers, body)


def _with_script(response: Response | None, request: Request) -> Response | None:
    """`response`, if it is the page, with our script in it."""
    if response is None or not response.headers.get("Content-Type", "").startswith("text/html"):
        return response
    page, encoding = _page(bytes(response.body or b"")), "gzip"
    if "gzip" not in request.headers.get("Accept-Encoding", ""):
        page, encoding = gzip.decompress(page), "identity"
    headers = Headers(
        {
            "Content-Type": "text/html; charset=utf-8",
            "Content-Length": str(len(page)),
            "Content-Encoding": encoding,
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",  # the link may hold the secret
        }
    )
    return Response(response.status_code, response.reason_phrase, headers, page)


@functools.lru_cache(maxsize=1)
def _page(html: bytes) -> bytes:
    """viser's page with our script, compressed."""
    ours = b"<title>nvs</title>" + script.tags() + b"</head>"
    html = re.sub(rb"<title>.*?</title>", b"", html, count=1)
    return gzip.compress(html.replace(b"</head>", ours, 1))


def refuse_sharing(server: viser.ViserServer) -> None:
    """Ignore a page's request for a public tunnel: hiding its button would not be enough."""
    viser_inside.ignore(server, ShareUrlRequest)
