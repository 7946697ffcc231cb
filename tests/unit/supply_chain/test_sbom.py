"""The bill of materials says what the lock of production says."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from packageurl import PackageURL

from skyclust import __version__
from supply_chain.lock import FOLDER, read_lock
from supply_chain.sbom import MARKER, bill_of_materials, main, render

PINS = read_lock(FOLDER / "production.txt")


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    file = tmp_path / f"skyclust-{__version__}-py3-none-any.whl"
    file.write_bytes(b"a wheel")
    return file


@pytest.fixture
def document(wheel: Path) -> Any:
    assert main([str(wheel.parent)]) == 0
    return json.loads((wheel.parent / f"skyclust-{__version__}.cdx.json").read_text())


def test_it_lists_the_lock_with_every_hash(document: Any) -> None:
    found = {
        (one["name"], one["version"]): sorted(
            each["content"] for each in one["externalReferences"][0]["hashes"]
        )
        for one in document["components"]
    }
    assert found == {(pin.name, pin.version): list(pin.hashes) for pin in PINS}
    algorithms = {
        each["alg"]
        for one in document["components"]
        for each in one["externalReferences"][0]["hashes"]
    }
    assert algorithms == {"SHA-256"}


def test_every_component_can_be_found_by_its_url(document: Any) -> None:
    for one in document["components"]:
        url = PackageURL.from_string(one["purl"])
        assert (url.type, url.name, url.version) == ("pypi", one["name"], one["version"])


def test_it_is_about_the_wheel_beside_it(document: Any, wheel: Path) -> None:
    component = document["metadata"]["component"]
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    assert (component["name"], component["version"]) == ("skyclust", __version__)
    assert component["hashes"] == [{"alg": "SHA-256", "content": digest}]
    assert document["specVersion"] == "1.6"


def test_where_a_package_is_not_installed_everywhere_its_marker_says_so(document: Any) -> None:
    markers = {
        one["name"]: each["value"]
        for one in document["components"]
        for each in one.get("properties", ())
        if each["name"] == MARKER
    }
    assert markers == {pin.name: pin.marker for pin in PINS if pin.marker}


def test_every_component_is_needed_by_another(document: Any) -> None:
    edges = {one["ref"]: set(one.get("dependsOn", ())) for one in document["dependencies"]}
    refs = {one["bom-ref"] for one in document["components"]}
    assert edges.keys() == refs | {"skyclust"}
    assert set().union(*edges.values()) == refs
    names = {ref.partition("==")[0] for ref in edges["skyclust"]}
    assert {"prefect", "boto3", "azure-identity", "proxmoxer"} <= names
    assert not names & {"botocore", "pytest"}


def test_licences_are_those_that_packages_declare(document: Any) -> None:
    licences = {one["name"]: one.get("licenses", []) for one in document["components"]}
    assert licences["prefect"] == [{"license": {"acknowledgement": "declared", "id": "Apache-2.0"}}]
    without = {name for name, found in licences.items() if not found}
    assert without <= {pin.name for pin in PINS if pin.marker}


def test_the_same_wheel_has_the_same_bill(wheel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    first, second = (render(bill_of_materials(PINS, wheel)) for _ in range(2))
    assert first == second
    assert json.loads(first)["metadata"]["timestamp"] == "2023-11-14T22:13:20+00:00"


def test_without_a_wheel_there_is_no_bill(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path)]) == 1
    assert "there is no" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
