"""A page of somebody else in a real browser, on the computer that the installation runs on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.conftest import CHROMIUM_FLAGS, chromium, log_in
from tests.fixtures.installation import CommandLine

pytestmark = [pytest.mark.slow, pytest.mark.integration, pytest.mark.timeout(600)]

REBOUND: Final = "rebound.example"
"""A name that leads to this computer, as an attacker's name server makes it."""

DEPLOYMENT: Final = "/deployments/name/recover-operations/recover-operations"
ATTACK: Final = "of-a-page"

REFUSALS: Final = frozenset({401, 403, 421, 422})

FETCH = """async ([url, options, untyped]) => {
    if (untyped) options.body = new Blob([untyped]);
    try {
        const answer = await fetch(url, options);
        return answer.type === 'opaque' ? 'opaque' : answer.status + ' ' + await answer.text();
    } catch (error) { return 'refused'; }
}"""

SOCKET = """([url]) => new Promise(resolve => {
    const socket = new WebSocket(url, 'prefect');
    socket.onopen = () => resolve('open');
    socket.onerror = () => resolve('refused');
})"""

LOAD = """([tag, url]) => new Promise(resolve => {
    const element = document.createElement(tag);
    element.onload = () => resolve('loaded');
    element.onerror = () => resolve('refused');
    element.src = url;
    document.body.append(element);
})"""

SUBMIT = """([url, name]) => {
    const form = document.createElement('form');
    form.method = 'POST';
    form.enctype = 'text/plain';
    form.action = url;
    const field = document.createElement('input');
    field.name = `{"name": "${name}", "x": "`;
    field.value = '"}';
    form.append(field);
    document.body.append(form);
    form.submit();
}"""


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b"<!doctype html><title>Nice page</title><body></body>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Print nothing."""


@pytest.fixture(scope="module")
def foreign() -> Iterator[int]:
    """The port of somebody else's page on this computer."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    rule = f"--host-resolver-rules=MAP {REBOUND} 127.0.0.1"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium(), args=[*CHROMIUM_FLAGS, rule]
        )
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser, installed: CommandLine, secret: str) -> Iterator[BrowserContext]:
    """The browser of the owner, who has logged in, and once opened an address with the string."""
    ui = installed.api_url.removesuffix("/api")
    context = browser.new_context(base_url=ui)
    context.set_default_timeout(30_000)
    page = context.new_page()
    log_in(page, secret)
    page.goto(f"{ui.replace('//', f'//{secret}@')}/api/version")
    page.close()
    yield context
    context.close()


@pytest.fixture
def api(installed: CommandLine) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=installed.api_url, auth=installed.auth, timeout=30) as client:
        yield client


def _attacks(api: httpx.Client) -> Any:
    named = {"flow_runs": {"name": {"any_": [ATTACK]}}}
    return api.post("/flow_runs/filter", json=named).raise_for_status().json()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_page_on_another_port_reads_nothing_and_runs_nothing(
    context: BrowserContext, installed: CommandLine, api: httpx.Client, foreign: int, host: str
) -> None:
    run = f"/deployments/{api.get(DEPLOYMENT).json()['id']}/create_flow_run"
    page = context.new_page()
    page.goto(f"http://{host}:{foreign}/")
    json_body = {"Content-Type": "application/json"}
    told = {}
    for server in (installed.api_url, installed.api_url.replace("127.0.0.1", "localhost")):
        for credentials in ("omit", "include"):
            options: dict[str, Any] = {"credentials": credentials}
            post = {**options, "method": "POST", "headers": json_body}
            attempts: dict[str, tuple[str, dict[str, Any], str]] = {
                "health": ("/health", options, ""),
                "token": ("/csrf-token?client=x", options, ""),
                "settings": ("/admin/settings", options, ""),
                "blocks": ("/block_documents/filter", {**post, "body": "{}"}, ""),
                "run": (run, {**post, "body": f'{{"name": "{ATTACK}"}}'}, ""),
                "untyped": (run, {**options, "method": "POST", "mode": "no-cors"},
                            f'{{"name": "{ATTACK}"}}'),
            }  # fmt: skip
            for name, (path, how, untyped) in attempts.items():
                answer = page.evaluate(FETCH, [f"{server}{path}", how, untyped])
                told[server, credentials, name] = answer
        socket = f"{server.replace('http:', 'ws:')}/events/in"
        told[server, "", "socket"] = page.evaluate(SOCKET, [socket])
        told[server, "", "script"] = page.evaluate(LOAD, ["script", f"{server}/health"])
        told[server, "", "image"] = page.evaluate(LOAD, ["img", f"{server}/health"])

    opaque = {key for key, answer in told.items() if answer == "opaque"}
    assert {name for _, _, name in opaque} == {"untyped"}, told
    assert {answer for key, answer in told.items() if key not in opaque} == {"refused"}, told
    assert _attacks(api) == []


def test_a_form_of_another_page_runs_nothing(
    context: BrowserContext, installed: CommandLine, api: httpx.Client, foreign: int
) -> None:
    run = f"/deployments/{api.get(DEPLOYMENT).json()['id']}/create_flow_run"
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{foreign}/")
    with page.expect_navigation() as gone:
        page.evaluate(SUBMIT, [f"{installed.api_url}{run}", ATTACK])

    assert gone.value is not None
    assert gone.value.status == 403
    assert _attacks(api) == []


def test_a_name_that_was_made_to_lead_here_shows_nothing(
    context: BrowserContext, installed: CommandLine, api: httpx.Client
) -> None:
    port = installed.api_url.rsplit(":", 1)[1].removesuffix("/api")
    page = context.new_page()

    answers = {
        path: page.goto(f"http://{REBOUND}:{port}{path}") for path in ("/", "/api/health", "/v2/")
    }
    own = page.evaluate(FETCH, ["/api/health", {}, ""])

    assert {path: one.status for path, one in answers.items() if one} == dict.fromkeys(answers, 421)
    assert own.startswith("421 ")


def test_the_owner_logs_in_once_and_sees_the_deployments(
    browser: Browser, installed: CommandLine, secret: str
) -> None:
    context = browser.new_context(base_url=installed.api_url.removesuffix("/api"))
    context.set_default_timeout(30_000)
    page = context.new_page()
    refused = _refused_to(page)
    page.goto("/")
    page.get_by_placeholder("admin:pass").fill("admin:pass")
    page.get_by_role("button", name="Login").click()
    expect(
        page.get_by_text("Authentication failed").or_(page.get_by_text("Invalid"))
    ).to_be_visible()
    assert "/login" in page.url
    log_in(page, secret)
    refused.clear()

    page.get_by_role("link", name="Deployments").click()
    expect(page.get_by_role("link", name="sync-inventory", exact=True).first).to_be_visible()
    page.reload()
    expect(page.get_by_role("link", name="sync-inventory", exact=True).first).to_be_visible()
    second = context.new_page()
    also = _refused_to(second)
    second.goto("/v2/deployments")
    expect(second.get_by_role("link", name="sync-inventory", exact=True).first).to_be_visible()
    second.get_by_role("link", name="sync-inventory", exact=True).first.click()
    second.get_by_role("button", name="Run", exact=True).click()
    second.get_by_role("menuitem", name="Quick run").click()
    second.get_by_text("View run").click()
    expect(second.get_by_text("Completed", exact=True).first).to_be_visible(timeout=120_000)

    assert refused == also == []
    context.close()


def _refused_to(page: Page) -> list[str]:
    refused: list[str] = []
    page.on(
        "response",
        lambda one: refused.append(f"{one.status} {one.url}") if one.status in REFUSALS else None,
    )
    return refused
