"""The tutorial, typed command by command, and a picture of each step.

The commands are those of the page itself. A picture of a terminal is named after the block of
commands before it; those of the Prefect UI are taken where the page opens it.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import SKYCLUST, log_in, skyclust
from tests.browser.terminal import Shown, svg, type_command
from tests.docs.pages import DOCS
from tests.fixtures.loopback import LOOPBACK

pytestmark = [pytest.mark.slow, pytest.mark.integration, pytest.mark.timeout(2400)]

TUTORIAL: Final = DOCS / "tutorial" / "first-sync.md"
BILL: Final = DOCS / "tutorial" / "first-bill.md"
COMMAND_SECONDS: Final = 600
PAGE_MILLISECONDS: Final = 60_000
# A block of commands, and the picture of a terminal right behind it.
BLOCK: Final = re.compile(
    r"^```sh\n(?P<commands>.*?)^```\n(?:\n!\[[^\]]+\]\(\.\./images/(?P<picture>[\w-]+)\.svg\))?",
    re.DOTALL | re.MULTILINE,
)
# The test is run by what the first commands install, and reads the secret without showing it.
LEFT_OUT: Final = ("make ", "export ", "skyclust ui --print-auth-string")

Keep = Callable[[str, str], None]


@dataclass(frozen=True)
class Block:
    """Commands of the tutorial, and the name of the picture that shows them, or ""."""

    commands: tuple[str, ...]
    picture: str


def blocks(tutorial: Path) -> list[Block]:
    """Return the blocks of a tutorial in the order of the page."""
    found = []
    for one in BLOCK.finditer(tutorial.read_text()):
        lines = re.split(r"(?<!\\)\n", one["commands"].strip())
        typed = tuple(line for line in lines if not line.startswith(LEFT_OUT))
        found.append(Block(typed, one["picture"] or ""))
    return found


@pytest.fixture
def person(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The home folder of a person who has installed SkyClust and started nothing.

    Each tutorial has its own: the sandbox of another one has other resources, and the inventory
    would not believe that all it knew is gone.
    """
    folder = tmp_path_factory.mktemp("person")
    try:
        yield folder
    finally:
        skyclust(folder / ".skyclust", "sandbox", "down")
        skyclust(folder / ".skyclust", "down")


@pytest.fixture
def keep(request: pytest.FixtureRequest, tmp_path: Path) -> Keep:
    """Writes a picture of a terminal; without --screenshots it goes nowhere."""
    folder = request.config.getoption("--screenshots", default=None) or tmp_path

    def write(name: str, text: str) -> None:
        (folder / f"{name}.svg").write_text(text)

    return write


def environment(person: Path) -> dict[str, str]:
    foreign = ("PREFECT_", "SKYCLUST_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    path = f"{SKYCLUST.parent}{os.pathsep}{kept['PATH']}"
    return kept | {"HOME": str(person), "PATH": path, "SKYCLUST_ALLOWED_NETWORKS": LOOPBACK}


def follow(block: Block, person: Path, keep: Keep, typed: Mapping[str, str]) -> None:
    shown = []
    for command in block.commands:
        one = type_command(command, environment=typed, seconds=COMMAND_SECONDS)
        assert one.code == 0, f"{command}\n{one.output}"
        shown.append(Shown(command, one.output.replace(str(person), "~"), one.code))
    if block.picture:
        keep(block.picture, svg(shown, title="SkyClust", name=block.picture))


def test_the_tutorial_does_what_it_says(
    person: Path,
    keep: Keep,
    browser: Browser,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    steps, typed = blocks(TUTORIAL), environment(person)
    *before, last = [step for step in steps if step.commands]
    for step in before:
        follow(step, person, keep, typed)

    home = person / ".skyclust"
    made = {one["name"]: one["state"] for one in listed(home, "instance", "list")}
    assert (made["web-1"], made["web-2"]) == ("running", "stopped")
    assert "api" not in made
    assert {one["provider"] for one in listed(home, "credential", "list")} == {
        *("aws", "azure", "gcp", "openstack", "proxmox")
    }
    look_at_the_ui(browser, home, request.config.getoption("--screenshots", None) or tmp_path)

    follow(last, person, keep, typed)
    assert not [one for one in listed(home, "sandbox", "status") if one.get("pid")]


def test_the_first_bill_adds_up(person: Path, keep: Keep) -> None:
    steps, typed = blocks(BILL), environment(person)
    *before, last = [step for step in steps if step.commands]
    for step in before:
        follow(step, person, keep, typed)

    home = person / ".skyclust"
    costs = listed(home, "cost", "breakdown", "--by", "provider")
    assert {one["provider"] for one in costs} == {"aws", "azure", "gcp", "openstack"}
    assert "outside tolerance" not in {one["verdict"] for one in listed(home, "cost", "reconcile")}
    written = {
        int(str(one["days_written"]))
        for one in listed(home, "cost", "deliveries")
        if str(one["source"]).startswith("aws-")
    }
    assert 2 in written, "the late day is written, and the first of the month"
    follow(last, person, keep, typed)


def look_at_the_ui(browser: Browser, home: Path, folder: Path) -> None:
    """Open the pages of the UI that the tutorial shows, and take a picture of each."""
    (ui,) = (one["address"] for one in listed(home, "status") if one["part"] == "server")
    context = browser.new_context(
        base_url=ui,
        viewport={"width": 1280, "height": 800},
        device_scale_factor=1.5,
        locale="en-GB",
        timezone_id="UTC",
    )
    context.set_default_timeout(PAGE_MILLISECONDS)
    page = context.new_page()
    page.goto("/")
    expect(page.get_by_placeholder("admin:pass")).to_be_visible(timeout=PAGE_MILLISECONDS)
    take(page, folder, "tutorial-login")
    log_in(page, skyclust(home, "ui", "--print-auth-string").strip())
    page.get_by_role("link", name="Deployments").click()
    expect(page.get_by_role("link", name="sync-inventory", exact=True).first).to_be_visible(
        timeout=PAGE_MILLISECONDS
    )
    take(page, folder, "tutorial-deployments")
    page.get_by_role("link", name="Runs", exact=True).click()
    run = page.get_by_text(re.compile("^provision web-1")).first
    expect(run).to_be_visible(timeout=PAGE_MILLISECONDS)
    run.scroll_into_view_if_needed()
    take(page, folder, "tutorial-runs")
    context.close()


def take(page: Page, folder: Path, name: str) -> None:
    page.wait_for_timeout(1500)  # numbers and bars grow for a moment
    page.screenshot(path=folder / f"{name}.png")


def listed(home: Path, *arguments: str) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = json.loads(skyclust(home, *arguments, "--json"))
    return rows
