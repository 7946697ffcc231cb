"""The forms of the Prefect UI, filled in by keyboard at 1400 x 1000."""

from __future__ import annotations

from typing import Final

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import CREDENTIAL, Installation
from tests.browser.test_prefect_ui import RUN_MILLISECONDS, open_deployment

pytestmark = [pytest.mark.slow, pytest.mark.integration, pytest.mark.timeout(600)]

WINDOW: Final = {"width": 1400, "height": 1000}
MOST_TABS: Final = 120


def open_form(page: Page, name: str) -> None:
    page.set_viewport_size({"width": WINDOW["width"], "height": WINDOW["height"]})
    open_deployment(page, name)
    page.get_by_role("menuitem", name="Custom run").click()
    expect(page.get_by_role("button", name="Submit")).to_be_visible()


def reach(page: Page, field: Locator) -> None:
    """Move to a field with the Tab key alone."""
    for _ in range(MOST_TABS):
        if field.evaluate("one => one === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{field} is not reached by keyboard")


def write(page: Page, label: str, text: str) -> None:
    reach(page, page.get_by_label(label, exact=True).first)
    page.keyboard.press("Control+a")
    page.keyboard.type(text)


def choose(page: Page, label: str, value: str) -> None:
    """Choose from a list: open it, search, and take what is found."""
    reach(page, page.get_by_label(f"Select {label}", exact=True).first)
    page.keyboard.press("Enter")
    page.keyboard.type(value)
    expect(page.get_by_role("option", name=value, exact=True)).to_be_visible()
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")


def submit(page: Page) -> None:
    reach(page, page.get_by_role("button", name="Submit"))
    page.keyboard.press("Enter")


def read_answer(page: Page, message: str) -> None:
    """Open the run that was just started and read its message without scrolling."""
    page.get_by_text("View run").last.click()
    page.get_by_role("tab", name="Details").click()
    answer = page.get_by_text(message).first
    expect(answer).to_be_visible(timeout=RUN_MILLISECONDS)
    expect(answer).to_be_in_viewport()


@pytest.mark.parametrize(
    ("deployment", "missing"),
    [
        ("provision-instances", "credential"),
        ("place-instances", "name"),
        ("change-instance", "action"),
    ],
)
def test_an_empty_form_is_refused_for_what_is_required(
    page: Page, installation: Installation, deployment: str, missing: str
) -> None:
    open_form(page, deployment)
    submit(page)
    refusal = f"Validation failed. Failure reason: '{missing}' is a required property"
    expect(page.get_by_text(refusal)).to_be_in_viewport()
    assert "/run" in page.url
    assert installation.listed("operation", "list") == []


def test_a_credential_is_a_choice_and_its_secrets_are_masked(
    page: Page, installation: Installation
) -> None:
    open_form(page, "provision-instances")
    reach(page, page.get_by_label("Select Credential", exact=True))
    page.keyboard.press("Enter")
    for cloud in ("aws", "azure", "gcp", "openstack", "proxmox"):
        expect(page.get_by_role("option", name=f"acme-{cloud}", exact=True)).to_be_visible()

    page.wait_for_load_state("networkidle")
    page.goto("/v2/blocks/catalog/skyclust-aws-credential/create")
    expect(page.get_by_role("button", name="Save")).to_be_visible()
    # Secret access key, session token, external id: optional, and masked all the same.
    masked = page.locator("input[type=password]")
    expect(masked).to_have_count(3)
    reach(page, masked.first)
    page.keyboard.type("hidden")
    expect(masked.first).to_have_value("hidden")
    logo = page.locator("img[src*='/skyclust/logos/aws.svg']").first
    expect(logo).to_be_visible()
    assert logo.evaluate("one => one.naturalWidth") > 0


def test_each_form_is_filled_in_by_keyboard_and_answers_in_sight(
    page: Page, installation: Installation
) -> None:
    open_form(page, "sync-inventory")
    submit(page)
    read_answer(page, "scopes")

    open_form(page, "place-instances")
    write(page, "Name", "fits")
    write(page, "Cores", "2")
    write(page, "Memory (GiB)", "4")
    write(page, "Image family", "debian-12")
    reach(page, page.get_by_label("Dry run (Optional)", exact=True))
    page.keyboard.press("Space")
    submit(page)
    read_answer(page, "Nothing was created.")

    open_form(page, "provision-instances")
    choose(page, "Credential", CREDENTIAL)
    write(page, "Name", "typed")
    choose(page, "Known region", "eu-central-1")
    write(page, "Instance type", "t3.small")
    write(page, "Image", "debian-12-amd64-20250814-2204")
    submit(page)
    read_answer(page, "succeeded")

    open_form(page, "change-instance")
    choose(page, "Action", "stop")
    write(page, "Instance", "typed")
    submit(page)
    read_answer(page, "succeeded")

    for name in ("recover-operations", "seal-credentials"):
        open_form(page, name)
        submit(page)
        read_answer(page, "No ")
