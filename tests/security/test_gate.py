"""The gate before the Prefect server, by itself."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any

import pytest

from skyclust.orchestration.request_gate import Gate
from skyclust.security.auth_string import PROOF_PATH, proof

PORT = 4200
HERE = f"127.0.0.1:{PORT}"
AUTH = "user:a-secret-of-thirty-characters"


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Stands for Prefect: says that it was reached."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
    else:
        await send({"type": "http.response.start", "status": 299, "headers": []})
        await send({"type": "http.response.body", "body": b"reached"})


async def nothing() -> MutableMapping[str, Any]:
    """Receive no more than that there is a request."""
    return {"type": "http.request"}


def ask(
    headers: dict[str, str] | list[tuple[str, str]],
    *,
    kind: str = "http",
    method: str = "GET",
    path: str = "/api/flows/",
    query: str = "",
    **settings: Any,
) -> tuple[str, int, bytes]:
    """Return the kind of the first answer, its status and its body."""
    pairs = headers.items() if isinstance(headers, dict) else headers
    scope = {
        "type": kind,
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "server": ("127.0.0.1", PORT),
        "headers": [(name.encode(), value.encode()) for name, value in pairs],
    }
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": f"{kind}.connect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    asyncio.run(Gate(application, **settings)(scope, receive, send))
    body = b"".join(one.get("body", b"") for one in sent)
    return sent[0]["type"], sent[0].get("status", 0), body


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/api/docs", "/docs/"])
def test_no_page_with_scripts_of_others_is_served(path: str) -> None:
    assert ask({"host": HERE}, path=path)[1] == 404


def test_its_pages_call_nobody_else() -> None:
    """The UI would ask a service on the internet for its settings, with each page."""
    sent: list[MutableMapping[str, Any]] = []

    async def keep(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "query_string": b"",
        "server": ("127.0.0.1", PORT),
        "headers": [(b"host", HERE.encode())],
    }
    asyncio.run(Gate(application)(scope, nothing, keep))
    headers = {name.lower(): value for name, value in sent[0]["headers"]}
    assert b"connect-src 'self'" in headers[b"content-security-policy"]


@pytest.mark.parametrize("host", [HERE, "localhost:4200", "LOCALHOST", "[::1]:4200", "127.0.0.1",
                                  "localhost:18080"])  # fmt: skip
@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_it_is_passed_by_the_names_of_this_computer(host: str, kind: str) -> None:
    answer, status, _ = ask({"host": host}, kind=kind)

    assert (answer, status) in {("http.response.start", 299), ("websocket.accept", 0)}


FOREIGN_HOSTS = ["evil.example", "evil.example:4200", "127.0.0.1.evil.example", "localhost.evil",
                 "evil@127.0.0.1", "localhost.", "127.0.0.2", "0.0.0.0", "", "localhost:4200:1",
                 "127.0.0.1:evil", "[::1", "prefect-in-memory"]  # fmt: skip


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_other_names_are_refused(host: str, kind: str) -> None:
    answer, status, body = ask({"host": host}, kind=kind)

    assert body != b"reached"
    assert (answer, status) in {("http.response.start", 421), ("websocket.close", 0)}


def test_two_names_or_none_are_refused() -> None:
    assert ask([("host", HERE), ("host", "evil.example")])[1] == 421
    assert ask([("host", HERE), ("host", HERE)])[1] == 421
    assert ask({})[1] == 421
    assert ask({"host": "evil.example", "x-forwarded-host": HERE})[1] == 421


def test_the_name_of_a_proxy_can_be_let_in() -> None:
    given: dict[str, Any] = {"hosts": ["prefect.example", " "]}

    assert ask({"host": "prefect.example"}, **given)[1] == 299
    assert ask({"host": "prefect.example:443"}, **given)[1] == 299
    assert ask({"host": "other.example"}, **given)[1] == 421
    assert ask({"host": ""}, **given)[1] == 421
    https = {"host": "prefect.example", "origin": "https://prefect.example"}
    assert ask(https, method="POST", **given)[1] == 299


@pytest.mark.parametrize("origin", [
    "http://localhost:3000", "http://127.0.0.1:8000", "http://localhost:4200", "https://evil.example",
    "null", "", "http://127.0.0.1", "http://127.0.0.1:42000", "file://",
    f"http://{HERE}.evil.example", f"http://evil.example/{HERE}", f"ftp://{HERE}",
])  # fmt: skip
@pytest.mark.parametrize(("kind", "method"), [
    ("http", "GET"), ("http", "POST"), ("http", "OPTIONS"), ("websocket", "GET"),
])  # fmt: skip
def test_pages_of_another_origin_are_refused(origin: str, kind: str, method: str) -> None:
    answer, status, body = ask({"host": HERE, "origin": origin}, kind=kind, method=method)

    assert body != b"reached"
    assert (answer, status) in {("http.response.start", 403), ("websocket.close", 0)}


def test_its_own_pages_pass_also_through_a_tunnel() -> None:
    for host in (HERE, "localhost:4200", "localhost:18080"):
        own = {"host": host, "origin": f"http://{host}", "sec-fetch-site": "same-origin"}
        assert ask(own, method="POST")[1] == 299
        assert ask(own, kind="websocket")[0] == "websocket.accept"


def test_an_origin_can_be_let_in_and_all_of_them_cannot() -> None:
    page = {"host": HERE, "origin": "http://localhost:3000", "sec-fetch-site": "same-site"}

    assert ask(page, method="POST", origins=["http://localhost:3000"])[1] == 299
    assert ask(page, method="POST", origins=["*"])[1] == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize(("method", "mode", "destination"), [
    ("GET", "no-cors", "image"), ("GET", "no-cors", "script"), ("POST", "no-cors", "empty"),
    ("GET", "navigate", "iframe"), ("POST", "navigate", "document"), ("GET", "websocket", ""),
])  # fmt: skip
def test_what_another_site_loads_is_refused(
    site: str, method: str, mode: str, destination: str
) -> None:
    fetch = {"sec-fetch-site": site, "sec-fetch-mode": mode, "sec-fetch-dest": destination}

    assert ask({"host": HERE, **fetch}, method=method)[1] == 403


@pytest.mark.parametrize("site", ["none", "same-origin", "cross-site", "same-site"])
def test_a_link_that_somebody_follows_opens_a_page(site: str) -> None:
    fetch = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}

    assert ask({"host": HERE, "sec-fetch-site": site, **fetch})[1] == 299


def test_it_proves_that_it_knows_the_auth_string_and_tells_nothing_else() -> None:
    asked: dict[str, Any] = {"path": PROOF_PATH, "query": "nonce=abc123", "auth_string": AUTH}

    assert ask({"host": HERE}, **asked)[1:] == (
        200,
        proof(AUTH, port=PORT, nonce="abc123").encode(),
    )
    for wrong in ("", "nonce=", "nonce=a b", "nonce=" + "a" * 65, "nonce=%0a"):
        assert ask({"host": HERE}, **asked | {"query": wrong})[1] == 400
    assert ask({"host": "evil.example"}, **asked)[1] == 421
    assert ask({"host": HERE}, **asked | {"auth_string": None})[1] == 299
