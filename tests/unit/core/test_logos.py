"""Logos of block types come from our own server, at an address that a browser reaches."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from prefect.settings import PREFECT_API_URL, PREFECT_UI_URL, temporary_settings

from skyclust.orchestration.logos import LOGO_PATH, logo_address, logo_of


def test_every_provider_has_a_drawing_and_no_other_path_has_one() -> None:
    drawing = logo_of(f"{LOGO_PATH}aws.svg")
    assert drawing is not None
    assert "AWS" in "".join(ElementTree.fromstring(drawing).itertext())
    assert drawing != logo_of(f"{LOGO_PATH}meadow.svg")
    for path in (
        "/api/health",
        f"{LOGO_PATH}..svg",
        f'{LOGO_PATH}a"b.svg',
        f"{LOGO_PATH}aws.svg/x",
    ):
        assert logo_of(path) is None


@pytest.mark.parametrize(
    ("api", "ui", "address"),
    [
        ("http://127.0.0.1:4200/api", None, "http://127.0.0.1:4200/skyclust/logos/aws.svg"),
        ("http://server:4200/api", "https://ui.example/", "https://ui.example/skyclust/logos/aws.svg"),
        ("http://server:4200/api", None, None),
    ],
)  # fmt: skip
def test_a_logo_is_where_the_ui_is_or_nowhere(
    api: str, ui: str | None, address: str | None
) -> None:
    with temporary_settings(updates={PREFECT_API_URL: api, PREFECT_UI_URL: ui}):
        assert logo_address("aws") == address
