"""What stands before the Prefect server: who is called, by which page, and the proof of who we are.

Prefect answers whatever name it is called by, and pages of any origin. So a page in somebody's
browser reaches a server that listens on loopback alone: by its address, or by a name that leads
there (DNS rebinding). Both are refused here, for HTTP and for WebSockets, before Prefect sees them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from skyclust.orchestration.logos import logo_of
from skyclust.security.auth_string import PROOF_PATH, proof

LOOPBACK_NAMES: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})

OTHER_PAGES: Final = frozenset({"cross-site", "same-site"})
"""Values of Sec-Fetch-Site (https://www.w3.org/TR/fetch-metadata/): a page of another site, or
of another port of this one."""

FOREIGN_SCRIPTS: Final = frozenset({"/docs", "/redoc", "/api/docs", "/api/redoc"})
"""FastAPI's pages about the API. Their scripts come from a content network, and would run where the
browser keeps the auth string."""

PAGE_POLICY: Final = "connect-src 'self'; frame-ancestors 'self'"
"""What pages of this server may do (https://www.w3.org/TR/CSP3/): call this server, and be within
pages of it. The UI of Prefect would ask a service of somebody else's for its settings, and so tell
it who opens the UI."""

_LONGEST_NONCE: Final = 64


class Gate:
    """Lets through what is meant for this server and comes from no foreign page.

    `hosts` are names besides those of loopback by which it may be called, `origins` are pages of
    other addresses that may call it. With an auth string it proves that it knows it.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        hosts: Iterable[str] = (),
        origins: Iterable[str] = (),
        auth_string: str | None = None,
    ) -> None:
        self._app = app
        self._hosts = LOOPBACK_NAMES | {host.strip().lower() for host in hosts if host.strip()}
        # `*` is Prefect's own default and names no page.
        self._origins = frozenset(origin.strip().lower() for origin in origins) - {"", "*"}
        self._auth_string = auth_string

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on; ASGI (https://asgi.readthedocs.io)."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        status, problem = self._refusal(Headers(scope=scope), scope)
        if problem and scope["type"] == "websocket":
            await WebSocketClose(reason=problem)(scope, receive, send)
        elif problem:
            await PlainTextResponse(problem, status_code=status)(scope, receive, send)
        elif scope["type"] == "http" and scope["path"] == PROOF_PATH and self._auth_string:
            await self._prove(self._auth_string, scope, receive, send)
        elif scope["type"] == "http" and (logo := logo_of(scope["path"])) is not None:
            await Response(logo, media_type="image/svg+xml")(scope, receive, _with_policy(send))
        else:
            await self._app(scope, receive, _with_policy(send))

    def _refusal(self, headers: Headers, scope: Scope) -> tuple[int, str]:
        """Return the status and the sentence of a refusal; an empty sentence for none."""
        named = headers.getlist("host")
        host = named[0].lower() if len(named) == 1 else ""
        if _name(host) not in self._hosts:
            return 421, "This server is not known by that name: see SKYCLUST_PREFECT_HOSTS."
        origins = [origin.lower() for origin in headers.getlist("origin")]
        if not all(self._is_ours(origin, host) for origin in origins):
            return 403, "A page of another origin may not call this server."
        if scope["path"].rstrip("/") in FOREIGN_SCRIPTS:
            return 404, "This page loads scripts of others, and is not served."
        if not origins and _is_of_another_page(headers, scope):
            return 403, "A page of another site may not load this."
        return 200, ""

    def _is_ours(self, origin: str, host: str) -> bool:
        # Through a tunnel or a proxy the port and the scheme are not ours: what the browser
        # called is what it shows.
        return origin in self._origins or origin in {f"http://{host}", f"https://{host}"}

    async def _prove(self, auth_string: str, scope: Scope, receive: Receive, send: Send) -> None:
        nonce = "".join(parse_qs(scope["query_string"].decode("latin-1")).get("nonce", []))
        if not nonce.isalnum() or len(nonce) > _LONGEST_NONCE:
            await PlainTextResponse("No nonce.", status_code=400)(scope, receive, send)
            return
        port = int((scope.get("server") or ("", 0))[1])
        answer = proof(auth_string, port=port, nonce=nonce)
        await PlainTextResponse(answer)(scope, receive, send)


def _with_policy(send: Send) -> Send:
    """Return what sends an answer with the policy of our pages."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).setdefault("Content-Security-Policy", PAGE_POLICY)
        await send(message)

    return sent


def _name(host: str) -> str:
    """Return a Host header without its port (RFC 9110, 7.2); that of IPv6 keeps its brackets."""
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdecimal() else host


def _is_of_another_page(headers: Headers, scope: Scope) -> bool:
    """Return whether a browser loads this into a page of somebody else's.

    A link that somebody follows is no such thing: it opens a page of ours.
    """
    if headers.get("sec-fetch-site", "").lower() not in OTHER_PAGES:
        return False
    follows = headers.get("sec-fetch-mode") == "navigate" and scope.get("method") == "GET"
    return not (follows and headers.get("sec-fetch-dest") == "document")
