"""What an operator does in the Prefect UI, in a real browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import CREDENTIAL, Installation

pytestmark = [pytest.mark.slow, pytest.mark.integration, pytest.mark.timeout(600)]

RUN_MILLISECONDS = 120_000

RECORDED_MILLISECONDS = 5_000
"""After it the server has recorded the last task runs, and the graph of a run is whole."""

Picture = Callable[[str], None]


def open_deployment(page: Page, name: str) -> None:
    page.get_by_role("link", name="Deployments").first.click()
    page.get_by_role("link", name=name, exact=True).first.click()
    page.get_by_role("button", name="Run", exact=True).click()


def ask_for_exact_machines(page: Page) -> None:
    """Open the form of provision-instances, and choose the credential."""
    open_deployment(page, "provision-instances")
    page.get_by_role("menuitem", name="Custom run").click()
    expect(page.get_by_text("Name of the credential to create the instances with.")).to_be_visible()
    page.get_by_label("Select Credential", exact=True).click()
    page.get_by_role("option", name=CREDENTIAL, exact=True).click()
    page.keyboard.press("Escape")


def choose_region(page: Page, region: str) -> None:
    """Enter a region, whether or not a sync has read it before."""
    other = page.get_by_role("tab", name="Another region", exact=True)
    if other.count():
        other.first.click()
        page.get_by_role("tabpanel").first.get_by_role("textbox").fill(region)
    else:
        page.get_by_label("Region", exact=True).fill(region)


def follow_run(page: Page, name: str) -> None:
    """Open the run that was just asked for and wait until it is Completed and so named."""
    page.get_by_text("View run").click()
    completed = page.get_by_text("Completed", exact=True).first
    expect(completed).to_be_visible(timeout=RUN_MILLISECONDS)
    expect(page.get_by_text(name, exact=True).first).to_be_visible()


def show_artifacts(page: Page, key: str) -> None:
    """Show the artifacts of the run anew, as somebody does who comes back later."""
    page.wait_for_timeout(RECORDED_MILLISECONDS)
    page.reload()
    page.get_by_role("tab", name="Artifacts").click()
    expect(page.get_by_text(key, exact=True)).to_be_visible()


def open_artifact(page: Page, key: str) -> None:
    """Open an artifact of the run that is shown."""
    page.get_by_role("tab", name="Artifacts").click()
    page.get_by_role("link", name=key).first.click()
    page.wait_for_url("**tab=Artifact")  # the page is drawn anew for its first tab


def test_a_sync_is_run_and_its_scopes_are_read(
    page: Page, installation: Installation, picture: Picture
) -> None:
    open_deployment(page, "sync-inventory")
    page.get_by_role("menuitem", name="Quick run").click()
    follow_run(page, "sync all credentials of every workspace")
    show_artifacts(page, "inventory-scopes-default")
    picture("sync-inventory")

    run = page.url
    open_artifact(page, "inventory-summary-default")
    expect(page.get_by_role("heading", name="Inventory of default")).to_be_visible()

    page.goto(run)
    open_artifact(page, "inventory-scopes-default")
    expect(page.get_by_role("cell", name="fresh").first).to_be_visible()
    page.get_by_placeholder("Search").fill("eu-central-1")
    expect(page.get_by_role("cell", name="eu-central-1").first).to_be_visible()
    expect(page.get_by_role("cell", name="fresh").first).to_be_visible()
    picture("inventory-scopes")
    scopes = installation.listed("inventory", "scopes")
    assert {scope["state"] for scope in scopes} == {"fresh"}


def test_machines_are_made_by_the_form(
    page: Page, installation: Installation, picture: Picture
) -> None:
    ask_for_exact_machines(page)
    page.get_by_label("Name", exact=True).fill("web")
    choose_region(page, "eu-central-1")
    page.get_by_label("Instance type", exact=True).fill("t3.small")
    page.get_by_label("Image", exact=True).fill("debian-12-amd64-20250814-2204")
    page.get_by_label("How many (Optional)").fill("2")
    page.get_by_text("Name of the credential to create").scroll_into_view_if_needed()
    picture("provision-form")
    page.get_by_role("button", name="Submit").click()

    follow_run(page, f"provision web-1..2 on {CREDENTIAL} in eu-central-1")
    show_artifacts(page, "operations-default")
    picture("provision-run")
    machines = installation.listed("instance", "list", "--region", "eu-central-1")
    made = {one["name"]: one["state"] for one in machines}
    assert made["web-1"] == made["web-2"] == "running"


def test_the_form_refuses_what_cannot_be(page: Page, installation: Installation) -> None:
    before = installation.listed("operation", "list")
    ask_for_exact_machines(page)
    page.get_by_label("Name", exact=True).fill("no spaces allowed")
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_text("does not match").first).to_be_visible()
    assert "/run?" in page.url
    assert installation.listed("operation", "list") == before
