"""An installation as a newcomer has it, and a Chromium that looks at its Prefect UI."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Page, StorageState, expect, sync_playwright

from tests.fixtures.loopback import LOOPBACK
from tests.fixtures.missing import missing

SKYCLUST: Final = Path(sys.executable).with_name("skyclust")
CREDENTIAL: Final = "acme-aws"

# As root Chromium has no sandbox; the others keep it from calling out.
CHROMIUM_FLAGS: Final = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let `make screenshots` say where the pictures go."""
    parser.addoption("--screenshots", type=Path, help="Folder for the pictures of the docs.")


@dataclass(frozen=True)
class Installation:
    """`skyclust up` and five sandbox clouds with estates, in a home folder of their own."""

    home: Path
    ui: str

    def run(self, *arguments: str) -> str:
        """Run a command of the CLI and return its output."""
        return skyclust(self.home, *arguments)

    def listed(self, *arguments: str) -> list[dict[str, Any]]:
        """Run a list command and return its rows."""
        rows: list[dict[str, Any]] = json.loads(self.run(*arguments, "--json"))
        return rows


def skyclust(home: Path, *arguments: str) -> str:
    foreign = ("PREFECT_", "SKYCLUST_")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(foreign)}
    outcome = subprocess.run(
        [SKYCLUST, *arguments],
        env={**environment, "SKYCLUST_HOME": str(home), "SKYCLUST_ALLOWED_NETWORKS": LOOPBACK},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    return outcome.stdout


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    home = tmp_path_factory.mktemp("home")
    try:
        skyclust(home, "up", "--detach")
        skyclust(home, "sandbox", "up", "--transition-seconds", "1")
        skyclust(home, "sandbox", "connect", "--prefix", "acme-")
        parts = json.loads(skyclust(home, "status", "--json"))
        (ui,) = (part["address"] for part in parts if part["part"] == "server")
        yield Installation(home, ui)
    finally:
        skyclust(home, "sandbox", "down")
        skyclust(home, "down")


def chromium() -> str:
    """Return the path of Chromium."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        missing("Chromium is not installed (Debian: apt-get install chromium)")
    return program


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


def log_in(page: Page, auth_string: str) -> None:
    """Give the UI what it asks for, as somebody does who opens it for the first time."""
    page.goto("/")
    page.wait_for_url("**/login?**")
    page.get_by_placeholder("admin:pass").fill(auth_string)
    page.get_by_role("button", name="Login").click()
    expect(page.get_by_role("link", name="Deployments")).to_be_visible()


@pytest.fixture(scope="module")
def logged_in(browser: Browser, installation: Installation) -> StorageState:
    """What a browser remembers of an installation whose auth string it was given once."""
    context = browser.new_context(base_url=installation.ui)
    context.set_default_timeout(30_000)
    log_in(context.new_page(), installation.run("ui", "--print-auth-string").strip())
    remembered = context.storage_state()
    context.close()
    return remembered


@pytest.fixture
def page(browser: Browser, installation: Installation, logged_in: StorageState) -> Iterator[Page]:
    """A window on the start page, which fails the test when a page of the UI breaks."""
    context = browser.new_context(
        base_url=installation.ui,
        storage_state=logged_in,
        viewport={"width": 1280, "height": 860},
        device_scale_factor=1.5,
        locale="en-GB",
        timezone_id="UTC",
    )
    context.set_default_timeout(30_000)
    page = context.new_page()
    broken: list[str] = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    page.goto("/")
    # The UI logs out when its first requests are broken off.
    page.wait_for_load_state("networkidle")
    yield page
    context.close()
    assert not broken


@pytest.fixture
def picture(request: pytest.FixtureRequest, page: Page, tmp_path: Path) -> Any:
    """Takes a picture of the page for the docs; without --screenshots it goes nowhere."""
    folder = request.config.getoption("--screenshots", default=None) or tmp_path

    def take(name: str) -> None:
        # Numbers and bars grow for a moment.
        page.wait_for_timeout(1500)
        page.screenshot(path=folder / f"{name}.png")

    return take
