"""The API of an installation as its own user runs it, without the auth string."""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin, Subprotocol

from skyclust.security import auth_string
from tests.fixtures.installation import CommandLine, processes_of

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

OPEN = {"/health": True, "/ready": {"message": "OK"}}
"""All that anybody may ask: whether the server lives."""

READS = ["/version", "/admin/settings", "/admin/version", "/csrf-token?client=x",
         "/openapi.json", "/metrics", "/health/", "/variables/name/health",
         "/block_types/slug/health", "/collections/views/health", "/ui/health"]  # fmt: skip

CHANGES = ["flows/filter", "flow_runs/filter", "block_documents/filter", "variables/filter",
           "logs/filter", "events/filter", "events", "logs/", "flows/", "deployments/",
           "work_pools/", "work_queues/filter", "automations/", "artifacts/", "concurrency_limits/",
           "block_documents/", "variables/", "flow_runs/", "health", "ready"]  # fmt: skip

SOCKETS = ["events/in", "events/out", "logs/out", "task_runs/subscriptions/scheduled",
           "work_pools/skyclust/workers/connect"]  # fmt: skip

WRONG = ["", "Basic", "Basic !!", "Bearer x", "Basic " + base64.b64encode(b"admin:pass").decode(),
         "Basic " + base64.b64encode(b"skyclust:").decode(),
         "basic " + base64.b64encode(b"skyclust").decode()]  # fmt: skip


def ui(installed: CommandLine) -> str:
    return installed.api_url.removesuffix("/api")


def test_without_the_auth_string_it_tells_nothing_but_that_it_lives(installed: CommandLine) -> None:
    with httpx.Client(base_url=installed.api_url, timeout=30) as anybody:
        alive = {path: anybody.get(path).json() for path in OPEN}
        refused = {path: anybody.get(path).status_code for path in READS}

    assert alive == OPEN
    assert refused == dict.fromkeys(READS, 401)


def test_nobody_is_served_a_page_with_scripts_of_others(installed: CommandLine) -> None:
    with httpx.Client(base_url=ui(installed), auth=installed.auth, timeout=30) as owner:
        for path in ("/docs", "/redoc", "/api/docs", "/api/redoc"):
            assert owner.get(path).status_code == 404, path


@pytest.mark.parametrize("header", [None, *WRONG])
def test_without_it_nothing_can_be_changed_or_searched(
    installed: CommandLine, header: str | None
) -> None:
    headers = {} if header is None else {"Authorization": header}
    with httpx.Client(base_url=installed.api_url, headers=headers, timeout=30) as anybody:
        answers = {path: anybody.post(f"/{path}", json={}).status_code for path in CHANGES}
        token = anybody.get("/csrf-token", params={"client": "x"}).status_code

    # 403 is the missing token against forged requests: nobody gets one.
    assert set(answers.values()) <= {401, 403}, answers
    assert token == 401


def test_with_it_the_same_is_answered(installed: CommandLine) -> None:
    with httpx.Client(base_url=installed.api_url, auth=installed.auth, timeout=30) as owner:
        assert owner.get("/version").status_code == 200
        assert owner.post("/flows/filter", json={}).status_code == 200


def test_a_change_needs_the_token_against_forged_requests_too(
    installed: CommandLine, secret: str
) -> None:
    user, _, password = secret.partition(":")
    with httpx.Client(base_url=installed.api_url, auth=(user, password), timeout=30) as forged:
        assert forged.get("/version").status_code == 200
        assert forged.post("/flows/filter", json={}).status_code == 403


@pytest.mark.parametrize("host", ["evil.example", "evil.example:4200", "localhost.evil.example"])
def test_a_name_that_leads_here_is_refused_for_api_and_ui(
    installed: CommandLine, host: str
) -> None:
    with httpx.Client(base_url=ui(installed), headers={"Host": host}, timeout=30) as rebound:
        statuses = {
            path: rebound.get(path).status_code
            for path in ("/", "/ui-settings", "/api/health", "/api/flows/", "/docs", "/v2/")
        }

    assert set(statuses.values()) == {421}, statuses


def test_another_origin_gets_no_permission(installed: CommandLine) -> None:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "*"}
    for origin in ("http://localhost:3000", "http://127.0.0.1:1", "null", "https://evil.example"):
        for method, path in (("OPTIONS", "/flow_runs/filter"), ("GET", "/health")):
            answer = httpx.request(
                method, f"{installed.api_url}{path}", headers={"Origin": origin, **asked}
            )
            assert answer.status_code == 403, origin
            assert not [one for one in answer.headers if one.startswith("access-control")]
    own = {"Origin": ui(installed), **asked, "Access-Control-Request-Headers": "authorization"}
    allowed = httpx.options(f"{installed.api_url}/flow_runs/filter", headers=own)
    assert allowed.headers["access-control-allow-origin"] == ui(installed)


async def _greet(url: str, token: str | None, **options: Any) -> str:
    """Open a WebSocket as Prefect's clients do and return what becomes of it."""
    try:
        async with connect(url, open_timeout=20, **options) as socket:
            await socket.send(json.dumps({"type": "auth", "token": token}))
            async with asyncio.timeout(20):
                return str(json.loads(await socket.recv())["type"])
    except InvalidStatus as error:
        return f"HTTP {error.response.status_code}"
    except ConnectionClosed as error:
        return f"closed {error.rcvd.code if error.rcvd else ''}"


@pytest.mark.parametrize("path", SOCKETS)
def test_a_web_socket_wants_the_auth_string_too(
    installed: CommandLine, secret: str, path: str
) -> None:
    url = f"{installed.api_url.replace('http:', 'ws:')}/{path}"
    prefect = {"subprotocols": [Subprotocol("prefect")]}
    foreign = {"origin": Origin("http://localhost:3000")}
    rebound = {"additional_headers": {"Host": "evil.example"}}

    assert asyncio.run(_greet(url, None)) == "HTTP 403"
    assert asyncio.run(_greet(url, secret)) == "HTTP 403"
    assert asyncio.run(_greet(url, None, **prefect)) == "closed 1008"
    assert asyncio.run(_greet(url, "admin:pass", **prefect)) == "closed 1008"
    assert asyncio.run(_greet(url, secret, **prefect, **foreign)) == "HTTP 403"
    assert asyncio.run(_greet(url, secret, **prefect, **rebound)) in {"HTTP 403", "HTTP 400"}
    assert asyncio.run(_greet(url, secret, **prefect)) == "auth_success"


def test_the_auth_string_is_in_its_file_and_nowhere_else(
    installed: CommandLine, secret: str
) -> None:
    password = secret.partition(":")[2]
    forms = [password.encode(), base64.b64encode(secret.encode())]
    path = auth_string.path_in(installed.home)
    status = installed("status", "--json")
    said = [installed("ui").stdout, installed("ui", "--json").stdout, status.stdout, status.stderr]

    holding = [
        str(one)
        for one in installed.home.rglob("*")
        if one.is_file() and any(form in one.read_bytes() for form in forms)
    ]
    assert holding == [str(path)]
    running = processes_of(installed.home)
    assert len(running) >= 3
    assert not [line for line in running.values() if password in line]
    assert not [text for text in said if password in text]
    rows = {row["part"]: row for row in json.loads(status.stdout)}
    assert rows["auth string"]["detail"] == str(path)
    assert str(path) in said[0]
    shown = installed.json("ui")
    assert shown == {
        "address": ui(installed),
        "runs": f"{ui(installed)}/v2/runs?tags=skyclust",
        "auth_string": str(path),
    }


def test_the_command_prints_it_and_nothing_else(installed: CommandLine, secret: str) -> None:
    printed = installed("ui", "--print-auth-string")
    copied = installed("ui", "--copy")

    assert (printed.returncode, printed.stdout, printed.stderr) == (0, f"{secret}\n", "")
    assert copied.returncode == 2
    assert "no terminal" in copied.stderr
    assert secret not in copied.stdout + copied.stderr


def test_a_wrong_string_is_told_with_where_the_right_one_is(
    installed: CommandLine, tmp_path: Path
) -> None:
    elsewhere = CommandLine(tmp_path / "elsewhere")
    wrong = {"PREFECT_API_AUTH_STRING": "admin:pass"}
    for command, auth, code in (
        (["inventory", "sync"], {}, 5),
        (["inventory", "sync"], wrong, 5),
        (["status"], wrong, 7),
        (["up", "--detach"], wrong, 6),
    ):
        ended = elsewhere(*command, PREFECT_API_URL=installed.api_url, **auth)
        said = " ".join((ended.stdout + ended.stderr).split())
        assert ended.returncode == code, said
        assert "refused our auth string" in said
        assert "skyclust ui" in said


def test_whoever_names_the_own_server_needs_no_string(installed: CommandLine) -> None:
    ended = installed("operation", "recover", "--local", PREFECT_API_URL=installed.api_url)

    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize(("status", "said"), [
    ("200 OK", "does not know the auth string"), ("404 Not Found", "does not answer"),
    ("401 Unauthorized", "does not answer"), ("403 Forbidden", "does not answer"),
])  # fmt: skip
def test_a_command_sends_nothing_to_whoever_answers_instead(
    installed: CommandLine, tmp_path: Path, status: str, said: str
) -> None:
    """A stranger on the port of a server that has ended is asked for a proof first."""
    heard: list[bytes] = []

    async def main() -> tuple[int, str]:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heard.append(await reader.readuntil(b"\r\n\r\n"))
            body = '{"message": "OK"}'
            head = f"HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {len(body)}"
            writer.write(f"{head}\r\n\r\n{body}".encode())
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        runtime = json.loads((installed.home / "runtime.json").read_text())
        runtime["api_url"] = f"http://127.0.0.1:{port}/api"
        home = tmp_path / "home"
        home.mkdir(mode=0o700)
        (home / "runtime.json").write_text(json.dumps(runtime))
        auth_string.initialise(home)
        async with server:
            told = [
                await asyncio.to_thread(CommandLine(home), *command)
                for command in (["inventory", "sync"], ["status", "--json"])
            ]
        rows = {row["part"]: row["state"] for row in json.loads(told[1].stdout)}
        return told[0].returncode, told[0].stderr + rows["server"]

    code, told = asyncio.run(main())

    assert code == 7
    assert said in told
    assert told.endswith("stranger" if status.startswith("200") else "silent")
    assert len(heard) >= 2
    assert not [one for one in heard if b"authorization" in one.lower()]
